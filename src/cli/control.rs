//! Who carries out a change: the daemon that holds the database, through its API; or, when none does, this command itself.

use crate::cli::client::Client;
use crate::cli::local;
use crate::cli::open::Opened;
use crate::web::api::Control;

/// The one that can carry out changes now. The database's lock decides: whoever holds it acts.
pub(super) async fn of(project: &Opened) -> anyhow::Result<Box<dyn Control>> {
    match local::Local::take(project).await? {
        Some(local) => Ok(Box::new(local)),
        None => Ok(Box::new(Client::new(
            project.console,
            project.token.as_deref(),
        )?)),
    }
}
