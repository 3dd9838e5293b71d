//! The store: one contract in verbs, each one transaction, shared with its neighbours by the group-commit writer.
//!
//! `Store` is what the rest of the program holds. Behind it stand two things a database must bring: a `Backend`, which
//! carries out a batch of operations in one transaction, and a `Reader`, which never waits for the writer.
//! To add a database: implement both in a folder of its own, add one line to `open.rs` and one to `tests/it/store.rs`.
//! What is the same for every database stands in `decide`: pure functions from what is stored to what is to be written.

mod alert;
mod backup;
mod decide;
mod expire;
mod hold;
mod inbox;
mod list;
mod op;
mod open;
mod pack;
mod person;
mod room;
mod rules;
mod snapshot;
pub mod sqlite;
#[cfg(test)]
mod tests;
pub mod verify;
mod work;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::run::{Attempt, Run};

pub use alert::{Alert, AlertKind, Waits, without_links};
pub use backup::{BackedUp, Content, Doing, Step, Told, backup, restore};
pub use expire::{Expire, Expired, Part, Space};
pub use hold::{Hold, HoldKind, RELAPSE_WITHIN};
pub use inbox::{Accept, Accepted, FirstIntent, Handshake, NewRun, Refused, StoredVerdict};
pub use list::{Counts, DoorSum, EventFilter, RefusalCount, RunFilter, StoredEvent};
pub use op::{Answer, Op, StoreError};
pub use open::{OpenOptions, open, open_read_only};
pub use pack::{PACK_BYTES_MIN, UNPACKED_BYTES_MAX};
pub use person::{KnownPerson, ids as person_ids};
pub use room::{ACTIVE_RUNS_HARD_MAX, ACTIVE_RUNS_MAX, ACTIVE_RUNS_OWN_MAX, Lane, Room};
pub use rules::{ActivateRules, RuleText};
pub use snapshot::{Snapshot, Traced};
pub use verify::{Checked, Verify};
pub use work::{
    Begin, Budget, Change, Changed, Claim, Claimed, Ended, Front, Judged, Lease, Next, Record,
    Written,
};
pub use writer::{Failure, QUEUE_BYTES_MAX, QUEUE_OPS_MAX, TRANSACTION_SECONDS_MAX};

/// Carries out batches. One per process, owned by the writer task.
#[async_trait]
pub trait Backend: Send + 'static {
    /// Carries out all operations in one transaction and answers each, in order. An error means nothing was written.
    async fn commit(&mut self, batch: &[Op]) -> Result<Vec<Answer>, StoreError>;

    /// Housekeeping between batches (a bounded write-ahead log). Must be quick.
    async fn between(&mut self) -> Result<(), StoreError>;

    /// Lets go of the database, readers included.
    async fn close(self: Box<Self>);
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
    /// Refusals since then, newest minute first.
    async fn refusals(&self, since: Timestamp, limit: u32)
    -> Result<Vec<RefusalCount>, StoreError>;
    /// Refusals since then, each source and reason once, by source and reason.
    async fn refusal_sums(&self, since: Timestamp) -> Result<Vec<DoorSum>, StoreError>;
    /// Handshakes since then, each source and kind once, by source and kind.
    async fn handshake_sums(&self, since: Timestamp) -> Result<Vec<DoorSum>, StoreError>;
    /// Alerts, newest first: those that stand, or all of them.
    async fn alerts(&self, standing: bool, limit: u32) -> Result<Vec<Alert>, StoreError>;
    /// Runs that wait for a person, by what for.
    async fn waits(&self) -> Result<Vec<Waits>, StoreError>;
    /// Whether this process has ever worked on this database.
    async fn knows_node(&self, node: Uuid) -> Result<bool, StoreError>;
    /// What is kept of every connection's account.
    async fn snapshots(&self) -> Result<Vec<Snapshot>, StoreError>;
    /// The newest attempt with one of these traces that was intended since then, was not refused, and that no event has
    /// reported yet.
    async fn traced(
        &self,
        traces: &[String],
        since: Timestamp,
    ) -> Result<Option<Traced>, StoreError>;
    /// Who was last known under one of these ids of a source's, by kind; the first that is known counts.
    async fn known_person(
        &self,
        source: &str,
        ids: &[(String, String)],
    ) -> Result<Option<KnownPerson>, StoreError>;
    /// Numbers for health and for tests.
    async fn counts(&self, now: Timestamp) -> Result<Counts, StoreError>;
    /// What the database takes of the disk.
    async fn space(&self) -> Result<Space, StoreError>;
    /// The first of every lane that has runs which are due or will be, none of a held connection.
    async fn fronts(&self) -> Result<Vec<Front>, StoreError>;
    /// Looks at everything that can be seen of the invariants, beside whoever writes: what was stored when it began. The checks
    /// that look deeper are left to others. What it finds is no error; an error is what kept it from looking.
    async fn verify(&self, asked: &Verify<'_>) -> Result<Vec<Checked>, StoreError>;
    /// The texts of a rule set, in the order of its members; nothing where the set or one of the texts is not stored.
    async fn rule_set(&self, hash: &str) -> Result<Option<Vec<RuleText>>, StoreError>;
    /// When the next run becomes due, if one will.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let fronts = self.fronts().await?;
        Ok(fronts.into_iter().map(|front| front.due_at).min())
    }
}

