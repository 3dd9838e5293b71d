//! A run in memory: handed to a worker, counted while it is there, and set aside when a fault of ours stops it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::Value;
use tracing::Instrument;
use uuid::Uuid;

use super::plan::PlannedCall;
use super::room::Place;
use super::worker::Worker;
use super::{Engine, SEND_WITHIN};
use crate::action::Slot;
use crate::clock;
use crate::rule::Rule;
use crate::run::{Attempt, Run, State};
use crate::store::{Lease, Next, Record};

/// A run in a worker's hands.
pub(super) struct Job {
    pub(super) run: Run,
    pub(super) lease: Lease,
    pub(super) tree: Arc<Value>,
    pub(super) rule: Arc<Rule>,
    /// It is in memory.
    pub(super) place: Place,
    /// What is already known of its next step.
    pub(super) ready: Option<Ready>,
}

/// What a worker finds when it takes a run.
pub(super) enum Ready {
    /// The intent of this call is on disk and the slot is in hand: send it.
    Intended(Intended),
    /// A process ended between this intent and its outcome.
    Crashed(Attempt),
}

/// A call that can be sent: its intent is on disk and its slot in hand.
pub(super) struct Intended {
    pub(super) call: PlannedCall,
    /// As the intent says.
    pub(super) send_by: Timestamp,
    pub(super) slot: Box<dyn Slot>,
}

impl Intended {
    /// The call with its slot, and the intent that is to be on disk before it is sent.
    pub(super) fn now(call: PlannedCall, slot: Box<dyn Slot>, now: Timestamp) -> (Attempt, Self) {
        let attempt = intent(&call, now);
        let intended = Self {
            send_by: attempt.send_by,
            call,
            slot,
        };
        (attempt, intended)
    }
}

/// Carries the run out as far as it goes now. Whatever happens, the engine's count of active runs is right afterwards.
pub(super) async fn carry_out(engine: Engine, job: Job) {
    let span =
        tracing::info_span!("run", run = %job.run.id, event = %job.run.event, rule = %job.run.rule);
    let Job {
        run,
        lease,
        tree,
        rule,
        place,
        ready,
    } = job;
    let id = run.id;
    let worker = Worker {
        engine: engine.clone(),
        run,
        lease,
        tree,
        rule,
    };
    let work = worker.go_on(ready).instrument(span.clone());
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => span.in_scope(|| tracing::error!(%error, "could not record; the run is taken up again at the next start")),
        Err(_) => set_aside(&engine, lease, id).instrument(span).await,
    }
    drop(place);
}

/// A fault of ours must neither lose a run nor repeat its calls: the run is held where it stands, for a person to see.
async fn set_aside(engine: &Engine, lease: Lease, id: Uuid) {
    tracing::error!("a fault in Kartwheel stopped this run; it is held");
    if let Ok(Some(mut run)) = engine.store().reader().run_as_stored(id).await {
        let now = engine.clock().now();
        run.progress.wait_from(now);
        let why = Some(
            "a fault in Kartwheel stopped it; see the log, then `kartwheel runs resume`".to_owned(),
        );
        let next = Next::Rest {
            state: State::Held,
            why,
            due_at: None,
        };
        let record = Record {
            lease,
            now,
            ended: None,
            progress: run.progress,
            next,
        };
        if let Err(error) = engine.store().record(record).await {
            tracing::error!(%error, "could not record that");
        }
    }
}

/// The intent of a call, as it is stored before the call is made.
fn intent(call: &PlannedCall, now: Timestamp) -> Attempt {
    Attempt {
        trace: call.trace.clone(),
        ..Attempt::intended(
            call.step.clone(),
            call.number,
            call.verb.clone(),
            (*call.input).clone(),
            (now, clock::after(now, SEND_WITHIN)),
        )
    }
}
