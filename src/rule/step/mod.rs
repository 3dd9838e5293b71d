//! The kinds of steps: each turns its YAML into effects.
//!
//! To add a kind: a file here with its `SPEC`, its `mod` line and its line in `KINDS`. The actions of the catalogue are no kinds of
//! their own: `action` carries out all of them.

mod action;
mod ensure_lead;
mod fail;
mod later;
mod set;
mod stop;
mod wait;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::expr::Expr;
use super::fallback::Fallback;
use super::fields::Fields;
use super::parse::Parser;
use super::retry::RetryPolicy;
use super::template;
use super::{RuleError, Scope};
use crate::action::Outcome;
use crate::problem::Span;
use crate::yaml::{Entry, Node};

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
    /// `approve: true`: its call waits for a person.
    pub approve: bool,
    /// The connection of this step alone.
    pub connection: Option<Arc<str>>,
    /// Where its verb stands.
    pub(crate) verb_span: Span,
    pub(crate) condition: Option<Expr>,
    pub(crate) kind: Box<dyn Kind>,
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
    /// End the run: what started it is not so.
    Cancel {
        /// Why, for people.
        reason: String,
    },
    /// The step's `if` does not hold.
    Skip,
}

/// What follows the outcome of one call of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum After {
    /// The step ends with the outcome.
    Take(Outcome),
    /// The step goes on to its next call.
    Stage(u8),
    /// The same, after a pause in which others may pass.
    Later {
        /// The stage.
        stage: u8,
        /// The pause.
        pause: Duration,
        /// What is waited for, for people.
        why: String,
    },
    /// The run ends: what started it is not so.
    Cancel {
        /// Why, for people.
        reason: String,
    },
}

/// A compiled step of some kind.
pub(crate) trait Kind: Debug + Send + Sync {
    /// What it wants at this stage.
    fn effect(&self, scope: &Scope<'_>, stage: u8) -> Result<Effect, RuleError>;

    /// What the outcome of its call means.
    fn after(&self, _scope: &Scope<'_>, _stage: u8, outcome: Outcome) -> After {
        After::Take(outcome)
    }

    /// Whether its first call only looks, so that after a lost answer it may begin anew.
    fn begins_with_look(&self) -> bool {
        false
    }

    /// The actions that it calls; its fallback's aside.
    fn calls(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The input of its action.
    fn fields(&self) -> Option<&Fields> {
        None
    }

    /// What it does where the connection does not offer its action.
    fn fallback(&self) -> Option<&Fallback> {
        None
    }
}

/// A kind of step, by the key that stands for it in a rule.
pub(crate) struct KindSpec {
    /// The key.
    pub(crate) name: &'static str,
    /// One sentence for the reference.
    pub(crate) doc: &'static str,
    /// Reads it; notes what is wrong.
    pub(crate) parse: fn(&mut Parser<'_>, &Part<'_>) -> Option<Box<dyn Kind>>,
}

/// The step that is being read.
pub(crate) struct Part<'n> {
    /// Its verb and what stands under it.
    pub(crate) verb: &'n Entry,
    /// The whole step.
    pub(crate) step: &'n Node,
    /// Its place in the rule.
    pub(crate) path: &'n str,
}

/// All kinds but the actions of the catalogue.
pub(crate) const KINDS: &[KindSpec] = &[
    ensure_lead::SPEC,
    wait::SPEC,
    set::SPEC,
    stop::SPEC,
    fail::SPEC,
    later::CHOOSE,
    later::FOR_EACH,
    later::NOTIFY,
    later::REQUEST,
    later::RUN,
];

/// The kind with this key.
pub(crate) fn find(key: &str) -> Option<&'static KindSpec> {
    KINDS.iter().find(|kind| kind.name == key)
}

/// Reads the verb of a step: a kind, or an action of the catalogue.
pub(crate) fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    match find(&part.verb.key) {
        Some(kind) => (kind.parse)(parser, part),
        None => action::parse(parser, part),
    }
}

/// Every kind of step that is no action, with its sentence for the reference.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.iter().map(|kind| (kind.name, kind.doc))
}

impl Step {
    /// What this step wants at this stage (0 first). `if` is only asked at stage 0.
    ///
    /// # Errors
    /// When an expression goes wrong.
    pub fn effect(&self, scope: &Scope<'_>, stage: u8) -> Result<Effect, RuleError> {
        if stage == 0
            && let Some(condition) = &self.condition
            && !condition.holds(&scope.template())?
        {
            return Ok(Effect::Skip);
        }
        self.kind.effect(scope, stage)
    }

    /// What the outcome of the call at `stage` means for the step.
    #[must_use]
    pub fn after(&self, scope: &Scope<'_>, stage: u8, outcome: Outcome) -> After {
        self.kind.after(scope, stage, outcome)
    }

    /// Whether its first call only looks, so that after a lost answer it may begin anew and changes nothing twice.
    #[must_use]
    pub fn begins_with_look(&self) -> bool {
        self.kind.begins_with_look()
    }

    /// The action that it falls back to where the connection does not offer its own.
    #[must_use]
    pub fn fallback_verb(&self) -> Option<&Arc<str>> {
        self.kind.fallback().map(|fallback| &fallback.verb)
    }

    /// The actions that it may call, its fallback's included.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        let fallback = self.fallback_verb().map(|verb| &**verb);
        self.kind.calls().into_iter().chain(fallback)
    }
}

impl<'a> Scope<'a> {
    /// What expressions see of it.
    pub(crate) const fn template(&self) -> template::Scope<'a> {
        template::Scope::of_run(self.tree, self.progress)
    }
}
