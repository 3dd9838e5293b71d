//! The names of an account that a rule uses, so that somebody can be told when one of them is gone.

use std::sync::Arc;

use super::connection_of;
use crate::account::{Account, Inventory};
use crate::problem::Span;
use crate::rule::{Rule, Step};

/// A name that is written out in a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedName {
    /// What it names.
    pub kind: Inventory,
    /// The name.
    pub name: String,
    /// The connection whose account is meant; `None`: the project's default.
    pub connection: Option<Arc<str>>,
    /// Where: `rules/x.yaml:12`.
    pub place: String,
}

impl UsedName {
    /// Whether the account has it; `None` where that could not be read.
    #[must_use]
    pub fn is_in(&self, account: &Account) -> Option<bool> {
        let names = self.kind.names(account)?;
        Some(names.contains(&self.name.as_str()))
    }
}

/// What an input of this name names, whether it is written as Kartra writes it or in another way.
pub(super) fn of_input(name: &str) -> Option<Inventory> {
    match plain(name).as_str() {
        "tagname" => Some(Inventory::Tags),
        "listname" => Some(Inventory::Lists),
        "sequencename" => Some(Inventory::Sequences),
        _ => None,
    }
}

/// Every name of an account that is written out in the rule; computed ones are not known before a run.
#[must_use]
pub fn names_used(rule: &Rule) -> Vec<UsedName> {
    let mut used = Vec::new();
    for step in rule.steps.iter().chain(&rule.on_failure) {
        let mut note = |kind, name: String, span: Span| {
            used.push(UsedName {
                kind,
                name,
                connection: connection_of(rule, step).cloned(),
                place: format!("{}:{}", rule.file, span.line),
            });
        };
        for verb in step.calls() {
            note(Inventory::Actions, verb.to_owned(), step.verb_span);
        }
        of_step(step, &mut note);
    }
    used
}

fn of_step(step: &Step, note: &mut dyn FnMut(Inventory, String, Span)) {
    for given in step.kind.fields().map_or(&[][..], |fields| &fields.given) {
        if let Some(kind) = of_input(&given.name)
            && let Some(name) = given.constant_text()
        {
            note(kind, name, given.node.span);
        }
        for named in given.custom_fields() {
            note(Inventory::CustomFields, named.identifier, named.span);
        }
    }
    if let Some(fallback) = step.kind.fallback()
        && let Some(name) = fallback.constant_tag()
    {
        note(Inventory::Tags, name, fallback.span);
    }
}

/// The name without what differs between ways of writing it.
pub(super) fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-'], "")
}
