//! What credentials need to be written down: which variables, and which settings name them.

use secrecy::ExposeSecret;

use super::Settings;
use crate::cli::desk::edit::yaml::{Edit, append, set};
use crate::cli::login::given::{Given, prefix};
use crate::membrane::{Auth, DEFAULT_URL};
use crate::yaml::Node;

/// One setting that credentials need.
pub(super) struct Wanted {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) is_secret: bool,
    /// The variable that has it, or will.
    pub(super) variable: String,
}

/// What these credentials need. A connection of a workspace whose key and secret all share names the variables of all.
pub(super) fn wanted(given: &Given, connection: Option<&str>, node: Option<&Node>) -> Vec<Wanted> {
    let before = connection.map(prefix).unwrap_or_default();
    let one = |key: &'static str, value: &str, is_secret: bool| {
        let there = node.and_then(|node| node.get(key)?.text()?.strip_prefix("env:"));
        let shared = format!("MEMBRANE_{}", key.to_uppercase());
        let variable = match there {
            Some(name) => name.trim().to_owned(),
            None if given.env.get(&shared) == Some(value) => shared,
            None => format!("{before}{shared}"),
        };
        Wanted {
            key,
            value: value.to_owned(),
            is_secret,
            variable,
        }
    };
    match &given.auth {
        Auth::Token(token) => vec![one("token", token.expose_secret(), true)],
        Auth::Signed {
            workspace_key,
            workspace_secret,
            tenant_key,
        } => vec![
            one("workspace_key", workspace_key, false),
            one("workspace_secret", workspace_secret.expose_secret(), true),
            one("tenant_key", tenant_key, false),
        ],
    }
}

/// What is to become of kartwheel.yaml so that it names these credentials.
pub(super) fn settings(
    text: &str,
    node: Option<&Node>,
    wanted: &[Wanted],
    connection: Option<&str>,
    given: &Given,
) -> Settings {
    let has = |key: &str| node.and_then(|node| node.get(key)?.text());
    let others: &[&str] = match given.auth {
        Auth::Token(_) => &["workspace_key", "workspace_secret", "tenant_key"],
        Auth::Signed { .. } => &["token"],
    };
    let is_named = |one: &&Wanted| {
        has(one.key).is_some_and(|there| there.starts_with("env:") || *there == one.value)
    };
    let reference = |one: &Wanted| (one.key, format!("env:{}", one.variable));
    let url = match connection {
        Some(_) => None,
        None => url_to_write(has("url"), &given.url).map(|url| ("url", url)),
    };
    let is_free = others.iter().all(|key| has(key).is_none());
    let missing = wanted.iter().filter(|one| !is_named(one));
    let is_open = missing.clone().all(|one| has(one.key).is_none());
    let new: Vec<_> = missing.map(reference).chain(url.clone()).collect();
    if is_free && new.is_empty() {
        return Settings::Fit;
    }
    if is_free && is_open {
        let lines = lines_of(connection, &new);
        let text = match (connection, node) {
            (None, None) => append(text, "membrane", &lines),
            (None, Some(_)) => with_pairs(text, &["membrane"], &new),
            (Some(name), _) => with_pairs(text, &["connections", name], &new),
        };
        return match text {
            Some(text) => Settings::New(text, lines),
            None => Settings::ByHand(lines, Vec::new()),
        };
    }
    let whole: Vec<_> = wanted.iter().map(reference).chain(url).collect();
    let taken = wanted.iter().filter(|one| !is_named(one));
    let taken: Vec<&str> = taken
        .map(|one| one.key)
        .filter(|key| has(key).is_some())
        .collect();
    let others = others.iter().copied().filter(|key| has(key).is_some());
    let notes = notes(&taken, &others.collect::<Vec<_>>());
    Settings::ByHand(lines_of(connection, &whole), notes)
}

/// What is to be done about keys that stand there: those that are set otherwise, and those of the other kind of credentials.
fn notes(taken: &[&str], others: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    if !taken.is_empty() {
        notes.push(format!(
            "They go in the place of what stands there as {}.",
            taken.join(", ")
        ));
    }
    if !others.is_empty() {
        notes.push(format!(
            "Take {} out: a token and the three keys are two ways to prove the same, and only one may stand there.",
            others.join(", ")
        ));
    }
    notes
}

/// The address, where the settings do not say it.
fn url_to_write(there: Option<&str>, wanted: &str) -> Option<String> {
    let wanted = wanted.trim_end_matches('/');
    let is_there = match there {
        Some(there) => there.starts_with("env:") || there.trim_end_matches('/') == wanted,
        None => wanted == DEFAULT_URL,
    };
    (!is_there).then(|| wanted.to_owned())
}

fn lines_of(connection: Option<&str>, pairs: &[(&str, String)]) -> Vec<String> {
    let (mut lines, indent) = match connection {
        Some(name) => (vec!["connections:".to_owned(), format!("  {name}:")], 4),
        None => (vec!["membrane:".to_owned()], 2),
    };
    let line = |(key, value): &(&str, String)| format!("{:indent$}{key}: {value}", "");
    lines.extend(pairs.iter().map(line));
    lines
}

/// The text with these keys in a map.
fn with_pairs(text: &str, map: &[&str], pairs: &[(&str, String)]) -> Option<String> {
    // Each goes to the front.
    let mut pairs = pairs.iter().rev();
    pairs.try_fold(text.to_owned(), |text, (key, value)| {
        let path: Vec<&str> = map.iter().copied().chain([*key]).collect();
        match set(&text, &path, value, false) {
            Edit::New(text) => Some(text),
            Edit::Same => Some(text),
            Edit::Other(_) | Edit::ByHand(_) => None,
        }
    })
}
