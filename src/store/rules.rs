//! Rule texts, kept once by hash, and the sets in which they come into force.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

/// A rule's text, kept once by hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    /// SHA-256 of the text, hex.
    pub hash: Arc<str>,
    /// The rule's id.
    pub rule: Arc<str>,
    /// The file it stood in.
    pub file: Arc<str>,
    /// The document, as written.
    pub text: Arc<str>,
}

/// A rule set coming into force on a node: its texts and its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivateRules {
    /// The set's hash.
    pub set: Arc<str>,
    /// Its members' texts.
    pub rules: Vec<RuleText>,
    /// Which node.
    pub node: Uuid,
    /// Now.
    pub now: Timestamp,
}
