//! How a run begins: its vars, its key and its once value.

use serde_json::{Map, Value};

use super::{Rule, RuleError};
use crate::event::Event;

/// How a run of a rule begins: computed once, after the match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Start {
    /// The rule's `vars`.
    pub vars: Map<String, Value>,
    /// Runs of one key go one after another.
    pub key: Option<String>,
    /// A second event with this value starts no second run.
    pub once: Option<String>,
}

impl Rule {
    /// Computes `vars`, then `key` (default: person.email, trimmed and lower-cased) and `once`. An empty `once` is an error.
    ///
    /// # Errors
    /// When an expression goes wrong, or `once` is empty.
    pub fn start(&self, _event: &Event) -> Result<Start, RuleError> {
        Ok(Start::default())
    }
}
