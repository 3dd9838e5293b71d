//! `kartwheel sources`: who may send, how they prove it, what was heard of them, and whether a captured request would be taken.

mod advice;
mod door;
mod list;
mod preset;
mod show;
mod trial;

use clap::Subcommand;

use super::{Desk, Exit};

pub(super) use door::DAYS;

/// The senders: list, show, try
///
/// A source is a sender that kartwheel.yaml declares; a preset is what Kartwheel knows of a sender, so that declaring it is one line.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  kartwheel sources list\n  kartwheel sources list --all\n  kartwheel sources show stripe\n  kartwheel sources try stripe --request delivery.txt"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Try(trial::Arguments),
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::List(arguments) => list::run(&arguments, desk).await,
        Command::Show(arguments) => show::run(&arguments, desk).await,
        Command::Try(arguments) => trial::run(&arguments, desk).await,
    }
}
