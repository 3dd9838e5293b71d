//! One account as a command looks at it: its connection, and the desk where Membrane answers.

use std::sync::Arc;

use super::{Desk, only_or};
use crate::cli::Failure;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::kartra;
use crate::membrane::{self, Failed, find};

/// One account, by its connection.
pub(crate) struct Account {
    /// The connection's name in kartwheel.yaml.
    pub(crate) name: Arc<str>,
    /// Membrane's id of it.
    pub(crate) id: String,
    /// Where Membrane is asked, with the connection's credentials.
    pub(crate) desk: membrane::Desk,
    /// The project's settings.
    pub(crate) config: Config,
}

impl Desk {
    /// The account that a command is about: of the connection that was named, else of the only one.
    ///
    /// # Errors
    /// The settings cannot be used, or Membrane does not show the connection.
    pub(crate) async fn account(&mut self, named: Option<&str>) -> anyhow::Result<Account> {
        let config = self.settings()?;
        let name = only_or(&config, named)?;
        let desk = membrane_desk(&config, &name, None, &self.clock)?;
        let id = connection_id(&config, &name, &desk).await;
        let id = id.map_err(|failed| told(&failed))??;
        Ok(Account {
            desk: membrane_desk(&config, &name, Some(&id), &self.clock)?,
            name,
            id,
            config,
        })
    }
}

/// The desk with the credentials of this connection, for Membrane's connection with this id where one is given. A connection that
/// kartwheel.yaml does not name has those that all share.
///
/// # Errors
/// A setting cannot be used.
pub(crate) fn membrane_desk(
    config: &Config,
    name: &str,
    id: Option<&str>,
    clock: &SharedClock,
) -> anyhow::Result<membrane::Desk> {
    let mut settings = config.membrane.clone();
    let own = settings.connections.entry(name.into()).or_default();
    if let Some(id) = id {
        own.id = Some(id.to_owned());
    }
    let desk = membrane::Desk::new(&settings, Some(name), Arc::clone(clock), kartra::catalog());
    desk.map_err(|error| {
        Failure::new(format!("Membrane cannot be asked: {error:#}"))
            .means("The credentials stand in .env or the environment; kartwheel.yaml says by which names.")
            .remedy("`kartwheel login --help` says how they get there; `kartwheel check` shows what is missing.")
            .into()
    })
}

/// Membrane's id of a connection: as written in kartwheel.yaml, else that of the tenant's only connection which is called as the
/// application or as this name. The inner error says why there is none.
///
/// # Errors
/// Membrane refuses or does not answer.
pub(crate) async fn connection_id(
    config: &Config,
    name: &str,
    desk: &membrane::Desk,
) -> Result<Result<String, Failure>, Failed> {
    let settings = config.membrane.connections.get(name);
    if let Some(id) = settings.and_then(|connection| connection.id.clone()) {
        return Ok(Ok(id));
    }
    let app = settings.and_then(|connection| connection.app.as_deref());
    let all = desk.connections().await?;
    Ok(match find(&all, name, app) {
        Ok(one) => Ok(one.id().to_owned()),
        Err(unfound) => Err(Failure::new(unfound.what)
            .means(unfound.means)
            .remedy(unfound.to_do)),
    })
}

/// Why Membrane gave no answer, for a person.
pub(crate) fn told(failed: &Failed) -> Failure {
    let failure = Failure::new(failed.message.clone());
    match failed.class {
        crate::action::Class::OurToken | crate::action::Class::ConnectionDown => {
            failure.remedy("`kartwheel doctor` looks at credentials, clock and connection.")
        }
        crate::action::Class::Transient => failure.remedy(
            "Try again in a while; `kartwheel doctor` looks at Membrane's address and the way to it.",
        ),
        _ => failure,
    }
}
