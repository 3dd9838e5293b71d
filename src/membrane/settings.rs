//! What the client must be told: where Membrane is, who we are, and the connections by their local names.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::account::Place;

/// Membrane's own address.
pub const DEFAULT_URL: &str = "https://api.getmembrane.com";
/// The version of the API that this client was written for.
pub const DEFAULT_API_VERSION: &str = "2025-10-21";
/// Calls a second on one connection, where nothing is set. Kartra's ceiling is 20 per app, and the app may be shared.
pub const DEFAULT_PER_SECOND: f64 = 5.0;
/// Calls at one time on one connection, where nothing is set.
pub const DEFAULT_AT_ONCE: usize = 4;

/// Everything the client must be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where Membrane is; one slash more or less at its end does not matter.
    pub url: String,
    /// Who we are, for every connection that does not say otherwise.
    pub auth: Auth,
    /// Sent as `membrane-api-version`; not sent when absent.
    pub api_version: Option<String>,
    /// The connections, by their local names.
    pub connections: BTreeMap<Arc<str>, ConnectionSettings>,
}

impl Settings {
    /// Membrane's own address and version, this identity, and no connection yet.
    #[must_use]
    pub fn new(auth: Auth) -> Self {
        Self {
            url: DEFAULT_URL.to_owned(),
            auth,
            api_version: Some(DEFAULT_API_VERSION.to_owned()),
            connections: BTreeMap::new(),
        }
    }

    /// The same, with one more connection.
    #[must_use]
    pub fn with_connection(mut self, name: &str, connection: ConnectionSettings) -> Self {
        self.connections.insert(name.into(), connection);
        self
    }

    /// Where this connection leads, as far as the settings say.
    #[must_use]
    pub fn place(&self, name: &str) -> Place {
        let connection = self.connections.get(name);
        let auth = connection.and_then(|own| own.auth.as_ref());
        Place {
            url: self.url.trim().trim_end_matches('/').to_owned(),
            tenant: auth.unwrap_or(&self.auth).tenant(),
            connection: connection.and_then(|own| own.id.clone()),
        }
    }

    /// The address to join paths to; an error says what is wrong with it.
    pub(super) fn base(&self) -> Result<Url> {
        let url: Url = self
            .url
            .trim()
            .trim_end_matches('/')
            .parse()
            .with_context(|| format!("membrane.url is not a URL: {:?}", self.url))?;
        ensure!(
            matches!(url.scheme(), "https" | "http") && url.has_host(),
            "membrane.url must begin with https:// (or http:// for a sandbox)"
        );
        ensure!(
            url.query().is_none() && url.fragment().is_none(),
            "membrane.url must have no ? and no #"
        );
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "membrane.url must hold no user and no password; use token or workspace_secret"
        );
        Ok(url)
    }

    /// Whether all numbers and names can be used.
    pub(super) fn check(&self) -> Result<()> {
        self.auth.check("membrane")?;
        for (name, connection) in &self.connections {
            if !(connection.per_second.is_finite() && connection.per_second > 0.0) {
                bail!("connections.{name}.per_second must be a number above 0");
            }
            ensure!(
                connection.at_once > 0,
                "connections.{name}.at_once must be at least 1"
            );
            if let Some(auth) = &connection.auth {
                auth.check(&format!("connections.{name}"))?;
            }
        }
        Ok(())
    }
}

/// How we prove who we are. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Auth {
    /// We sign short-lived tokens ourselves.
    Signed {
        /// The workspace's key, from the console.
        workspace_key: String,
        /// The workspace's secret, from the console. Its text is the key, even where it looks like hexadecimal.
        workspace_secret: SecretString,
        /// The tenant under which the connection was made. One that does not exist is created, empty.
        tenant_key: String,
    },
    /// A ready token, used as it is and never renewed.
    Token(SecretString),
}

