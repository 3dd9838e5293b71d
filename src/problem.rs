//! Problem: something in a file of the user's is wrong, here, and this would fix it.

mod codes;
mod draw;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

pub use codes::{CODES, title};
pub use draw::{draw, draw_all};

/// A file's name and text, shared by everything that points into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as the user would write it, relative to the project.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

/// A place in a file: bytes for drawing, line and column (from 1, in characters) for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The rule or setting cannot be used.
    Error,
    /// It can, but probably does not do what was meant.
    Warning,
}

/// One mistake, with its place and its fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable code, such as `K0103`; the list is in `problem::CODES`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: Arc<str>,
    /// The place in it.
    pub span: Span,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Source {
    /// A file's name and text.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// The place of these bytes; positions inside a character or past the end are moved to the nearest before.
    #[must_use]
    pub fn span(&self, bytes: Range<usize>) -> Span {
        let start = floor(&self.text, bytes.start);
        let end = floor(&self.text, bytes.end).max(start);
        let (line, column) = position(&self.text, start);
        Span {
            start,
            end,
            line,
            column,
        }
    }

    /// The text at this place.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }
}

impl Problem {
    /// A mistake that makes the rule or setting unusable.
    #[must_use]
    pub fn error(
        code: &'static str,
        source: &Source,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            file: source.name.clone(),
            span,
            message: message.into(),
            help: None,
        }
    }

    /// Something that works, but probably not as it was meant.
    #[must_use]
    pub fn warning(
        code: &'static str,
        source: &Source,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, source, span, message)
        }
    }

    /// With what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Whether it makes the rule or setting unusable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `file:line:column`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}:{}", self.file, self.span.line, self.span.column)
    }

    /// The form of `check --json`. `text` is the file's text, from which the end's line and column are counted.
    #[must_use]
    pub fn to_json(&self, text: &str) -> Value {
        let (end_line, end_column) = position(text, floor(text, self.span.end));
        json!({
            "code": self.code, "severity": self.severity, "file": self.file,
            "line": self.span.line, "column": self.span.column, "end_line": end_line, "end_column": end_column,
            "message": self.message, "help": self.help,
        })
    }
}

/// Brings the problems of one file, from this one on, into the order of their places, each told once. Where YAML itself is wrong, and
/// where an error stands, what else is said of the same place would only follow from it.
pub fn settle(problems: &mut Vec<Problem>, first: usize) {
    let mut new = problems.split_off(first.min(problems.len()));
    new.sort_by_key(|problem| (problem.span.start, problem.span.end, problem.severity));
    let of_yaml = |problem: &Problem| problem.is_error() && problem.code < "K01";
    let starts = |which: &dyn Fn(&Problem) -> bool| -> Vec<usize> {
        let chosen = new.iter().filter(|problem| which(problem));
        chosen.map(|problem| problem.span.start).collect()
    };
    let (wrong, broken) = (starts(&Problem::is_error), starts(&of_yaml));
    new.retain(|problem| {
        let start = &problem.span.start;
        of_yaml(problem)
            || !(broken.contains(start) || (!problem.is_error() && wrong.contains(start)))
    });
    new.dedup();
    problems.append(&mut new);
}

/// The candidate that `word` was probably meant to be: at most a third of its letters differ, and at least one may.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let folded = word.to_lowercase().replace('_', "-");
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| {
            let other = candidate.to_lowercase().replace('_', "-");
            (strsim::damerau_levenshtein(&folded, &other), candidate)
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Line and column (from 1, in characters) of a byte of the text.
fn position(text: &str, byte: usize) -> (u32, u32) {
    let before = &text[..floor(text, byte)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

/// The nearest character boundary at or before this byte.
fn floor(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
