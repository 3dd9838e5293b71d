//! The call that a step wants: where it goes, how safe it is, who goes first.

use std::sync::Arc;

use serde_json::Value;

use super::{PlannedCall, Sight};
use crate::action::{Catalog, Effects, Priority, Safety, Turn};
use crate::engine::budget;
use crate::rule::{Rule, Step};
use crate::run::{Attempt, CHECK, Run};

/// The call that an intent without an outcome stands for; `None` when the rule has no such step.
#[must_use]
pub fn planned_again(run: &Run, attempt: &Attempt, sight: &Sight<'_>) -> Option<PlannedCall> {
    let step = sight.rule.step(&attempt.step)?;
    Some(planned(
        run,
        step,
        attempt.number,
        attempt.verb.clone(),
        attempt.input.clone(),
        sight,
    ))
}

/// Who goes first when runs of this rule wait to be taken: the highest of its calls.
#[must_use]
pub fn priority(rule: &Rule, catalog: &Catalog) -> Priority {
    rule.priority.unwrap_or_else(|| {
        rule.steps
            .iter()
            .filter_map(|step| catalog.get(&step.verb))
            .map(|spec| spec.priority)
            .max()
            .unwrap_or_default()
    })
}

/// The place of a call in the order of its connection's pace.
pub(in crate::engine) fn turn(call: &PlannedCall, run: &Run, place: i64) -> Turn {
    Turn {
        priority: call.priority,
        rule: run.rule.clone(),
        place,
    }
}

pub(super) fn planned(
    run: &Run,
    step: &Step,
    number: u32,
    verb: Arc<str>,
    input: Value,
    sight: &Sight<'_>,
) -> PlannedCall {
    let spec = sight.catalog.get(&verb);
    let effects = spec.map_or(Effects::Write, |spec| spec.effects);
    let new_email = input.get("new_email").is_some();
    let safety = match spec.map_or(Safety::Never, |spec| spec.safety) {
        Safety::Safe if new_email => Safety::Noticeable,
        safety => safety,
    };
    let connection = step
        .connection
        .clone()
        .unwrap_or_else(|| run.connection.clone());
    let observe = sight.rule.observe || sight.observed.contains(&connection);
    let trace = sight
        .traced
        .then(|| (sight.catalog.trace)(&verb, &input))
        .flatten();
    let budgets = budget::of(sight, &connection, &step.path, &verb, effects);
    PlannedCall {
        step: step.path.clone(),
        number,
        verb,
        input: Arc::new(input),
        connection,
        timeout: step.timeout,
        reads: effects == Effects::Read,
        safety,
        // What nothing proves does not go before what is proven.
        priority: match &*step.path {
            CHECK => run.priority.min(Priority::Normal),
            _ => run.priority,
        },
        trace,
        budgets,
        observed: observe && effects != Effects::Read,
    }
}
