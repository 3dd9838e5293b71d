//! The store: one contract in verbs, each one transaction, shared with its neighbours by the group-commit writer.
//!
//! `Store` is what the rest of the program holds. Behind it stand two things a database must bring: a `Backend`, which
//! carries out a batch of operations in one transaction, and a `Reader`, which never waits for the writer.
//! To add a database: implement both in a folder of its own, add one line to `open` and one to `tests/it/store.rs`.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::action::Outcome;
use crate::event::{Envelope, Event};
use crate::run::{Attempt, Progress, Run, State};

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

/// A run to be stored with its event.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// `seq` is 0; `state` is `Ready`, or `Failed` with `why` when its `vars`, `key` or `once` went wrong.
    pub run: Run,
    /// Take the first lease at once if no unfinished older run has the key: the fast path.
    pub take: bool,
    /// The first call's intent, when it may ride in this commit. Written only if the lease is taken.
    pub intent: Option<Attempt>,
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
    /// Now.
    pub now: Timestamp,
}

/// What became of a `Begin` or a `Record`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// On disk.
    Yes {
        /// A run that waited behind this one's key has become due.
        woke: bool,
    },
    /// The run was cancelled: for a `Begin` nothing was written; for a `Record` the attempt's outcome was kept, the run stays cancelled.
    Cancelled,
    /// The connection is held or paused: nothing was written. (`Begin` only.)
    Held,
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
pub enum Next {
    /// Keeps its lease and goes on, with the next call's intent when that may ride along.
    Go(Option<Attempt>),
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

/// Takes runs that are due, oldest due first, at most one per key, none of a held connection.
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
    /// What was done, for the audit: `cancel`, `retry`, `resume`, `resolve`.
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

/// Why a connection sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// A person paused it; a person resumes it.
    Paused,
    /// Its login to Kartra lapsed; ends by itself when it is READY again.
    Down,
    /// Our own token is refused; ends when a fresh one is accepted.
    Token,
    /// The account may not do this; a person says `connection resume`.
    NotAllowed,
}

/// A connection that sends nothing. An empty `connection` stands for all of them (a pause of everything).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The connection's local name, or empty for all.
    pub connection: Arc<str>,
    /// What kind of hold.
    pub kind: HoldKind,
    /// What happened and what to do.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// A refused delivery, counted per source, reason and minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The source, or the unknown path's name.
    pub source: Arc<str>,
    /// A short stable word: `signature`, `timestamp`, `unknown_source`, `too_large`, …
    pub reason: Arc<str>,
    /// For a person; no body, no secret.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// A request that asked for nothing but an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The source.
    pub source: Arc<str>,
    /// Which handshake.
    pub kind: Arc<str>,
    /// When.
    pub at: Timestamp,
}

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

/// One operation for the writer. Within a batch, changes and holds come first, then records, accepts, begins, claims.
#[derive(Debug)]
pub enum Op {
    /// See `Store::accept`.
    Accept(Box<Accept>),
    /// See `Store::begin`.
    Begin(Box<Begin>),
    /// See `Store::record`.
    Record(Box<Record>),
    /// See `Store::claim`.
    Claim(Claim),
    /// See `Store::change`.
    Change(Box<Change>),
    /// See `Store::hold`.
    Hold(Hold),
    /// See `Store::release`.
    Release(Arc<str>, Option<HoldKind>, Timestamp),
    /// See `Store::renew`.
    Renew(Uuid, Timestamp),
    /// See `Store::rescue`.
    Rescue(Uuid, Timestamp, bool),
    /// See `Store::refused`.
    Refused(Refused),
    /// See `Store::handshake`.
    Handshake(Handshake),
    /// See `Store::activate_rules`.
    ActivateRules(Box<ActivateRules>),
}

/// The answer to an `Op`.
#[derive(Debug)]
pub enum Answer {
    /// To an accept.
    Accepted(Box<Accepted>),
    /// To a begin or a record.
    Written(Written),
    /// To a claim.
    Claimed(Vec<Claimed>),
    /// To a change.
    Changed(Changed),
    /// To a rescue or a release: how many runs (or holds).
    Count(u64),
    /// To the rest.
    Ok,
}

/// What can go wrong with a store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The writer's queue is full: try again in a moment.
    #[error("the store has more work than it can take; try again in a moment")]
    Busy,
    /// The disk is full: nothing was written; it recovers by itself.
    #[error("the disk is full; nothing was written")]
    Full,
    /// This row cannot be stored; its neighbours were.
    #[error("the store refused a row: {0}")]
    Row(String),
    /// An I/O or fsync error: nothing can be promised any more, the process must end.
    #[error("the database failed: {0}")]
    Fatal(String),
    /// Another daemon has the database.
    #[error("{0}")]
    Locked(String),
    /// The database is of a newer version, damaged, or not a database.
    #[error("{0}")]
    Unusable(String),
}

