//! `kartwheel sandbox`: the stand-in for Membrane and Kartra, alone.

use std::net::SocketAddr;
use std::sync::Arc;

use super::screen::{Line, Screen, Tone};
use super::serve::Signals;
use super::{Desk, Exit};
use crate::sandbox::{CONNECTION_ID, Options, Sandbox};

/// The tenant that the fixed token stands for.
const TENANT: &str = "default";

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

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    let sandbox = Sandbox::start(Options {
        listen: arguments.listen,
        clock: Arc::clone(&desk.clock),
        workspace_key: arguments.workspace_key,
        workspace_secret: arguments.workspace_secret,
        tokens: vec![(arguments.token, TENANT.to_owned())],
        ..Options::default()
    })
    .await?;
    // Whoever read the greeting may go away: the sandbox stays.
    let _ = told(&sandbox, &mut desk.screen);
    signals.next().await;
    sandbox.stop().await;
    Ok(Exit::Done)
}

fn told(sandbox: &Sandbox, screen: &mut Screen) -> std::io::Result<()> {
    let url = sandbox.url();
    screen.line(
        &Line::default()
            .add(Tone::Good, "The sandbox")
            .plain(format!(" stands in for Membrane at {url}")),
    )?;
    screen.line(&Line::new(format!("  connection   {CONNECTION_ID}")))?;
    screen.line(&Line::new(format!("  what it did  {url}/_sandbox/effects")))?;
    screen.line(&Line::new(format!("  its leads    {url}/_sandbox/leads")))?;
    screen.line(&Line::new(format!("  all of it    {url}/_sandbox/")))?;
    screen.line(&Line::default().dim("Ctrl-C ends it, and everything in it."))?;
    screen.flush()
}
