//! YAML text to a tree in which every key and value knows its place. The only module that names `serde_yaml`.
//!
//! Reading through serde would stop at the first mistake and lose tags, comments and duplicate keys, so the tree is built from the
//! events of the parser that `serde_yaml` (serde-saphyr) brings. What YAML leaves open is settled here: the core schema of
//! YAML 1.2, no tags, no duplicate keys, limits on aliases, depth and size, and a plain word for each of YAML's traps.

mod build;
mod events;
mod merge;
mod reader;
mod recover;
mod scalar;
#[cfg(test)]
mod tests;
mod trap;
mod words;

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::problem::{Problem, Source, Span};

pub use reader::{Foreign, Keys, Reader};

/// One value of a YAML document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands (through an alias: where the alias is used).
    pub span: Span,
    /// What it is, by the core schema of YAML 1.2.
    pub kind: Kind,
    /// A scalar's text as written, without its quotes (`NO`, `0123`, `1.10`); empty for lists and maps.
    pub raw: Arc<str>,
    /// Whether a scalar was written without quotes.
    pub plain: bool,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer within 64 bits or a finite float.
    Number(serde_json::Number),
    /// Everything else that is a scalar.
    Text(Arc<str>),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order written.
    Map(Vec<Entry>),
}

/// One key of a map, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as text.
    pub key: Arc<str>,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

/// All documents of a file that could be read; every problem is added to `problems`. An empty document is left out.
pub fn parse(source: &Source, problems: &mut Vec<Problem>) -> Vec<Node> {
    build::documents(source, problems)
}

impl Node {
    /// The value of this key, when the node is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of this key, when the node is a map that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.iter().find(|entry| &*entry.key == key)
    }

    /// The entries of a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The members of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(members) => Some(members),
            _ => None,
        }
    }

    /// The text of a node that YAML takes for text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Any scalar as it was written (`NO`, `0123`, `1.10`): what stands where the schema says text. `None` for null, lists and maps.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.kind {
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => Some(&self.raw),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Whether it is neither a list nor a map.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        !matches!(self.kind, Kind::List(_) | Kind::Map(_))
    }

    /// What it is, for a message: `a text`, `a list`, ….
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// Why this unquoted scalar would not mean what it looks like where any type may stand: `02134`, `+49…`, an integer beyond
    /// 64 bits. Such a scalar is kept as text.
    #[must_use]
    pub fn altered(&self) -> Option<&'static str> {
        if self.plain && matches!(self.kind, Kind::Text(_)) {
            scalar::altered(&self.raw)
        } else {
            None
        }
    }

    /// The problem of such a scalar where any type may stand.
    #[must_use]
    pub fn altered_problem(&self, source: &Source) -> Option<Problem> {
        let (why, text) = (self.altered()?, &self.raw);
        let message = format!("`{text}` without quotes {why}");
        Some(
            Problem::error("K0012", source, self.span, message).help(format!("write `\"{text}\"`")),
        )
    }

    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.to_string()),
            Kind::List(members) => members.iter().map(Self::to_json).collect(),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.to_string(), entry.value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// The place of these bytes of the scalar's text: exact where the text stands in the file as it is, else the whole scalar.
    #[must_use]
    pub fn inside(&self, source: &Source, bytes: Range<usize>) -> Span {
        let written = source.slice(self.span);
        let quote = usize::from(!self.plain);
        let same = written
            .get(quote..written.len().saturating_sub(quote))
            .is_some_and(|inner| inner == &*self.raw);
        if !same || bytes.start > self.raw.len() {
            return self.span;
        }
        let start = self.span.start + quote;
        source.span(start + bytes.start..start + bytes.end.min(self.raw.len()))
    }
}
