//! WooCommerce: orders, customers and products of a shop.

use serde_json::Value;

use super::{Answer, Keys, People, Preset, Sample};
use crate::event::Person;
use crate::trigger::delivery::Request;
use crate::trigger::signature::hmac::{Encoding, Hmac, Key};
use crate::trigger::signature::scalar;

/// Equal bodies within this time are repeats. What has no date of change (a deletion is only a number) would look like the
/// next deletion of that number, and WooCommerce never sends again by itself: the time is short.
const DEDUPE_S: i64 = 60;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "woocommerce",
    title: "WooCommerce",
    doc: "The secret is the one that is shown at the webhook. The type is the topic, such as `order.updated`. `order.created` often \
          comes before the payment: act on `order.updated` with `$.body.status` `processing` or `completed`, which may come more \
          than once. WooCommerce never sends again, and switches the webhook off after more than five failures in a row. \
          The ping of a new webhook is answered.",
    verified: "`X-WC-Webhook-Signature` holds the base64 HMAC-SHA256 of the body.",
    retries: "None; after more than five failures in a row it disables the webhook.",
    lost_after: "one request",
    handshakes: "its unsigned ping",
    // Not the delivery id: two events of one second share it.
    id: &[&[
        "$.headers['x-wc-webhook-topic']",
        "$.body.id",
        "$.body.date_modified",
    ]],
    kind: &["$.headers['x-wc-webhook-topic']"],
    people: People::Finder(person),
    samples: &[Sample::json(
        "order.updated",
        include_str!("samples/woocommerce-order.updated.json"),
    )
    .with(&[
        ("x-wc-webhook-source", "https://shop.example.com/"),
        ("x-wc-webhook-topic", "order.updated"),
        ("x-wc-webhook-resource", "order"),
        ("x-wc-webhook-event", "updated"),
        ("x-wc-webhook-id", "12"),
        (
            "x-wc-webhook-delivery-id",
            "c1d9a1e9c4d6d6a0c2f2a1c8e8f7b6a5",
        ),
    ])],
    dedupe_s: Some(DEDUPE_S),
    scheme: |_| {
        Ok(Box::new(Hmac {
            encoding: Encoding::Base64,
            header: "x-wc-webhook-signature".into(),
            key: Key::HtmlText,
            ..Hmac::default()
        }))
    },
    greet: Some(ping),
    ..Preset::NEW
};

/// Who ordered or, in an event of a customer, who that is. A guest's order names the customer 0: that is nobody's id.
fn person(body: &Value) -> Person {
    let text = |value: Option<&Value>| value.and_then(scalar).map(std::borrow::Cow::into_owned);
    let billing = body.get("billing");
    let either = |name: &str| {
        text(body.get(name))
            .filter(|text| !text.trim().is_empty())
            .or_else(|| text(billing?.get(name)))
    };
    let mut person = Person::default();
    if billing.is_none() {
        return person;
    }
    person.email = either("email");
    person.first_name = either("first_name");
    person.last_name = either("last_name");
    person.phone = either("phone");
    let is_customer = body.get("email").is_some();
    let id = text(body.get(if is_customer { "id" } else { "customer_id" }));
    if let Some(id) = id.filter(|id| id != "0") {
        person.ids.insert("customer".into(), id.into());
    }
    person
}

