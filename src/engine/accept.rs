//! The one door: an event is judged, stored with its verdicts and runs in one commit, and its runs go to the workers.

use std::sync::Arc;

use serde_json::Value;

use super::job::{self, Intended, Job, Ready, Unjudged};
use super::plan::{self, Todo};
use super::room::Place;
use super::settle;
use super::stop::Drain;
use super::{Engine, LEASE, echo};
use crate::clock;
use crate::event::Event;
use crate::rule::{LEAF_LIVE, Rule, Verdict};
use crate::run::{Failure, Run, State};
use crate::store::{Accept, Accepted, FirstIntent, NewRun, StoreError, StoredVerdict};

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The daemon is ending; the sender shall come again.
    #[error("the daemon is stopping")]
    Stopping,
    /// The database has reached its ceiling, and nothing of it can go.
    #[error("{0}")]
    Full(Arc<str>),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a worker needs to begin a run that is to be stored.
struct Prepared {
    rule: Arc<Rule>,
    /// Its place in memory, unless it waits in the store.
    place: Option<Place>,
    /// Its first call, whose intent rides in the accept's commit.
    first: Option<Intended>,
}

impl Prepared {
    /// It begins in the store.
    const fn later(rule: Arc<Rule>) -> Self {
        Self {
            rule,
            place: None,
            first: None,
        }
    }

    /// The first call is not made now.
    fn give_back(self) {
        if let Some(first) = self.first {
            first.slot.give_back();
        }
    }
}

impl Engine {
    /// Judges and stores one event. When this returns, the event is on disk, or it repeats one that is.
    ///
    /// # Errors
    /// When the daemon is stopping or the store cannot take it; then nothing was stored.
    pub async fn accept(&self, event: Event) -> Result<Accepted, AcceptError> {
        let mut accepted = self.accept_all(vec![event]).await?;
        accepted.pop().ok_or_else(|| fault().into())
    }

    /// Judges and stores the events of one delivery: when this returns, all of them are on disk, or nothing was stored.
    ///
    /// # Errors
    /// When the daemon is stopping or the store cannot take them; then nothing was stored.
    pub async fn accept_all(&self, events: Vec<Event>) -> Result<Vec<Accepted>, AcceptError> {
        if *self.0.drain.borrow() != Drain::No {
            return Err(AcceptError::Stopping);
        }
        if let Some(why) = self.full() {
            return Err(AcceptError::Full(why));
        }
        let mut judged = Vec::with_capacity(events.len());
        for mut event in events {
            let known = async {
                self.know_person(&mut event).await?;
                self.recognise(&mut event).await
            };
            match known.await {
                Ok(report_of) => {
                    // A forged report must not stand in the place of the true one.
                    let report_of = report_of.filter(|_| event.unproven.is_none());
                    judged.push(self.judge(event, report_of));
                }
                Err(error) => {
                    give_back(judged);
                    return Err(error.into());
                }
            }
        }
        let engine = self.clone();
        // A sender that hangs up does not end this: what is stored with a lease must come to its worker.
        let kept = self.spawn(async move { engine.keep(judged).await });
        kept.await.map_err(|_| fault())?.map_err(Into::into)
    }

