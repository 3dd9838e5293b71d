//! What an outcome means for a run: the table of outcomes, turned into progress and a decision. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::SEND_WITHIN;
use super::look;
use super::pause;
use super::plan::{CRASHES_MAX, PlannedCall, Sight, Todo, cancel, fail_step, label, rest};
use crate::action::{Class, Outcome, Safety};
use crate::clock;
use crate::rule::{After, Rule, Scope, Step};
use crate::run::{Progress, Run, State, StepProgress, StepState};
use crate::store::HoldKind;

/// The longest `Retry-After` that is obeyed.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);
/// The first and the longest pause after "too many calls" without a `Retry-After`.
pub(super) const SLOW_DOWN: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(60));

/// What a call under way takes at most of its run's own time: it ends before. What the clock shows beyond is how far it was set, or
/// that nobody was there.
const CALL_COUNTS_MAX: Duration = Duration::from_secs(90);

/// How an answer was lost, and until when the call may have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It was not: this is it.
    Never,
    /// If it is unknown, on the way.
    OnTheWay(Timestamp),
    /// With the process that waited for it.
    WithTheProcess(Timestamp),
}

/// What follows an outcome.
#[derive(Debug, PartialEq)]
pub struct Settled {
    /// The run's progress after it.
    pub progress: Progress,
    /// `None`: plan on. Otherwise the run rests.
    pub todo: Option<Todo>,
    /// The connection is to be held, for this reason.
    pub hold: Option<HoldKind>,
}

impl Settled {
    /// The run goes on by its plan.
    pub(super) const fn plan_on(progress: Progress) -> Self {
        Self {
            progress,
            todo: None,
            hold: None,
        }
    }
}

/// The rule has no such step any more.
pub(super) fn rule_gone(progress: Progress) -> Settled {
    Settled {
        progress,
        todo: Some(rest(State::Held, Some("rule gone".into()), None)),
        hold: None,
    }
}

/// The hold that an answer of this class puts on its connection.
pub(super) const fn hold_for(class: Class) -> Option<HoldKind> {
    match class {
        Class::ConnectionDown => Some(HoldKind::Down),
        Class::OurToken => Some(HoldKind::Token),
        Class::NotAllowed => Some(HoldKind::NotAllowed),
        _ => None,
    }
}

/// Takes the outcome of a call into the progress.
#[must_use]
pub fn settle(
    run: &Run,
    mut progress: Progress,
    call: &PlannedCall,
    outcome: Outcome,
    lost: Lost,
    sight: &Sight<'_>,
) -> Settled {
    let Some(step) = sight.rule.step(&call.step) else {
        return rule_gone(progress);
    };
    if let Lost::OnTheWay(send_by) | Lost::WithTheProcess(send_by) = lost {
        let counts_until = clock::after(send_by, CALL_COUNTS_MAX - SEND_WITHIN);
        progress.leave_out(counts_until, sight.now);
    }
    let mut known = progress.steps.get(&call.step).cloned().unwrap_or_default();
    known.id.clone_from(&step.id);
    known.crashes = match lost {
        Lost::WithTheProcess(_) => known.crashes + 1,
        Lost::Never | Lost::OnTheWay(_) => 0,
    };
    known.state = StepState::Pending;
    let mut hold = None;
    let scope = Scope {
        tree: sight.tree,
        progress: &progress,
        now: sight.now,
    };
    let todo = match step.after(&scope, known.stage, outcome) {
        After::Stage(stage) => {
            known.stage = stage;
            None
        }
        After::Later { stage, pause, why } => {
            known.stage = stage;
            known.message = Some(why.clone());
            let due_at = clock::after(sight.now, pause);
            Some(rest(State::Waiting, Some(why), Some(due_at)))
        }
        After::Cancel { reason } => Some(cancel(&mut known, reason)),
        After::Take(outcome) => take(
            run,
            step,
            call,
            outcome,
            &mut known,
            &mut progress,
            &mut hold,
            lost,
            sight,
        ),
    };
    progress.steps.insert(call.step.clone(), known);
    Settled {
        progress,
        todo,
        hold,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one place turns an outcome into everything that follows from it"
)]
fn take(
    run: &Run,
    step: &Step,
    call: &PlannedCall,
    outcome: Outcome,
    known: &mut StepProgress,
    progress: &mut Progress,
    hold: &mut Option<HoldKind>,
    lost: Lost,
    sight: &Sight<'_>,
) -> Option<Todo> {
    known.message = Some(outcome.message.clone());
    match outcome.class {
        Class::Done | Class::Already => {
            known.state = if outcome.class == Class::Done {
                StepState::Ok
            } else {
                StepState::Already
            };
            known.output = step
                .id
                .is_some()
                .then(|| outcome.output.unwrap_or(Value::Null));
            known.stage = 0;
            None
        }
        Class::RateLimited => {
            let pause = outcome
                .retry_after
                .unwrap_or_else(|| slow_down(known.attempts))
                .min(RETRY_AFTER_MAX);
            Some(retrying("rate limited", clock::after(sight.now, pause)))
        }
        Class::Transient => again(run, step, &outcome, known, progress, sight),
        Class::Unknown if call.safety == Safety::Safe || restarts(step, known) => {
            if known.crashes >= CRASHES_MAX {
                known.state = StepState::Unknown;
                known.message = Some(format!(
                    "{CRASHES_MAX} attempts in a row ended with the process"
                ));
                return None;
            }
            again(run, step, &outcome, known, progress, sight)
        }
        Class::Unknown => {
            known.state = StepState::Unknown;
            known.look = match lost {
                // What ends the process again and again is not tried once more by itself.
                _ if known.crashes >= CRASHES_MAX => None,
                Lost::Never => None,
                Lost::OnTheWay(send_by) | Lost::WithTheProcess(send_by) => {
                    Some(look::begin(send_by, sight))
                }
            };
            None
        }
        Class::ConnectionDown | Class::OurToken | Class::NotAllowed => {
            *hold = hold_for(outcome.class);
            Some(retrying("connection held", sight.now))
        }
        Class::RuleWrong | Class::NotOffered | Class::TargetMissing | Class::Refused => {
            fail_step(step, known, outcome.class.name(), outcome.message, progress)
        }
    }
}

