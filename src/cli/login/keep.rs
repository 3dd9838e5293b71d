//! Where credentials are kept: variables in .env, their names in kartwheel.yaml. What is written, or what to write.

use std::path::Path;

use anyhow::Context;
use secrecy::ExposeSecret;

use super::given::{Given, prefix};
use crate::cli::desk::edit::yaml::{Edit, append, read, set};
use crate::cli::desk::edit::{self, dotenv};
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
    /// A person must write these lines, and see to what stands there instead.
    ByHand(Vec<String>, Vec<String>),
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
        let wanted = wanted(given, connection, node);
        // What stands in the settings as it is needs no variable.
        let stands = |one: &&Wanted| {
            let there = node.and_then(|node| node.get(one.key)?.text());
            there == Some(&*one.value)
        };
        let variables: Vec<Variable> = wanted
            .iter()
            .filter(|one| !stands(one))
            .map(|one| Variable {
                name: one.variable.clone(),
                value: one.value.clone(),
                is_secret: one.is_secret,
            })
            .collect();
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
            Settings::ByHand(..) if saved => Exit::Problems,
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
                    "  {} stands there in the clear, readable by you alone (mode 0600).",
                    secret.name
                )))?;
                let keep = "  Keep the file out of git, and out of backups that others can read.";
                screen.line(&Line::default().dim(keep))?;
            }
            let daemon = "  A running daemon takes them up within minutes if Membrane refuses those it has, else at its next start.";
            screen.line(&Line::default().dim(daemon))?;
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
            Settings::ByHand(lines, notes) => {
                screen.line(&Line::default().add(
                    Tone::Warn,
                    "kartwheel.yaml was not changed: what it says cannot be extended safely. Write into it:",
                ))?;
                block(lines, screen)?;
                notes.iter().try_for_each(|note| screen.text(note))
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
        if let Settings::New(_, lines) | Settings::ByHand(lines, _) = &self.settings {
            screen.text("Write into kartwheel.yaml:")?;
            block(lines, screen)?;
        }
        if let Settings::ByHand(_, notes) = &self.settings {
            notes.iter().try_for_each(|note| screen.text(note))?;
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

/// One setting that credentials need.
struct Wanted {
    key: &'static str,
    value: String,
    is_secret: bool,
    /// The variable that has it, or will.
    variable: String,
}

/// What these credentials need. A connection of a workspace whose key and secret all share names the variables of all.
fn wanted(given: &Given, connection: Option<&str>, node: Option<&Node>) -> Vec<Wanted> {
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
fn settings(
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
