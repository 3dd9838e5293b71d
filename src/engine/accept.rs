//! The one door: an event is judged, stored with its verdicts and runs in one commit, and its runs go to the workers.

use std::sync::Arc;
use std::time::Duration;

use super::job::{self, Job, Ready};
use super::plan::{self, PlannedCall, Todo};
use super::room::Place;
use super::settle;
use super::stop::Drain;
use super::{Engine, LEASE, echo};
use crate::action::{Safety, Slot};
use crate::clock;
use crate::event::Event;
use crate::rule::{LEAF_LIVE, Rule, Verdict};
use crate::run::{Failure, Run, State};
use crate::store::{Accept, Accepted, NewRun, StoreError, StoredVerdict};

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The daemon is ending; the sender shall come again.
    #[error("the daemon is stopping")]
    Stopping,
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A call whose intent rides in the accept's commit, and its slot.
type First = Option<(PlannedCall, Box<dyn Slot>)>;

/// A run to be stored, and what a worker needs to begin it.
struct Prepared {
    rule: Arc<Rule>,
    /// Its place in memory, unless it waits in the store.
    place: Option<Place>,
    first: First,
}

impl Prepared {
    /// The first call is not made now.
    fn give_back(self) {
        if let Some((_, slot)) = self.first {
            slot.give_back();
        }
    }
}

