//! `kartwheel demo`: the main job with nothing to set up.

use super::{Desk, Exit, Failure};

/// Watch the whole thing work, with nothing to set up
///
/// In a temporary folder, with a database of its own and the stand-in for Membrane and Kartra: it posts a signed Stripe purchase and
/// a signed Typeform sign-up to the daemon over HTTP, and shows every event, verdict, run, step and call, and the leads that
/// came of them. Exit code 0 only if all ended as the example rules say. Nothing leaves this machine.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel demo\n  kartwheel demo --stay    keep it running to play with\n\nNext:\n  kartwheel init shop    a project of your own"
)]
pub(super) struct Arguments {
    /// Keep serving afterwards, until Ctrl-C
    #[arg(long)]
    stay: bool,
}

#[expect(clippy::unused_async, reason = "starts the program once it is there")]
pub(super) async fn run(_arguments: Arguments, _desk: &mut Desk) -> anyhow::Result<Exit> {
    Err(Failure::new("not in this version").into())
}
