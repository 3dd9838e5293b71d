//! A rule's tests, as data: an event, scripted answers, what should happen. What runs them is elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::path::Path;
use crate::action::Class;
use crate::problem::Span;
use crate::run::State;

/// One of a rule's `tests`.
#[derive(Debug)]
pub struct Case {
    /// What it shows, in words.
    pub name: String,
    /// What arrives.
    pub event: CaseEvent,
    /// The time when it arrives.
    pub now: Option<Timestamp>,
    /// How far the test's clock goes from there; waits pass to the end when absent.
    pub until: Option<Duration>,
    /// By verb: what its calls are answered, one after another; after the last, success.
    pub answers: BTreeMap<Arc<str>, Vec<Answer>>,
    /// What should happen.
    pub expect: Expect,
    /// Where it stands.
    pub span: Span,
}

/// The event of a test.
#[derive(Debug)]
pub struct CaseEvent {
    /// Where its body comes from.
    pub body: CaseBody,
    /// The event's type, when it does not follow from the body.
    pub kind: Option<String>,
    /// Values to change in the tree, in order.
    pub set: Vec<(Path, Value)>,
}

/// Where the body of a test's event comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum CaseBody {
    /// A sample that comes with the program, such as `stripe/checkout.session.completed`.
    Sample(String),
    /// A file beside the rule.
    File(String),
    /// Written out in the test.
    Inline(Value),
}

/// How one call is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What the answer means.
    pub class: Class,
    /// What it holds.
    pub output: Option<Value>,
}

/// What should happen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// Whether the rule matches.
    pub matched: Option<bool>,
    /// The path (or `expr`, `any`, `all`, `not`) that must be the reason for not matching.
    pub because: Option<String>,
    /// The verbs called, in order, each try of its own.
    pub calls: Option<Vec<ExpectedCall>>,
    /// Where the run ends.
    pub state: Option<State>,
}

/// One call that should be made.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedCall {
    /// The step's verb.
    pub verb: Arc<str>,
    /// Fields that its input must have, when the test says any.
    pub input: Option<Value>,
}
