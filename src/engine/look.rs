//! What a look-up after a lost answer means: when to look, when silence counts, and who decides then. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::SEND_WITHIN;
use super::pause;
use super::plan::{PlannedCall, Sight, label, rest};
use super::settle::{self, Settled};
use crate::action::{Class, Evidence, Outcome, Safety};
use crate::clock;
use crate::rule::Step;
use crate::run::{LookBack, Progress, Run, State, StepProgress, StepState};

/// The first look, after the instant up to which the call may have been sent.
const FIRST: Duration = Duration::from_secs(5);
/// Silence counts from here: Membrane may work for 60 s, its logs come late, and Kartra writes when it has time.
pub const SILENCE_COUNTS_AFTER: Duration = Duration::from_secs(90);
/// A second look this much later must be silent too.
pub const SILENCE_TWICE_APART: Duration = Duration::from_secs(30);
/// The first and the longest pause after a look that could not be made.
const FAILED_PAUSE: pause::Span = (Duration::from_secs(5), Duration::from_secs(300));
/// Looks in a row that could not be made on a connection that is well otherwise, before a person must look.
const FAILED_MAX: u32 = 30;

/// When to look next.
#[must_use]
pub fn due(look: &LookBack) -> Timestamp {
    let planned = match (look.missed_at, look.looks) {
        (Some(missed), _) => clock::after(missed, SILENCE_TWICE_APART),
        (None, 0) => clock::after(look.send_by, FIRST),
        (None, _) => clock::after(look.send_by, SILENCE_COUNTS_AFTER),
    };
    look.not_before.map_or(planned, |at| planned.max(at))
}

/// A clock that was put back takes the search with it: it goes on as if the call had been sent just now. Whether it was.
pub(super) fn follow_clock(known: &mut StepProgress, now: Timestamp) -> bool {
    let Some(look) = &mut known.look else {
        return false;
    };
    let (_, longest) = FAILED_PAUSE;
    let put_back = look.send_by > clock::after(now, SEND_WITHIN)
        || look.missed_at.is_some_and(|at| at > now)
        || look
            .not_before
            .is_some_and(|at| at > clock::after(now, longest.max(settle::RETRY_AFTER_MAX)));
    if put_back {
        *look = LookBack {
            looks: look.looks,
            failed: look.failed,
            ..begin(now)
        };
    }
    put_back
}

/// The beginning of a search.
#[must_use]
pub const fn begin(send_by: Timestamp) -> LookBack {
    LookBack {
        send_by,
        looks: 0,
        failed: 0,
        missed_at: None,
        not_before: None,
    }
}

/// Takes what a look has shown into the progress. The outcome, when there is one, also belongs on the attempt.
#[must_use]
pub fn looked(
    run: &Run,
    mut progress: Progress,
    call: &PlannedCall,
    evidence: Evidence,
    sight: &Sight<'_>,
) -> (Settled, Option<Outcome>) {
    let Some(step) = sight.rule.step(&call.step) else {
        return (settle::rule_gone(progress), None);
    };
    let known = progress.steps.entry(call.step.clone()).or_default();
    let Some(look) = &mut known.look else {
        return (Settled::plan_on(progress), None);
    };
    match evidence {
        Evidence::Outcome(outcome) if outcome.class != Class::Unknown => {
            let outcome = found_out(outcome);
            known.look = None;
            let settled = settle::settle(
                run,
                progress,
                call,
                outcome.clone(),
                settle::Lost::Never,
                sight,
            );
            (settled, Some(outcome))
        }
        Evidence::Outcome(outcome) => unclear(outcome.message, call, progress, sight.now),
        Evidence::Unclear(text) => unclear(text, call, progress, sight.now),
        Evidence::Failed(outcome) => failed(step, &outcome, call, progress, sight.now),
        Evidence::NotDone(text) => {
            look.looks += 1;
            look.failed = 0;
            look.not_before = None;
            let counts = sight.now >= clock::after(look.send_by, SILENCE_COUNTS_AFTER);
            match look.missed_at {
                Some(missed) if sight.now >= clock::after(missed, SILENCE_TWICE_APART) => {
                    not_done(run, step, &text, call, progress, sight)
                }
                None if counts => {
                    look.missed_at = Some(sight.now);
                    (Settled::plan_on(progress), None)
                }
                _ => (Settled::plan_on(progress), None),
            }
        }
    }
}

fn found_out(mut outcome: Outcome) -> Outcome {
    outcome.message = format!("looked up after a lost answer: {}", outcome.message);
    outcome
}

/// What there is does not tell. Later there may be more; after that it is a person's turn.
fn unclear(
    text: String,
    call: &PlannedCall,
    mut progress: Progress,
    now: Timestamp,
) -> (Settled, Option<Outcome>) {
    if let Some(known) = progress.steps.get_mut(&call.step) {
        known.message = Some(text);
        if let Some(look) = &mut known.look {
            look.looks += 1;
            look.failed = 0;
            look.not_before = None;
            if now >= clock::after(look.send_by, SILENCE_COUNTS_AFTER) {
                known.look = None;
            }
        }
    }
    (Settled::plan_on(progress), None)
}

/// Twice nothing of it is to be seen, long after: what may be repeated is; the rest is a person's turn.
fn not_done(
    run: &Run,
    step: &Step,
    text: &str,
    call: &PlannedCall,
    mut progress: Progress,
    sight: &Sight<'_>,
) -> (Settled, Option<Outcome>) {
    let Some(known) = progress.steps.get_mut(&call.step) else {
        return (Settled::plan_on(progress), None);
    };
    known.look = None;
    if call.safety == Safety::Never {
        known.message = Some(format!("{text}. It is not sent again without a person"));
        return (Settled::plan_on(progress), None);
    }
    let mut known = known.clone();
    known.state = StepState::Pending;
    let outcome = Outcome::new(
        Class::Unknown,
        format!("its answer was lost, and it was not done ({text})"),
    );
    known.message = Some(outcome.message.clone());
    let todo = settle::again(run, step, &outcome, &mut known, &mut progress, sight);
    progress.steps.insert(call.step.clone(), known);
    let settled = Settled {
        progress,
        todo,
        hold: None,
    };
    (settled, None)
}

/// The look itself went wrong: the connection's troubles are treated as always, others wait a little.
fn failed(
    step: &Step,
    outcome: &Outcome,
    call: &PlannedCall,
    mut progress: Progress,
    now: Timestamp,
) -> (Settled, Option<Outcome>) {
    let Some(known) = progress.steps.get_mut(&call.step) else {
        return (Settled::plan_on(progress), None);
    };
    let hold = settle::hold_for(outcome.class);
    let mut todo = None;
    if let Some(look) = &mut known.look {
        if hold.is_some() {
            look.not_before = None;
            let why = format!("{}: the connection is held", label(step));
            todo = Some(rest(State::Retrying, Some(why), Some(now)));
        } else {
            let wait = match (outcome.class, outcome.retry_after) {
                (_, Some(asked)) => asked.min(settle::RETRY_AFTER_MAX),
                (Class::RateLimited, None) => settle::SLOW_DOWN.1,
                (_, None) => pause::doubled(FAILED_PAUSE, look.failed),
            };
            look.not_before = Some(clock::after(now, wait));
            // That there were too many questions says nothing of this one.
            look.failed += u32::from(outcome.class != Class::RateLimited);
        }
        if look.failed >= FAILED_MAX {
            known.look = None;
            known.message = Some(format!(
                "its answer was lost, and it could not be looked up: {}",
                outcome.message
            ));
        }
    }
    let settled = Settled {
        progress,
        todo,
        hold,
    };
    (settled, None)
}
