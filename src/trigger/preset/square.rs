//! Square: payments, invoices, customers.

use super::{Lack, Live, People, Preset, Row, Sample};
use crate::trigger::signature::hmac::{Encoding, Hmac, Piece};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "square",
    title: "Square",
    doc: "The secret is the subscription's signature key. Square signs the notification URL too, so it must be known here letter by \
          letter as it is registered there: set `url`, or `public_url` in kartwheel.yaml if Square has that and `/hooks/SOURCE`. \
          A payment comes several times on its way: act on `payment.updated` with `$.body.data.object.payment.status` `COMPLETED`. \
          Amounts are in the smallest unit. Subscriptions name the customer by id only.",
    verified: "`x-square-hmacsha256-signature` holds the base64 HMAC-SHA256 of URL and body. The older SHA-1 header is not looked at.",
    retries: "With growing gaps, from one minute to eight hours, for up to 24 hours.",
    lost_after: "24 hours",
    id: &[&["$.body.event_id"]],
    kind: &["$.body.type"],
    live: Live::At("$.headers['square-environment']"),
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "payment.updated",
        include_str!("samples/square-payment.updated.json"),
    )
    .with(&[("square-environment", "Production")])],
    scheme: |around| {
        if around.url.is_empty() {
            return Err(Lack {
                key: "url",
                message: "Square signs the notification URL, and it is not known here".into(),
                help: "write `url: https://HOST/hooks/SOURCE` as it is registered at Square, or set `public_url` in kartwheel.yaml",
            });
        }
        Ok(Box::new(Hmac {
            encoding: Encoding::Base64,
            header: "x-square-hmacsha256-signature".into(),
            signed: vec![Piece::Url, Piece::Body],
            url: around.url.clone(),
            ..Hmac::default()
        }))
    },
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    Row {
        events: "customer.*",
        email: &["$.body.data.object.customer.email_address"],
        first_name: &["$.body.data.object.customer.given_name"],
        last_name: &["$.body.data.object.customer.family_name"],
        phone: &["$.body.data.object.customer.phone_number"],
        ids: &[("customer", &["$.body.data.object.customer.id"])],
        ..Row::NONE
    },
    Row {
        events: "invoice.*",
        email: &["$.body.data.object.invoice.primary_recipient.email_address"],
        first_name: &["$.body.data.object.invoice.primary_recipient.given_name"],
        last_name: &["$.body.data.object.invoice.primary_recipient.family_name"],
        phone: &["$.body.data.object.invoice.primary_recipient.phone_number"],
        ids: &[(
            "customer",
            &["$.body.data.object.invoice.primary_recipient.customer_id"],
        )],
        ..Row::NONE
    },
    Row {
        email: &["$.body.data.object.payment.buyer_email_address"],
        ids: &[(
            "customer",
            &[
                "$.body.data.object.payment.customer_id",
                "$.body.data.object.subscription.customer_id",
            ],
        )],
        ..Row::NONE
    },
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{JSON, event, event_with, received_by, refusal, set_up, source};
    use crate::trigger::Received;

    #[test]
    fn the_url_is_the_registered_one_and_one_there_must_be() {
        let with = |entry: &str, public_url| set_up(entry, public_url);
        let body = "{\"event_id\":\"e\",\"type\":\"payment.updated\"}";
        let public = with("preset: square", Some("https://hooks.example.com/")).expect("public");
        let same = with(
            "preset: square\nurl: https://hooks.example.com/hooks/shop",
            None,
        );
        let same = same.expect("as registered");
        assert!(matches!(
            received_by(&public, &same, body),
            Received::Events(_)
        ));
        let other = with(
            "preset: square\nurl: https://hooks.example.com/hooks/shop/",
            Some("https://hooks.example.com"),
        );
        let other = other.expect("another");
        assert_eq!(
            refusal(&received_by(&public, &other, body)),
            (401, "signature")
        );
        let lacks = with("preset: square", None).expect_err("no URL");
        let [lack] = lacks.as_slice() else {
            panic!("{lacks:?}");
        };
        assert_eq!(lack.code, "K0707");
        assert!(
            lack.help
                .as_deref()
                .is_some_and(|help| help.contains("public_url"))
        );
    }

    #[test]
    fn events_say_who_they_are_about_and_from_which_side_they_come() {
        let source = source("square");
        let sample = &source.samples()[0];
        let payment = event_with(&source, JSON, sample.headers, sample.body);
        assert_eq!(payment.sender_id, "6a8f5f28-0000-4000-8000-3111513fd4fc");
        assert_eq!(payment.live, Some(true));
        assert_eq!(
            payment.person.email.as_deref(),
            Some("ada.lovelace@example.com")
        );
        let sandbox = [("square-environment", "Sandbox")];
        assert_eq!(
            event_with(&source, JSON, &sandbox, sample.body).live,
            Some(false)
        );
        assert_eq!(event(&source, sample.body).live, None);

        let about = |kind: &str, object: Value| {
            let body = json!({"type": kind, "event_id": "e", "data": {"object": object}});
            event(&source, &body.to_string()).person
        };
        let ada = json!({"id": "C1", "customer_id": "C1", "email_address": "ada@example.com", "given_name": "Ada"});
        for (kind, object) in [
            ("customer.updated", json!({"customer": ada})),
            (
                "invoice.payment_made",
                json!({"invoice": {"primary_recipient": ada}}),
            ),
        ] {
            let person = about(kind, object);
            assert_eq!(person.email.as_deref(), Some("ada@example.com"), "{kind}");
            assert_eq!(person.first_name.as_deref(), Some("Ada"), "{kind}");
            assert_eq!(
                Value::Object(person.ids),
                json!({"customer": "C1"}),
                "{kind}"
            );
        }
        let subscribed = about(
            "subscription.updated",
            json!({"subscription": {"customer_id": "C1"}}),
        );
        assert_eq!(subscribed.email, None);
        assert_eq!(Value::Object(subscribed.ids), json!({"customer": "C1"}));
    }
}