/// Carries out batches. One per process, owned by the writer task.
#[async_trait]
pub trait Backend: Send + 'static {
    /// Carries out all operations in one transaction and answers each, in order. An error means nothing was written.
    async fn commit(&mut self, batch: &[Op]) -> Result<Vec<Answer>, StoreError>;

    /// Housekeeping between batches (a bounded write-ahead log). Must be quick.
    async fn between(&mut self) -> Result<(), StoreError>;
}

/// Which events to list. Newest first.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this source.
    pub source: Option<String>,
    /// Of this type, or a glob.
    pub kind: Option<String>,
    /// About this e-mail address.
    pub email: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Older than this sequence number (paging).
    pub before: Option<i64>,
    /// Newer than this sequence number, oldest first (following).
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// Which runs to list. Newest first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// In this state (`held` includes runs whose connection is held).
    pub state: Option<State>,
    /// Of this rule.
    pub rule: Option<String>,
    /// On this connection.
    pub connection: Option<String>,
    /// With this key.
    pub key: Option<String>,
    /// Of this event.
    pub event: Option<Uuid>,
    /// Older than this sequence number (paging).
    pub before: Option<i64>,
    /// Changed at or after, oldest change first (following).
    pub changed_since: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

/// A stored event with what came of it.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its place in the order of all events.
    pub seq: i64,
    /// The event, with an empty tree.
    pub event: Event,
    /// What the tree is built from, beside the body.
    pub envelope: Envelope,
    /// The rule set that judged it.
    pub rule_set: Arc<str>,
    /// The stored verdicts.
    pub verdicts: Vec<StoredVerdict>,
    /// How often it came again.
    pub duplicates: u32,
}

/// How many runs stand in each state, and what is due.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// By state.
    pub runs: Vec<(State, u64)>,
    /// Runs that could be claimed now.
    pub due: u64,
    /// Events in all.
    pub events: u64,
}

/// Refusals of one source for one reason in one minute.
#[derive(Debug, Clone, Serialize)]
pub struct RefusalCount {
    /// The source.
    pub source: String,
    /// The reason's word.
    pub reason: String,
    /// The minute.
    pub minute: Timestamp,
    /// How many.
    pub count: u64,
    /// The last one's detail.
    pub detail: String,
}

/// Reads. Never waits for the writer; sees what was committed.
#[async_trait]
pub trait Reader: Send + Sync + 'static {
    /// Events without their bodies' bytes when `bodies` is false.
    async fn events(
        &self,
        filter: &EventFilter,
        bodies: bool,
    ) -> Result<Vec<StoredEvent>, StoreError>;
    /// One event with its body.
    async fn event(&self, id: Uuid) -> Result<Option<StoredEvent>, StoreError>;
    /// Runs. A run whose connection is held is shown as `held` with the hold's kind as `why`.
    async fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>, StoreError>;
    /// One run, as `runs` shows it.
    async fn run(&self, id: Uuid) -> Result<Option<Run>, StoreError>;
    /// One run as it is stored, holds of its connection aside.
    async fn run_as_stored(&self, id: Uuid) -> Result<Option<Run>, StoreError>;
    /// The attempts of a run, in order.
    async fn attempts(&self, run: Uuid) -> Result<Vec<Attempt>, StoreError>;
    /// Ids of events and runs whose last eight hex digits are these (what the screen shows as a short id).
    async fn by_short_id(&self, short: &str) -> Result<Vec<Uuid>, StoreError>;
    /// A rule's text by hash.
    async fn rule_text(&self, hash: &str) -> Result<Option<RuleText>, StoreError>;
    /// All holds in force.
    async fn holds(&self) -> Result<Vec<Hold>, StoreError>;
    /// How long a connection was held in all up to `now` (`within` and `timeout` stand still meanwhile).
    async fn held_for(
        &self,
        connection: &str,
        now: Timestamp,
    ) -> Result<std::time::Duration, StoreError>;
    /// Refusals since then, newest minute first.
    async fn refusals(&self, since: Timestamp, limit: u32)
    -> Result<Vec<RefusalCount>, StoreError>;
    /// Numbers for health and for tests.
    async fn counts(&self, now: Timestamp) -> Result<Counts, StoreError>;
    /// When the next run becomes due, if one will.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
}