/// The unsigned delivery by which WooCommerce tries a new webhook: its number and nothing else.
fn ping(request: &Request<'_>, _: &Keys<'_>) -> Option<Answer> {
    let number = request.body.strip_prefix(b"webhook_id=")?;
    let is_ping =
        request.method == "POST" && !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    is_ping.then(|| Answer::text("ping", ""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{
        FORM, JSON, SECRET, event_with, handshake, received_with, refusal, source, unsigned,
    };
    use super::*;

    fn topic(topic: &str) -> [(&str, &str); 2] {
        [
            ("x-wc-webhook-topic", topic),
            ("x-wc-webhook-delivery-id", "c1d9a1e9"),
        ]
    }

    #[test]
    fn an_event_is_known_by_topic_number_and_change_and_never_by_its_delivery() {
        let source = source("woocommerce");
        let sample = &source.samples()[0];
        let event = event_with(&source, JSON, sample.headers, sample.body);
        assert_eq!(event.sender_id, "order.updated/727/2026-11-01T08:05:00");
        let id = |name: &str, from: &str, to: &str| {
            event_with(&source, JSON, &topic(name), &sample.body.replace(from, to)).sender_id
        };
        assert_eq!(id("order.updated", "", ""), event.sender_id);
        assert_ne!(id("order.created", "", ""), event.sender_id);
        assert_ne!(
            id("order.updated", "\"id\":727", "\"id\":728"),
            event.sender_id
        );
        assert_ne!(id("order.updated", "08:05:00", "08:05:01"), event.sender_id);
        let deleted = event_with(&source, JSON, &topic("order.deleted"), "{\"id\":727}");
        assert_eq!(deleted.kind, "order.deleted");
        assert!(deleted.sender_id.starts_with("sha256:"));
    }

    #[test]
    fn orders_and_customers_say_who_it_is_and_a_guest_has_no_id() {
        let source = source("woocommerce");
        let sample = &source.samples()[0];
        let order = event_with(&source, JSON, sample.headers, sample.body).person;
        assert_eq!(order.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(order.first_name.as_deref(), Some("Ada"));
        assert_eq!(order.phone.as_deref(), Some("+442079460000"));
        assert_eq!(Value::Object(order.ids), json!({"customer": "26"}));

        let billing = json!({"email": "billing@example.com", "last_name": "Lovelace", "phone": ""});
        let guest = person(&json!({"id": 9, "customer_id": 0, "billing": billing}));
        assert_eq!(guest.email.as_deref(), Some("billing@example.com"));
        assert_eq!(Value::Object(guest.ids), json!({}));

        let customer = person(
            &json!({"id": 26, "email": "ada@example.com", "first_name": "Ada", "last_name": "", "billing": billing}),
        );
        assert_eq!(customer.email.as_deref(), Some("ada@example.com"));
        assert_eq!(customer.first_name.as_deref(), Some("Ada"));
        assert_eq!(customer.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(Value::Object(customer.ids), json!({"customer": "26"}));

        let product = person(&json!({"id": 93, "name": "Signature Course"}));
        assert_eq!(product, Person::default());
    }

    #[test]
    fn the_ping_is_answered_with_200_and_only_the_ping() {
        let source = source("woocommerce");
        let form = [("content-type", FORM)];
        let ping = unsigned(&source, "POST", &form, "webhook_id=12");
        assert_eq!(handshake(&ping), (200, "ping"));
        for body in [
            "webhook_id=",
            "webhook_id=12&id=727",
            "webhook_id=1a",
            "webhook_id=12\n",
            "id=12",
            "",
        ] {
            let received = unsigned(&source, "POST", &form, body);
            assert_eq!(refusal(&received), (401, "missing"), "{body:?}");
        }
    }

    #[test]
    fn a_secret_is_taken_as_the_shop_shows_it_or_as_it_stores_it() {
        let scheme = (PRESET.scheme)(&crate::trigger::settings::Around::default());
        let scheme = scheme.expect("it needs nothing");
        let now = jiff::Timestamp::UNIX_EPOCH;
        let signed = |secret: &str| scheme.sign(&secret.into(), b"{}", now);
        assert_eq!(signed("a&amp;b&#039;"), signed("a&b'"));
        assert_ne!(signed("a&amp;b&#039;"), signed("a&b"));
    }

    #[test]
    fn the_secret_is_not_part_of_what_is_kept() {
        let source = source("woocommerce");
        let sample = &source.samples()[0];
        let received = received_with(&source, JSON, sample.headers, sample.body);
        let shown = format!("{received:?}");
        assert!(!shown.contains(SECRET) && !shown.contains("webhook-signature"));
    }
}