impl Engine {
    /// Judges and stores one event. When this returns, the event is on disk, or it repeats one that is.
    ///
    /// # Errors
    /// When the daemon is stopping or the store cannot take it; then nothing was stored.
    pub async fn accept(&self, mut event: Event) -> Result<Accepted, AcceptError> {
        if *self.0.drain.borrow() != Drain::No {
            return Err(AcceptError::Stopping);
        }
        let report_of = self.recognise(&mut event).await?;
        let rules = self.rules();
        let now = self.clock().now();
        let (mut verdicts, mut runs, mut prepared) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, verdict) in rules.judge(&event) {
            let verdict = self.unless_test_mode(&event, &rule, verdict);
            let verdict = echo::unless_too_deep(&event, &rule, verdict);
            if verdict == Verdict::Type {
                continue;
            }
            let matched = verdict == Verdict::Matched;
            verdicts.push(stored(&rule, verdict));
            if matched {
                let (run, started) = self.begin(&event, rule);
                runs.push(run);
                prepared.push(started);
            }
        }
        let accept = Accept {
            event: event.clone(),
            rule_set: rules.hash.clone(),
            verdicts,
            runs,
            report_of,
            node: self.0.node,
            lease_until: clock::after(now, LEASE),
        };
        match self.store().accept(accept).await {
            Ok(accepted) => {
                self.hand_over(&event, &accepted, prepared);
                Ok(accepted)
            }
            Err(error) => {
                prepared.into_iter().for_each(Prepared::give_back);
                Err(error.into())
            }
        }
    }

    /// The sender's test-mode events start no rule of a live account, unless the rule says `live: both`.
    fn unless_test_mode(&self, event: &Event, rule: &Rule, verdict: Verdict) -> Verdict {
        if verdict != Verdict::Matched
            || event.live != Some(false)
            || rule.live_both
            || self.0.parts.test_events
        {
            return verdict;
        }
        Verdict::Declined {
            leaf: LEAF_LIVE,
            path: "live".into(),
            expected: "a live event (the rule does not say `live: both`)".into(),
            actual: "a test-mode event".into(),
        }
    }

    /// The run of a rule that matched, and its first call when that may go out right after the commit.
    fn begin(&self, event: &Event, rule: Arc<Rule>) -> (NewRun, Prepared) {
        let now = self.clock().now();
        let connection = rule
            .connection
            .clone()
            .unwrap_or_else(|| self.0.parts.default_connection.clone());
        let mut run = Run {
            seq: 0,
            id: self.clock().new_id(),
            event: event.id,
            rule: rule.id.clone(),
            rule_hash: rule.hash.clone(),
            connection,
            priority: plan::priority(&rule, &self.0.parts.catalog),
            key: None,
            once: None,
            state: State::Ready,
            why: None,
            due_at: Some(now),
            progress: crate::run::Progress::default(),
            created_at: now,
            updated_at: now,
        };
        match rule.start(event) {
            Ok(start) => {
                run.progress = plan::beginning(start.vars, Duration::ZERO);
                (run.key, run.once) = (start.key, start.once);
            }
            Err(error) => {
                let message = format!("{} ({})", error.message, error.place);
                run.progress.failure = Some(Failure {
                    step: String::new(),
                    class: "rule".into(),
                    message: message.clone(),
                });
                (run.state, run.why, run.due_at) = (State::Failed, Some(message), None);
            }
        }
        let may_go = run.state == State::Ready && !self.is_held(&run.connection);
        let place = may_go.then(|| self.try_place(&run)).flatten();
        let first = place
            .as_ref()
            .and_then(|_| self.first_call(event, &rule, &run));
        let intent = first.as_ref().map(|(call, _)| job::intent(call, now));
        if let Some((call, _)) = &first {
            run.progress = settle::under_way(run.progress, call, &rule, now, Duration::ZERO);
        }
        let take = place.is_some();
        let new = NewRun { run, take, intent };
        (new, Prepared { rule, place, first })
    }

    /// The first call, if it is safe, comes before anything that must be recorded, and a slot is free this moment.
    fn first_call(
        &self,
        event: &Event,
        rule: &Rule,
        run: &Run,
    ) -> Option<(PlannedCall, Box<dyn Slot>)> {
        let sight = self.sight(rule, &event.tree, Duration::ZERO);
        let (progress, todo) = plan::next(run, run.progress.clone(), &sight);
        match todo {
            Todo::Call(call)
                if call.safety == Safety::Safe
                    && call.budgets.is_empty()
                    && progress == run.progress
                    && !self.is_held(&call.connection) =>
            {
                let slot = self
                    .actions()
                    .try_slot(&call.connection, &plan::turn(&call, run, i64::MAX))?;
                Some((*call, slot))
            }
            _ => None,
        }
    }

    /// Gives the stored runs that have their lease to workers; slots that are not used go back to the pace.
    fn hand_over(&self, event: &Event, accepted: &Accepted, prepared: Vec<Prepared>) {
        let mut prepared = prepared.into_iter();
        for (run, lease) in &accepted.runs {
            let Some(mut prepared) = prepared.next() else {
                return;
            };
            match (lease, prepared.place.take()) {
                (Some(lease), Some(place)) => {
                    let job = Job {
                        run: run.clone(),
                        lease: *lease,
                        tree: event.tree.clone(),
                        rule: prepared.rule,
                        place,
                        ready: prepared
                            .first
                            .map(|(call, slot)| Ready::Intended(call, slot)),
                    };
                    self.start_run(job);
                }
                _ => {
                    prepared.give_back();
                    if run.state == State::Ready && run.due_at.is_some() {
                        self.look_again();
                    }
                }
            }
        }
        prepared.for_each(Prepared::give_back);
    }

    /// Starts a worker for one run.
    pub(super) fn start_run(&self, job: Job) {
        let engine = self.clone();
        drop(self.spawn(async move { job::carry_out(engine, job).await }));
    }
}

fn stored(rule: &Rule, verdict: Verdict) -> StoredVerdict {
    let blank = |decision: &str| StoredVerdict {
        rule: rule.id.clone(),
        rule_hash: rule.hash.clone(),
        decision: decision.to_owned(),
        leaf: None,
        path: None,
        expected: None,
        actual: None,
    };
    match verdict {
        Verdict::Matched => blank("matched"),
        Verdict::Type => blank("type"),
        Verdict::Declined {
            leaf,
            path,
            expected,
            actual,
        } => StoredVerdict {
            leaf: Some(leaf),
            path: Some(path),
            expected: Some(expected),
            actual: Some(actual),
            ..blank("declined")
        },
        Verdict::Error { message } => StoredVerdict {
            actual: Some(message),
            ..blank("error")
        },
    }
}
