//! What time decides about a run: waits, the run's own time-out, and the calm after two crashes.

use jiff::Timestamp;

use super::{CALM, CRASHES_MAX, Sight, Todo, rest, settle};
use crate::clock;
use crate::run::{Failure, Progress, Run, State, StepProgress, StepState};

/// A wait: its end is fixed when it is reached, so a restart or a changed clock does not move it.
pub(super) fn wait(known: &mut StepProgress, until: Timestamp, sight: &Sight<'_>) -> Option<Todo> {
    let until = *known.until.get_or_insert(until);
    if sight.now >= until {
        return settle(known, StepState::Ok, None);
    }
    known.state = StepState::Waiting;
    Some(rest(
        State::Waiting,
        Some(format!("until {until}")),
        Some(until),
    ))
}

/// A step that met two crashes in a row is left alone while this process is young.
pub(super) fn until_calm(known: &StepProgress, sight: &Sight<'_>) -> Option<Todo> {
    let calm = clock::after(sight.started, CALM);
    let wait = known.crashes + 1 >= CRASHES_MAX && sight.now < calm;
    let why = "two processes ended during its last attempts; waits until this one has proved calm";
    wait.then(|| rest(State::Retrying, Some(why.to_owned()), Some(calm)))
}

/// `timeout:` of the run, what it waited not counted.
pub(super) fn over_time(run: &Run, progress: &mut Progress, sight: &Sight<'_>) -> Option<Todo> {
    let limit = sight.rule.timeout?;
    let spent =
        clock::between(run.created_at, sight.now).saturating_sub(progress.waited(sight.now));
    if spent <= limit {
        return None;
    }
    let message = format!(
        "the run took longer than its timeout of {}",
        crate::rule::duration::write(limit)
    );
    progress.failure = Some(Failure {
        step: String::new(),
        class: "timeout".into(),
        message: message.clone(),
    });
    Some(rest(State::Failed, Some(message), None))
}
