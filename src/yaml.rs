//! YAML text to a tree in which every key and value knows its place. The only module that names `serde_yaml`.

use std::sync::Arc;

use crate::problem::Span;

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
