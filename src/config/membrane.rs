//! `membrane:` and `connections:`: how Kartra is reached, and which accounts.

use std::sync::Arc;

use secrecy::SecretString;

use super::secret::Kind;
use super::{Parser, Strictness, words};
use crate::kartra;
use crate::membrane::{Auth, ConnectionSettings, DEFAULT_URL, Settings};
use crate::rule::limit::{self, Of};
use crate::yaml::{Kind as NodeKind, Node};

/// The application whose connection is looked for where none is named.
const APP: &str = "kartra.com";
/// The connection that is there without `connections:`.
const MAIN: &str = "main";
/// Calls a second and at once that nobody needs more of: Kartra's own ceiling is 20.
const PACE_MAX: u64 = 1_000;

/// What proves who we are: a token, or the three keys.
const CREDENTIALS: [&str; 4] = ["token", "workspace_key", "workspace_secret", "tenant_key"];

impl Parser<'_> {
    /// Both entries. Credentials that are not given are empty; whether that is a problem depends on what the settings are for.
    pub(super) fn membrane(&mut self, root: &Node) -> Settings {
        let node = root.get("membrane");
        if let Some(node) = node {
            self.reader.map(node, &words::MEMBRANE);
        } else if self.strictness == Strictness::Serve {
            let start = root.as_map().and_then(|entries| entries.first());
            let span = start.map_or(root.span, |entry| entry.key_span);
            self.reader.error_help(
                "K0103",
                span,
                "kartwheel.yaml does not say how Membrane is reached",
                "add `membrane:` with `workspace_key`, `workspace_secret` and `tenant_key`, or try `kartwheel serve --sandbox`",
            );
        }
        let auth = node.and_then(|node| self.auth(node, "membrane", true));
        let mut settings = Settings::new(auth.unwrap_or_else(nobody));
        if let Some(node) = node.and_then(|node| node.get("url"))
            && let Some(url) = self.value(node, "`url`", Kind::Plain)
        {
            settings.url = self
                .web_address(node, &url)
                .unwrap_or_else(|| DEFAULT_URL.to_owned());
        }
        if let Some(node) = node.and_then(|node| node.get("api_version")) {
            settings.api_version = self.value(node, "`api_version`", Kind::Plain);
        }
        self.connections(root, &mut settings);
        settings
    }

    /// `token`, or the three keys.
    fn auth(&mut self, node: &Node, place: &str, needed: bool) -> Option<Auth> {
        let [_, keys @ ..] = CREDENTIALS;
        let given: Vec<&str> = keys
            .into_iter()
            .filter(|key| node.get(key).is_some())
            .collect();
        if let Some(token) = node.entry("token") {
            if let Some(key) = given.first() {
                let message = format!("`token` and `{key}` are two ways to prove the same");
                self.reader
                    .error_help("K0115", token.key_span, message, "keep one of the two");
            }
            let token = self.credential(&token.value, "`token`", Kind::Secret)?;
            return Some(Auth::Token(SecretString::from(token)));
        }
        if given.is_empty() && !needed {
            return None;
        }
        let missing: Vec<String> = keys
            .into_iter()
            .filter(|key| node.get(key).is_none())
            .map(|key| format!("`{key}`"))
            .collect();
        if !missing.is_empty() && (self.strictness != Strictness::Sandbox || !given.is_empty()) {
            let message = format!("`{place}` lacks {}", missing.join(" and "));
            let help = "all three are in Membrane's console; a `token` alone will do instead";
            let span = node.as_map().and_then(|entries| entries.first());
            let span = span.map_or(node.span, |entry| entry.key_span);
            self.reader.error_help("K0103", span, message, help);
        }
        let mut take = |key: &str, kind| {
            let node = node.get(key)?;
            self.credential(node, &format!("`{key}`"), kind)
        };
        let workspace_key = take("workspace_key", Kind::Plain);
        let workspace_secret = take("workspace_secret", Kind::Secret);
        let tenant_key = take("tenant_key", Kind::Plain);
        Some(Auth::Signed {
            workspace_key: workspace_key?,
            workspace_secret: SecretString::from(workspace_secret?),
            tenant_key: tenant_key?,
        })
    }

    /// The sandbox needs no credentials, so none can be missing.
    fn credential(&mut self, node: &Node, what: &str, kind: Kind) -> Option<String> {
        let is_elsewhere = node
            .text()
            .is_some_and(|text| text.starts_with("env:") || text.starts_with("file:"));
        if self.strictness == Strictness::Sandbox && is_elsewhere {
            return super::secret::look_up(&node.raw, self.env, self.dir);
        }
        self.value(node, what, kind)
    }

    fn connections(&mut self, root: &Node, settings: &mut Settings) {
        let default = || ConnectionSettings {
            app: Some(APP.to_owned()),
            ..ConnectionSettings::default()
        };
        let entries = match root.get("connections") {
            Some(node) if node.as_map().is_some() => node.as_map().unwrap_or_default(),
            Some(node) => {
                self.reader
                    .wrong_type(node, "`connections` is a map from names to connections");
                &[]
            }
            None => &[],
        };
        for entry in entries {
            let fits = |char: char| {
                char.is_ascii_lowercase() || char.is_ascii_digit() || "_-".contains(char)
            };
            if !entry.key.chars().all(fits) || entry.key.is_empty() {
                let message = "the name of a connection has only a-z, 0-9, _ and -";
                self.reader.error_help(
                    "K0105",
                    entry.key_span,
                    message,
                    "write something like `client_b`",
                );
            }
            let mut connection = self.connection(&entry.key, &entry.value);
            if connection.id.is_none() && connection.app.is_none() {
                connection.app = default().app;
            }
            if let Some(id) = connection.id.clone()
                && let Some((other, _)) = settings.connections.iter().find(|(_, other)| {
                    other.id.as_ref() == Some(&id)
                        && other.auth.is_some() == connection.auth.is_some()
                })
            {
                let message = format!("`{}` and `{other}` are one connection, {id}", entry.key);
                let help = "keep one name of the two: pace, limits and the order of runs are each name's own, so together they would do twice as much";
                self.reader
                    .warn_help("K0713", entry.key_span, message, help);
            }
            settings.connections.insert(entry.key.clone(), connection);
        }
        if settings.connections.is_empty() {
            settings.connections.insert(Arc::from(MAIN), default());
        }
    }

    fn connection(&mut self, name: &Arc<str>, node: &Node) -> ConnectionSettings {
        let mut connection = ConnectionSettings::default();
        if node.is_null() || self.reader.map(node, &words::CONNECTION).is_none() {
            return connection;
        }
        connection.id = node
            .get("id")
            .and_then(|id| self.value(id, "`id`", Kind::Plain));
        connection.app = node
            .get("app")
            .and_then(|app| self.value(app, "`app`", Kind::Plain));
        if let Some(pace) = node.get("per_second").and_then(|pace| self.pace(pace)) {
            connection.per_second = pace;
        }
        if let Some(most) = node.get("at_once")
            && let Some(most) = self.reader.whole(most, "`at_once`", 1..=PACE_MAX)
        {
            connection.at_once = usize::try_from(most).unwrap_or(1);
        }
        if let Some(mode) = node.get("mode")
            && self.reader.choice(mode, "`mode`", &["observe"]).is_some()
        {
            self.observed.push(name.clone());
        }
        if let Some(node) = node.get("limits") {
            let limits = limit::parse(&mut self.reader, node, Of::Connection, &kartra::catalog());
            self.limits.insert(name.clone(), limits);
        }
        connection.auth = self.auth(node, &format!("connections.{name}"), false);
        // Own credentials that are not there are never replaced by those of all: they may lead to another account.
        let has_own = CREDENTIALS.iter().any(|key| node.get(key).is_some());
        if has_own && connection.auth.is_none() {
            connection.auth = Some(nobody());
        }
        connection
    }

    fn pace(&mut self, node: &Node) -> Option<f64> {
        let NodeKind::Number(number) = &node.kind else {
            self.reader.wrong_type(node, "`per_second` is a number");
            return None;
        };
        let pace = number
            .as_f64()
            .filter(|pace| *pace > 0.0 && *pace <= 1_000.0);
        if pace.is_none() {
            let message =
                format!("`per_second` is a number above 0 and at most {PACE_MAX}, not {number}");
            self.reader.error("K0110", node.span, message);
        }
        pace
    }
}

/// Credentials of nobody, where none are given.
fn nobody() -> Auth {
    Auth::Signed {
        workspace_key: String::new(),
        workspace_secret: SecretString::from(String::new()),
        tenant_key: String::new(),
    }
}
