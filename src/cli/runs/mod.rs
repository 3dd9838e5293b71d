//! `kartwheel runs`: what the rules are doing, and what a person can do to one run.

mod act;
mod follow;
mod list;
mod show;
#[cfg(test)]
mod tests;

use clap::Subcommand;

use super::{Desk, Exit};

pub(super) use show::{print_event, print_story};

/// The runs: list, show, follow, and cancel, retry, resume, approve, resolve
///
/// A run is one rule carrying out its actions for one event. Everything that changes one works with and without a running
/// daemon. A run is named by the eight digits of the lists, or by its whole id.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  kartwheel runs list --state failed\n  kartwheel runs show 5f0c9a1e\n  kartwheel runs resolve 5f0c9a1e --as done --reason \"seen in Kartra\""
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Follow(follow::Arguments),
    Retry(act::Retry),
    Resume(act::Resume),
    Cancel(act::Cancel),
    Approve(act::Approve),
    Resolve(act::Resolve),
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::List(arguments) => list::run(arguments, desk).await,
        Command::Show(arguments) => show::run(&arguments, desk).await,
        Command::Follow(arguments) => follow::run(arguments, desk).await,
        Command::Retry(arguments) => act::retry(&arguments, desk).await,
        Command::Resume(arguments) => act::resume(&arguments, desk).await,
        Command::Cancel(arguments) => act::cancel(&arguments, desk).await,
        Command::Approve(arguments) => act::approve(&arguments, desk).await,
        Command::Resolve(arguments) => act::resolve(&arguments, desk).await,
    }
}
