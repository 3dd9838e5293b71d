//! Scope: what the expressions of a rule can see.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::run::{Failure, Progress, StepProgress};

/// What expressions can see: the event's tree, and what the run has made.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `event`, `body`, `headers`, `query`, `person`, `schedule`, `input`, `env`.
    pub tree: &'a Arc<Value>,
    /// `vars`.
    pub vars: Option<&'a Map<String, Value>>,
    /// `steps`, by path; found by id.
    pub steps: Option<&'a BTreeMap<Arc<str>, StepProgress>>,
    /// `failure`.
    pub failure: Option<&'a Failure>,
    /// `item`.
    pub item: Option<&'a Value>,
}

impl<'a> Scope<'a> {
    /// Only the event.
    #[must_use]
    pub const fn of_event(tree: &'a Arc<Value>) -> Self {
        Self {
            tree,
            vars: None,
            steps: None,
            failure: None,
            item: None,
        }
    }

    /// The event and the vars computed so far.
    #[must_use]
    pub const fn with_vars(tree: &'a Arc<Value>, vars: &'a Map<String, Value>) -> Self {
        Self {
            vars: Some(vars),
            ..Self::of_event(tree)
        }
    }

    /// The event and all that the run has made.
    #[must_use]
    pub const fn of_run(tree: &'a Arc<Value>, progress: &'a Progress) -> Self {
        Self {
            tree,
            vars: Some(&progress.vars),
            steps: Some(&progress.steps),
            failure: progress.failure.as_ref(),
            item: None,
        }
    }
}
