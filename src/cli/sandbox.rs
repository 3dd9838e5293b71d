//! `kartwheel sandbox`: the stand-in for Membrane and Kartra, alone.

use std::net::SocketAddr;

use super::{Desk, Exit, Failure};

/// Run the stand-in for Membrane and Kartra, alone
///
/// It speaks Membrane's HTTP and behaves as a small Kartra account: leads, tags, lists, sequences, memberships, transactions. It
/// knows the workspace key `sandbox` with the secret `sandbox-secret`, any tenant, and the fixed token `sandbox-token`.
/// Everything is in memory and gone at the end.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel sandbox --listen 127.0.0.1:8090\n  curl http://127.0.0.1:8090/_sandbox/state\n\n\
                  Point a project at it (kartwheel.yaml):\n  membrane: { url: http://127.0.0.1:8090, workspace_key: sandbox, workspace_secret: sandbox-secret, tenant_key: me }"
)]
pub(super) struct Arguments {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The workspace key to answer to
    #[arg(long, value_name = "KEY", default_value = "sandbox")]
    workspace_key: String,
    /// The workspace secret that tokens are signed with
    #[arg(long, value_name = "SECRET", default_value = "sandbox-secret")]
    workspace_secret: String,
    /// A fixed token to accept
    #[arg(long, value_name = "TOKEN", default_value = "sandbox-token")]
    token: String,
}

#[expect(clippy::unused_async, reason = "starts the sandbox once it is there")]
pub(super) async fn run(_arguments: Arguments, _desk: &mut Desk) -> anyhow::Result<Exit> {
    Err(Failure::new("not in this version").into())
}
