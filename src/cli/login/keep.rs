//! Where credentials are kept: variables in .env, their names in kartwheel.yaml. What is written, or what to write.

use std::path::Path;

use anyhow::Context;
use secrecy::ExposeSecret;

use super::given::{Given, prefix};
use crate::cli::edit::yaml::{Edit, append, read, set};
use crate::cli::edit::{self, dotenv};
use crate::cli::screen::{Line, Screen, Tone};
use crate::cli::{Exit, Failure};
use crate::config::Env;
use crate::membrane::{Auth, DEFAULT_URL};
use crate::yaml::Node;

/// One variable of .env.
struct Variable {
    name: String,
    value: String,
    is_secret: bool,
}

/// What is to become of kartwheel.yaml.
enum Settings {
    /// It names the credentials already.
    Fit,
    /// There is none.
    NoProject,
    /// Its new text, and the lines that are new in it.
    New(String, Vec<String>),
    /// A person must write these lines.
    ByHand(Vec<String>),
}

/// How credentials would be kept.
pub(super) struct Plan {
    variables: Vec<Variable>,
    settings: Settings,
    /// Variables of the environment that would win over .env.
    hidden: Vec<String>,
}

impl Plan {
    /// For all connections, or for one.
    ///
    /// # Errors
    /// kartwheel.yaml is there and cannot be read.
    pub(super) fn of(given: &Given, connection: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        let before = connection.map(prefix).unwrap_or_default();
        let wanted = wanted(&given.auth);
        let path = dir.join("kartwheel.yaml");
        let text = match path.is_file() {
            true => Some(
                std::fs::read_to_string(&path)
                    .with_context(|| format!("{} cannot be read", path.display()))?,
            ),
            false => None,
        };
        let root = text.as_deref().and_then(read);
        let node = root.as_ref().and_then(|root| match connection {
            Some(name) => root.get("connections")?.get(name),
            None => root.get("membrane"),
        });
        let mut variables = Vec::new();
        for (key, value, is_secret) in &wanted {
            let there = node.and_then(|node| node.get(key)?.text());
            let name = match there.map(|there| there.strip_prefix("env:").ok_or(there)) {
                Some(Ok(name)) => name.trim().to_owned(),
                Some(Err(written)) if written == value => continue,
                _ => format!("{before}MEMBRANE_{}", key.to_uppercase()),
            };
            variables.push(Variable {
                name,
                value: value.clone(),
                is_secret: *is_secret,
            });
        }
        let settings = match &text {
            None => Settings::NoProject,
            Some(text) => settings(text, node, &wanted, connection, given),
        };
        let process = Env::of_process();
        let differs = |one: &&Variable| {
            process
                .get(&one.name)
                .is_some_and(|there| there != one.value)
        };
        let hidden = variables
            .iter()
            .filter(differs)
            .map(|one| one.name.clone())
            .collect();
        Ok(Self {
            variables: variables
                .into_iter()
                .filter(|one| given.env.get(&one.name) != Some(&one.value))
                .collect(),
            settings,
            hidden,
        })
    }

    /// The variables that are not there yet.
    pub(super) fn names(&self) -> Vec<&str> {
        self.variables.iter().map(|one| one.name.as_str()).collect()
    }

    /// What is left to a person is a problem, if it was to be written.
    pub(super) fn exit(&self, saved: bool) -> Exit {
        match &self.settings {
            Settings::ByHand(_) if saved => Exit::Problems,
            _ if saved && !self.hidden.is_empty() => Exit::Problems,
            _ => Exit::Done,
        }
    }

    /// Writes it; whether anything was written.
    ///
    /// # Errors
    /// There is no project, or a file cannot be changed.
    pub(super) fn write(&self, dir: &Path) -> anyhow::Result<bool> {
        let mut was_written = false;
        if matches!(self.settings, Settings::NoProject) {
            return Err(Failure::new("there is no kartwheel.yaml in this folder")
                .means("The credentials are good, and were not stored: they are kept in a project's .env.")
                .remedy("Go into the project, or name it with --project DIR; `kartwheel init DIR` makes a new one.")
                .into());
        }
        if !self.variables.is_empty() {
            let path = dir.join(".env");
            let text = match path.exists() {
                true => std::fs::read_to_string(&path).context(".env cannot be read")?,
                false => String::new(),
            };
            let pairs = self.variables.iter();
            let pairs: Vec<_> = pairs
                .map(|one| (one.name.clone(), one.value.clone()))
                .collect();
            let new = dotenv::set(&text, &pairs).ok_or_else(|| {
                Failure::new(".env was not changed: it has lines that are not understood")
                    .remedy("`kartwheel check` shows them.")
            })?;
            edit::replace(&path, &new, true).context(".env cannot be written")?;
            was_written = true;
        }
        if let Settings::New(text, _) = &self.settings {
            let path = dir.join("kartwheel.yaml");
            edit::replace(&path, text, false).context("kartwheel.yaml cannot be written")?;
            was_written = true;
        }
        Ok(was_written)
    }

