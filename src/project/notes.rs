//! What of a project could not be checked against its accounts, and what would help.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Accounts;
use crate::account::{Account, Inventory};
use crate::rule::account::without_schema;
use crate::rule::{self, Rule, Surroundings};

const BY_TABLE: &str = "inputs were checked against the built-in table";
const SYNC: &str = "`kartwheel catalog sync` reads the account";

/// One note or more for every connection that rules use and of whose account something is not known. `elsewhere` is what was
/// kept of another one than the connection leads to. Where a rule has errors, any connection and any action may be its own.
pub(super) fn of(
    rules: &[Arc<Rule>],
    around: &Surroundings,
    elsewhere: &Accounts,
    has_errors: bool,
) -> Vec<String> {
    let default = around.default_connection();
    let mut used: BTreeMap<Arc<str>, BTreeSet<String>> = BTreeMap::new();
    for name in rules.iter().flat_map(|rule| rule::names_used(rule)) {
        let connection = name.connection.unwrap_or_else(|| default.clone());
        let actions = used.entry(connection).or_default();
        if name.kind == Inventory::Actions {
            actions.insert(name.name);
        }
    }
    if has_errors {
        for name in around.connections.iter().flatten() {
            used.entry(name.clone()).or_default();
        }
    }
    let mut notes = Vec::new();
    for (name, actions) in &used {
        let mut note = |text: String| notes.push(format!("connection {name}: {text}"));
        let Some(account) = around.accounts.get(name) else {
            note(match elsewhere.contains_key(name) {
                true => format!(
                    "its catalogue was kept from another connection and is left out; {BY_TABLE}; run `kartwheel catalog sync`"
                ),
                false => format!("no catalogue synced; {BY_TABLE}; {SYNC}'s own"),
            });
            continue;
        };
        unread(account, &mut note);
        let mute = without_schema(account, &around.catalog).into_iter();
        let mute: Vec<String> = mute
            .filter(|key| has_errors || actions.contains(*key))
            .map(|key| format!("`{key}`"))
            .collect();
        if !mute.is_empty() {
            note(format!(
                "no schema came with {}; {BY_TABLE}",
                mute.join(", ")
            ));
        }
    }
    notes
}

/// Says which parts of the account could not be read.
fn unread(account: &Account, note: &mut dyn FnMut(String)) {
    let (actions, names): (Vec<Inventory>, Vec<Inventory>) = Inventory::ALL
        .into_iter()
        .filter(|kind| kind.names(account).is_none())
        .partition(|kind| *kind == Inventory::Actions);
    if !actions.is_empty() {
        note(format!(
            "what it offers could not be read; {BY_TABLE}; {SYNC} again"
        ));
    }
    if !names.is_empty() {
        let names: Vec<&str> = names.into_iter().map(|kind| kind.plural(2)).collect();
        note(format!(
            "its {} could not be read, so names of them were not checked; {SYNC} again",
            names.join(", ")
        ));
    }
}
