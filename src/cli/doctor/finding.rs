//! A finding: what was looked at, what was seen, what to do.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::screen::{COLUMNS, Line, Screen, Tone, wrap};

/// The width of the column of levels.
const LEVEL_COLUMNS: usize = 8;
/// The width of the column of what was looked at.
const ABOUT_COLUMNS: usize = 14;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// It works, and may not for long or not in all cases.
    Warning,
    /// It does not work.
    Problem,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Note => Tone::Dim,
            Self::Warning => Tone::Warn,
            Self::Problem => Tone::Bad,
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// `project`, `membrane`, `connection main`.
    group: Arc<str>,
    /// What was looked at.
    about: &'static str,
    /// What was seen.
    seen: String,
    /// What to do.
    to_do: Option<String>,
}

impl Finding {
    /// As JSON.
    pub(super) fn view(&self) -> Value {
        json!({ "level": self.level, "group": self.group, "about": self.about, "seen": self.seen, "to_do": self.to_do })
    }
}

/// Takes the findings of one group.
pub(super) struct Sheet<'f> {
    group: Arc<str>,
    found: &'f mut Vec<Finding>,
}

impl<'f> Sheet<'f> {
    /// A sheet for this group.
    pub(super) fn new(group: &str, found: &'f mut Vec<Finding>) -> Self {
        Self {
            group: group.into(),
            found,
        }
    }

    /// As it should be.
    pub(super) fn ok(&mut self, about: &'static str, seen: impl Into<String>) {
        self.add(Level::Ok, about, seen, None);
    }

    /// Worth knowing.
    pub(super) fn note(&mut self, about: &'static str, seen: impl Into<String>, to_do: &str) {
        self.add(Level::Note, about, seen, Some(to_do));
    }

    /// May not work for long or not in all cases.
    pub(super) fn warning(&mut self, about: &'static str, seen: impl Into<String>, to_do: &str) {
        self.add(Level::Warning, about, seen, Some(to_do));
    }

    /// Does not work.
    pub(super) fn problem(&mut self, about: &'static str, seen: impl Into<String>, to_do: &str) {
        self.add(Level::Problem, about, seen, Some(to_do));
    }

    fn add(
        &mut self,
        level: Level,
        about: &'static str,
        seen: impl Into<String>,
        to_do: Option<&str>,
    ) {
        self.found.push(Finding {
            level,
            group: Arc::clone(&self.group),
            about,
            seen: seen.into(),
            to_do: to_do.filter(|to_do| !to_do.is_empty()).map(str::to_owned),
        });
    }
}

/// Prints the findings, group by group, and a last line with their numbers.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print(found: &[Finding], screen: &mut Screen) -> io::Result<()> {
    let mut group: &str = "";
    for one in found {
        if group != &*one.group {
            if !group.is_empty() {
                screen.gap()?;
            }
            group = &one.group;
            screen.line(&Line::default().bold(group))?;
        }
        print_one(one, screen)?;
    }
    let count = |level: Level| found.iter().filter(|one| one.level == level).count();
    let counted = |number: usize, noun: &str| match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    };
    screen.gap()?;
    let warnings = counted(count(Level::Warning), "warning");
    screen.line(&match count(Level::Problem) {
        0 => Line::default()
            .add(Tone::Good, "No problems")
            .plain(format!(", {warnings}.")),
        problems => Line::default()
            .add(Tone::Bad, counted(problems, "problem"))
            .plain(format!(", {warnings}.")),
    })
}

fn print_one(one: &Finding, screen: &mut Screen) -> io::Result<()> {
    let indent = 2 + LEVEL_COLUMNS + 1 + ABOUT_COLUMNS + 1;
    let mut lines = wrap(&one.seen, COLUMNS - indent).into_iter();
    screen.line(
        &Line::new("  ")
            .add(
                one.level.tone(),
                format!("{:<LEVEL_COLUMNS$} ", one.level.name()),
            )
            .plain(format!("{:<ABOUT_COLUMNS$} ", one.about))
            .plain(lines.next().unwrap_or_default()),
    )?;
    let margin = " ".repeat(indent);
    for line in lines {
        screen.line(&Line::new(&margin).plain(line))?;
    }
    let advice = one.to_do.iter();
    let advice = advice.flat_map(|to_do| wrap(to_do, COLUMNS - indent - 2));
    for (number, line) in advice.enumerate() {
        let mark = if number == 0 { "→ " } else { "  " };
        screen.line(&Line::new(&margin).dim(mark).plain(line))?;
    }
    Ok(())
}
