//! What changes, intents and outcomes do to runs: who may write, which states follow, who frees a key.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::action::Class;
use crate::run::{Attempt, Progress, State};
use crate::store::decide::budget::Spent;
use crate::store::decide::wait::{self, Cause, Moves};
use crate::store::decide::{Holds, Place};
use crate::store::{Begin, Change, Changed, Ended, Lease, Next, Record, StoreError, Written};

/// Written; whether that woke anybody is known after the batch.
pub(super) const YES: Written = Written::Yes { woke: false };

/// A stored run, as far as these verbs depend on it. It follows what the batch does to it.
#[derive(Debug, Clone)]
pub(in crate::store) struct Standing {
    pub seq: i64,
    pub id: Uuid,
    pub rule: Arc<str>,
    pub connection: Arc<str>,
    pub key: Option<String>,
    pub once: Option<String>,
    pub state: State,
    pub why: Option<String>,
    pub due_at: Option<Timestamp>,
    pub due_set_at: Option<Timestamp>,
    pub node: Option<Uuid>,
    pub lease_until: Option<Timestamp>,
    pub epoch: i64,
    pub holds_key: bool,
    pub updated_at: Timestamp,
}

impl Standing {
    /// What it waits for a person for, if it does.
    fn cause(&self) -> Option<Cause> {
        wait::cause(self.state, self.why.as_deref(), &self.rule)
    }

    /// Whether those behind it in its key pass it until its time comes.
    pub(in crate::store) fn gives_way(&self) -> bool {
        self.state == State::Waiting
            || (self.state == State::Held && !self.state.keeps_key_while(self.why.as_deref()))
    }
}

/// All runs that the operations of a batch name.
#[derive(Default)]
pub(in crate::store) struct Runs {
    pub(super) by_seq: HashMap<i64, Standing>,
    by_id: HashMap<Uuid, i64>,
    /// Who has the `once` values that runs want.
    pub once: HashMap<(Arc<str>, String), Uuid>,
}

impl Runs {
    pub(in crate::store) fn insert(&mut self, run: Standing) {
        self.by_id.insert(run.id, run.seq);
        self.by_seq.insert(run.seq, run);
    }

    pub(in crate::store) fn by_id(&self, id: Uuid) -> Option<&Standing> {
        self.by_seq.get(self.by_id.get(&id)?)
    }

    pub(in crate::store) fn by_seq(&self, seq: i64) -> Option<&Standing> {
        self.by_seq.get(&seq)
    }
}

