//! Paddle Billing: transactions, subscriptions, customers.

use super::{People, Preset, Row, Sample};
use crate::trigger::signature::hmac::{Hmac, Piece, Time};

/// Seconds for which Paddle's own packages accept a delivery.
const TOLERANCE_S: i64 = 5;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "paddle",
    title: "Paddle Billing",
    doc: "The secret is the notification destination's (`pdl_ntfset_…`); the sandbox has its own. A delivery is good for five seconds, \
          so this machine's clock must be right; `tolerance` allows more. Transactions and subscriptions carry no address, only \
          the customer's id: subscribe to `customer.*` too, or put `email` into the checkout's custom data. Amounts are texts in \
          the smallest unit. Order is not guaranteed: compare `$.body.occurred_at`.",
    verified: "`Paddle-Signature` holds a time and one or more HMAC-SHA256 signatures over time and body.",
    retries: "Live: 60 times within three days. Sandbox: three times within 15 minutes. It waits five seconds for an answer 200.",
    lost_after: "3 days",
    id: &[&["$.body.event_id"]],
    kind: &["$.body.event_type"],
    people: People::Rows(PEOPLE),
    events: EVENTS,
    samples: &[
        Sample::json(
            "customer.created",
            include_str!("samples/paddle-customer.created.json"),
        ),
        Sample::json(
            "transaction.completed",
            include_str!("samples/paddle-transaction.completed.json"),
        ),
    ],
    scheme: |around| {
        Ok(Box::new(Hmac {
            header: "paddle-signature".into(),
            prefix: "h1=".into(),
            separator: Some(';'),
            signed: vec![Piece::Timestamp, Piece::Text(":".into()), Piece::Body],
            time: Some(Time::Part("ts=".into())),
            tolerance_s: around.tolerance_s.unwrap_or(TOLERANCE_S),
            ..Hmac::default()
        }))
    },
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    Row {
        events: "customer.*",
        email: &["$.body.data.email"],
        name: &["$.body.data.name"],
        ids: &[("customer", &["$.body.data.id"])],
        ..Row::NONE
    },
    Row {
        email: &["$.body.data.custom_data.email"],
        ids: &[("customer", &["$.body.data.customer_id"])],
        ..Row::NONE
    },
];

static EVENTS: &[&str] = &[
    "address.created",
    "address.imported",
    "address.updated",
    "adjustment.created",
    "adjustment.updated",
    "business.created",
    "business.imported",
    "business.updated",
    "customer.created",
    "customer.imported",
    "customer.updated",
    "discount.created",
    "discount.imported",
    "discount.updated",
    "payment_method.deleted",
    "payment_method.saved",
    "payout.created",
    "payout.paid",
    "price.created",
    "price.imported",
    "price.updated",
    "product.created",
    "product.imported",
    "product.updated",
    "report.created",
    "report.updated",
    "subscription.activated",
    "subscription.canceled",
    "subscription.created",
    "subscription.imported",
    "subscription.past_due",
    "subscription.paused",
    "subscription.resumed",
    "subscription.trialing",
    "subscription.updated",
    "transaction.billed",
    "transaction.canceled",
    "transaction.completed",
    "transaction.created",
    "transaction.paid",
    "transaction.past_due",
    "transaction.payment_failed",
    "transaction.ready",
    "transaction.revised",
    "transaction.updated",
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{event, received_later, refusal, set_up, source};
    use crate::trigger::Received;

    #[test]
    fn a_transaction_names_the_customer_whom_another_event_gave_an_address() {
        let source = source("paddle");
        let [customer, transaction] = source.samples() else {
            panic!("two samples");
        };
        let known = event(&source, customer.body);
        assert_eq!(
            known.person.email.as_deref(),
            Some("ada.lovelace@example.com")
        );
        assert_eq!(known.person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(known.live, None);

        let bare = transaction
            .body
            .replace("\"email\":\"ada.lovelace@example.com\",", "");
        let bought = event(&source, &bare);
        assert_eq!(bought.sender_id, "evt_01kfake0000000000000000001");
        assert_eq!(bought.kind, "transaction.completed");
        assert_eq!(bought.person.email, None);
        assert_eq!(bought.person.ids, known.person.ids);
        assert_eq!(
            Value::Object(bought.person.ids),
            json!({"customer": "ctm_01kfake0000000000000000004"})
        );
        let told = event(&source, transaction.body);
        assert_eq!(
            told.person.email.as_deref(),
            Some("ada.lovelace@example.com")
        );
    }

    #[test]
    fn a_delivery_is_good_for_five_seconds_on_either_side_unless_more_is_said() {
        let after = |entry: &str, seconds: i64| {
            let source = set_up(entry, None).expect(entry);
            received_later(&source, seconds, source.samples()[0].body)
        };
        let plain = "preset: paddle";
        for seconds in [5, 0, -5] {
            assert!(
                matches!(after(plain, seconds), Received::Events(_)),
                "{seconds}"
            );
        }
        assert_eq!(refusal(&after(plain, 6)), (401, "stale"));
        assert_eq!(refusal(&after(plain, -6)), (401, "future"));
        let wide = "preset: paddle\ntolerance: 1m";
        assert!(matches!(after(wide, 60), Received::Events(_)));
        assert_eq!(refusal(&after(wide, 61)), (401, "stale"));
    }
}