/// The store as the program holds it. Cheap to clone.
///
/// Verbs that come from outside (`accept`, `refused`, `handshake`) answer `Busy` at once when the queue is full. The
/// engine's own verbs wait for their place instead: their number is bounded by the workers, and an outcome must not be lost.
#[derive(Clone)]
pub struct Store {
    writer: writer::Writer,
    reader: Arc<dyn Reader>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// A store over a backend and a reader of any make.
    pub fn start(
        backend: Box<dyn Backend>,
        reader: Arc<dyn Reader>,
        failure: Failure,
        options: &OpenOptions,
    ) -> Self {
        Self {
            writer: writer::start(backend, failure, options),
            reader,
        }
    }

    /// Reads that never wait for the writer.
    #[must_use]
    pub fn reader(&self) -> &Arc<dyn Reader> {
        &self.reader
    }

    /// Waits until the database fails for good, and says how. The process must end then.
    pub async fn failed(&self) -> StoreError {
        self.writer.failed().await
    }

    /// Carries out what is queued, then lets go of the database and its lock. Later verbs answer `Busy`.
    pub async fn close(&self) {
        self.writer.close().await;
    }

    /// Stores an event with all that was decided about it, or counts it as a repeat of one that is known.
    pub async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError> {
        let mut accepted = self.accept_all(vec![accept]).await?;
        accepted.pop().ok_or_else(unexpected)
    }

    /// Stores the events of one delivery, as `accept` does each: all of them in one commit, or none. Answers one each, in order.
    pub async fn accept_all(&self, accepts: Vec<Accept>) -> Result<Vec<Accepted>, StoreError> {
        let count = accepts.len();
        if count == 0 {
            return Ok(Vec::new());
        }
        // Here and not in the writer, for which everybody waits.
        let large = accepts.iter().map(|accept| &accept.event);
        let packs = large
            .filter_map(|event| Some((event.id, pack::pack(&event.raw)?)))
            .collect();
        match self.writer.try_ask(Op::Accept(accepts, packs)).await? {
            Answer::Accepted(accepted) if accepted.len() == count => Ok(accepted),
            _ => Err(unexpected()),
        }
    }

    /// Writes the intent of a call in a commit of its own.
    pub async fn begin(&self, begin: Begin) -> Result<Written, StoreError> {
        self.written(Op::Begin(Box::new(begin))).await
    }

    /// Writes what became of a step and what the run does next.
    pub async fn record(&self, record: Record) -> Result<Written, StoreError> {
        self.written(Op::Record(Box::new(record))).await
    }

    /// Writes what a second judgement made of a run and its event: its `once` value counts as in an accept, its key from its old
    /// place. If the event has another address by now than the one judged by, the run only becomes due again.
    pub async fn judge(&self, judged: Judged) -> Result<Written, StoreError> {
        self.written(Op::Judge(Box::new(judged))).await
    }

