//! What a transaction shows of the events about it.

use serde_json::json;

use super::{As, Claim, Event, Proved, compare};
use crate::kartra::input;
use crate::kartra::look::part;

pub(super) use crate::kartra::look::money::hundredths;

const DETAILS: &str = "get-transaction-details";
const TRANSACTION: &[&str] = &["transaction_id"];

/// What is compared beside the type: all that Kartra shows of a transaction and rules go by.
const COMPARED: &[(&str, As)] = &[
    ("transaction_id", As::Text),
    ("lead_email", As::Address),
    ("lead_id", As::Text),
    ("transaction_full_amount", As::Amount),
    ("transaction_quantity", As::Text),
    ("product_id", As::Text),
    ("product_name", As::Text),
    ("product_price_point", As::Text),
    ("transaction_parent_id", As::Text),
    ("transaction_subscription_id", As::Text),
    ("transaction_internal_subscription_id", As::Text),
];

/// Whether the account has this transaction, of this type, as the event says.
pub(super) fn shows(event: &Event<'_>, kind: &str) -> Proved<Claim> {
    let objects = event.details(&["transaction_details", "transaction"]);
    let id = objects
        .iter()
        .find_map(|object| input::number_of(object, TRANSACTION));
    let Some(number) = id.as_deref().and_then(|id| id.parse::<u64>().ok()) else {
        return Err(Claim::Hidden("it names no transaction".into()));
    };
    let what = format!("transaction {number}");
    let output = event.read(DETAILS, json!({ "transaction_id": number }), &what)?;
    let names = &["transaction_details", "transaction", "data"];
    let Some(shown) = part(output, names, TRANSACTION) else {
        return Err(Claim::Unclear(format!(
            "{DETAILS} was answered, but the answer does not show {what}"
        )));
    };
    let of = |name: &str| input::text_of(shown, &[name]);
    let the_kind = || of("transaction_type");
    compare("transaction_type", Some(kind.into()), the_kind(), As::Word)?;
    for object in &objects {
        let claimed = input::text_of(object, &["transaction_type"]);
        compare("transaction_type", claimed, the_kind(), As::Word)?;
        for (name, how) in COMPARED {
            compare(name, input::text_of(object, &[name]), of(name), *how)?;
        }
    }
    if let Some(lead) = input::field(event.body, &["lead"]).map(|given| given.value) {
        compare(
            "lead.id",
            input::text_of(lead, &["id"]),
            of("lead_id"),
            As::Text,
        )?;
        let email = input::text_of(lead, &["email"]);
        compare("lead.email", email, of("lead_email"), As::Address)?;
    }
    let person = input::text(event.person);
    compare("person.email", person, of("lead_email"), As::Address)?;
    Ok(Claim::True)
}
