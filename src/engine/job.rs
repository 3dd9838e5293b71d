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
use crate::event::Event;
use crate::rule::Rule;
use crate::run::{Attempt, Run, State};
use crate::store::{Lease, Next, Record, StoreError};

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

/// A run that waited until it is known who its event is about, or long enough.
pub(super) struct Unjudged {
    pub(super) run: Run,
    pub(super) lease: Lease,
    /// With its tree.
    pub(super) event: Event,
    pub(super) rule: Arc<Rule>,
    /// It is in memory.
    pub(super) place: Place,
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
    let work = worker.go_on(ready);
    watched(&engine, lease, id, work).instrument(span).await;
    drop(place);
}

/// Judges the run's event again. Whatever happens, as with those that are carried out.
pub(super) async fn judge(engine: Engine, job: Unjudged) {
    let Unjudged {
        run,
        lease,
        event,
        rule,
        place,
    } = job;
    let id = run.id;
    let span = tracing::info_span!("judge", run = %id, event = %event.id, rule = %run.rule);
    let work = engine.judge_again(run, lease, event, &rule);
    watched(&engine, lease, id, work).instrument(span).await;
    drop(place);
}

/// Does the work on a run, and says or does what must follow where it fails.
async fn watched(
    engine: &Engine,
    lease: Lease,
    run: Uuid,
    work: impl Future<Output = Result<(), StoreError>>,
) {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, "could not record; the run is taken up again at the next start");
        }
        Err(_) => set_aside(engine, lease, run).await,
    }
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