/// What a batch writes.
#[derive(Default)]
pub(in crate::store) struct Effects<'a> {
    /// Runs to be written as they stand in `Runs`, with their new progress where it changed.
    pub runs: BTreeMap<i64, Option<&'a Progress>>,
    /// Outcomes by run, step and number of the attempt, written where there is none yet, or only an unknown one.
    pub outcomes: BTreeMap<(i64, &'a str, u32), (&'a Ended, Timestamp)>,
    /// New intents.
    pub intents: Vec<(i64, &'a Attempt)>,
    /// `once` values that runs take.
    pub once: Vec<(i64, &'a str)>,
    /// Keys whose oldest waiting run may be due now.
    pub wake: BTreeMap<Place, Timestamp>,
    /// What people did: which run, what, and the state before.
    pub audit: Vec<(i64, &'a Change, State)>,
    /// Who began to wait for a person, and who no longer does.
    pub moves: Moves,
}

impl<'a> Effects<'a> {
    pub(super) fn write(&mut self, seq: i64, progress: Option<&'a Progress>) {
        let kept = self.runs.entry(seq).or_default();
        *kept = progress.or(*kept);
    }

    /// The first outcome that tells something is the one that stays.
    fn end(&mut self, run_seq: i64, ended: &'a Ended, now: Timestamp) {
        let attempt = (run_seq, &*ended.step, ended.number);
        let (kept, _) = self.outcomes.entry(attempt).or_insert((ended, now));
        if kept.outcome.class == Class::Unknown {
            *kept = ended;
        }
    }

    fn wake(&mut self, run: &Standing, now: Timestamp) {
        if let Some(key) = &run.key {
            self.wake
                .insert((Arc::clone(&run.connection), key.clone()), now);
        }
    }
}

/// Carries out what a person wants done.
pub(in crate::store) fn change<'a>(
    runs: &mut Runs,
    change: &'a Change,
    effects: &mut Effects<'a>,
) -> Result<Changed, StoreError> {
    let Runs {
        by_seq,
        by_id,
        once,
    } = runs;
    let Some(run) = by_id.get(&change.run).and_then(|seq| by_seq.get_mut(seq)) else {
        return Ok(Changed::Unknown);
    };
    if (run.state, run.updated_at) != change.expect {
        return Ok(Changed::Moved);
    }
    let (before, waited) = (run.state, run.cause());
    if let Some(value) = wants_once_back(run, change)
        && let Some(other) = once.insert(value, run.id)
    {
        return Err(StoreError::Row(format!(
            "run {}: its `once` value belongs to run {other} now; cancel that one first",
            run.id
        )));
    }
    turn(run, change.state)?;
    run.why.clone_from(&change.why);
    rest(run, change.due_at, change.now, effects);
    effects.moves.of(waited, run);
    effects.write(run.seq, change.progress.as_ref());
    effects.audit.push((run.seq, change, before));
    Ok(Changed::Yes)
}

/// The `once` value that a run had let go of and takes again.
pub(in crate::store) fn wants_once_back(
    run: &Standing,
    change: &Change,
) -> Option<(Arc<str>, String)> {
    let once = run.once.as_ref()?;
    let back = !run.state.takes_once() && change.state.takes_once();
    back.then(|| (Arc::clone(&run.rule), once.clone()))
}

/// Writes an intent, if the run may still act and its budgets allow it.
pub(in crate::store) fn begin<'a>(
    runs: &mut Runs,
    (place, begin): (usize, &'a Begin),
    holds: &Holds,
    spent: &mut Spent<'a>,
    effects: &mut Effects<'a>,
) -> Written {
    let (run, right) = leased(&mut runs.by_seq, begin.lease);
    let Some(run) = run.filter(|_| right == YES) else {
        return right;
    };
    if begin.unless_held && holds.is_held(&begin.connection) {
        return Written::Held;
    }
    if let Err(over) = spent.spend(place, begin) {
        return over;
    }
    run.updated_at = begin.now;
    effects.write(run.seq, Some(&begin.progress));
    effects.intents.push((run.seq, &begin.attempt));
    YES
}

/// Writes an outcome and what comes next. Whoever has the run now, the outcome stays as evidence on the attempt.
pub(in crate::store) fn record<'a>(
    runs: &mut Runs,
    record: &'a Record,
    effects: &mut Effects<'a>,
) -> Result<Written, StoreError> {
    if let Some(ended) = &record.ended {
        effects.end(record.lease.run_seq, ended, record.now);
    }
    let Runs { by_seq, once, .. } = runs;
    let (run, right) = leased(by_seq, record.lease);
    let Some(run) = run.filter(|_| right == YES) else {
        return Ok(right);
    };
    let mut written = YES;
    match &record.next {
        Next::Once(value) => {
            match once.get(&(Arc::clone(&run.rule), value.clone())) {
                Some(other) if *other != run.id => {
                    let why = format!("once, run {other}");
                    turn(run, State::Declined)?;
                    run.why = Some(why);
                    rest(run, None, record.now, effects);
                    written = Written::Declined;
                }
                _ => {
                    once.insert((Arc::clone(&run.rule), value.clone()), run.id);
                    run.updated_at = record.now;
                }
            }
            run.once = Some(value.clone());
            effects.once.push((run.seq, value));
        }
        Next::Go(intent) => {
            run.updated_at = record.now;
            if let Some(intent) = intent {
                effects.intents.push((run.seq, intent));
            }
        }
        Next::Rest { state, why, due_at } => {
            turn(run, *state)?;
            run.why.clone_from(why);
            rest(run, *due_at, record.now, effects);
            // It was under way, so it waited for nobody.
            effects.moves.of(None, run);
        }
    }
    effects.write(run.seq, Some(&record.progress));
    Ok(written)
}

/// The `once` value that a run takes whose event has proved true.
pub(in crate::store) fn wants_once(run: &Standing, record: &Record) -> Option<(Arc<str>, String)> {
    match &record.next {
        Next::Once(value) => Some((Arc::clone(&run.rule), value.clone())),
        Next::Go(_) | Next::Rest { .. } => None,
    }
}

/// The run of a lease, and whether the lease is still the one in force.
pub(super) fn leased(
    by_seq: &mut HashMap<i64, Standing>,
    lease: Lease,
) -> (Option<&mut Standing>, Written) {
    let Some(run) = by_seq.get_mut(&lease.run_seq) else {
        return (None, Written::LeaseLost);
    };
    let right = if run.epoch != lease.epoch {
        Written::LeaseLost
    } else if run.state == State::Cancelled {
        Written::Cancelled
    } else if run.state == State::Running && run.node == Some(lease.node) {
        YES
    } else {
        Written::LeaseLost
    };
    (Some(run), right)
}

pub(super) fn turn(run: &mut Standing, state: State) -> Result<(), StoreError> {
    // A worker rests a run to hand it back, never to keep it running.
    if !run.state.may_become(state) || state == State::Running {
        return Err(StoreError::Row(format!(
            "run {} is {} and cannot become {}",
            run.id,
            run.state.name(),
            state.name()
        )));
    }
    run.state = state;
    Ok(())
}

/// Gives up the lease; frees or keeps the key as the state says; sets when it is looked at again.
pub(super) fn rest<'a>(
    run: &mut Standing,
    due_at: Option<Timestamp>,
    now: Timestamp,
    effects: &mut Effects<'a>,
) {
    run.node = None;
    run.lease_until = None;
    run.updated_at = now;
    if !run.state.keeps_key_while(run.why.as_deref()) {
        effects.wake(run, now);
        run.holds_key = false;
    }
    // A run that wants a key it does not have waits for it in its old place; being woken is what makes it due.
    let queues =
        matches!(run.state, State::Ready | State::Held) && run.key.is_some() && !run.holds_key;
    if queues {
        effects.wake(run, now);
    }
    run.due_at = match run.state {
        State::Ready if queues => due_at,
        State::Ready | State::Retrying => Some(due_at.unwrap_or(now)),
        State::Waiting | State::Held => due_at,
        _ => None,
    };
    run.due_set_at = run.due_at.map(|_| now);
}
