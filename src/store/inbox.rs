//! What comes in: events with all that was decided about them, refused deliveries, handshakes.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::Event;
use crate::run::{Attempt, Progress, Run};
use crate::store::work::Lease;

/// An event with all that was decided about it: what one 200 stands for.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The event, tree and all.
    pub event: Event,
    /// Hash of the rule set that judged it.
    pub rule_set: Arc<str>,
    /// The verdicts that are stored: of every rule of the source but those whose `events:` exclude the type.
    pub verdicts: Vec<StoredVerdict>,
    /// The runs that start.
    pub runs: Vec<NewRun>,
    /// The attempt that the event is the report of: no second event will be taken for it.
    pub report_of: Option<i64>,
    /// The node that takes the first leases.
    pub node: Uuid,
    /// Until when it holds them.
    pub lease_until: Timestamp,
}

/// One rule's verdict as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredVerdict {
    /// The rule.
    pub rule: Arc<str>,
    /// The hash of its text then.
    pub rule_hash: Arc<str>,
    /// `matched`, `declined` or `error`.
    pub decision: String,
    /// Number of the first leaf that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u32>,
    /// That leaf's path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What it wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was there; or the error's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
}

impl StoredVerdict {
    /// A verdict that says no more than this.
    #[must_use]
    pub fn new(rule: Arc<str>, rule_hash: Arc<str>, decision: &str) -> Self {
        Self {
            rule,
            rule_hash,
            decision: decision.to_owned(),
            leaf: None,
            path: None,
            expected: None,
            actual: None,
        }
    }
}

/// A run to be stored with its event.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// `seq` is 0; `state` is `Ready`, or `Failed` with `why` when its `vars`, `key` or `once` went wrong.
    pub run: Run,
    /// Take the first lease at once if no unfinished older run has the key: the fast path.
    pub take: bool,
    /// The first call's intent, when it may ride in this commit. Written only if the lease is taken.
    pub intent: Option<FirstIntent>,
}

/// The first intent of a run.
#[derive(Debug, Clone)]
pub struct FirstIntent {
    /// The intent.
    pub attempt: Attempt,
    /// The run's progress with the attempt counted in, in place of the one it would wait with.
    pub progress: Progress,
}

/// What became of an `Accept`.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// This event's id, or that of the event it repeats.
    pub event: Uuid,
    /// It was seen before: counted, nothing else stored.
    pub duplicate: bool,
    /// The runs as stored, in the order given: `declined` when `once` was taken, `Running` with a lease when it was
    /// taken at once, else `Ready`. Empty for a duplicate.
    pub runs: Vec<(Run, Option<Lease>)>,
}

/// Refused deliveries of one source for one reason, counted per minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The source, or the unknown path's name.
    pub source: Arc<str>,
    /// A short stable word: `signature`, `timestamp`, `unknown_source`, `too_large`, …
    pub reason: Arc<str>,
    /// For a person, of the last one; no body, no secret.
    pub detail: String,
    /// When the last one came.
    pub at: Timestamp,
    /// How many.
    pub count: u32,
}

/// Requests that asked for nothing but an answer, counted per minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The source.
    pub source: Arc<str>,
    /// Which handshake.
    pub kind: Arc<str>,
    /// When the last one came.
    pub at: Timestamp,
    /// How many.
    pub count: u32,
}
