//! What a person changes in the account behind our back: tags, lists and the like that go, or get another name.

use serde::{Deserialize, Serialize};

use super::{Account, Lead, Named};

/// What an account has by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Tags.
    Tags,
    /// Lists.
    Lists,
    /// E-mail sequences.
    Sequences,
    /// Memberships, with their levels.
    Memberships,
    /// Pages.
    Pages,
    /// Custom fields, by their identifiers.
    CustomFields,
}

impl Account {
    /// Removes one, also from every lead; false when there is none of this name.
    pub fn remove(&mut self, kind: Kind, name: &str) -> bool {
        let gone = match kind {
            Kind::Tags => drop_from(&mut self.tags, |tag| tag.name == name),
            Kind::Lists => drop_from(&mut self.lists, |list| list.name == name),
            Kind::Sequences => drop_from(&mut self.sequences, |one| one.name == name),
            Kind::Memberships => drop_from(&mut self.memberships, |one| one.name == name),
            Kind::Pages => drop_from(&mut self.pages, |page| page == name),
            Kind::CustomFields => drop_from(&mut self.custom_fields, |f| f.identifier == name),
        };
        if gone {
            for lead in self.leads.values_mut() {
                forget(lead, kind, name);
            }
        }
        gone
    }

    /// Gives one another name, also in every lead; false when there is none of the former name, or one of the new.
    pub fn rename(&mut self, kind: Kind, from: &str, to: &str) -> bool {
        let names: Vec<&mut String> = match kind {
            Kind::Tags => named(&mut self.tags),
            Kind::Lists => named(&mut self.lists),
            Kind::Sequences => self.sequences.iter_mut().map(|one| &mut one.name).collect(),
            Kind::Memberships => {
                let memberships = self.memberships.iter_mut();
                memberships.map(|one| &mut one.name).collect()
            }
            Kind::Pages => self.pages.iter_mut().collect(),
            Kind::CustomFields => {
                let fields = self.custom_fields.iter_mut();
                fields.map(|field| &mut field.identifier).collect()
            }
        };
        if names.iter().any(|name| **name == to) {
            return false;
        }
        let Some(name) = names.into_iter().find(|name| **name == from) else {
            return false;
        };
        to.clone_into(name);
        for lead in self.leads.values_mut() {
            call(lead, kind, from, to);
        }
        true
    }
}

fn drop_from<T>(all: &mut Vec<T>, is: impl Fn(&T) -> bool) -> bool {
    let before = all.len();
    all.retain(|one| !is(one));
    all.len() != before
}

fn named(all: &mut [Named]) -> Vec<&mut String> {
    all.iter_mut().map(|one| &mut one.name).collect()
}

fn forget(lead: &mut Lead, kind: Kind, name: &str) {
    match kind {
        Kind::Tags => lead.tags.retain(|tag| tag != name),
        Kind::Lists => lead.lists.retain(|row| row.list != name),
        Kind::Sequences => lead.sequences.retain(|row| row.sequence != name),
        Kind::Memberships => lead.memberships.retain(|row| row.membership != name),
        Kind::Pages => {}
        Kind::CustomFields => {
            lead.custom_fields.remove(name);
        }
    }
}

fn call(lead: &mut Lead, kind: Kind, from: &str, to: &str) {
    let change = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    match kind {
        Kind::Tags => lead.tags.iter_mut().for_each(change),
        Kind::Lists => lead
            .lists
            .iter_mut()
            .map(|row| &mut row.list)
            .for_each(change),
        Kind::Sequences => {
            let rows = lead.sequences.iter_mut();
            rows.map(|row| &mut row.sequence).for_each(change);
        }
        Kind::Memberships => {
            let rows = lead.memberships.iter_mut();
            rows.map(|row| &mut row.membership).for_each(change);
        }
        Kind::Pages => {}
        Kind::CustomFields => {
            if let Some(value) = lead.custom_fields.remove(from) {
                lead.custom_fields.insert(to.to_owned(), value);
            }
        }
    }
}
