//! A Kartra account in memory: what it holds, and the twenty commands that look at it or change it.
//!
//! Everything here is pure: the time is an argument, and nothing waits. `command` is the list of commands, `answer` says
//! things as Kartra says them, `lead` and `money` hold the people and the payments, `change` is what a person does in
//! Kartra itself, `report` what Kartra says of changes, `seed` the account of the examples.
//!
//! To add a command: a row in `command::COMMANDS`, and a function beside its siblings in `lead_commands` or `money_commands`.

mod answer;
mod change;
mod command;
mod custom;
mod lead;
mod lead_commands;
mod money;
mod money_commands;
mod report;
mod seed;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::Offset;

pub(super) use answer::Answer;
pub use answer::{LetterCase, Nesting};
pub use change::Kind;
pub(super) use command::{Command, Fields, of_cmd, of_verb};
pub use custom::{CustomField, FieldKind};
pub use lead::{Access, InSequence, Lead, OnList};
pub use money::{Cents, Sale, Subscription, Transaction, TransactionKind};

/// Kartra's clock shows US Eastern time without saying so. Here it never observes daylight saving.
const EASTERN_HOURS: i8 = -5;

/// Something with a number and a name: a tag, a list, an access level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Kartra's number.
    pub id: u64,
    /// Its name, which is how Kartra's API addresses it.
    pub name: String,
}

/// An e-mail sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Kartra's number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// How many steps it has; they are numbered from 1.
    pub steps: u32,
}

/// A membership with its access levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Kartra's number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its levels.
    pub levels: Vec<Named>,
}

/// One Kartra account. A lead that exists is in `leads` under its number and in `addresses` under its address.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// All tags.
    pub tags: Vec<Named>,
    /// All lists.
    pub lists: Vec<Named>,
    /// All sequences.
    pub sequences: Vec<Sequence>,
    /// All memberships.
    pub memberships: Vec<Membership>,
    /// Names of all pages.
    pub pages: Vec<String>,
    /// All custom fields.
    pub custom_fields: Vec<CustomField>,
    leads: BTreeMap<u64, Lead>,
    addresses: HashMap<String, u64>,
    transactions: BTreeMap<u64, Transaction>,
    subscriptions: BTreeMap<u64, Subscription>,
    numbers: u64,
}

impl Account {
    /// An account that holds nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            numbers: 1_000,
            ..Self::default()
        }
    }

    /// The account of the examples.
    #[must_use]
    pub fn of_the_examples(now: Timestamp) -> Self {
        seed::account(now)
    }

    /// Carries out one of Kartra's commands.
    pub(super) fn perform(
        &mut self,
        command: &Command,
        fields: &Fields<'_>,
        now: Timestamp,
    ) -> Answer {
        (command.run)(self, fields, now)
    }

    /// Adds a tag unless there is one of this name.
    pub fn add_tag(&mut self, name: &str) {
        if !self.tags.iter().any(|tag| tag.name == name) {
            let id = self.number();
            self.tags.push(Named {
                id,
                name: name.to_owned(),
            });
        }
    }

    /// Adds a list unless there is one of this name.
    pub fn add_list(&mut self, name: &str) {
        if !self.lists.iter().any(|list| list.name == name) {
            let id = self.number();
            self.lists.push(Named {
                id,
                name: name.to_owned(),
            });
        }
    }

    /// Adds a sequence, or changes the number of its steps.
    pub fn add_sequence(&mut self, name: &str, steps: u32) {
        self.sequences.retain(|sequence| sequence.name != name);
        let id = self.number();
        self.sequences.push(Sequence {
            id,
            name: name.to_owned(),
            steps,
        });
    }

    /// Adds a membership with these levels, or changes its levels.
    pub fn add_membership(&mut self, name: &str, levels: &[&str]) {
        self.memberships
            .retain(|membership| membership.name != name);
        let id = self.number();
        let levels = levels
            .iter()
            .map(|level| Named {
                id: self.number(),
                name: (*level).to_owned(),
            })
            .collect();
        self.memberships.push(Membership {
            id,
            name: name.to_owned(),
            levels,
        });
    }

    /// The next free number of this account.
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// Text of an instant as Kartra writes it.
pub(super) fn eastern(instant: Timestamp) -> String {
    Offset::constant(EASTERN_HOURS)
        .to_datetime(instant)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}
