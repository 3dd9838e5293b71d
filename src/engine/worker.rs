//! Carries one run out: intent, slot, call, outcome, record, and again, until the run rests.

mod look;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use look::Looked;

use super::job::{Intended, Ready};
use super::plan::{self, PlannedCall, Sight, Todo};
use super::settle::{self, Lost};
use super::stop::Drain;
use super::{Engine, budget};
use crate::action::{Call, Class, Outcome, Safety, Slot, Turn};
use crate::clock;
use crate::rule::Rule;
use crate::run::{Attempt, Progress, Run, State, WHY_BUDGET};
use crate::store::{Begin, Ended, Lease, Next, Record, StoreError, Written};

/// What is said of a call that `mode: observe` keeps back.
const OBSERVED: &str = "observe: not sent";
/// How long a run waits before it looks again whether the connection of its step is still held.
const HELD_ELSEWHERE: Duration = Duration::from_secs(5);

/// What a worker does after a decision: this call, its intent on disk and its slot in hand, or nothing more.
type Ahead = Option<Intended>;

/// A worker's hold on one run.
pub(super) struct Worker {
    pub(super) engine: Engine,
    pub(super) run: Run,
    pub(super) lease: Lease,
    pub(super) tree: Arc<Value>,
    pub(super) rule: Arc<Rule>,
}

impl Worker {
    /// Carries the run out until it rests.
    pub(super) async fn go_on(mut self, ready: Option<Ready>) -> Result<(), StoreError> {
        if let Some(Ready::Crashed(attempt)) = &ready {
            self.run.progress.wait_from(attempt.intended_at);
        }
        self.run.progress.go_on(self.engine.clock().now());
        let mut ahead = match ready {
            Some(Ready::Intended(intended)) => Some(intended),
            Some(Ready::Crashed(attempt)) => self.after_crash(attempt).await?,
            None => self.decide(None).await?,
        };
        while let Some(Intended {
            call,
            send_by,
            slot,
        }) = ahead
        {
            let Some((outcome, lost)) = self.send(&call, send_by).await else {
                return Ok(());
            };
            drop(slot);
            ahead = self.take_in(&call, outcome, lost).await?;
        }
        Ok(())
    }

