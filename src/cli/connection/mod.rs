//! `kartwheel connection`: how the connections stand, and what a person can do to one.

mod list;
mod patience;
mod reconnect;
mod status;
mod test;
pub(super) mod view;

use clap::Subcommand;

pub(super) use patience::{Patience, Waited, length, may_pass};

use super::desk::{connection_id, membrane_desk, told};
use super::{Desk, Exit};
use crate::config::Config;
use crate::membrane;

/// The connections to Kartra accounts: list, status, test, reconnect, resume
///
/// A connection stands in kartwheel.yaml under a local name and at Membrane under an id. Its login to Kartra can lapse: then its
/// runs are held, nothing is lost, and they go on when it is READY again.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  kartwheel connection list\n  kartwheel connection status main\n  kartwheel connection reconnect main"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Status(status::Arguments),
    Test(test::Arguments),
    Reconnect(reconnect::Arguments),
    Resume(Resume),
}

/// Go on with a connection that was paused, or that waits for a person
///
/// The same as `kartwheel resume --connection NAME`: it ends that connection's pause, and a hold because the account did not allow a
/// call. A connection whose login lapsed needs `reconnect` instead, and then goes on by itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  kartwheel connection resume client_b")]
struct Resume {
    /// The connection's local name
    name: String,
    /// Print the holds that are left as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::List(arguments) => list::run(&arguments, desk).await,
        Command::Status(arguments) => status::run(&arguments, desk).await,
        Command::Test(arguments) => test::run(&arguments, desk).await,
        Command::Reconnect(arguments) => reconnect::run(&arguments, desk).await,
        Command::Resume(Resume { name, json }) => {
            super::desk::only_or(&desk.settings()?, Some(&name))?;
            super::resume::run(super::resume::Arguments::of(name, json), desk).await
        }
    }
}

/// A connection that a command is about, and the desk for it.
struct Subject {
    name: String,
    id: String,
    membrane: membrane::Desk,
}

impl Subject {
    /// The connection with this local name; else the only one.
    async fn named(
        named: Option<&str>,
        command: &str,
        config: &Config,
        desk: &Desk,
    ) -> anyhow::Result<Self> {
        let how = format!("kartwheel connection {command} NAME");
        let name = super::desk::one_of(config, named, &how)?;
        let membrane = membrane_desk(config, &name, None, &desk.clock)?;
        let id = connection_id(config, &name, &membrane).await;
        let id = id.map_err(|failed| told(&failed))??;
        Ok(Self {
            name: name.to_string(),
            membrane: membrane_desk(config, &name, Some(&id), &desk.clock)?,
            id,
        })
    }
}
