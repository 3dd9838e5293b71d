//! What is said of a name that finds nothing: how far it could be followed, and what it was probably meant to be.

use super::name::{Chain, Key};
use super::scope::{Found, Scope};
use crate::problem::nearest;
use crate::rule::complaint::Complaint;
use crate::run::StepState;

/// How many names are listed when none is near.
const LISTED: usize = 8;

/// The complaint about a chain that finds nothing; `None` when it does find something.
pub(super) fn missing(scope: &Scope<'_>, chain: &Chain) -> Option<Complaint> {
    let Found::Missing { keys, beside } = scope.find(chain) else {
        return None;
    };
    let (path, word) = match keys {
        None => (chain.root.to_string(), chain.root.to_string()),
        Some(keys) => (chain.path(keys + 1), key_word(chain.keys.get(keys)?)),
    };
    let reason = match keys {
        Some(1) if &*chain.root == "steps" => skipped(scope, chain),
        _ => None,
    };
    let near = nearest(&word, beside.iter().map(String::as_str)).map(str::to_owned);
    let message = match (reason, &near) {
        (Some(reason), _) => format!("{path} is not there: {reason}"),
        (None, Some(near)) => format!("{path} is not there; nearest: {near}"),
        (None, None) if beside.is_empty() => format!("{path} is not there"),
        (None, None) => format!("{path} is not there; there are: {}", listed(&beside)),
    };
    Some(Complaint::new(message).help("`| default(…)` says what stands in for it"))
}

/// The names, or the first of them.
fn listed(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(LISTED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

fn skipped(scope: &Scope<'_>, chain: &Chain) -> Option<String> {
    let Some(Key::Name(id)) = chain.keys.first() else {
        return None;
    };
    let step = scope.step(id)?;
    match (chain.keys.get(1)?, step.state) {
        (Key::Name(key), StepState::Skipped) if **key == *"output" => {
            Some("the step was skipped".to_owned())
        }
        (Key::Name(key), StepState::Failed) if **key == *"output" => {
            Some("the step failed".to_owned())
        }
        (Key::Name(key), state) if **key == *"output" => {
            Some(format!("the step is {} and has no output", state.name()))
        }
        _ => None,
    }
}

fn key_word(key: &Key) -> String {
    match key {
        Key::Name(name) => name.to_string(),
        Key::Index(index) => index.to_string(),
    }
}
