//! Where credentials are kept: variables in .env, their names in kartwheel.yaml. What is written, or what to write.

mod wanted;

use std::path::Path;

use anyhow::Context;

use super::given::Given;
use crate::cli::desk::edit::yaml::read;
use crate::cli::desk::edit::{self, dotenv};
use crate::cli::screen::{Line, Screen, Tone};
use crate::cli::{Exit, Failure};
use crate::config::Env;
use wanted::{Wanted, settings, wanted};

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
            let written = edit::replace(&path, &new, true);
            written.map_err(|error| self.not_written(".env", &error))?;
            was_written = true;
        }
        if let Settings::New(text, _) = &self.settings {
            let path = dir.join("kartwheel.yaml");
            let written = edit::replace(&path, text, false);
            written.map_err(|error| self.not_written("kartwheel.yaml", &error))?;
            was_written = true;
        }
        Ok(was_written)
    }

    fn not_written(&self, file: &str, error: &std::io::Error) -> Failure {
        let mut remedy = "Let this user write it, or write by hand into".to_owned();
        let settings = match &self.settings {
            Settings::New(_, lines) | Settings::ByHand(lines, _) => lines.as_slice(),
            Settings::Fit | Settings::NoProject => &[],
        };
        for (file, lines) in [(".env", &*self.env_lines()), ("kartwheel.yaml", settings)] {
            if !lines.is_empty() {
                remedy.push_str(&format!("\n{file}:\n  {}", lines.join("\n  ")));
            }
        }
        Failure::new(format!("{file} cannot be written: {error}"))
            .means("The credentials are good, and are not kept.")
            .remedy(remedy)
    }

    /// The lines for .env, without the secrets.
    fn env_lines(&self) -> Vec<String> {
        let variables = self.variables.iter();
        let line = |one: &Variable| match one.is_secret {
            true => format!("{}=(the secret; not shown)", one.name),
            false => format!("{}={}", one.name, one.value),
        };
        variables.map(line).collect()
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
        let lines = self.env_lines();
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
