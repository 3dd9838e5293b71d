//! What runs do: leases, intents, outcomes, claims, and what a person changes.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::action::Outcome;
use crate::event::{Envelope, Event, Person};
use crate::run::{Attempt, Progress, Run, State};
use crate::store::inbox::StoredVerdict;
use crate::store::room::{Lane, Room};

/// Who may record the outcome of a run. `epoch` grows with each take-over, so a late record changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run_seq: i64,
    /// The node that holds it.
    pub node: Uuid,
    /// Which lease of this run it is.
    pub epoch: i64,
}

/// Writes the intent of a call in a commit of its own.
#[derive(Debug, Clone)]
pub struct Begin {
    /// The right to do so.
    pub lease: Lease,
    /// The intent.
    pub attempt: Attempt,
    /// The run's progress with the attempt counted in.
    pub progress: Progress,
    /// Refuse while the connection is held or paused (calls that are not safe).
    pub unless_held: bool,
    /// The connection of this call.
    pub connection: Arc<str>,
    /// The limits it counts against. Over one of them, nothing is written.
    pub budgets: Vec<Budget>,
    /// Now.
    pub now: Timestamp,
}

/// A limit on what is counted under one name. A step of a run counts once, however often it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// What is counted, such as `connection main refund-transaction`.
    pub scope: String,
    /// The step that counts; empty where the run as a whole does.
    pub step: Arc<str>,
    /// At most so many in the 60 minutes before.
    pub per_hour: Option<u32>,
    /// At most so many in the 24 hours before.
    pub per_day: Option<u32>,
}

/// What became of a `Begin` or a `Record`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// On disk.
    Yes {
        /// A run that waited behind a key has become due by the commit that this was part of.
        woke: bool,
    },
    /// The run was cancelled: for a `Begin` nothing was written; for a `Record` the attempt's outcome was kept, the run stays cancelled.
    Cancelled,
    /// The connection is held or paused: nothing was written. (`Begin` only.)
    Held,
    /// This one of the budgets is used up, in this span: nothing was written. (`Begin` only.)
    OverBudget {
        /// Its place in `Begin::budgets`.
        budget: usize,
        /// Whether it is the day's; else the hour's.
        day: bool,
    },
    /// Another run has its `once` value: it is declined. (`Record` of [`Next::Once`] only.)
    Declined,
    /// Another node has the run: nothing changed but that the outcome was kept as evidence on the attempt.
    LeaseLost,
}

/// The end of one attempt.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The step's path.
    pub step: Arc<str>,
    /// The attempt's number.
    pub number: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// Records what became of a step, and what comes next.
#[derive(Debug, Clone)]
pub struct Record {
    /// The right to do so.
    pub lease: Lease,
    /// Now.
    pub now: Timestamp,
    /// The attempt that ended, if one did.
    pub ended: Option<Ended>,
    /// The run's progress after it.
    pub progress: Progress,
    /// What the run does next.
    pub next: Next,
}

/// What a run does after a record.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "most records carry an intent, and a record is boxed in its operation"
)]
pub enum Next {
    /// Keeps its lease and goes on, with the next call's intent when that may ride along.
    Go(Option<Attempt>),
    /// Keeps its lease and takes this `once` value, unless another run of its rule has it: then it is declined.
    Once(String),
    /// Gives up its lease. States that do not keep the key free it, and the key's oldest ready run becomes due.
    Rest {
        /// The new state.
        state: State,
        /// More about it.
        why: Option<String>,
        /// When it is to be looked at again.
        due_at: Option<Timestamp>,
    },
}

/// What a rule made of an event when it judged it again: the run had waited until it is known who the event is about.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The right to say so.
    pub lease: Lease,
    /// Who the event is about, as far as that is known by now. The event keeps it.
    pub person: Person,
    /// In place of the verdict that it waits.
    pub verdict: StoredVerdict,
    /// How the run begins: `progress`, `key`, `once`, and its state with `why`: `Ready`, `Declined` or `Failed`.
    pub run: Run,
    /// Now.
    pub now: Timestamp,
}

/// Takes runs that are due, at most one per key, none of a held connection, and none that there is no room for: the highest
/// priority first; within it one connection after another in turns; of each connection one rule after another; of each
/// rule the longest due first. The turns go on from one claim to the next.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who takes them.
    pub node: Uuid,
    /// Now.
    pub now: Timestamp,
    /// Until when.
    pub lease_until: Timestamp,
    /// At most so many.
    pub limit: u32,
    /// Who is in memory already.
    pub room: Room,
}

/// The first run of a lane that has a time at which it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// The lane.
    pub lane: Lane,
    /// When it is due.
    pub due_at: Timestamp,
    /// Its number.
    pub seq: i64,
}

/// A run that was claimed, with all a worker needs.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The run, `Running`.
    pub run: Run,
    /// Its lease.
    pub lease: Lease,
    /// Its event, with an empty tree.
    pub event: Event,
    /// What the tree is built from, beside the body.
    pub envelope: Envelope,
    /// An attempt without an outcome: an intent that a crash left behind.
    pub open_attempt: Option<Attempt>,
}

/// Something a person did to a run.
#[derive(Debug, Clone)]
pub struct Change {
    /// The run.
    pub run: Uuid,
    /// It is carried out only if the run still stands in this state and was last changed at this time.
    pub expect: (State, Timestamp),
    /// The new state.
    pub state: State,
    /// More about it.
    pub why: Option<String>,
    /// New progress, when it changes.
    pub progress: Option<Progress>,
    /// When it is to be looked at again.
    pub due_at: Option<Timestamp>,
    /// What was done, for the audit: `cancel`, `retry`, `resume`, `resolve`, `approve`.
    pub action: &'static str,
    /// Why, in the person's words.
    pub reason: String,
    /// Now.
    pub now: Timestamp,
}

/// What became of a `Change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It was carried out.
    Yes,
    /// The run has moved on since it was looked at: look again.
    Moved,
    /// There is no such run.
    Unknown,
}
