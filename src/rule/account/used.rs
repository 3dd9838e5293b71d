//! The names of an account that a rule uses, so that somebody can be told when one of them is gone.

use std::sync::Arc;

use super::connection_of;
use crate::account::Account;
use crate::problem::Span;
use crate::rule::{Rule, Step};

/// A kind of thing that an account has and a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inventory {
    /// Tags.
    Tags,
    /// Lists.
    Lists,
    /// Sequences.
    Sequences,
    /// Custom fields of leads.
    CustomFields,
    /// Actions that the connection offers.
    Actions,
}

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

impl Inventory {
    /// One such thing, or several.
    #[must_use]
    pub const fn plural(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Tags, 1) => "tag",
            (Self::Tags, _) => "tags",
            (Self::Lists, 1) => "list",
            (Self::Lists, _) => "lists",
            (Self::Sequences, 1) => "sequence",
            (Self::Sequences, _) => "sequences",
            (Self::CustomFields, 1) => "custom field",
            (Self::CustomFields, _) => "custom fields",
            (Self::Actions, 1) => "action",
            (Self::Actions, _) => "actions",
        }
    }

    /// The names that the account has; `None` where they could not be read.
    #[must_use]
    pub fn names(self, account: &Account) -> Option<Vec<&str>> {
        let texts = match self {
            Self::Tags => &account.tags,
            Self::Lists => &account.lists,
            Self::Sequences => &account.sequences,
            Self::CustomFields => {
                let fields = account.custom_fields.as_ref()?;
                return Some(fields.iter().map(|field| &*field.identifier).collect());
            }
            Self::Actions => {
                let actions = account.actions.as_ref()?;
                return Some(actions.iter().map(|action| &*action.key).collect());
            }
        };
        Some(texts.as_ref()?.iter().map(String::as_str).collect())
    }

    /// What an input of this name names, whether it is written as Kartra writes it or in another way.
    pub(super) fn of_input(name: &str) -> Option<Self> {
        match plain(name).as_str() {
            "tagname" => Some(Self::Tags),
            "listname" => Some(Self::Lists),
            "sequencename" => Some(Self::Sequences),
            _ => None,
        }
    }
}

impl UsedName {
    /// Whether the account has it; `None` where that could not be read.
    #[must_use]
    pub fn is_in(&self, account: &Account) -> Option<bool> {
        let names = self.kind.names(account)?;
        Some(names.contains(&self.name.as_str()))
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
        if let Some(kind) = Inventory::of_input(&given.name)
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