/// A step that begins with a look does so again after a lost answer, so it never makes a second lead.
fn restarts(step: &Step, known: &mut StepProgress) -> bool {
    let restarts = step.begins_with_look();
    if restarts {
        known.stage = 0;
    }
    restarts
}

fn retrying(why: &str, due_at: Timestamp) -> Todo {
    rest(State::Retrying, Some(why.to_owned()), Some(due_at))
}

/// Tries again by the step's policy, or gives up.
pub(super) fn again(
    run: &Run,
    step: &Step,
    outcome: &Outcome,
    known: &mut StepProgress,
    progress: &mut Progress,
    sight: &Sight<'_>,
) -> Option<Todo> {
    known.counted += 1;
    let class = outcome.class.name();
    if known.counted >= step.retry.attempts {
        let message = format!(
            "gave up after {} attempts: {}",
            known.counted, outcome.message
        );
        return fail_step(step, known, class, message, progress);
    }
    let pause = match outcome.retry_after {
        Some(asked) => asked.min(RETRY_AFTER_MAX),
        None => step.retry.delay(run.id, &step.path, known.counted),
    };
    let due_at = clock::after(sight.now, pause);
    let waited = progress
        .waited(sight.now)
        .saturating_sub(Duration::from_micros(known.waited_micros));
    let spent = known
        .first_at
        .map_or(Duration::ZERO, |first| clock::between(first, due_at))
        .saturating_sub(waited);
    if spent > step.retry.within {
        let message = format!(
            "gave up after {}: {}",
            crate::rule::duration::write(step.retry.within),
            outcome.message
        );
        return fail_step(step, known, class, message, progress);
    }
    // The pause is the policy's own, so it counts; what comes after it does not.
    progress.wait_from(due_at);
    Some(retrying(
        &format!("{}: {}", label(step), outcome.message),
        due_at,
    ))
}

/// The pause after the n-th "too many calls" when the other side names none.
fn slow_down(attempts: u32) -> Duration {
    pause::doubled(SLOW_DOWN, attempts.saturating_sub(1))
}

/// Marks the step as under way, with one more attempt: the progress that an intent is written with.
#[must_use]
pub fn under_way(
    mut progress: Progress,
    call: &PlannedCall,
    rule: &Rule,
    now: Timestamp,
) -> Progress {
    progress.go_on(now);
    let waited_micros = progress.waited_micros;
    let known = progress.steps.entry(call.step.clone()).or_default();
    known.id = rule.step(&call.step).and_then(|step| step.id.clone());
    known.state = StepState::Running;
    known.attempts = call.number;
    if known.first_at.is_none() {
        known.first_at = Some(now);
        known.waited_micros = waited_micros;
    }
    progress
}
