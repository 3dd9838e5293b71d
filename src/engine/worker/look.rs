//! A lost answer is looked up; the reads of the account that this takes wait for their slots like any call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::{Ahead, Worker};
use crate::action::{Call, Evidence, Outcome, Reads};
use crate::clock;
use crate::engine::plan::{self, PlannedCall};
use crate::engine::stop::Drain;
use crate::engine::vitals::was_heard;
use crate::engine::{SEND_WITHIN, look};
use crate::run::{Attempt, Progress, State};
use crate::store::{Ended, Next, StoreError};

/// What the reads of a look-up are called in the run logs.
const STEP: &str = "look-back";
/// How a look-up ended for the worker.
pub(super) enum Looked {
    /// Plan on, with this outcome to be recorded.
    On(Option<Ended>),
    /// The run is no longer in hand.
    Gone(Ahead),
}

impl Worker {
    /// Looks up what became of the last call of this step.
    pub(super) async fn look_up(
        &mut self,
        ended: Option<Ended>,
        progress: Progress,
        step: &str,
    ) -> Result<Looked, StoreError> {
        if ended.is_some() || progress != self.run.progress {
            let record = self.build(ended, progress, Next::Go(None));
            if !self.write(record).await? {
                return Ok(Looked::Gone(None));
            }
        }
        let Some((call, attempt)) = self.in_doubt(step).await? else {
            let gone = plan::rest(State::Held, Some("rule gone".into()), None);
            let progress = self.run.progress.clone();
            return Ok(Looked::Gone(self.record(None, progress, gone).await?));
        };
        if self.engine.is_held(&call.connection) || self.engine.is_stopping() {
            return Ok(Looked::Gone(self.later(&call).await?));
        }
        let reads = InTurn {
            worker: self,
            call: &call,
            left: AtomicBool::new(false),
        };
        let request = self.request(&call, self.sent_by(&attempt));
        let evidence = tokio::select! {
            biased;
            evidence = self.engine.actions().look_back_by(&request, &reads) => Some(evidence),
            () = self.engine.drained_to(Drain::Stopping) => None,
        };
        let left = reads.left.load(Ordering::SeqCst);
        let Some(evidence) = evidence.filter(|_| !left) else {
            return Ok(Looked::Gone(self.later(&call).await?));
        };
        tracing::info!(step = %call.step, verb = %call.verb, found = word(&evidence), "looked up a lost answer");
        if let Evidence::Failed(outcome) = &evidence {
            self.engine.note_outcome(&call.connection, outcome).await;
            if self.engine.is_held(&call.connection) {
                // It is not this look that went wrong: when the hold is over, it is made again.
                return Ok(Looked::Gone(self.later(&call).await?));
            }
        }
        self.follow(&call, evidence).await
    }

    /// The connection is held, or a stop began: it is looked up when that is over, and a person may settle it meanwhile.
    async fn later(&mut self, call: &PlannedCall) -> Result<Ahead, StoreError> {
        if call.connection != self.run.connection && self.engine.is_held(&call.connection) {
            return self.hand_back(call).await;
        }
        let why = format!("looking up what became of {}", call.verb);
        let now = self.engine.clock().now();
        let rest = plan::rest(State::Retrying, Some(why), Some(now));
        self.record(None, self.run.progress.clone(), rest).await
    }

    /// Takes the evidence in.
    async fn follow(
        &mut self,
        call: &PlannedCall,
        evidence: Evidence,
    ) -> Result<Looked, StoreError> {
        let said = match &evidence {
            Evidence::Failed(outcome) | Evidence::Outcome(outcome) => outcome.message.clone(),
            Evidence::NotDone(_) | Evidence::Unclear(_) => String::new(),
        };
        let progress = self.run.progress.clone();
        let (settled, outcome) = look::looked(&self.run, progress, call, evidence, &self.sight());
        if let Some(kind) = settled.hold {
            self.engine.hold(&call.connection, kind, said).await?;
        }
        let ended = outcome.map(|outcome| Ended {
            step: call.step.clone(),
            number: call.number,
            outcome,
        });
        match settled.todo {
            Some(todo) => {
                let gone = self.record(ended, settled.progress, todo).await?;
                Ok(Looked::Gone(gone))
            }
            None => {
                // What was learned is on disk before anything else is done.
                let record = self.build(ended, settled.progress, Next::Go(None));
                Ok(match self.write(record).await? {
                    true => Looked::On(None),
                    false => Looked::Gone(None),
                })
            }
        }
    }

    /// The call in doubt, as its attempt tells.
    async fn in_doubt(&self, step: &str) -> Result<Option<(PlannedCall, Attempt)>, StoreError> {
        let attempts = self.engine.store().reader().attempts(self.run.id).await?;
        let last = attempts
            .into_iter()
            .filter(|attempt| &*attempt.step == step)
            .max_by_key(|attempt| attempt.number);
        Ok(last.and_then(|attempt| {
            plan::planned_again(&self.run, &attempt, &self.sight()).map(|call| (call, attempt))
        }))
    }

    /// Until when the call in doubt may have been sent; without end where the clock has been put back since, and nobody
    /// knows when that was as it goes now.
    fn sent_by(&self, attempt: &Attempt) -> Timestamp {
        let known = self.run.progress.steps.get(&attempt.step);
        let look = known.and_then(|known| known.look.as_ref());
        match look {
            Some(look) if attempt.send_by > clock::after(look.send_by, SEND_WITHIN) => {
                Timestamp::MAX
            }
            _ => attempt.send_by,
        }
    }

    /// The request of a call, to be on its way by this instant.
    pub(super) fn request(&self, call: &PlannedCall, send_by: Timestamp) -> Call {
        Call {
            run: self.run.id,
            step: call.step.clone(),
            attempt: call.number,
            connection: call.connection.clone(),
            verb: call.verb.clone(),
            input: call.input.clone(),
            timeout: None,
            send_by,
        }
    }
}

/// The reads of a look-up, each with a slot like any call.
struct InTurn<'w> {
    worker: &'w Worker,
    call: &'w PlannedCall,
    /// The connection was held, or a stop began.
    left: AtomicBool,
}

#[async_trait]
impl Reads for InTurn<'_> {
    async fn read(&self, verb: &str, input: &Value) -> Option<Outcome> {
        let Some(slot) = self.worker.slot(self.call).await else {
            self.left.store(true, Ordering::SeqCst);
            return None;
        };
        let engine = &self.worker.engine;
        let send_by = clock::after(engine.clock().now(), SEND_WITHIN);
        let request = Call {
            step: STEP.into(),
            verb: verb.into(),
            input: Arc::new(input.clone()),
            ..self.worker.request(self.call, send_by)
        };
        let outcome = engine.actions().call(&request).await;
        drop(slot);
        // What does not tell ends the look, and is noted with it.
        if was_heard(outcome.class) {
            engine.note_outcome(&self.call.connection, &outcome).await;
        }
        Some(outcome)
    }
}

const fn word(evidence: &Evidence) -> &'static str {
    match evidence {
        Evidence::Outcome(outcome) => outcome.class.name(),
        Evidence::NotDone(_) => "nothing of it",
        Evidence::Unclear(_) => "nothing that tells",
        Evidence::Failed(_) => "no answer",
    }
}
