//! Kartra's instant payment notifications: a form per payment, refund and cancellation of a product.
//!
//! What Kartra does not have it writes as `N/A`. That stays in the body as it came, but is nobody's name or address.

use serde_json::Value;

use super::{People, Preset, Sample};
use crate::event::Person;
use crate::trigger::signature::field::Field;

/// What Kartra writes for nothing.
const NOTHING: &str = "N/A";

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "kartra-ipn",
    title: "Kartra IPN",
    doc: "Set up per product, as the IPN URL with a secret key. The types are sale, rebill, failed, refund, partial_refund, \
          chargeback and cancellation. What there is not is the text `N/A`; amounts are texts such as `297.00`. A refund's \
          `transaction_parent_id` is the sale's `transaction_id`.",
    verified: "The field `secret_key` of the form is the secret key of the notification. It is taken out before anything is stored.",
    retries: "Not documented.",
    id: &[&["$.body.transaction_id", "$.body.transaction_type"]],
    kind: &["$.body.transaction_type"],
    people: People::Finder(person),
    events: EVENTS,
    samples: SAMPLES,
    reports_account: true,
    provable: EVENTS,
    scheme: |_| Ok(Box::new(Field::new(vec!["secret_key".into()]))),
    ..Preset::NEW
};

/// All of them are transactions.
static EVENTS: &[&str] = &[
    "cancellation",
    "chargeback",
    "failed",
    "partial_refund",
    "rebill",
    "refund",
    "sale",
];

/// A sample of this type.
macro_rules! sample {
    ($kind:literal) => {
        Sample::form(
            $kind,
            include_str!(concat!("samples/kartra-ipn-", $kind, ".form")),
        )
    };
}

static SAMPLES: &[Sample] = &[
    sample!("cancellation"),
    sample!("chargeback"),
    sample!("failed"),
    sample!("partial_refund"),
    sample!("rebill"),
    sample!("refund"),
    sample!("sale"),
];

/// Who pays.
fn person(body: &Value) -> Person {
    let text = |name: &str| {
        let text = body.get(name)?.as_str()?.trim();
        (!text.is_empty() && !text.eq_ignore_ascii_case(NOTHING)).then(|| text.to_owned())
    };
    let mut person = Person {
        email: text("lead_email"),
        first_name: text("lead_first_name"),
        last_name: text("lead_last_name"),
        phone: text("lead_phone_number"),
        ..Person::default()
    };
    if let Some(id) = text("lead_id").filter(|id| id != "0") {
        person.ids.insert("lead".into(), id.into());
    }
    person
}
