//! `kartwheel events`: what arrived, and what the rules made of it.

mod follow;
mod list;
mod show;

use clap::Subcommand;

use super::{Desk, Exit};

/// The events: list, show, follow
///
/// An event is one thing that arrived: a delivery of a source. It is named by the eight digits of the lists, or by its whole id.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  kartwheel events list --email ada@example.com\n  kartwheel events show 1c2d3e4f"
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
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::List(arguments) => list::run(arguments, desk).await,
        Command::Show(arguments) => show::run(&arguments, desk).await,
        Command::Follow(arguments) => follow::run(arguments, desk).await,
    }
}