    /// Makes the call; `None` when a stop did not wait for its answer.
    async fn send(&self, call: &PlannedCall, send_by: Timestamp) -> Option<(Outcome, Lost)> {
        if call.observed {
            return Some((Outcome::new(Class::Done, OBSERVED), Lost::Never));
        }
        let request = Call {
            timeout: call.timeout,
            ..self.request(call, send_by)
        };
        let limit = if call.safety == Safety::Safe {
            Drain::LeaveSafe
        } else {
            Drain::LeaveAll
        };
        tokio::select! {
            biased;
            outcome = self.engine.actions().call(&request) => {
                tracing::info!(step = %call.step, attempt = call.number, verb = %call.verb, class = outcome.class.name(), "call ended");
                self.engine.note_outcome(&call.connection, &outcome).await;
                Some((outcome, Lost::OnTheWay(send_by)))
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
        // A rule that observes sends nothing, so nothing is in doubt.
        let outcome = if self.rule.observe && call.observed {
            Outcome::new(Class::Done, OBSERVED)
        } else {
            Outcome::new(Class::Unknown, "the process ended before the answer came")
        };
        self.take_in(&call, outcome, Lost::WithTheProcess(attempt.send_by))
            .await
    }

    /// Takes an outcome in, and decides what comes next; both in one commit where that is possible.
    async fn take_in(
        &mut self,
        call: &PlannedCall,
        mut outcome: Outcome,
        lost: Lost,
    ) -> Result<Ahead, StoreError> {
        self.engine
            .complete(&call.connection, &call.verb, &call.input, &mut outcome);
        let ended = Ended {
            step: call.step.clone(),
            number: call.number,
            outcome: outcome.clone(),
        };
        let said = outcome.message.clone();
        let settled = settle::settle(
            &self.run,
            self.run.progress.clone(),
            call,
            outcome,
            lost,
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

    /// Plans, records what ended, and brings the run to its next call or to rest.
    async fn decide(&mut self, ended: Option<Ended>) -> Result<Ahead, StoreError> {
        let mut ended = ended;
        let (before, mut progress, call) = loop {
            let before = self.run.progress.clone();
            let (progress, todo) = plan::next(&self.run, before.clone(), &self.sight());
            match todo {
                Todo::Call(call) => break (before, progress, *call),
                rest @ Todo::Rest { .. } => return self.record(ended, progress, rest).await,
                Todo::Once(value) => {
                    if !self.take_once(ended.take(), progress, value).await? {
                        return Ok(None);
                    }
                }
                Todo::Look { step } => match self.look_up(ended.take(), progress, &step).await? {
                    Looked::On(then) => ended = then,
                    Looked::Gone(ahead) => return Ok(ahead),
                },
            }
        };
        let turn = plan::turn(&call, &self.run, self.run.seq);
        if let Some(slot) = self.engine.slot_at_once(&call, &turn) {
            let progress = self.under_way(progress, &call);
            let (attempt, intended) = Intended::now(call, slot, self.engine.clock().now());
            let record = self.build(ended, progress, Next::Go(Some(attempt)));
            return Ok(self.write(record).await?.then_some(intended));
        }
        let is_news = ended.is_some() || progress != before;
        // The pace is no fault of the rule either.
        progress.wait_from(self.engine.clock().now());
        if is_news {
            let record = self.build(ended, progress.clone(), Next::Go(None));
            if !self.write(record).await? {
                return Ok(None);
            }
        }
        self.run.progress = progress;
        self.intend(call).await
    }

    /// The run's event has proved true: it takes its `once` value, unless another run has it. Whether it goes on.
    async fn take_once(
        &mut self,
        ended: Option<Ended>,
        mut progress: Progress,
        value: String,
    ) -> Result<bool, StoreError> {
        progress.once = None;
        let record = self.build(ended, progress, Next::Once(value));
        let goes_on = self.write(record).await?;
        if !goes_on {
            // Whoever waited behind a run that is declined is due now.
            self.engine.look_again();
        }
        Ok(goes_on)
    }

    /// Waits for the pace, then writes the intent in a commit of its own.
    async fn intend(&mut self, call: PlannedCall) -> Result<Ahead, StoreError> {
        let Some(slot) = self.slot(&call).await else {
            return self.hand_back(&call).await;
        };
        let now = self.engine.clock().now();
        let mut progress = self.under_way(self.run.progress.clone(), &call);
        let budgets = match call.observed {
            true => Vec::new(),
            false => budget::spend(&call.budgets, &mut progress),
        };
        let (attempt, intended) = Intended::now(call, slot, now);
        let call = &intended.call;
        let begin = Begin {
            lease: self.lease,
            attempt,
            progress: progress.clone(),
            unless_held: call.safety != Safety::Safe && !call.observed,
            connection: call.connection.clone(),
            budgets,
            now,
        };
        match self
            .engine
            .persist(|| self.engine.store().begin(begin.clone()))
            .await?
        {
            Written::Yes { .. } => {
                self.run.progress = progress;
                Ok(Some(intended))
            }
            Written::Held => {
                intended.slot.give_back();
                self.hand_back(&intended.call).await
            }
            Written::OverBudget { budget, day } => {
                intended.slot.give_back();
                self.over_budget(&intended.call, budget, day).await
            }
            Written::Cancelled | Written::Declined | Written::LeaseLost => Ok(None),
        }
    }

    /// A limit is reached: the run waits for a person, and lets the younger ones of its key pass.
    async fn over_budget(
        &mut self,
        call: &PlannedCall,
        budget: usize,
        day: bool,
    ) -> Result<Ahead, StoreError> {
        let Some(budget) = call.budgets.get(budget) else {
            return self.hand_back(call).await;
        };
        let why = Some(format!("{WHY_BUDGET}: {}", budget::used_up(budget, day)));
        let rest = plan::rest(State::Held, why, None);
        let mut progress = self.run.progress.clone();
        progress.over = Some(budget::limited(budget));
        self.record(None, progress, rest).await
    }

    /// Lets go of a run whose call may not go out now. A hold of the run's own connection keeps it from being taken again;
    /// where only the step's connection is held, the run itself must wait, or it would be taken again at once.
    async fn hand_back(&mut self, call: &PlannedCall) -> Result<Ahead, StoreError> {
        let now = self.engine.clock().now();
        let elsewhere =
            call.connection != self.run.connection && self.engine.is_held(&call.connection);
        let (why, due_at) = if elsewhere {
            let why = format!("connection {} is held", call.connection);
            (Some(why), clock::after(now, HELD_ELSEWHERE))
        } else {
            (None, now)
        };
        let rest = plan::rest(State::Ready, why, Some(due_at));
        self.record(None, self.run.progress.clone(), rest).await
    }

    /// The connection's slot; `None` when the connection is held or the daemon stops first.
    async fn slot(&self, call: &PlannedCall) -> Option<Box<dyn Slot>> {
        if call.observed {
            return (!self.engine.is_stopping()).then(|| Box::new(NoSlot) as Box<dyn Slot>);
        }
        let turn = plan::turn(call, &self.run, self.run.seq);
        let slot = {
            let _waiting = self.engine.waiting_for_slot();
            tokio::select! {
                biased;
                slot = self.engine.actions().slot(&call.connection, &turn) => slot,
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
        mut progress: Progress,
        todo: Todo,
    ) -> Result<Ahead, StoreError> {
        let Todo::Rest { state, why, due_at } = todo else {
            return Ok(None);
        };
        if state.is_over() || state == State::NeedsPerson {
            // Not why: that can name the person.
            let class = progress.failure.as_ref().map(|failure| &*failure.class);
            tracing::info!(state = state.name(), class, "run ended");
        }
        if state == State::Cancelled {
            let why = why.as_deref().unwrap_or_default();
            self.engine.forged(&self.run, &self.tree, why).await?;
        }
        if !state.is_over() {
            progress.wait_from(self.engine.clock().now());
        }
        let record = self.build(ended, progress, Next::Rest { state, why, due_at });
        if self.write(record).await? && due_at.is_some() {
            self.engine.look_again();
        }
        Ok(None)
    }

    fn build(&self, ended: Option<Ended>, progress: Progress, next: Next) -> Record {
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
        if let Written::Yes { woke: true } = written {
            self.engine.look_again();
        }
        Ok(matches!(written, Written::Yes { .. }))
    }

    fn under_way(&self, progress: Progress, call: &PlannedCall) -> Progress {
        settle::under_way(progress, call, &self.rule, self.engine.clock().now())
    }

    fn sight(&self) -> Sight<'_> {
        self.engine.sight(&self.rule, &self.tree)
    }
}

impl Engine {
    /// A slot for a safe call, if the pace gives one this moment: then its intent rides in the commit at hand. What counts
    /// against a limit does not: that is decided in a commit of its own.
    pub(super) fn slot_at_once(&self, call: &PlannedCall, turn: &Turn) -> Option<Box<dyn Slot>> {
        let may_go = call.safety == Safety::Safe
            && call.budgets.is_empty()
            && !call.observed
            && !self.is_held(&call.connection)
            && !self.is_stopping();
        may_go
            .then(|| self.actions().try_slot(&call.connection, turn))
            .flatten()
    }
}

/// The slot of a call that is not sent.
struct NoSlot;

impl Slot for NoSlot {}
