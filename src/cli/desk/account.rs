//! One account as a command looks at it: its connection, and the desk where Membrane answers.

use std::sync::Arc;

use super::{Desk, only_or};
use crate::cli::Failure;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::kartra;
use crate::membrane::{self, Connection, Failed};

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
/// application or as this name. Nothing is ever made: `ensure` would do so where there is none, so whoever only looks must not ask it.
/// The inner error says why there is none.
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
    let theirs = called(&all, name, app);
    Ok(match theirs[..] {
        [one] => Ok(one.id().to_owned()),
        [] => Err(not_connected(name, app, all.len())),
        _ => Err(Failure::new(format!(
            "connection {name} has no id in kartwheel.yaml, and the tenant has {} connections that may be meant",
            theirs.len()
        ))
        .remedy(format!(
            "`kartwheel connect --connection {name}` writes the right one down."
        ))),
    })
}

/// The only one of a tenant's connections that is called as the application or as this name.
pub(crate) fn only_called<'a>(
    all: &'a [Connection],
    name: &str,
    app: Option<&str>,
) -> Option<&'a Connection> {
    match called(all, name, app)[..] {
        [one] => Some(one),
        _ => None,
    }
}

fn called<'a>(all: &'a [Connection], name: &str, app: Option<&str>) -> Vec<&'a Connection> {
    all.iter()
        .filter(|one| one.name() == name || app.is_some_and(|app| is_called(one.name(), app)))
        .collect()
}

/// Whether a connection's name at Membrane says that it leads to the app with this address: Membrane shows no address of it.
fn is_called(called: &str, app: &str) -> bool {
    let called = called.to_lowercase();
    let host = host(app).to_lowercase();
    let host = host.trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    let mut labels = host.rsplit('.').skip(1);
    let app = labels.next().unwrap_or(host);
    called == host
        || called
            .split(|char: char| !char.is_alphanumeric())
            .any(|word| word == app)
}

/// The host of an app's address, whose scheme may be left out.
pub(crate) fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// What is said where the tenant has no such connection.
fn not_connected(name: &str, app: Option<&str>, others: usize) -> Failure {
    let failure = Failure::new(format!("connection {name} is not made yet"));
    let failure = match others {
        0 => failure.means("The tenant that our token speaks for has no connection at all. A mistyped tenant key looks just so."),
        _ => failure.means(format!(
            "kartwheel.yaml has no id for it, and the tenant that our token speaks for has no connection that is called as its app ({}).",
            app.unwrap_or("none is named")
        )),
    };
    failure.remedy(format!(
        "`kartwheel connect --connection {name}` finds or makes it, `kartwheel doctor` shows whom the token speaks for."
    ))
}

/// Why Membrane gave no answer, for a person.
pub(crate) fn told(failed: &Failed) -> Failure {
    let failure = Failure::new(failed.message.clone());
    match failed.class {
        crate::action::Class::OurToken | crate::action::Class::ConnectionDown => {
            failure.remedy("`kartwheel doctor` looks at credentials, clock and connection.")
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::is_called;

    #[test]
    fn a_connection_is_known_by_the_name_of_its_app() {
        for (called, app) in [
            ("Kartra", "kartra.com"),
            ("kartra.com", "https://app.kartra.com/"),
            ("Kartra (shop)", "HTTPS://www.Kartra.com:443/x"),
        ] {
            assert!(is_called(called, app), "{called} {app}");
        }
        for (called, app) in [("HubSpot", "kartra.com"), ("Kartrastic", "kartra.com")] {
            assert!(!is_called(called, app), "{called} {app}");
        }
    }
}
