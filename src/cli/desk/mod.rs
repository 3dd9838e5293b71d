//! The desk of a command: its project, its screen, its clock; the database to read, and whoever carries out a change.

mod account;
mod bar;
mod choice;
mod client;
mod daemon;
pub(super) mod edit;
mod local;
mod open;
mod scratch;

use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::Failure;
use super::screen::Screen;
use crate::app::Handed;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::engine::Controls;
use crate::store::Store;
use crate::web::api::Control;

pub(super) use account::{Account, connection_id, membrane_desk, told};
pub(super) use bar::Bar;
pub(super) use choice::{all_or, check_name, one_of, only_or};
pub(super) use client::{Client, http_client};
pub(super) use daemon::{Daemon, OWN_ADDRESSES, Whose, anothers};
pub(super) use open::{
    Opened, database_file, kept_accounts, load, no_color, reachable, settings, usable,
};
pub(super) use scratch::Scratch;

/// What every command is given.
pub(super) struct Desk {
    /// The project's folder.
    pub(super) project: PathBuf,
    /// Where it prints.
    pub(super) screen: Screen,
    /// Time and ids.
    pub(super) clock: SharedClock,
    /// Sockets that the parent process handed over.
    pub(super) handed: Handed,
}

/// Whoever has the database's lock.
pub(super) enum Keeper {
    /// This command has taken it.
    Us(Store),
    /// The daemon, which is asked through its API.
    Daemon(Client),
}

/// The one that can change the database now: the daemon; or, when there is none, this command.
pub(super) async fn keeper(config: &Config, clock: &SharedClock) -> anyhow::Result<Keeper> {
    if let Some(store) = local::take(config, clock.clone()).await? {
        return Ok(Keeper::Us(store));
    }
    let answers = Daemon::ask(config, clock).await;
    if answers.is_ok_and(|daemon| daemon.whose == Whose::Anothers) {
        return Err(anothers(config).into());
    }
    let console = &config.console;
    let token = console.token.as_ref().map(|token| token.expose_secret());
    Ok(Keeper::Daemon(Client::new(console.listen, token)?))
}

impl Opened {
    /// The one that can carry out changes now.
    pub(super) async fn control(&self) -> anyhow::Result<Box<dyn Control>> {
        Ok(match keeper(&self.config, &self.clock).await? {
            Keeper::Us(store) => Box::new(Controls {
                store,
                clock: self.clock.clone(),
                connections: self.config.membrane.connections.keys().cloned().collect(),
            }),
            Keeper::Daemon(client) => Box::new(client),
        })
    }
}