    /// What was written, or what to write.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(super) fn tell(&self, saved: bool, screen: &mut Screen) -> std::io::Result<()> {
        let is_all_there = self.variables.is_empty() && matches!(self.settings, Settings::Fit);
        if is_all_there {
            return screen.text("The project has them already: nothing to store.");
        }
        if saved {
            self.tell_written(screen)?;
        } else {
            self.tell_open(screen)?;
        }
        for name in &self.hidden {
            let told =
                format!("The environment has another {name}, and the environment wins over .env.");
            screen.line(&Line::default().add(Tone::Warn, told))?;
        }
        Ok(())
    }

    fn tell_written(&self, screen: &mut Screen) -> std::io::Result<()> {
        if !self.variables.is_empty() {
            let is_secret = |one: &&Variable| one.is_secret;
            let secret = self.variables.iter().find(is_secret);
            screen.line(
                &Line::default()
                    .add(Tone::Good, "Written")
                    .plain(format!(" to .env: {}", self.names().join(", "))),
            )?;
            if let Some(secret) = secret {
                screen.line(&Line::default().dim(format!(
                    "  {} stands there in the clear, readable by you alone (mode 0600). Keep the file out of git and of backups that others read.",
                    secret.name
                )))?;
            }
        }
        match &self.settings {
            Settings::New(_, lines) => {
                screen.line(
                    &Line::default()
                        .add(Tone::Good, "Written")
                        .plain(" to kartwheel.yaml:"),
                )?;
                block(lines, screen)
            }
            Settings::ByHand(lines) => {
                screen.line(&Line::default().add(
                    Tone::Warn,
                    "kartwheel.yaml was not changed: it names other credentials. Write into it:",
                ))?;
                block(lines, screen)
            }
            Settings::Fit | Settings::NoProject => Ok(()),
        }
    }

    fn tell_open(&self, screen: &mut Screen) -> std::io::Result<()> {
        screen.text("Nothing was stored.")?;
        let lines: Vec<String> = self
            .variables
            .iter()
            .map(|one| match one.is_secret {
                true => format!("{}=(the secret; not shown)", one.name),
                false => format!("{}={}", one.name, one.value),
            })
            .collect();
        if !lines.is_empty() {
            screen.text("To keep it, put into the project's .env (mode 0600):")?;
            block(&lines, screen)?;
        }
        if let Settings::New(_, lines) | Settings::ByHand(lines) = &self.settings {
            screen.text("Write into kartwheel.yaml:")?;
            block(lines, screen)?;
        }
        screen.line(
            &Line::new("The same command with ")
                .bold("--save")
                .plain(" writes it."),
        )
    }
}

fn block(lines: &[String], screen: &mut Screen) -> std::io::Result<()> {
    lines
        .iter()
        .try_for_each(|line| screen.line(&Line::new(format!("  {line}"))))
}

/// Key in the settings, value, whether it is a secret.
fn wanted(auth: &Auth) -> Vec<(&'static str, String, bool)> {
    match auth {
        Auth::Token(token) => vec![("token", token.expose_secret().to_owned(), true)],
        Auth::Signed {
            workspace_key,
            workspace_secret,
            tenant_key,
        } => vec![
            ("workspace_key", workspace_key.clone(), false),
            (
                "workspace_secret",
                workspace_secret.expose_secret().to_owned(),
                true,
            ),
            ("tenant_key", tenant_key.clone(), false),
        ],
    }
}

/// What is to become of kartwheel.yaml so that it names these credentials.
fn settings(
    text: &str,
    node: Option<&Node>,
    wanted: &[(&'static str, String, bool)],
    connection: Option<&str>,
    given: &Given,
) -> Settings {
    let has = |key: &str| node.and_then(|node| node.get(key)?.text());
    let others: &[&str] = match given.auth {
        Auth::Token(_) => &["workspace_key", "workspace_secret", "tenant_key"],
        Auth::Signed { .. } => &["token"],
    };
    let is_named = |(key, value, _): &(&str, String, bool)| {
        has(key).is_some_and(|there| there.starts_with("env:") || there == value)
    };
    let place = |url: &str| url.trim_end_matches('/').to_owned();
    let url = match (connection, has("url")) {
        (Some(_), _) => None,
        (None, None) if place(&given.url) == DEFAULT_URL => None,
        (None, Some(there)) if place(there) == place(&given.url) || there.starts_with("env:") => {
            None
        }
        _ => Some(place(&given.url)),
    };
    let is_other = others.iter().any(|key| has(key).is_some());
    if !is_other && url.is_none() && wanted.iter().all(is_named) {
        return Settings::Fit;
    }
    let before = connection.map(prefix).unwrap_or_default();
    let mut pairs: Vec<(&str, String)> = wanted
        .iter()
        .map(|(key, ..)| (*key, format!("env:{before}MEMBRANE_{}", key.to_uppercase())))
        .collect();
    pairs.extend(url.map(|url| ("url", url)));
    let inner = |(key, value): &(&str, String)| format!("{key}: {value}");
    let lines: Vec<String> = match connection {
        Some(name) => [format!("connections:"), format!("  {name}:")]
            .into_iter()
            .chain(pairs.iter().map(|pair| format!("    {}", inner(pair))))
            .collect(),
        None => std::iter::once("membrane:".to_owned())
            .chain(pairs.iter().map(|pair| format!("  {}", inner(pair))))
            .collect(),
    };
    let keys = ["token", "workspace_key", "workspace_secret", "tenant_key"];
    let is_free = keys.iter().all(|key| has(key).is_none());
    let new = match (connection, node) {
        (None, None) => append(text, "membrane", &lines),
        (Some(name), _) if is_free => with_pairs(text, name, &pairs),
        _ => None,
    };
    match new {
        Some(new) => Settings::New(new, lines),
        None => Settings::ByHand(lines),
    }
}

/// The text with these keys in a connection.
fn with_pairs(text: &str, connection: &str, pairs: &[(&str, String)]) -> Option<String> {
    // Each goes to the front.
    pairs
        .iter()
        .rev()
        .try_fold(text.to_owned(), |text, (key, value)| {
            match set(&text, &["connections", connection, key], value, false) {
                Edit::New(text) => Some(text),
                Edit::Same => Some(text),
                Edit::Other(_) | Edit::ByHand(_) => None,
            }
        })
}
