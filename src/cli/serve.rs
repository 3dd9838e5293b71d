//! `kartwheel serve`: the daemon.

use clap::ValueEnum;

use super::{Desk, Exit, Failure};

/// Run the daemon: take webhooks, run the rules
///
/// It listens for webhooks (`listen`) and for the commands (`console.listen`), carries out what the rules say, and goes on after a
/// restart where it stopped. SIGTERM or Ctrl-C stops it in order: nothing new is taken, calls in flight end; a second one ends it
/// at once. Only one daemon can have a database.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel serve --sandbox    with the stand-in for Membrane and Kartra; no MEMBRANE_ variable needed\n  kartwheel serve --project /etc/kartwheel --log json\n\n\
                  Next, in a second shell:\n  kartwheel send stripe checkout.session.completed\n  kartwheel runs follow"
)]
pub(super) struct Arguments {
    /// Start the stand-in for Membrane and Kartra in this process, and send everything to it
    #[arg(long)]
    sandbox: bool,
    /// How to log: text for people, json for machines
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "KARTWHEEL_LOG_FORMAT")]
    log: LogFormat,
    /// How much to log: error, warn, info, debug, trace, or filters such as kartwheel::engine=debug
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "info",
        env = "KARTWHEEL_LOG"
    )]
    log_level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[expect(clippy::unused_async, reason = "starts the program once it is there")]
pub(super) async fn run(_arguments: Arguments, _desk: &mut Desk) -> anyhow::Result<Exit> {
    Err(Failure::new("not in this version").into())
}
