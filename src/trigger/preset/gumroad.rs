//! Gumroad: sales, refunds, disputes and subscriptions.

use serde_json::Value;

use super::{Live, People, Preset, Row, Sample};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "gumroad",
    title: "Gumroad",
    doc: "Gumroad signs nothing: write `https://HOST/hooks/SOURCE?secret=SECRET` as the Ping URL, or `/hooks/SOURCE/SECRET`. The \
          account's Ping sends sales; refunds, disputes and subscriptions come through resource subscriptions of its API. \
          `cancellation` says that somebody has cancelled and still has what is paid for; `subscription_ended` says that it is \
          over. Amounts are in cents. Your own purchases of your products are marked as tests.",
    verified: "The secret stands in the URL.",
    retries: "Three times: after 1, 3 and 10 minutes, and only after an answer 499, 500, 502, 503 or 504; never after none. It waits five seconds for the answer.",
    lost_after: "14 minutes; after no answer at all, one request",
    // A refund in part and then of the rest is two events, told apart by `refunded`.
    id: &[
        &["$.body.sale_id", "$.body.resource_name", "$.body.refunded"],
        &["$.body.sale_id", "$.body.resource_name"],
        &[
            "$.body.subscription_id",
            "$.body.resource_name",
            "$.body.cancelled_at",
        ],
        &[
            "$.body.subscription_id",
            "$.body.resource_name",
            "$.body.ended_at",
        ],
        &[
            "$.body.subscription_id",
            "$.body.resource_name",
            "$.body.restarted_at",
        ],
        &[
            "$.body.subscription_id",
            "$.body.resource_name",
            "$.body.effective_as_of",
        ],
    ],
    kind: &["$.body.resource_name"],
    kind_of: Some(kind_of),
    live: Live::TestAt(&["$.body.test"]),
    people: People::Rows(PEOPLE),
    events: &[
        "cancellation",
        "dispute",
        "dispute_won",
        "refund",
        "sale",
        "subscription_ended",
        "subscription_restarted",
        "subscription_updated",
    ],
    samples: &[
        Sample::form("refund", include_str!("samples/gumroad-refund.form")),
        Sample::form("sale", include_str!("samples/gumroad-sale.form")),
        Sample::form(
            "subscription_ended",
            include_str!("samples/gumroad-subscription_ended.form"),
        ),
    ],
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.email", "$.body.user_email"],
    name: &["$.body.full_name"],
    ids: &[("user", &["$.body.purchaser_id", "$.body.user_id"])],
    ..Row::NONE
}];

/// The ping that is sent by hand, to try a URL, is a sale without a name.
fn kind_of(delivery: &Value) -> Option<String> {
    let body = delivery.get("body")?;
    let is_nameless = body.get("resource_name").is_none() && body.get("sale_id").is_some();
    is_nameless.then(|| "sale".into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{FORM, JSON, event_of, refusal, source, unsigned};

    #[test]
    fn a_sale_says_who_bought_and_is_known_by_its_id_and_name() {
        let source = source("gumroad");
        let sale = include_str!("../../../tests/data/payloads/gumroad-sale.form");
        let event = event_of(&source, FORM, sale);
        assert_eq!((&*event.kind, event.live), ("sale", Some(true)));
        assert_eq!(event.sender_id, "FAKEsaleId0001==/sale/false");
        let person = &event.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        let body = &event.tree["body"];
        assert_eq!(
            body["custom_fields"],
            json!({"Company": "Analytical Engines"})
        );
        assert_eq!(body["price"], "29700");

        let body = json!({"sale_id": "s", "resource_name": "sale", "refunded": false, "email": "ada@example.com"});
        let event = event_of(&source, JSON, &body.to_string());
        assert_eq!((&*event.kind, &*event.sender_id), ("sale", "s/sale/false"));
    }

    #[test]
    fn a_test_ping_is_a_sale_that_is_not_real() {
        let source = source("gumroad");
        let event = event_of(&source, FORM, "sale_id=s&email=ada%40example.com&test=true");
        assert_eq!((&*event.kind, event.live), ("sale", Some(false)));
        let event = event_of(&source, FORM, "price=1");
        assert_eq!(event.kind, "");
    }

    #[test]
    fn what_happens_to_one_sale_or_subscription_twice_is_two_events() {
        let source = source("gumroad");
        let id = |body: &str| event_of(&source, FORM, body).sender_id;
        assert_ne!(
            id("sale_id=s&resource_name=refund&refunded=false"),
            id("sale_id=s&resource_name=refund&refunded=true")
        );
        assert_ne!(
            id("sale_id=s&resource_name=dispute&refunded=false"),
            id("sale_id=s&resource_name=dispute_won&refunded=false")
        );
        assert_ne!(
            id("subscription_id=s&resource_name=cancellation&cancelled_at=2026-11-01T08:00:00Z"),
            id("subscription_id=s&resource_name=cancellation&cancelled_at=2026-12-01T08:00:00Z")
        );
        let ended = event_of(&source, FORM, source.samples()[2].body);
        assert_eq!(
            ended.sender_id,
            "FAKEsub0001==/subscription_ended/2026-11-01T08:00:00Z"
        );
        assert_eq!(
            ended.person.email.as_deref(),
            Some("ada.lovelace@example.com")
        );
    }

    #[test]
    fn an_invented_signature_is_no_proof() {
        let headers = [("content-type", FORM), ("x-gumroad-signature", "abc")];
        let received = unsigned(&source("gumroad"), "POST", &headers, "sale_id=s");
        assert_eq!(refusal(&received), (401, "missing"));
    }
}
