//! A lead: one person of the account, and how it is found.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::command::Fields;
use super::{Account, eastern};

/// The plain fields a call may set, in the order in which a lead is shown.
pub(super) const TEXT_FIELDS: &[&str] = &[
    "first_name",
    "middle_name",
    "last_name",
    "last_name2",
    "phone_country_code",
    "phone",
    "ip",
    "address",
    "zip",
    "city",
    "state",
    "country",
    "company",
    "lead_picture",
    "website",
    "facebook",
    "twitter",
    "linkedin",
    "lead_preferred_time_zone",
    "notes",
    "sales_tax_id",
    "business_type",
];

/// A lead's place on a list. Unsubscribing leaves the row and takes the flag away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnList {
    /// The list's name.
    pub list: String,
    /// Whether mails of the list reach the lead.
    pub active: bool,
}

/// A lead's place in a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSequence {
    /// The sequence's name.
    pub sequence: String,
    /// The step at which the lead was put in last.
    pub step: u32,
    /// Whether mails of the sequence reach the lead.
    pub active: bool,
    /// How often the lead was put in: each time the mails of that step go out again.
    pub starts: u32,
}

/// A lead's access to one level of a membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The membership's name.
    pub membership: String,
    /// The level's name.
    pub level: String,
    /// Whether the access holds.
    pub active: bool,
}

/// One person of the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// Kartra's number.
    pub id: u64,
    /// The address, as it was sent.
    pub email: String,
    /// Plain fields that were set, by Kartra's names.
    pub fields: BTreeMap<&'static str, String>,
    /// Values of custom fields that were set, by identifier.
    pub custom_fields: BTreeMap<String, Value>,
    /// Names of the tags, in the order in which they were assigned.
    pub tags: Vec<String>,
    /// Lists.
    pub lists: Vec<OnList>,
    /// Sequences.
    pub sequences: Vec<InSequence>,
    /// Memberships.
    pub memberships: Vec<Access>,
    /// Numbers of its transactions, oldest first.
    pub transactions: Vec<u64>,
    /// When it was made, as Kartra writes it.
    pub joined: String,
    /// Deleted in the account; nothing but its ghost answers.
    pub deleted: bool,
}

