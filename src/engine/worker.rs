//! Carries one run out: intent, slot, call, outcome, record, and again, until the run rests.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::Value;
use tracing::Instrument;
use uuid::Uuid;

use super::plan::{self, PlannedCall, Sight, Todo};
use super::settle::{self, class_name};
use super::stop::Drain;
use super::{Engine, SEND_WITHIN};
use crate::action::{Call, Class, Outcome, Safety, Slot};
use crate::clock;
use crate::rule::Rule;
use crate::run::{Attempt, Run, State};
use crate::store::{Begin, Ended, Lease, Next, Record, StoreError, Written};

/// A run in a worker's hands.
pub(super) struct Job {
    pub(super) run: Run,
    pub(super) lease: Lease,
    pub(super) tree: Arc<Value>,
    pub(super) rule: Arc<Rule>,
    /// What is already known of its next step.
    pub(super) ready: Option<Ready>,
}

/// What a worker finds when it takes a run.
pub(super) enum Ready {
    /// The intent of this call is on disk and the slot is in hand: send it.
    Intended(PlannedCall, Box<dyn Slot>),
    /// A process ended between this intent and its outcome.
    Crashed(Attempt),
}

/// Carries the run out as far as it goes now. Whatever happens, the engine's count of active runs is right afterwards.
pub(super) async fn carry_out(engine: Engine, job: Job) {
    let active = Active(engine.clone());
    let span =
        tracing::info_span!("run", run = %job.run.id, event = %job.run.event, rule = %job.run.rule);
    let Job {
        run,
        lease,
        tree,
        rule,
        ready,
    } = job;
    let id = run.id;
    let fresh = matches!(ready, Some(Ready::Intended(..)));
    let work = async {
        let held = if fresh {
            Duration::ZERO
        } else {
            engine
                .store()
                .reader()
                .held_for(&run.connection, engine.clock().now())
                .await?
        };
        Worker {
            engine: engine.clone(),
            run,
            lease,
            tree,
            rule,
            held,
        }
        .go_on(ready)
        .await
    };
    match AssertUnwindSafe(work.instrument(span.clone())).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => span.in_scope(|| tracing::error!(%error, "could not record; the run is taken up again at the next start")),
        Err(_) => set_aside(&engine, lease, id).instrument(span).await,
    }
    drop(active);
}

/// A fault of ours must neither lose a run nor repeat its calls: the run is held where it stands, for a person to see.
async fn set_aside(engine: &Engine, lease: Lease, id: Uuid) {
    tracing::error!("a fault in Kartwheel stopped this run; it is held");
    if let Ok(Some(run)) = engine.store().reader().run_as_stored(id).await {
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
            now: engine.clock().now(),
            ended: None,
            progress: run.progress,
            next,
        };
        if let Err(error) = engine.store().record(record).await {
            tracing::error!(%error, "could not record that");
        }
    }
}

/// Counts a run out of memory when dropped, also when its task panics.
struct Active(Engine);

impl Drop for Active {
    fn drop(&mut self) {
        let before = self.0.0.active.fetch_sub(1, Ordering::SeqCst);
        if before <= super::ACTIVE_RUNS_MAX / 2 + 1 {
            self.0.0.poll.notify_one();
        }
        self.0.0.changed.notify_waiters();
    }
}

/// The intent of a call, as it is stored before the call is made.
pub(super) fn intent(call: &PlannedCall, now: Timestamp) -> Attempt {
    Attempt {
        step: call.step.clone(),
        number: call.number,
        verb: call.verb.clone(),
        input: (*call.input).clone(),
        intended_at: now,
        send_by: clock::after(now, SEND_WITHIN),
        ended_at: None,
        class: None,
        message: None,
        output: None,
        app_type: None,
        action_run_id: None,
    }
}

/// What a worker does after a decision: this call, its intent on disk and its slot in hand, or nothing more.
type Ahead = Option<(PlannedCall, Box<dyn Slot>)>;

/// A worker's hold on one run.
struct Worker {
    engine: Engine,
    run: Run,
    lease: Lease,
    tree: Arc<Value>,
    rule: Arc<Rule>,
    /// How long the run's connection was held in all, as of when the run was taken.
    held: Duration,
}

