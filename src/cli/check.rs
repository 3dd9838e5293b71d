//! `kartwheel check`: every mistake in settings and rules, with its line and its fix.

use std::io;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::desk::{kept_accounts, settings};
use super::screen::{Line, Screen, Tone};
use super::{Desk, Exit};
use crate::config::Env;
use crate::problem::{Problem, Source, draw};
use crate::project::{self, Accounts, Project, Strictness};

/// Find every mistake in kartwheel.yaml and the rules
///
/// All problems of all files are shown at once, each with its line, the reason and what to write instead. Nothing is started and
/// nothing is sent. Exit code 0: no errors (there may be warnings); 1: errors; 2: it could not look.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel check\n  kartwheel check shop --deny-warnings    in a build\n  kartwheel check --json | jq '.problems[].message'"
)]
pub(super) struct Arguments {
    /// A project's folder, or one file of rules [default: the project's folder]
    path: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Drawn for people
    Text,
    /// One object for programs
    Json,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let path = arguments.path.as_deref().unwrap_or(&desk.project);
    let settings = if path.is_file() {
        project::settings_of_file(path, &Env::of_process())
    } else {
        settings(path, Strictness::Check)?
    };
    let kept = kept_accounts(settings.config(), &desk.clock).await;
    let (accounts, unread) = match kept {
        Ok(accounts) => (accounts, None),
        Err(note) => (Accounts::new(), Some(note)),
    };
    let mut found = Found::of(settings.rules(accounts));
    found.notes.splice(0..0, unread);
    if arguments.json || arguments.format == Format::Json {
        desk.screen.json(&found.json())?;
    } else {
        found.print(&mut desk.screen)?;
    }
    let errors = found.problems.iter().any(Problem::is_error);
    let denied = arguments.deny_warnings && !found.problems.is_empty();
    Ok(if errors || denied {
        Exit::Problems
    } else {
        Exit::Done
    })
}

/// What a check found.
struct Found {
    problems: Vec<Problem>,
    notes: Vec<String>,
    texts: Vec<Source>,
    files: usize,
    rules: usize,
}

impl Found {
    fn of(project: Project) -> Self {
        Self {
            rules: project.rules.rules().len(),
            problems: project.problems,
            notes: project.notes,
            texts: project.sources_text,
            files: project.files,
        }
    }

    fn text(&self, problem: &Problem) -> &str {
        let source = self.texts.iter().find(|source| source.name == problem.file);
        source.map_or("", |source| &source.text)
    }

    fn json(&self) -> Value {
        let problems: Vec<_> = self
            .problems
            .iter()
            .map(|problem| problem.to_json(self.text(problem)))
            .collect();
        json!({ "problems": problems, "notes": self.notes, "files": self.files, "rules": self.rules })
    }

    fn print(&self, screen: &mut Screen) -> io::Result<()> {
        let colour = screen.colour();
        for problem in &self.problems {
            screen.drawn(&draw(problem, self.text(problem), colour))?;
            screen.gap()?;
        }
        for note in &self.notes {
            screen.line(&Line::default().plain(format!("note: {note}")))?;
        }
        if !self.notes.is_empty() {
            screen.gap()?;
        }
        let errors = self
            .problems
            .iter()
            .filter(|problem| problem.is_error())
            .count();
        let warnings = self.problems.len() - errors;
        let looked = format!(
            "{} in {}",
            counted(self.rules, "rule"),
            counted(self.files, "file")
        );
        let line = match (errors, warnings) {
            (0, 0) => Line::default()
                .add(Tone::Good, "No problems")
                .plain(format!(": {looked}.")),
            (0, _) => Line::default()
                .add(Tone::Warn, counted(warnings, "warning"))
                .plain(format!(", no errors: {looked}.")),
            _ => Line::default()
                .add(Tone::Bad, counted(errors, "error"))
                .plain(format!(
                    ", {}: {looked} can be used.",
                    counted(warnings, "warning")
                )),
        };
        screen.line(&line)
    }
}

/// `1 rule`, `2 rules`.
fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