impl Lead {
    /// Whether the lead has this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|name| name == tag)
    }

    /// Whether mails of this list reach the lead.
    #[must_use]
    pub fn is_on_list(&self, list: &str) -> bool {
        self.lists.iter().any(|row| row.list == list && row.active)
    }

    /// The step of this sequence at which the lead was put in, while it is active.
    #[must_use]
    pub fn step_in(&self, sequence: &str) -> Option<u32> {
        let mut rows = self.sequences.iter();
        rows.find(|row| row.sequence == sequence && row.active)
            .map(|row| row.step)
    }

    /// Whether the lead has access to this level of this membership.
    #[must_use]
    pub fn has_access(&self, membership: &str, level: &str) -> bool {
        self.memberships
            .iter()
            .any(|row| row.membership == membership && row.level == level && row.active)
    }

    /// A plain field, by Kartra's name; empty when it was never set.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl Account {
    /// The lead with this address, in any letter case.
    #[must_use]
    pub fn lead(&self, email: &str) -> Option<&Lead> {
        self.leads.get(self.addresses.get(&key(email))?)
    }

    /// All leads, by number.
    pub fn leads(&self) -> impl Iterator<Item = &Lead> {
        self.leads.values()
    }

    /// Makes a lead, or gives the number of the one that has this address.
    pub fn ensure_lead(&mut self, email: &str, now: Timestamp) -> u64 {
        match self.addresses.get(&key(email)) {
            Some(id) => *id,
            None => self.insert_lead(email, now).id,
        }
    }

    /// Deletes a lead as a person would in Kartra: commands answer 245 from then on.
    pub fn delete_lead(&mut self, email: &str) -> bool {
        let id = self.addresses.get(&key(email));
        let lead = id.and_then(|id| self.leads.get_mut(id));
        lead.map(|lead| lead.deleted = true).is_some()
    }

    /// The lead that a call names, or the number of the error. The number wins over the address.
    pub(super) fn find(&mut self, fields: &Fields<'_>, missing: u16) -> Result<&mut Lead, u16> {
        let id = if fields.filled("id").is_some() {
            fields.number("id")
        } else if let Some(email) = fields.filled("email") {
            self.addresses.get(&key(&email)).copied()
        } else {
            return Err(206);
        };
        match id.and_then(|id| self.leads.get_mut(&id)) {
            Some(lead) if lead.deleted => Err(245),
            Some(lead) => Ok(lead),
            None => Err(missing),
        }
    }

    /// The lead with this number.
    pub(super) fn lead_mut(&mut self, id: u64) -> Option<&mut Lead> {
        self.leads.get_mut(&id)
    }

    /// Makes a lead whose address is free.
    pub(super) fn insert_lead(&mut self, email: &str, now: Timestamp) -> &mut Lead {
        let id = self.number();
        self.addresses.insert(key(email), id);
        self.leads.entry(id).or_insert_with(|| Lead {
            id,
            email: email.trim().to_owned(),
            fields: BTreeMap::new(),
            custom_fields: BTreeMap::new(),
            tags: Vec::new(),
            lists: Vec::new(),
            sequences: Vec::new(),
            memberships: Vec::new(),
            transactions: Vec::new(),
            joined: eastern(now),
            deleted: false,
        })
    }

    /// Gives a lead another address; false when another lead has it.
    pub(super) fn move_lead(&mut self, id: u64, email: &str) -> bool {
        if *self.addresses.get(&key(email)).unwrap_or(&id) != id {
            return false;
        }
        if let Some(lead) = self.leads.get_mut(&id) {
            self.addresses.remove(&key(&lead.email));
            self.addresses.insert(key(email), id);
            email.trim().clone_into(&mut lead.email);
        }
        true
    }

    /// The lead as `get_lead` shows it.
    pub(in crate::sandbox) fn show_lead(&self, lead: &Lead) -> Value {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), lead.id.to_string().into());
        shown.insert("email".to_owned(), lead.email.clone().into());
        shown.insert("date_joined".to_owned(), lead.joined.clone().into());
        for name in TEXT_FIELDS {
            shown.insert((*name).to_owned(), lead.field(name).into());
        }
        shown.extend([
            ("score".to_owned(), json!(0)),
            ("source".to_owned(), json!("api")),
            ("blacklisted".to_owned(), json!("0")),
            ("gdpr_lead_status".to_owned(), json!("4")),
            ("custom_fields".to_owned(), self.show_custom_fields(lead)),
            ("tags".to_owned(), self.show_tags(lead)),
            ("lists".to_owned(), self.show_lists(lead)),
            ("sequences".to_owned(), self.show_sequences(lead)),
            ("memberships".to_owned(), self.show_memberships(lead)),
            ("transactions".to_owned(), self.show_transactions(lead)),
        ]);
        Value::Object(shown)
    }

    /// Every custom field of the account is shown, even if the lead has none.
    fn show_custom_fields(&self, lead: &Lead) -> Value {
        let show = |field: &super::CustomField| {
            let value = lead.custom_fields.get(&field.identifier);
            let mut shown = field.listed();
            shown["field_value"] = value.cloned().unwrap_or_else(|| json!(""));
            shown
        };
        self.custom_fields.iter().map(show).collect()
    }

    fn show_tags(&self, lead: &Lead) -> Value {
        let id = |name: &str| self.tags.iter().find(|tag| tag.name == name).map(|t| t.id);
        let show = |tag: &String| json!({ "tag_id": text(id(tag)), "tag_name": tag });
        lead.tags.iter().map(show).collect()
    }

    fn show_lists(&self, lead: &Lead) -> Value {
        let id = |name: &str| self.lists.iter().find(|l| l.name == name).map(|l| l.id);
        let show = |row: &OnList| json!({ "list_id": text(id(&row.list)), "list_name": row.list, "active": flag(row.active) });
        lead.lists.iter().map(show).collect()
    }

    fn show_sequences(&self, lead: &Lead) -> Value {
        let id = |name: &str| self.sequences.iter().find(|s| s.name == name).map(|s| s.id);
        let show = |row: &InSequence| {
            json!({
                "sequence_id": text(id(&row.sequence)),
                "sequence_name": row.sequence,
                "step": row.step.to_string(),
                "status": if row.active { "active" } else { "unsubscribed" },
            })
        };
        lead.sequences.iter().map(show).collect()
    }

    fn show_memberships(&self, lead: &Lead) -> Value {
        let show = |row: &Access| {
            let mut memberships = self.memberships.iter();
            let membership = memberships.find(|one| one.name == row.membership);
            let level = membership.and_then(|one| one.levels.iter().find(|l| l.name == row.level));
            json!({
                "membership_id": text(membership.map(|one| one.id)),
                "membership_name": row.membership,
                "name": row.membership,
                "level_id": text(level.map(|one| one.id)),
                "level_name": row.level,
                "active": flag(row.active),
            })
        };
        lead.memberships.iter().map(show).collect()
    }
}

/// The form of an address under which a lead is found.
fn key(email: &str) -> String {
    email.trim().to_lowercase()
}

pub(super) fn text(id: Option<u64>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}

fn flag(active: bool) -> &'static str {
    if active { "1" } else { "0" }
}
