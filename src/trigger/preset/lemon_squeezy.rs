//! Lemon Squeezy: orders, subscriptions, license keys.

use super::{Live, People, Preset, Row, Sample};
use crate::trigger::signature::hmac::Hmac;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "lemon-squeezy",
    title: "Lemon Squeezy",
    doc: "The secret is the webhook's signing secret. What the checkout was given as custom data stands at `$.body.meta.custom_data`. \
          Amounts are in the smallest unit. It gives up after some three minutes: look for what is missing after an outage.",
    verified: "`X-Signature` holds the HMAC-SHA256 of the body.",
    retries: "Three times: after about 5, 25 and 125 seconds. Only an answer 200 counts.",
    lost_after: "3 minutes",
    id: &[&[
        "$.body.meta.event_name",
        "$.body.data.id",
        "$.body.data.attributes.updated_at",
    ]],
    kind: &["$.body.meta.event_name", "$.headers['x-event-name']"],
    live: Live::TestAt(&["$.body.meta.test_mode"]),
    people: People::Rows(PEOPLE),
    events: &[
        "license_key_created",
        "license_key_updated",
        "order_created",
        "order_refunded",
        "subscription_cancelled",
        "subscription_created",
        "subscription_expired",
        "subscription_paused",
        "subscription_payment_failed",
        "subscription_payment_recovered",
        "subscription_payment_refunded",
        "subscription_payment_success",
        "subscription_plan_changed",
        "subscription_resumed",
        "subscription_unpaused",
        "subscription_updated",
    ],
    samples: &[
        Sample::json(
            "order_created",
            include_str!("samples/lemon-squeezy-order_created.json"),
        )
        .with(&[("x-event-name", "order_created")]),
        Sample::json(
            "order_refunded",
            include_str!("samples/lemon-squeezy-order_refunded.json"),
        )
        .with(&[("x-event-name", "order_refunded")]),
    ],
    scheme: |_| Ok(Box::new(Hmac::default())),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.data.attributes.user_email"],
    name: &["$.body.data.attributes.user_name"],
    ids: &[("customer", &["$.body.data.attributes.customer_id"])],
    ..Row::NONE
}];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{event, source};

    #[test]
    fn an_order_says_who_bought_and_is_known_by_event_number_and_change() {
        let source = source("lemon-squeezy");
        let [created, refunded] = source.samples() else {
            panic!("two samples");
        };
        let order = event(&source, created.body);
        assert_eq!((&*order.kind, order.live), ("order_created", Some(true)));
        assert_eq!(
            order.sender_id,
            "order_created/1001001/2026-11-01T08:00:01.000000Z"
        );
        let person = &order.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(
            Value::Object(person.ids.clone()),
            json!({"customer": "67890"})
        );
        assert_ne!(event(&source, refunded.body).sender_id, order.sender_id);
        let changed = created.body.replace("08:00:01.0", "08:00:02.0");
        assert_ne!(event(&source, &changed).sender_id, order.sender_id);
    }

    #[test]
    fn test_mode_is_marked() {
        let source = source("lemon-squeezy");
        let body = source.samples()[0].body;
        let test = body.replace("\"test_mode\":false", "\"test_mode\":true");
        assert_eq!(event(&source, &test).live, Some(false));
    }
}
