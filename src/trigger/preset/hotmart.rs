//! Hotmart: purchases and subscriptions.

use super::{People, Preset, Row, Sample};
use crate::trigger::either::Either;
use crate::trigger::signature::field::Field;
use crate::trigger::signature::header::Header;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "hotmart",
    title: "Hotmart",
    doc: "The secret is the account's hottok. Version 2.0 of the webhook sends it in a header, version 1 in the body; both are \
          accepted, but only 2.0 says where the type, the id and the buyer stand: choose it. `PURCHASE_COMPLETE` comes once the \
          warranty of an approved purchase has passed: grant on `PURCHASE_APPROVED` only. Amounts are decimal numbers.",
    verified: "`X-HOTMART-HOTTOK`, or the field `hottok` of the body, is the account's hottok. It is taken out before anything is stored.",
    retries: "After every answer but 2xx; how often is not published.",
    id: &[&["$.body.id"]],
    kind: &["$.body.event"],
    people: People::Rows(PEOPLE),
    samples: &[
        Sample::json(
            "PURCHASE_APPROVED",
            include_str!("samples/hotmart-PURCHASE_APPROVED.json"),
        ),
        Sample::json(
            "PURCHASE_REFUNDED",
            include_str!("samples/hotmart-PURCHASE_REFUNDED.json"),
        ),
    ],
    scheme: |_| {
        Ok(Box::new(Either::new(
            Box::new(Header::new("x-hotmart-hottok".into())),
            Box::new(Field::new(vec!["hottok".into()])),
        )))
    },
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.data.buyer.email", "$.body.data.subscriber.email"],
    first_name: &["$.body.data.buyer.first_name"],
    last_name: &["$.body.data.buyer.last_name"],
    name: &["$.body.data.buyer.name", "$.body.data.subscriber.name"],
    phone: &["$.body.data.buyer.checkout_phone"],
    ids: &[(
        "subscriber",
        &[
            "$.body.data.subscription.subscriber.code",
            "$.body.data.subscriber.code",
        ],
    )],
    ..Row::NONE
}];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{JSON, SECRET, event, refusal, source, unsigned};
    use crate::trigger::Received;

    #[test]
    fn a_purchase_says_who_bought() {
        let source = source("hotmart");
        let bought = event(&source, source.samples()[0].body);
        assert_eq!(bought.sender_id, "2f0a1b3c-0000-4000-8000-00000000hot1");
        let person = bought.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(person.phone.as_deref(), Some("442079460000"));
        assert_eq!(Value::Object(person.ids), json!({"subscriber": "SUBFAKE1"}));
    }

    #[test]
    fn a_cancelled_subscription_names_the_subscriber() {
        let body = json!({"id": "1", "event": "SUBSCRIPTION_CANCELLATION", "data": {
            "subscriber": {"code": "SUBFAKE1", "email": "ada@example.com", "name": "Ada Lovelace"},
        }});
        let person = event(&source("hotmart"), &body.to_string()).person;
        assert_eq!(person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(Value::Object(person.ids), json!({"subscriber": "SUBFAKE1"}));
    }

    #[test]
    fn the_hottok_counts_in_header_or_body_and_is_kept_in_neither() {
        let source = source("hotmart");
        let sent = |header: Option<&str>, body: Value| {
            let mut headers = vec![("content-type", JSON)];
            headers.extend(header.map(|value| ("X-HOTMART-HOTTOK", value)));
            unsigned(&source, "POST", &headers, &body.to_string())
        };
        let old = || json!({"hottok": SECRET, "id": "1", "event": "PURCHASE_APPROVED"});
        for received in [
            sent(Some(SECRET), json!({"id": "1"})),
            sent(None, old()),
            sent(Some(SECRET), old()),
            sent(Some(SECRET), json!({"hottok": "another", "id": "1"})),
        ] {
            let Received::Events(events) = received else {
                panic!("refused: {received:?}");
            };
            assert_eq!(events[0].tree["body"].get("hottok"), None);
            let shown = format!(
                "{:?} {}",
                events[0],
                String::from_utf8_lossy(&events[0].raw)
            );
            assert!(
                !shown.contains(SECRET) && !shown.contains("hottok"),
                "{shown}"
            );
        }
        assert_eq!(refusal(&sent(Some("guess"), old())), (401, "secret"));
        let guessed = json!({"hottok": "guess", "id": "1"});
        assert_eq!(refusal(&sent(None, guessed)), (401, "secret"));
        assert_eq!(refusal(&sent(None, json!({"id": "1"}))), (401, "missing"));
    }
}