    /// What the rules make of an event, and what is stored of it.
    fn judge(&self, event: Event, report_of: Option<i64>) -> (Accept, Vec<Prepared>) {
        let rules = self.rules();
        let (mut verdicts, mut runs, mut prepared) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, verdict) in rules.judge(&event) {
            let verdict = self.guarded(&event, &rule, verdict);
            let (verdict, run) = if verdict == Verdict::Type {
                continue;
            } else if let Some(wait) = self.waits_for_person(&event, &rule, &verdict) {
                let (verdict, run) = self.wait_for_person(&event, &rule, wait);
                (verdict, Some((run, Prepared::later(rule))))
            } else {
                let run = (verdict == Verdict::Matched).then(|| self.begin(&event, rule.clone()));
                (stored(&rule, verdict), run)
            };
            verdicts.push(verdict);
            if let Some((run, started)) = run {
                runs.push(run);
                prepared.push(started);
            }
        }
        let accept = Accept {
            event,
            rule_set: rules.hash.clone(),
            verdicts,
            runs,
            report_of,
            node: self.0.node,
            lease_until: clock::after(self.clock().now(), LEASE),
        };
        (accept, prepared)
    }

    /// Stores what was decided, and hands the runs over.
    async fn keep(
        &self,
        judged: Vec<(Accept, Vec<Prepared>)>,
    ) -> Result<Vec<Accepted>, StoreError> {
        let trees: Vec<_> = judged
            .iter()
            .map(|(accept, _)| accept.event.tree.clone())
            .collect();
        let (accepts, prepared): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
        match self.store().accept_all(accepts).await {
            Ok(accepted) => {
                let each = accepted.iter().zip(prepared).zip(&trees);
                for ((accepted, prepared), tree) in each {
                    self.hand_over(tree, accepted, prepared);
                }
                if accepted.iter().any(|accepted| accepted.woke) {
                    self.look_again();
                }
                Ok(accepted)
            }
            Err(error) => {
                prepared.into_iter().flatten().for_each(Prepared::give_back);
                Err(error)
            }
        }
    }

    /// The verdict, unless a guard that every rule has keeps it from what matches.
    pub(super) fn guarded(&self, event: &Event, rule: &Rule, verdict: Verdict) -> Verdict {
        let verdict = self.unless_test_mode(event, rule, verdict);
        echo::unless_too_deep(event, rule, verdict)
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

    /// A run of this rule for this event, to be taken at once.
    pub(super) fn new_run(&self, event: &Event, rule: &Rule) -> Run {
        let connection = rule
            .connection
            .clone()
            .unwrap_or_else(|| self.0.parts.default_connection.clone());
        let text = (rule.id.clone(), rule.hash.clone());
        let now = self.clock().now();
        Run {
            priority: plan::priority(rule, &self.0.parts.catalog),
            ..Run::due(self.clock().new_id(), event.id, text, connection, now)
        }
    }

    /// The run of a rule that matched, with its first call when that may go out right after the commit.
    fn begin(&self, event: &Event, rule: Arc<Rule>) -> (NewRun, Prepared) {
        let mut run = self.new_run(event, &rule);
        start(&mut run, &rule, event);
        if let Some(unproven) = &event.unproven {
            plan::unproven(&mut run, unproven);
        }
        let may_go = run.state == State::Ready && !self.is_held(&run.connection);
        let place = may_go.then(|| self.try_place(&run)).flatten();
        let (intent, first) = place
            .as_ref()
            .and_then(|_| self.first_call(event, &rule, &run))
            .unzip();
        let take = place.is_some();
        let new = NewRun { run, take, intent };
        (new, Prepared { rule, place, first })
    }

    /// The first call, when its intent may ride in the accept's commit.
    fn first_call(&self, event: &Event, rule: &Rule, run: &Run) -> Option<(FirstIntent, Intended)> {
        let sight = self.sight(rule, &event.tree);
        let (progress, todo) = plan::next(run, run.progress.clone(), &sight);
        let Todo::Call(call) = todo else {
            return None;
        };
        // Within its rule a new run comes last.
        let slot = self.slot_at_once(&call, &plan::turn(&call, run, i64::MAX))?;
        let (attempt, intended) = Intended::now(*call, slot, sight.now);
        let progress = settle::under_way(progress, &intended.call, rule, sight.now);
        Some((FirstIntent { attempt, progress }, intended))
    }

    /// Gives the stored runs that have their lease to workers; slots that are not used go back to the pace.
    fn hand_over(&self, tree: &Arc<Value>, accepted: &Accepted, prepared: Vec<Prepared>) {
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
                        tree: tree.clone(),
                        rule: prepared.rule,
                        place,
                        ready: prepared.first.map(Ready::Intended),
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

    /// Starts the second judgement of one run.
    pub(super) fn start_judging(&self, job: Unjudged) {
        let engine = self.clone();
        drop(self.spawn(async move { job::judge(engine, job).await }));
    }

    /// Starts a worker for one run.
    pub(super) fn start_run(&self, job: Job) {
        let engine = self.clone();
        drop(self.spawn(async move { job::carry_out(engine, job).await }));
    }
}

/// Nothing of this is stored.
fn give_back(judged: Vec<(Accept, Vec<Prepared>)>) {
    let prepared = judged.into_iter().flat_map(|(_, prepared)| prepared);
    prepared.for_each(Prepared::give_back);
}

/// The task that stores an event ended without an answer.
fn fault() -> StoreError {
    StoreError::Fatal("a fault in Kartwheel kept the event from being stored".into())
}

/// The run of a rule that matched gets its `vars`, `key` and `once`, or fails for want of them.
pub(super) fn start(run: &mut Run, rule: &Rule, event: &Event) {
    match rule.start(event) {
        Ok(start) => {
            run.progress = plan::beginning(start.vars, run.created_at);
            (run.key, run.once) = (start.key, start.once);
            run.state = State::Ready;
        }
        Err(error) => fail(run, format!("{} ({})", error.message, error.place)),
    }
}

/// The rule went wrong before the run's first step.
pub(super) fn fail(run: &mut Run, message: String) {
    run.progress.failure = Some(Failure {
        step: String::new(),
        class: "rule".into(),
        message: message.clone(),
    });
    (run.state, run.why, run.due_at) = (State::Failed, Some(message), None);
}

/// A verdict as it is kept.
pub(super) fn stored(rule: &Rule, verdict: Verdict) -> StoredVerdict {
    let blank = |decision| StoredVerdict::new(rule.id.clone(), rule.hash.clone(), decision);
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
