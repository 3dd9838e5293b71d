//! Reader: takes values of known kinds out of nodes and notes every mistake with its place.

use std::ops::RangeInclusive;

use super::{Entry, Node};
use crate::problem::{Problem, Source, Span, nearest};

/// A word of another system, and ours.
pub type Foreign = (&'static str, &'static str);

/// The keys that a map may have.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// What the map is, for messages: `a rule`.
    pub of: &'static str,
    /// Every key.
    pub known: &'static [&'static str],
    /// Words of other systems, each with what ours is.
    pub foreign: &'static [Foreign],
}

/// Takes values out of nodes, and notes what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    /// The file.
    pub source: &'a Source,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of this file.
    pub fn new(source: &'a Source, problems: &'a mut Vec<Problem>) -> Self {
        Self { source, problems }
    }

    /// Notes a problem.
    pub fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Notes an error.
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        let problem = Problem::error(code, self.source, span, message);
        self.note(problem);
    }

    /// Notes an error with its fix.
    pub fn error_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = Problem::error(code, self.source, span, message).help(help);
        self.note(problem);
    }

    /// Notes a warning with its fix.
    pub fn warn_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = Problem::warning(code, self.source, span, message).help(help);
        self.note(problem);
    }

    /// How many errors are noted so far, of all files.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems
            .iter()
            .filter(|problem| problem.is_error())
            .count()
    }

    /// The other list of problems, for code that notes by itself.
    pub fn problems(&mut self) -> &mut Vec<Problem> {
        self.problems
    }

    /// The entries of a map, with every unknown key noted.
    pub fn map<'n>(&mut self, node: &'n Node, keys: &Keys) -> Option<&'n [Entry]> {
        let Some(entries) = node.as_map() else {
            self.wrong_type(node, &format!("{} is a map of keys and values", keys.of));
            return None;
        };
        for entry in entries {
            self.known_key(entry, keys);
        }
        Some(entries)
    }

    /// Notes the key when it is not among those that are known.
    pub fn known_key(&mut self, entry: &Entry, keys: &Keys) {
        let key = &*entry.key;
        if keys.known.contains(&key) {
            return;
        }
        if let Some((_, ours)) = keys.foreign.iter().find(|(word, _)| *word == key) {
            self.error_help(
                "K0102",
                entry.key_span,
                format!("`{key}` is a word of other systems"),
                format!("here it is {ours}"),
            );
            return;
        }
        let help = match nearest(key, keys.known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", keys.known.join(", ")),
        };
        self.error_help(
            "K0101",
            entry.key_span,
            format!("unknown key `{key}` in {}", keys.of),
            help,
        );
    }

    /// The members of a list, or the value itself as its only member.
    pub fn list_or_one<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        node.as_list().unwrap_or(std::slice::from_ref(node))
    }

    /// Any scalar as written, without expressions.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let Some(text) = node.text() else {
            self.wrong_type(node, &format!("{what} is a text"));
            return None;
        };
        if let Some(at) = text.find("${{") {
            let span = node.inside(self.source, at..text.len());
            self.error_help(
                "K0404",
                span,
                format!("an expression cannot stand in {what}"),
                "write the value itself",
            );
            return None;
        }
        if text.trim().is_empty() {
            self.error("K0104", node.span, format!("{what} is empty"));
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        let value = node.as_bool();
        if value.is_none() {
            let message = format!(
                "{what} is `true` or `false`, and this is {}",
                node.kind_name()
            );
            let problem = Problem::error("K0104", self.source, node.span, message);
            self.note(match node.raw.to_lowercase().as_str() {
                "yes" | "on" | "true" | "1" => problem.help("write `true`"),
                "no" | "off" | "false" | "0" => problem.help("write `false`"),
                _ => problem,
            });
        }
        value
    }

    /// A whole number within these limits.
    pub fn whole(&mut self, node: &Node, what: &str, limits: RangeInclusive<u64>) -> Option<u64> {
        let crate::yaml::Kind::Number(number) = &node.kind else {
            self.wrong_type(node, &format!("{what} is a whole number"));
            return None;
        };
        let value = number.as_u64();
        if value.is_none_or(|value| !limits.contains(&value)) {
            self.error(
                "K0110",
                node.span,
                format!(
                    "{what} is a whole number from {} to {}, not {}",
                    limits.start(),
                    limits.end(),
                    node.raw
                ),
            );
            return None;
        }
        value
    }

    /// One of these words.
    pub fn choice(
        &mut self,
        node: &Node,
        what: &str,
        choices: &[&'static str],
    ) -> Option<&'static str> {
        let text = self.text(node, what)?;
        if let Some(choice) = choices.iter().find(|choice| **choice == text) {
            return Some(choice);
        }
        let message = format!("{what} is {}, not `{text}`", either(choices));
        let problem = Problem::error("K0108", self.source, node.span, message);
        self.note(match nearest(text, choices.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        });
        None
    }

    /// Notes that a value is of another type than what `wanted` says.
    pub fn wrong_type(&mut self, node: &Node, wanted: &str) {
        let found = if node.is_null() {
            "nothing stands here".to_owned()
        } else {
            format!("this is {}", node.kind_name())
        };
        self.error("K0104", node.span, format!("{wanted}, and {found}"));
    }
}

/// `a`, `b` or `c`.
fn either(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
