//! What an accept stores: known deliveries, `once`, and who may start at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use crate::event::Event;
use crate::run::{Attempt, Run, State};
use crate::store::decide::{Holds, Place};
use crate::store::{Accept, Accepted, Lease, NewRun};

/// What is stored already, as far as the accepts of a batch depend on it. It learns what they add.
pub(in crate::store) struct Known<'s> {
    /// Events by source and sender's id: their place and id.
    pub events: HashMap<(Arc<str>, String), (i64, Uuid)>,
    /// Runs that have a rule's `once` value.
    pub once: HashMap<(Arc<str>, String), Uuid>,
    /// Keys that an unfinished run has or waits for.
    pub busy: HashSet<Place>,
    /// The holds in force.
    pub holds: &'s Holds,
    /// The place of the next event.
    pub next_event: i64,
    /// The place of the next run.
    pub next_run: i64,
}

impl Known<'_> {
    /// The event that this delivery repeats, if it does. An earlier window's id counts only for events of this batch: of
    /// stored ones `events` says it under the present id, where they are not too old.
    fn same(&self, event: &Event, delivery: &(Arc<str>, String)) -> Option<(i64, Uuid)> {
        let by_earlier = || {
            let (earlier, _) = event.earlier.as_ref()?;
            self.events
                .get(&(Arc::clone(&event.source), earlier.clone()))
        };
        self.events.get(delivery).or_else(by_earlier).copied()
    }
}

/// What a batch of accepts writes, beside the runs that stand in the answers.
#[derive(Default)]
pub(in crate::store) struct Accepting<'a> {
    /// The answers, in the order of the accepts.
    pub answers: Vec<Accepted>,
    /// New events.
    pub events: Vec<NewEvent<'a>>,
    /// Events that came again: which, and how often.
    pub repeats: HashMap<i64, u32>,
    /// New runs: where they stand in the answers, and what an answer does not say.
    pub runs: Vec<Placed>,
    /// First intents, with the run they belong to.
    pub intents: Vec<(i64, &'a Attempt)>,
    /// Attempts that a new event reports, the first one of the batch.
    pub reports: BTreeMap<i64, i64>,
}

/// A new event.
pub(in crate::store) struct NewEvent<'a> {
    pub seq: i64,
    pub accept: &'a Accept,
    /// How often it came again within the batch.
    pub duplicates: u32,
}

/// A new run: the `run`th of the `accept`th answer.
pub(in crate::store) struct Placed {
    pub accept: usize,
    pub run: usize,
    pub event_seq: i64,
    pub holds_key: bool,
}

/// Decides a batch of accepts, in order.
pub(in crate::store) fn decide<'a>(accepts: &[&'a Accept], known: &mut Known<'_>) -> Accepting<'a> {
    let mut accepting = Accepting::default();
    let mut fresh: HashMap<i64, usize> = HashMap::new();
    for &accept in accepts {
        let delivery = (
            Arc::clone(&accept.event.source),
            accept.event.sender_id.clone(),
        );
        if let Some((seq, id)) = known.same(&accept.event, &delivery) {
            match fresh.get(&seq) {
                Some(index) => accepting.events[*index].duplicates += 1,
                None => *accepting.repeats.entry(seq).or_default() += 1,
            }
            accepting.answers.push(Accepted {
                event: id,
                duplicate: true,
                runs: Vec::new(),
                woke: false,
            });
            continue;
        }
        let seq = known.next_event;
        known.next_event += 1;
        known.events.insert(delivery, (seq, accept.event.id));
        fresh.insert(seq, accepting.events.len());
        accepting.events.push(NewEvent {
            seq,
            accept,
            duplicates: 0,
        });
        if let Some(attempt) = accept.report_of {
            accepting.reports.entry(attempt).or_insert(seq);
        }
        start_runs(accept, seq, known, &mut accepting);
    }
    accepting
}

fn start_runs<'a>(
    accept: &'a Accept,
    event_seq: i64,
    known: &mut Known<'_>,
    accepting: &mut Accepting<'a>,
) {
    let mut runs = Vec::with_capacity(accept.runs.len());
    for new in &accept.runs {
        let mut run = new.run.clone();
        run.seq = known.next_run;
        known.next_run += 1;
        let lease = place(&mut run, new, accept.node, known);
        if let (Some(_), Some(first)) = (lease, &new.intent) {
            run.progress.clone_from(&first.progress);
            accepting.intents.push((run.seq, &first.attempt));
        }
        accepting.runs.push(Placed {
            accept: accepting.answers.len(),
            run: runs.len(),
            event_seq,
            holds_key: lease.is_some() && run.key.is_some(),
        });
        runs.push((run, lease));
    }
    accepting.answers.push(Accepted {
        event: accept.event.id,
        duplicate: false,
        runs,
        woke: false,
    });
}

/// Gives a new run its state: declined, running under a lease, due, or queued behind its key.
fn place(run: &mut Run, new: &NewRun, node: Uuid, known: &mut Known<'_>) -> Option<Lease> {
    if run.state != State::Ready {
        run.due_at = run.due_at.filter(|_| run.state == State::Waiting);
        return None;
    }
    if let Some(once) = &run.once {
        let value = (Arc::clone(&run.rule), once.clone());
        if let Some(first) = known.once.get(&value) {
            run.state = State::Declined;
            run.why = Some(format!("once, run {first}"));
            run.due_at = None;
            return None;
        }
        known.once.insert(value, run.id);
    }
    let first = run.key.as_ref().is_none_or(|key| {
        known
            .busy
            .insert((Arc::clone(&run.connection), key.clone()))
    });
    if !first {
        run.due_at = None;
        return None;
    }
    if !new.take || known.holds.is_held(&run.connection) {
        run.due_at = run.due_at.or(Some(run.created_at));
        return None;
    }
    run.state = State::Running;
    run.due_at = None;
    Some(Lease {
        run_seq: run.seq,
        node,
        epoch: 1,
    })
}