impl Auth {
    /// Whether both are the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(one), Self::Token(other)) => one.expose_secret() == other.expose_secret(),
            (
                Self::Signed {
                    workspace_key,
                    workspace_secret,
                    tenant_key,
                },
                Self::Signed {
                    workspace_key: key,
                    workspace_secret: secret,
                    tenant_key: tenant,
                },
            ) => {
                (workspace_key, tenant_key) == (key, tenant)
                    && workspace_secret.expose_secret() == secret.expose_secret()
            }
            _ => false,
        }
    }

    /// The tenant within its workspace, where it is named.
    fn tenant(&self) -> Option<String> {
        match self {
            Self::Signed {
                workspace_key,
                tenant_key,
                ..
            } if !tenant_key.is_empty() => Some(format!("{workspace_key}/{tenant_key}")),
            _ => None,
        }
    }

    pub(super) fn check(&self, place: &str) -> Result<()> {
        match self {
            Self::Signed {
                workspace_key,
                workspace_secret,
                tenant_key,
            } => {
                ensure!(!workspace_key.is_empty(), "{place}.workspace_key is empty");
                ensure!(
                    !workspace_secret.expose_secret().is_empty(),
                    "{place}.workspace_secret is empty"
                );
                ensure!(!tenant_key.is_empty(), "{place}.tenant_key is empty");
            }
            Self::Token(token) => {
                let token = token.expose_secret();
                ensure!(!token.is_empty(), "{place}.token is empty");
                ensure!(
                    token.bytes().all(|byte| byte.is_ascii_graphic()),
                    "{place}.token has a space, a line end or a letter that no token has"
                );
            }
        }
        Ok(())
    }
}

/// One connection to one account.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// Membrane's id of it; pin it as soon as it is known.
    pub id: Option<String>,
    /// The application's address, by which the connection is found where no id is pinned.
    pub app: Option<String>,
    /// Who we are on this connection, where it is not the same as everywhere.
    pub auth: Option<Auth>,
    /// Calls a second.
    pub per_second: f64,
    /// Calls at one time.
    pub at_once: usize,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            id: None,
            app: None,
            auth: None,
            per_second: DEFAULT_PER_SECOND,
            at_once: DEFAULT_AT_ONCE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &str) -> Auth {
        Auth::Signed {
            workspace_key: "workspace".to_owned(),
            workspace_secret: secret.into(),
            tenant_key: "tenant".to_owned(),
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut settings = Settings::new(signed("hidden-secret")).with_connection(
            "main",
            ConnectionSettings {
                auth: Some(Auth::Token("hidden-token".into())),
                ..ConnectionSettings::default()
            },
        );
        assert!(!format!("{settings:?}").contains("hidden"));
        settings.auth = Auth::Token("hidden-token".into());
        assert!(!format!("{settings:#?}").contains("hidden"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_place() {
        let with = |change: &dyn Fn(&mut ConnectionSettings)| {
            let mut connection = ConnectionSettings::default();
            change(&mut connection);
            Settings::new(signed("s")).with_connection("main", connection)
        };
        let refused = [
            (with(&|c| c.per_second = 0.0), "connections.main.per_second"),
            (
                with(&|c| c.per_second = f64::NAN),
                "connections.main.per_second",
            ),
            (with(&|c| c.at_once = 0), "connections.main.at_once"),
            (
                with(&|c| c.auth = Some(Auth::Token("".into()))),
                "connections.main.token",
            ),
            (Settings::new(signed("")), "membrane.workspace_secret"),
            (Settings::new(Auth::Token("a\nb".into())), "membrane.token"),
        ];
        for (settings, place) in refused {
            let error = settings.check().expect_err(place).to_string();
            assert!(error.starts_with(place), "{error}");
        }
        for url in [
            "",
            "api.getmembrane.com",
            "ftp://x.y",
            "https://a.b/?x=1",
            "https://u:p@a.b",
        ] {
            let settings = Settings {
                url: url.to_owned(),
                ..Settings::new(signed("s"))
            };
            assert!(settings.base().is_err(), "{url}");
        }
    }
}
