//! `kartwheel send`: posts a sample or a file to a source, signed as its sender would.

mod patch;

use std::path::PathBuf;

use super::{Desk, Exit, Failure};
use patch::Assignment;

/// The most deliveries of one command.
const COUNT_MAX: u32 = 1_000;

/// Post a webhook to a source, signed as its sender signs
///
/// With the name of an event, or without any, it sends a built-in sample of the source's preset, with a new id so that it counts
/// as a new event; with a file it sends that file as it is. The daemon must be running.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel send stripe --list\n  kartwheel send stripe checkout.session.completed\n  kartwheel send stripe checkout.session.completed --set '$.body.data.object.amount_total=100'\n  \
                  kartwheel send shop --file order.json --count 2    twice the same: one event, one run\n\nNext:\n  kartwheel events list\n  kartwheel runs list"
)]
pub(super) struct Arguments {
    /// The source, as kartwheel.yaml names it
    source: String,
    /// One of the source's samples, or the path of a file [default: the first sample]
    what: Option<String>,
    /// Show the source's samples instead
    #[arg(long, conflicts_with_all = ["what", "file", "set", "count"])]
    list: bool,
    /// A file whose bytes are the body
    #[arg(long, value_name = "PATH", conflicts_with = "what")]
    file: Option<PathBuf>,
    /// Change the body: a path and a value (JSON, or else text); several times if need be
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<Assignment>,
    /// Where to post [default: the project's own daemon]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Give each delivery a new id, so that it is a new event (a sample gets one anyway)
    #[arg(long, overrides_with = "same_id")]
    new_id: bool,
    /// Leave the sample's id as it is: sent twice, it is one event
    #[arg(long)]
    same_id: bool,
    /// Send it so many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(COUNT_MAX)))]
    count: u32,
    /// Print one JSON object a delivery
    #[arg(long)]
    json: bool,
}

#[expect(clippy::unused_async, reason = "posts once the sources are there")]
pub(super) async fn run(_arguments: Arguments, _desk: &mut Desk) -> anyhow::Result<Exit> {
    Err(Failure::new("not in this version").into())
}
