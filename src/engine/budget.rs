//! Which limits a call counts against. Pure; the counting itself is the store's.

use std::sync::Arc;

use super::plan::Sight;
use crate::action::{Effects, Limit};
use crate::run::{Limited, Progress};
use crate::store::Budget;

/// The budgets of one call of this step: those of the rule, then those of the connection. A read spends nothing.
pub(super) fn of(
    sight: &Sight<'_>,
    connection: &str,
    step: &Arc<str>,
    verb: &str,
    effects: Effects,
) -> Vec<Budget> {
    let of_connection = sight.limits.get(connection);
    if effects == Effects::Read || (sight.rule.limits.is_empty() && of_connection.is_none()) {
        return Vec::new();
    }
    let rule = format!("rule {}", sight.rule.id);
    let connection = format!("connection {connection}");
    let of_rule = sight.rule.limits.iter().map(|limit| (&rule, limit));
    let of_connection = of_connection.into_iter().flatten();
    of_rule
        .chain(of_connection.map(|limit| (&connection, limit)))
        .filter(|(_, limit)| limit.verb.as_deref().is_none_or(|of| of == verb))
        .map(|(whose, limit)| budget(whose, limit, step))
        .collect()
}

fn budget(whose: &str, limit: &Limit, step: &Arc<str>) -> Budget {
    let (scope, step) = match &limit.verb {
        Some(verb) => (format!("{whose} {verb}"), step.clone()),
        None => (whose.to_owned(), "".into()),
    };
    Budget {
        scope,
        step,
        per_hour: limit.per_hour,
        per_day: limit.per_day,
    }
}

/// What a run is held for that met this budget.
pub(super) fn limited(budget: &Budget) -> Limited {
    Limited {
        scope: budget.scope.clone(),
        step: budget.step.clone(),
    }
}

/// The budgets as a call that goes out now counts against them: one that a person lets it go beyond has no limit. That is
/// used up by it, since what was counted once is not counted, nor stopped, again.
pub(super) fn spend(budgets: &[Budget], progress: &mut Progress) -> Vec<Budget> {
    let mut budgets = budgets.to_vec();
    for budget in &mut budgets {
        let is_it = |one: &Limited| one.scope == budget.scope && one.step == budget.step;
        if progress.beyond.iter().any(is_it) {
            progress.beyond.retain(|one| !is_it(one));
            (budget.per_hour, budget.per_day) = (None, None);
        }
    }
    progress.over = None;
    budgets
}

/// What is said of a budget that is used up.
pub(super) fn used_up(budget: &Budget, day: bool) -> String {
    let (limit, span) = if day {
        (budget.per_day, "a day")
    } else {
        (budget.per_hour, "an hour")
    };
    let limit = limit.unwrap_or_default();
    let what = match (budget.step.is_empty(), limit) {
        (true, 1) => "run",
        (true, _) => "runs",
        (false, 1) => "call",
        (false, _) => "calls",
    };
    format!(
        "{}: its limit of {limit} {what} {span} is reached",
        budget.scope
    )
}
