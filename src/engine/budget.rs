//! Which limits a call counts against. Pure; the counting itself is the store's.

use std::sync::Arc;

use super::plan::Sight;
use crate::action::{Effects, Limit};
use crate::run::WHY_BUDGET;
use crate::store::Budget;

/// What stands between the limit's name and its number.
const REACHED: &str = ": its limit of ";

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

/// Which limit a run waits for, by what it says of itself.
pub(super) fn scope_of(why: &str) -> Option<&str> {
    let said = why.strip_prefix(WHY_BUDGET)?.strip_prefix(": ")?;
    said.split_once(REACHED).map(|(scope, _)| scope)
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
    format!("{}{REACHED}{limit} {what} {span} is reached", budget.scope)
}
