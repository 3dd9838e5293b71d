//! The kinds of steps: each turns its YAML into effects. A new kind is one file here and its line in the list.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{RetryPolicy, RuleError, Scope};
use crate::action::Outcome;

/// One entry of `actions`.
#[derive(Debug)]
pub struct Step {
    /// Its place in the rule, such as `2`; in `on_failure` `f2`.
    pub path: Arc<str>,
    /// The name under which later steps know it.
    pub id: Option<Arc<str>>,
    /// For people.
    pub name: Option<String>,
    /// The verb's key, such as `assign-tag`, `ensure-lead`, `wait`.
    pub verb: Arc<str>,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// The longest one try may take.
    pub timeout: Option<Duration>,
    /// `on_error: continue`.
    pub continue_on_error: bool,
    /// The connection of this step alone.
    pub connection: Option<Arc<str>>,
}

/// What a step wants. Closed: the worker matches on it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make this call.
    Call {
        /// The action's key.
        verb: Arc<str>,
        /// Its input.
        input: Value,
    },
    /// Sleep until then.
    Wait {
        /// The instant.
        until: Timestamp,
    },
    /// Keep these values in `vars`.
    Keep {
        /// By name.
        values: Map<String, Value>,
    },
    /// End the run well.
    Stop {
        /// Why, for people.
        reason: Option<String>,
    },
    /// End the run badly.
    Fail {
        /// Why, for people.
        reason: String,
    },
    /// The step's `if` does not hold.
    Skip,
}

/// What follows the outcome of one call of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum After {
    /// The step ends with the outcome (`ensure-lead` turns 244 into success, …).
    Take(Outcome),
    /// The step goes on to its next call.
    Stage(u8),
}

impl Step {
    /// What this step wants at this stage (0 first). `if` is only asked at stage 0.
    ///
    /// # Errors
    /// When an expression goes wrong.
    pub fn effect(&self, _scope: &Scope<'_>, _stage: u8) -> Result<Effect, RuleError> {
        Ok(Effect::Skip)
    }

    /// What the outcome of the call at `stage` means for the step.
    #[must_use]
    pub fn after(&self, _stage: u8, outcome: Outcome) -> After {
        After::Take(outcome)
    }
}
