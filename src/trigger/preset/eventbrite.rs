//! Eventbrite: orders and attendees of events.

use serde_json::Value;

use super::{Answer, Keys, People, Preset, Row, Sample, Unfolded};
use crate::trigger::signature::{Refusal, reason};

/// Where everything lies that Eventbrite points to.
const API: &str = "https://www.eventbriteapi.com/v3/";

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "eventbrite",
    title: "Eventbrite",
    doc: "An event only points to an order or attendee, by `$.body.api_url`: it names neither a person nor an address, so actions for \
          a contact cannot be planned from it alone. Eventbrite signs nothing: give the webhook's URL as \
          `https://HOST/hooks/SOURCE?secret=SECRET`, or `/hooks/SOURCE/SECRET`. A delivery that points anywhere but to Eventbrite's \
          own API is refused. The test delivery is answered.",
    verified: "The secret stands in the URL.",
    retries: "When the answer is not 2xx; the schedule is not documented.",
    handshakes: "the action `test`",
    thin: true,
    id: &[&["$.headers['x-eventbrite-delivery']"]],
    kind: &["$.body.config.action", "$.headers['x-eventbrite-event']"],
    people: People::Rows(&[Row::NONE]),
    samples: &[Sample::json(
        "order.placed",
        include_str!("samples/eventbrite-order.placed.json"),
    )
    .with(&[
        ("x-eventbrite-event", "order.placed"),
        ("x-eventbrite-delivery", "1234567"),
    ])],
    // The URL holds the secret.
    secret_fields: &[&["config", "endpoint_url"]],
    unfold: Some(unfold),
    answer: Some(test),
    ..Preset::NEW
};

/// Whether it is the delivery by which people try a new webhook.
fn is_test(body: &Value) -> bool {
    body.pointer("/config/action").and_then(Value::as_str) == Some("test")
}

/// Refuses what would lead whoever follows it to another host.
fn unfold(body: Value) -> Result<Unfolded, Refusal> {
    let url = body.get("api_url").and_then(Value::as_str);
    let is_theirs = url.is_some_and(|url| url.starts_with(API));
    if is_theirs || is_test(&body) {
        return Ok(Unfolded::AsIs(body));
    }
    let detail = format!("`api_url` does not begin with {API}: no event of Eventbrite's");
    Err(Refusal::unusable(reason::BODY, detail))
}

fn test(delivery: &Value, _: &Keys<'_>) -> Option<Answer> {
    is_test(delivery.get("body")?).then(|| Answer::text("test", ""))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        JSON, event_with, handshake, received, received_with, refusal, source,
    };

    #[test]
    fn an_order_is_known_by_its_delivery_and_names_nobody() {
        let source = source("eventbrite");
        let sample = source.samples()[0];
        let event = event_with(&source, JSON, sample.headers, sample.body);
        assert_eq!(
            (&*event.kind, &*event.sender_id),
            ("order.placed", "1234567")
        );
        let config = &event.tree["body"]["config"];
        assert_eq!(config["webhook_id"], "147601");
        assert_eq!(config.get("endpoint_url"), None);
        assert!(source.lacks_address("order.placed"));
    }

    #[test]
    fn a_pointer_to_another_host_is_refused_and_a_test_is_answered() {
        let source = source("eventbrite");
        let sample = source.samples()[0];
        for url in [
            "http://www.eventbriteapi.com/v3/",
            "https://www.eventbriteapi.com.example.com/v3/",
            "https://www.eventbriteapi.com@example.com/v3/",
            "https://example.com/?https://www.eventbriteapi.com/v3/",
        ] {
            let body = sample
                .body
                .replace("https://www.eventbriteapi.com/v3/", url);
            let received = received_with(&source, JSON, sample.headers, &body);
            assert_eq!(refusal(&received), (400, "body"), "{url}");
        }
        let test =
            r#"{"config":{"action":"test"},"api_url":"{api-endpoint-to-fetch-object-details}"}"#;
        assert_eq!(handshake(&received(&source, JSON, test)), (200, "test"));
        assert_eq!(refusal(&received(&source, JSON, "{}")), (400, "body"));
    }
}
