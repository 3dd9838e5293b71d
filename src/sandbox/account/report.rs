//! What Kartra's outbound API says of a change: one event each, in the documented form, with all numbers as text.

use serde_json::{Value, json};

use super::command::Fields;
use super::lead::text;
use super::{Account, FieldKind, Lead, Transaction, TransactionKind};

/// The plain fields of a lead in an event, in Kartra's order.
const FIELDS: &[&str] = &[
    "first_name",
    "middle_name",
    "last_name",
    "last_name2",
    "phone_country_code",
    "phone",
    "company",
    "address",
    "city",
    "zip",
    "state",
    "country",
    "website",
    "ip",
    "facebook",
    "twitter",
    "linkedin",
    "sales_tax_id",
    "lead_picture",
    "lead_preferred_time_zone",
];
/// Fields of which a lead of the sandbox has nothing else to say.
const CONSTANTS: &[(&str, &str)] = &[
    ("ip_country", ""),
    ("source", "api"),
    ("source_id", "0"),
    ("score", "0"),
    ("lead_deleted", "0"),
    ("referring_id", "0"),
    ("blacklisted", "0"),
    ("gdpr_lead_status", "4"),
    ("gdpr_lead_communications", "0"),
];

impl Account {
    /// The lead that a call is about, even where it names only a payment.
    pub(in crate::sandbox) fn concerned(&self, fields: &Fields<'_>) -> Option<&Lead> {
        let sale = fields.number("transaction_id").or_else(|| {
            let id = fields.number("transaction_internal_subscription_id")?;
            Some(self.subscription(id)?.sale)
        });
        let id = match sale.and_then(|sale| self.transaction(sale)) {
            Some(row) => row.lead,
            None if fields.filled("id").is_some() => fields.number("id")?,
            None => self.lead(&fields.filled("email")?)?.id,
        };
        self.leads.get(&id)
    }

    /// The events of all that is different about a lead since then. What is as it was is not reported.
    pub(in crate::sandbox) fn events_since(&self, before: &Lead) -> Vec<Value> {
        let Some(lead) = self.leads.get(&before.id) else {
            return Vec::new();
        };
        let mut happened = Vec::new();
        for tag in lead.tags.iter().filter(|tag| !before.has_tag(tag)) {
            happened.push(("assign_tag", self.tag_details(tag)));
        }
        for tag in before.tags.iter().filter(|tag| !lead.has_tag(tag)) {
            happened.push(("unassign_tag", self.tag_details(tag)));
        }
        for row in &lead.lists {
            if row.active != before.is_on_list(&row.list) {
                let action = ["list_unsubscription", "list_subscription"][usize::from(row.active)];
                happened.push((action, self.list_details(&row.list)));
            }
        }
        for row in &lead.sequences {
            let mut rows = before.sequences.iter();
            let old = rows.find(|old| old.sequence == row.sequence);
            let details = || self.sequence_details(&row.sequence);
            if old.map_or(0, |old| old.starts) < row.starts {
                happened.push(("sequence_subscription", details()));
            } else if old.is_some_and(|old| old.active) && !row.active {
                happened.push(("sequence_unsubscription", details()));
            }
        }
        for row in &lead.memberships {
            if row.active != before.has_access(&row.membership, &row.level) {
                let action = ["membership_revoked", "membership_granted"][usize::from(row.active)];
                happened.push((action, self.access_details(&row.membership, &row.level)));
            }
        }
        for row in self.transactions_of(lead).skip(before.transactions.len()) {
            happened.push((action_of(row), self.payment_details(row)));
        }
        let event = |(action, details): (&str, Value)| {
            json!({
                "lead": self.outbound_lead(lead),
                "action": action,
                "action_details": details,
            })
        };
        happened.into_iter().map(event).collect()
    }

    fn tag_details(&self, name: &str) -> Value {
        let id = self.tags.iter().find(|tag| tag.name == name).map(|t| t.id);
        json!({ "tag": { "tag_id": text(id), "tag_name": name } })
    }

    fn list_details(&self, name: &str) -> Value {
        let id = self.lists.iter().find(|l| l.name == name).map(|l| l.id);
        json!({ "list": { "list_id": text(id), "list_name": name } })
    }

    fn sequence_details(&self, name: &str) -> Value {
        let id = self.sequences.iter().find(|s| s.name == name).map(|s| s.id);
        json!({ "sequence": { "sequence_id": text(id), "sequence_name": name } })
    }

    fn access_details(&self, name: &str, level_name: &str) -> Value {
        let membership = self.memberships.iter().find(|one| one.name == name);
        let level = membership.and_then(|one| one.levels.iter().find(|l| l.name == level_name));
        json!({ "membership": {
            "membership_id": text(membership.map(|one| one.id)),
            "membership_name": name,
            "level_id": text(level.map(|level| level.id)),
            "level_name": level_name,
        } })
    }

    fn payment_details(&self, row: &Transaction) -> Value {
        let mut details = self.show_transaction(row);
        details["lead_username"] = "".into();
        details["transaction_full_amount"] = row.amount.to_string().into();
        json!({ "transaction_details": details })
    }

    fn outbound_lead(&self, lead: &Lead) -> Value {
        let mut shown = json!({ "id": lead.id.to_string(), "email": lead.email });
        for name in FIELDS {
            shown[*name] = lead.field(name).into();
        }
        shown["date_joined"] = lead.joined.clone().into();
        for (name, value) in CONSTANTS {
            shown[*name] = (*value).into();
        }
        let fields = self.custom_fields.iter().map(|field| {
            let value = lead.custom_fields.get(&field.identifier);
            let value = value.cloned().unwrap_or_else(|| "".into());
            let mut entry = field.listed();
            entry["field_value"] = match field.kind {
                FieldKind::InputField | FieldKind::TextArea => value,
                _ => field.chosen(&value),
            };
            entry
        });
        shown["custom_fields"] = fields.collect();
        shown
    }
}

fn action_of(row: &Transaction) -> &'static str {
    match row.kind {
        TransactionKind::Sale | TransactionKind::Rebill => "buy_product",
        TransactionKind::Refund => "refund_product",
        TransactionKind::PartialRefund => "partial_refund_product",
        TransactionKind::Cancellation => "cancel_subscription",
    }
}