impl Worker {
    async fn go_on(mut self, ready: Option<Ready>) -> Result<(), StoreError> {
        let mut ahead = match ready {
            Some(Ready::Intended(call, slot)) => Some((call, slot)),
            Some(Ready::Crashed(attempt)) => self.after_crash(attempt).await?,
            None => self.decide(None).await?,
        };
        while let Some((call, slot)) = ahead {
            let Some(outcome) = self.send(&call).await else {
                return Ok(());
            };
            drop(slot);
            ahead = self.take_in(&call, outcome, false).await?;
        }
        Ok(())
    }

    /// Makes the call; `None` when a stop did not wait for its answer.
    async fn send(&self, call: &PlannedCall) -> Option<Outcome> {
        if call.observed {
            return Some(Outcome::new(Class::Done, "observe: not sent"));
        }
        let request = Call {
            run: self.run.id,
            step: call.step.clone(),
            attempt: call.number,
            connection: call.connection.clone(),
            verb: call.verb.clone(),
            input: call.input.clone(),
            timeout: call.timeout,
            send_by: clock::after(self.engine.clock().now(), SEND_WITHIN),
        };
        let limit = if call.safety == Safety::Safe {
            Drain::LeaveSafe
        } else {
            Drain::LeaveAll
        };
        tokio::select! {
            outcome = self.engine.actions().call(&request) => {
                tracing::info!(step = %call.step, attempt = call.number, verb = %call.verb, class = class_name(outcome.class), "call ended");
                Some(outcome)
            }
            () = self.engine.drained_to(limit) => {
                tracing::warn!(step = %call.step, verb = %call.verb, "stopped before the answer came; its outcome is unknown");
                None
            }
        }
    }

    /// An intent that a dead process left: its outcome is unknown.
    async fn after_crash(&mut self, attempt: Attempt) -> Result<Ahead, StoreError> {
        let sight = self.sight();
        let Some(call) = plan::planned_again(&self.run, &attempt, &sight) else {
            return self
                .record(
                    None,
                    self.run.progress.clone(),
                    plan::rest(State::Held, Some("rule gone".into()), None),
                )
                .await;
        };
        let outcome = Outcome::new(Class::Unknown, "the process ended before the answer came");
        self.take_in(&call, outcome, true).await
    }

    /// Takes an outcome in, and decides what comes next; both in one commit where that is possible.
    async fn take_in(
        &mut self,
        call: &PlannedCall,
        outcome: Outcome,
        crashed: bool,
    ) -> Result<Ahead, StoreError> {
        let ended = Ended {
            step: call.step.clone(),
            number: call.number,
            outcome: outcome.clone(),
        };
        let said = outcome.message.clone();
        self.refresh_held(&outcome).await?;
        let settled = settle::settle(
            &self.run,
            self.run.progress.clone(),
            call,
            outcome,
            crashed,
            &self.sight(),
        );
        if let Some(kind) = settled.hold {
            self.engine.hold(&call.connection, kind, said).await?;
        }
        self.run.progress = settled.progress;
        match settled.todo {
            Some(todo) => {
                self.record(Some(ended), self.run.progress.clone(), todo)
                    .await
            }
            None => self.decide(Some(ended)).await,
        }
    }

    /// How long the connection was held matters to the retry policy: look again before it is asked.
    async fn refresh_held(&mut self, outcome: &Outcome) -> Result<(), StoreError> {
        if !outcome.is_success() {
            self.held = self
                .engine
                .store()
                .reader()
                .held_for(&self.run.connection, self.engine.clock().now())
                .await?;
        }
        Ok(())
    }

    /// Plans, records what ended, and brings the run to its next call or to rest.
    async fn decide(&mut self, ended: Option<Ended>) -> Result<Ahead, StoreError> {
        let before = self.run.progress.clone();
        let (progress, todo) = plan::next(&self.run, before.clone(), &self.sight());
        let call = match todo {
            Todo::Call(call) => *call,
            rest @ Todo::Rest { .. } => return self.record(ended, progress, rest).await,
        };
        if let Some(slot) = self.slot_at_once(&call) {
            let intent = intent(&call, self.engine.clock().now());
            let progress = self.under_way(progress, &call);
            let record = self.build(ended, progress, Next::Go(Some(intent)));
            return Ok(self.write(record).await?.then_some((call, slot)));
        }
        if ended.is_some() || progress != before {
            let record = self.build(ended, progress.clone(), Next::Go(None));
            if !self.write(record).await? {
                return Ok(None);
            }
        }
        self.run.progress = progress;
        self.intend(call).await
    }