    /// Takes runs that are due.
    pub async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        match self.writer.ask(Op::Claim(claim)).await? {
            Answer::Claimed(claimed) => Ok(claimed),
            _ => Err(unexpected()),
        }
    }

    /// Carries out what a person wants done to a run.
    pub async fn change(&self, change: Change) -> Result<Changed, StoreError> {
        match self.writer.ask(Op::Change(Box::new(change))).await? {
            Answer::Changed(changed) => Ok(changed),
            _ => Err(unexpected()),
        }
    }

    /// Puts a hold in force, and raises its alert in the same commit: see [`HoldKind::is_told`]. A hold of the same connection
    /// and kind stays since when it was, with the new reason. Whether somebody must be told anew: each hold has its alert, and
    /// one that wants the same of a person as one of its kind that was over since less than `RELAPSE_WITHIN` has that one's.
    /// When what a person has to do changes while it is held, that is another alert.
    pub async fn hold(&self, hold: Hold) -> Result<bool, StoreError> {
        Ok(self.count(Op::Hold(hold)).await? > 0)
    }

    /// Ends a connection's hold of this kind, or all of its holds, each with its alert. Says how many there were.
    pub async fn release(
        &self,
        connection: Arc<str>,
        kind: Option<HoldKind>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.count(Op::Release(connection, kind, now)).await
    }

    /// Raises an alert, unless one of its kind and subject stands already: then only the text is renewed. Whether it is new.
    pub async fn raise(&self, alert: Alert) -> Result<bool, StoreError> {
        Ok(self.count(Op::Raise(alert)).await? > 0)
    }

    /// What an alert was about is over. Whether it stood.
    pub async fn calm(
        &self,
        kind: AlertKind,
        subject: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.count(Op::Calm(kind, subject.into(), now)).await? > 0)
    }

    /// Keeps what was read of an account, in place of what was kept of it.
    pub async fn keep_snapshot(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        self.writer
            .ask(Op::KeepSnapshot(Box::new(snapshot)))
            .await
            .map(drop)
    }

    /// Extends all leases of a node.
    pub async fn renew(&self, node: Uuid, until: Timestamp) -> Result<(), StoreError> {
        self.writer.ask(Op::Renew(node, until)).await.map(drop)
    }

    /// Makes runs whose lease ran out due at once; with `others_are_dead`, those of all other nodes too. Says how many.
    pub async fn rescue(
        &self,
        node: Uuid,
        now: Timestamp,
        others_are_dead: bool,
    ) -> Result<u64, StoreError> {
        self.count(Op::Rescue(node, now, others_are_dead)).await
    }

    /// Counts refused deliveries.
    pub async fn refused(&self, refused: Refused) -> Result<(), StoreError> {
        self.writer.try_ask(Op::Refused(refused)).await.map(drop)
    }

    /// Counts handshakes.
    pub async fn handshake(&self, handshake: Handshake) -> Result<(), StoreError> {
        self.writer
            .try_ask(Op::Handshake(handshake))
            .await
            .map(drop)
    }

    /// Keeps the texts of a rule set and puts the set in force on a node, from now.
    pub async fn activate_rules(&self, rules: ActivateRules) -> Result<(), StoreError> {
        self.writer
            .ask(Op::ActivateRules(Box::new(rules)))
            .await
            .map(drop)
    }

    /// Takes one small step in removing what is old.
    pub async fn expire(&self, expire: Expire) -> Result<Expired, StoreError> {
        match self.writer.ask(Op::Expire(expire)).await? {
            Answer::Expired(expired) => Ok(expired),
            _ => Err(unexpected()),
        }
    }

    /// Takes one small step in giving free pages back to the disk; how many are left.
    pub async fn shrink(&self) -> Result<u64, StoreError> {
        self.count(Op::Shrink).await
    }

    async fn written(&self, op: Op) -> Result<Written, StoreError> {
        match self.writer.ask(op).await? {
            Answer::Written(written) => Ok(written),
            _ => Err(unexpected()),
        }
    }

    async fn count(&self, op: Op) -> Result<u64, StoreError> {
        match self.writer.ask(op).await? {
            Answer::Count(count) => Ok(count),
            _ => Err(unexpected()),
        }
    }
}

/// A backend that answers with the wrong kind of answer cannot be trusted with anything.
fn unexpected() -> StoreError {
    StoreError::Fatal("the store gave an answer of the wrong kind".into())
}
