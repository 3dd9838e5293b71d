//! A lost answer is looked up: first in Membrane's run logs, then in the account, by reads that the catalogue names.

use std::sync::Arc;

use serde_json::Value;

use super::{Ahead, SEND_WITHIN, Worker};
use crate::action::{Call, Class, Evidence, Look, Outcome, Seen};
use crate::clock;
use crate::engine::look;
use crate::engine::plan::{self, PlannedCall};
use crate::engine::stop::Drain;
use crate::run::{Attempt, Progress, State};
use crate::store::{Ended, Next, StoreError};

/// What the reads of a look-up are called in the run logs.
const STEP: &str = "look-back";
/// Reads of one look-up.
const READS_MAX: u32 = 12;

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
            return Ok(Looked::Gone(self.hand_back(&call).await?));
        }
        let evidence = tokio::select! {
            evidence = self.find_out(&call, &attempt) => evidence,
            () = self.engine.drained_to(Drain::Stopping) => None,
        };
        let Some(evidence) = evidence else {
            return Ok(Looked::Gone(self.hand_back(&call).await?));
        };
        tracing::info!(step = %call.step, verb = %call.verb, found = word(&evidence), "looked up a lost answer");
        self.follow(&call, evidence).await
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

    /// The run logs, and where they are silent the account; `None` when the connection was held meanwhile.
    async fn find_out(&self, call: &PlannedCall, attempt: &Attempt) -> Option<Evidence> {
        let request = Call {
            run: self.run.id,
            step: call.step.clone(),
            attempt: call.number,
            connection: call.connection.clone(),
            verb: call.verb.clone(),
            input: call.input.clone(),
            timeout: None,
            send_by: attempt.send_by,
        };
        let logs = self.engine.actions().look_back(&request).await;
        let logs = match logs {
            Evidence::Outcome(outcome) if outcome.class == Class::Unknown => {
                Evidence::Unclear(outcome.message)
            }
            Evidence::Outcome(_) | Evidence::Failed(_) => return Some(logs),
            other => other,
        };
        Some(together(logs, self.ask_account(call).await?))
    }

    /// Makes the reads that the catalogue wants.
    async fn ask_account(&self, call: &PlannedCall) -> Option<Evidence> {
        let mut seen: Vec<Seen> = Vec::new();
        for number in 1..=READS_MAX {
            let catalog = &self.engine.0.parts.catalog;
            let (verb, input) = match (catalog.look_back)(&call.verb, &call.input, &seen) {
                Look::Found(evidence) => return Some(evidence),
                Look::Read { verb, input } => (verb, input),
            };
            let outcome = self.read(call, number, verb, &input).await?;
            if !is_an_answer(outcome.class) {
                return Some(Evidence::Failed(outcome));
            }
            seen.push(Seen {
                verb: verb.into(),
                input,
                outcome,
            });
        }
        let text = format!("the account has more to read than {READS_MAX} calls show");
        Some(Evidence::Unclear(text))
    }

    async fn read(
        &self,
        call: &PlannedCall,
        number: u32,
        verb: &str,
        input: &Value,
    ) -> Option<Outcome> {
        let slot = self.slot(call).await?;
        let request = Call {
            run: self.run.id,
            step: STEP.into(),
            attempt: number,
            connection: call.connection.clone(),
            verb: verb.into(),
            input: Arc::new(input.clone()),
            timeout: None,
            send_by: clock::after(self.engine.clock().now(), SEND_WITHIN),
        };
        let outcome = self.engine.actions().call(&request).await;
        drop(slot);
        Some(outcome)
    }
}

/// Whether a read was answered, be it by a no.
const fn is_an_answer(class: Class) -> bool {
    matches!(
        class,
        Class::Done
            | Class::Already
            | Class::TargetMissing
            | Class::Refused
            | Class::RuleWrong
            | Class::NotOffered
    )
}

/// Silent logs and what the account shows, as one.
fn together(logs: Evidence, account: Evidence) -> Evidence {
    match (logs, account) {
        (Evidence::NotDone(logs), Evidence::NotDone(account)) => {
            Evidence::NotDone(format!("{logs}; {account}"))
        }
        (Evidence::Unclear(logs) | Evidence::NotDone(logs), Evidence::Unclear(account)) => {
            Evidence::Unclear(format!("{logs}; {account}"))
        }
        (_, account) => account,
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
