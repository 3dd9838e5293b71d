//! The desk of a command: its project, its screen, its clock; the database to read, and whoever carries out a change.

mod account;
mod choice;
mod client;
mod local;
mod open;

use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::Failure;
use super::screen::Screen;
use crate::clock::SharedClock;
use crate::web::api::Control;

pub(super) use account::{Account, connection_id, membrane_desk, not_connected, told};
pub(super) use choice::{all_or, only_or};
pub(super) use client::http_client;
pub(super) use open::{Opened, load, no_color, reachable, usable};

/// What every command is given.
pub(super) struct Desk {
    /// The project's folder.
    pub(super) project: PathBuf,
    /// Where it prints.
    pub(super) screen: Screen,
    /// Time and ids.
    pub(super) clock: SharedClock,
}

impl Opened {
    /// The one that can carry out changes now: whoever holds the database's lock. That is the daemon, asked through its API; or,
    /// when there is none, this command.
    pub(super) async fn control(&self) -> anyhow::Result<Box<dyn Control>> {
        match local::take(self).await? {
            Some(controls) => Ok(Box::new(controls)),
            None => {
                let console = &self.config.console;
                let token = console.token.as_ref().map(|token| token.expose_secret());
                Ok(Box::new(client::Client::new(console.listen, token)?))
            }
        }
    }
}