    /// A slot for a safe call, if the pace gives one this moment: then its intent rides in the commit at hand.
    fn slot_at_once(&self, call: &PlannedCall) -> Option<Box<dyn Slot>> {
        let may_go = call.safety == Safety::Safe
            && !call.observed
            && !self.engine.is_held(&call.connection)
            && !self.engine.is_stopping();
        may_go
            .then(|| {
                self.engine
                    .actions()
                    .try_slot(&call.connection, call.priority)
            })
            .flatten()
    }

    /// Waits for the pace, then writes the intent in a commit of its own.
    async fn intend(&mut self, call: PlannedCall) -> Result<Ahead, StoreError> {
        let Some(slot) = self.slot(&call).await else {
            return self
                .record(
                    None,
                    self.run.progress.clone(),
                    plan::rest(State::Ready, None, Some(self.engine.clock().now())),
                )
                .await;
        };
        let now = self.engine.clock().now();
        let progress = self.under_way(self.run.progress.clone(), &call);
        let begin = Begin {
            lease: self.lease,
            attempt: intent(&call, now),
            progress: progress.clone(),
            unless_held: call.safety != Safety::Safe && !call.observed,
            connection: call.connection.clone(),
            now,
        };
        match self
            .engine
            .persist(|| self.engine.store().begin(begin.clone()))
            .await?
        {
            Written::Yes | Written::YesAndWoke => {
                self.run.progress = progress;
                Ok(Some((call, slot)))
            }
            Written::Held => {
                drop(slot);
                self.record(
                    None,
                    self.run.progress.clone(),
                    plan::rest(State::Ready, None, Some(now)),
                )
                .await
            }
            Written::Cancelled | Written::LeaseLost => Ok(None),
        }
    }

    /// The connection's slot; `None` when the connection is held or the daemon stops first.
    async fn slot(&self, call: &PlannedCall) -> Option<Box<dyn Slot>> {
        if call.observed {
            return (!self.engine.is_stopping()).then(|| Box::new(NoSlot) as Box<dyn Slot>);
        }
        let slot = {
            let _waiting = self.engine.waiting_for_slot();
            tokio::select! {
                slot = self.engine.actions().slot(&call.connection, call.priority) => slot,
                () = self.engine.held(&call.connection) => return None,
                () = self.engine.drained_to(Drain::Stopping) => return None,
            }
        };
        (!self.engine.is_held(&call.connection) && !self.engine.is_stopping()).then_some(slot)
    }

    /// Records an end or a rest.
    async fn record(
        &mut self,
        ended: Option<Ended>,
        progress: crate::run::Progress,
        todo: Todo,
    ) -> Result<Ahead, StoreError> {
        let Todo::Rest { state, why, due_at } = todo else {
            return Ok(None);
        };
        if state.is_over() || state == State::NeedsPerson {
            tracing::info!(
                state = state.name(),
                why = why.as_deref().unwrap_or_default(),
                "run ended"
            );
        }
        let record = self.build(ended, progress, Next::Rest { state, why, due_at });
        if self.write(record).await? && due_at.is_some() {
            self.engine.look_again();
        }
        Ok(None)
    }

    fn build(&self, ended: Option<Ended>, progress: crate::run::Progress, next: Next) -> Record {
        Record {
            lease: self.lease,
            now: self.engine.clock().now(),
            ended,
            progress,
            next,
        }
    }

    /// Writes a record; whether the run is still ours.
    async fn write(&mut self, record: Record) -> Result<bool, StoreError> {
        let written = self
            .engine
            .persist(|| self.engine.store().record(record.clone()))
            .await?;
        self.run.progress = record.progress;
        if written == Written::YesAndWoke {
            self.engine.look_again();
        }
        Ok(matches!(written, Written::Yes | Written::YesAndWoke))
    }

    fn under_way(
        &self,
        progress: crate::run::Progress,
        call: &PlannedCall,
    ) -> crate::run::Progress {
        settle::under_way(
            progress,
            call,
            &self.rule,
            self.engine.clock().now(),
            self.held,
        )
    }

    fn sight(&self) -> Sight<'_> {
        self.engine.sight(&self.rule, &self.tree, self.held)
    }
}

/// The slot of a call that is not sent.
struct NoSlot;

impl Slot for NoSlot {}
