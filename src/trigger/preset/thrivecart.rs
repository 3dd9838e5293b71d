//! ThriveCart: orders, refunds and subscriptions of a cart, as forms (account webhooks) or JSON (event subscriptions).

use super::{Answer, Keys, Live, People, Preset, Row, Sample};
use crate::trigger::delivery::Request;
use crate::trigger::signature::field::Field;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "thrivecart",
    title: "ThriveCart",
    doc: "The secret is the account's secret word (Settings, API & Webhooks). Both kinds of webhooks are understood, and their types \
          have different names: account webhooks send forms with types such as `order.success`, `order.refund`, \
          `order.subscription_payment`, `order.subscription_cancelled` and `cart.abandoned`; event subscriptions send JSON with \
          types such as `order_payment_product` and `order_rebill`. One purchase with bumps or upsells may come as several events. \
          What is asked when the webhook is saved is answered.",
    verified: "The field `thrivecart_secret` of the body is the account's secret word. It is taken out before anything is stored.",
    retries: "There are some; how many and when is not published.",
    handshakes: "HEAD, and a POST without a body",
    id: &[&["$.body.webhook_id"]],
    kind: &["$.body.event"],
    live: Live::TestAt(&["$.body.mode_int"]),
    people: People::Rows(PEOPLE),
    samples: SAMPLES,
    scheme: |_| Ok(Box::new(Field::new(vec!["thrivecart_secret".into()]))),
    greet: Some(greet),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.customer.email"],
    first_name: &["$.body.customer.first_name"],
    last_name: &["$.body.customer.last_name"],
    name: &["$.body.customer.name"],
    ids: &[("customer", &["$.body.customer.id", "$.body.customer_id"])],
    ..Row::NONE
}];

static SAMPLES: &[Sample] = &[
    Sample::form(
        "order.refund",
        include_str!("samples/thrivecart-order.refund.form"),
    ),
    Sample::form(
        "order.subscription_cancelled",
        include_str!("samples/thrivecart-order.subscription_cancelled.form"),
    ),
    Sample::form(
        "order.success",
        include_str!("samples/thrivecart-order.success.form"),
    ),
    Sample::json(
        "order_payment_product",
        include_str!("samples/thrivecart-order_payment_product.json"),
    ),
];

/// The empty POST by which ThriveCart tries a URL when it is saved; the HEAD beside it is answered for everybody.
fn greet(request: &Request<'_>, _: &Keys<'_>) -> Option<Answer> {
    let is_empty = request.body.trim_ascii().is_empty();
    (request.method == "POST" && is_empty).then(|| Answer::text("validation", ""))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{FORM, JSON, event_of, handshake, refusal, source, unsigned};
    use super::*;

    #[test]
    fn forms_and_json_say_who_bought_and_keep_no_secret() {
        let source = source("thrivecart");
        for sample in SAMPLES {
            let event = event_of(&source, sample.content_type, sample.body);
            let person = &event.person;
            assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
            assert_eq!(person.first_name.as_deref(), Some("Ada"));
            assert_eq!(event.live, Some(true), "{}", sample.kind);
            assert_eq!(event.tree["body"].get("thrivecart_secret"), None);
            let raw = String::from_utf8_lossy(&event.raw);
            assert!(!raw.contains("thrivecart_secret"), "{raw}");
        }
        let bought = event_of(&source, FORM, SAMPLES[2].body);
        assert_eq!(bought.sender_id, "3f2b8c1e-0000-4000-8000-0000000000aa");
        assert_eq!(
            Value::Object(bought.person.ids),
            json!({"customer": "55501"})
        );
        assert_eq!(bought.person.last_name.as_deref(), Some("Lovelace"));
    }

    #[test]
    fn mode_int_tells_a_test_from_a_real_order() {
        let source = source("thrivecart");
        let form = SAMPLES[2].body.replace("mode_int=2", "mode_int=1");
        assert_eq!(event_of(&source, FORM, &form).live, Some(false));
        let json = SAMPLES[3].body.replace("\"mode_int\":2", "\"mode_int\":1");
        assert_eq!(event_of(&source, JSON, &json).live, Some(false));
    }

    #[test]
    fn what_is_asked_on_saving_is_answered_and_nothing_else_without_the_secret() {
        let source = source("thrivecart");
        let form = [("content-type", FORM)];
        for (method, body) in [("HEAD", ""), ("POST", ""), ("POST", "\r\n")] {
            let (status, _) = handshake(&unsigned(&source, method, &form, body));
            assert_eq!(status, 200, "{method} {body:?}");
        }
        assert_eq!(
            refusal(&unsigned(&source, "POST", &form, "event=order.success")),
            (401, "missing")
        );
        let guessed = "event=order.success&thrivecart_secret=guess";
        assert_eq!(
            refusal(&unsigned(&source, "POST", &form, guessed)),
            (401, "secret")
        );
        assert_eq!(
            refusal(&unsigned(&source, "PUT", &form, "")),
            (401, "missing")
        );
    }
}
