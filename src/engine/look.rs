//! What a look-up after a lost answer means: when to look, when silence counts, and who decides then. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::SEND_WITHIN;
use super::pause;
use super::plan::{PlannedCall, Sight, label, rest};
use super::settle::{self, Settled};
use crate::action::{Class, Evidence, Outcome, Safety};
use crate::clock;
use crate::rule::Step;
use crate::run::{LookBack, Progress, Run, State, StepState, Watch};

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
/// A clock that was set by less than this is left alone.
const CLOCK_JITTER: SignedDuration = SignedDuration::from_secs(2);

/// When to look next.
#[must_use]
pub fn due(look: &LookBack) -> Timestamp {
    let planned = match (look.missed_at, look.looks) {
        (Some(missed), _) => clock::after(missed, SILENCE_TWICE_APART),
        (None, 0) => clock::after(look.send_by, FIRST),
        (None, _) => counts_from(look),
    };
    look.not_before.map_or(planned, |at| planned.max(at))
}

/// When silence begins to count.
fn counts_from(look: &LookBack) -> Timestamp {
    let since = look.watch.map_or(look.send_by, |watch| watch.since);
    clock::after(since, SILENCE_COUNTS_AFTER)
}

/// The beginning of a search. The call was sent before its answer was missed, whatever the clock showed then.
#[must_use]
pub fn begin(send_by: Timestamp, sight: &Sight<'_>) -> LookBack {
    let send_by = send_by.min(clock::after(sight.now, SEND_WITHIN));
    LookBack {
        send_by,
        looks: 0,
        failed: 0,
        missed_at: None,
        not_before: None,
        watch: Some(Watch {
            process: sight.started,
            since: send_by.max(sight.now),
            set_by_micros: set_by_micros(sight),
        }),
    }
}

fn set_by_micros(sight: &Sight<'_>) -> i64 {
    i64::try_from(sight.set_by.as_micros()).unwrap_or(i64::MAX)
}

/// Silence counts only by time that has truly passed. A clock that was set, forward or back, takes the instants of the
/// search with it; and what was begun by another process is begun anew, since nobody knows how long it was between the two.
/// Whether anything changed.
pub(super) fn follow_clock(look: &mut LookBack, sight: &Sight<'_>) -> bool {
    let Some(watch) = look
        .watch
        .as_mut()
        .filter(|watch| watch.process == sight.started)
    else {
        *look = LookBack {
            failed: look.failed,
            ..begin(look.send_by, sight)
        };
        return true;
    };
    let set_by = set_by_micros(sight).saturating_sub(watch.set_by_micros);
    let set_by = SignedDuration::from_micros(set_by);
    if set_by.abs() < CLOCK_JITTER {
        return false;
    }
    watch.set_by_micros = set_by_micros(sight);
    let moved = [
        Some(&mut watch.since),
        Some(&mut look.send_by),
        look.missed_at.as_mut(),
        look.not_before.as_mut(),
    ];
    for at in moved.into_iter().flatten() {
        *at = at.saturating_add(set_by).unwrap_or(*at);
    }
    true
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
    follow_clock(look, sight);
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
            let counts = sight.now >= counts_from(look);
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
            if now >= counts_from(look) {
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
