//! Kit (once ConvertKit): what happens to subscribers, up to a hundred events in a delivery.

use serde_json::Value;

use super::{People, Preset, Row, Sample, Unfolded};
use crate::trigger::signature::hmac::timed_list;
use crate::trigger::signature::{Refusal, reason};

/// How far the time of a signature may lie from ours, to either side, in seconds.
const TOLERANCE_S: i64 = 300;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "kit",
    title: "Kit",
    doc: "For Kit's webhook endpoints (version 2 of its webhooks); for the older ones, which sign nothing, there is `kit-legacy`. The \
          secret is the endpoint's. One delivery holds up to a hundred events of one type: each is an event of its own here, with \
          its subscriber at `$.body.data.subscriber`. After an answer 410 Kit stops.",
    verified: "`X-Kit-Signature` holds a time and one or more HMAC-SHA256 signatures over time and body.",
    retries: "Seven times: after 30 seconds, 2 and 15 minutes, 1, 4, 12 and 24 hours, the whole batch each time.",
    lost_after: "41 hours",
    id: &[&["$.body.id"]],
    kind: &["$.body.type"],
    people: People::Rows(PEOPLE),
    samples: &[
        Sample::json(
            "subscriber.activated",
            include_str!("samples/kit-subscriber.activated.json"),
        ),
        Sample::json(
            "subscriber.tag_added",
            include_str!("samples/kit-subscriber.tag_added.json"),
        ),
    ],
    scheme: |around| Ok(Box::new(timed_list("x-kit-signature", around, TOLERANCE_S))),
    unfold: Some(unfold),
    ..Preset::NEW
};

/// Kit knows a first name only; a last name is a field that its users make, by custom of this name.
static PEOPLE: &[Row] = &[Row {
    email: &["$.body.data.subscriber.email_address"],
    first_name: &["$.body.data.subscriber.first_name"],
    last_name: &["$.body.data.subscriber.fields.last_name"],
    ids: &[("subscriber", &["$.body.data.subscriber.id"])],
    ..Row::NONE
}];

/// Every event of the batch. All or none: one that is no event spoils the batch.
fn unfold(mut body: Value) -> Result<Unfolded, Refusal> {
    match body.get_mut("events").map(Value::take) {
        Some(Value::Array(events)) if events.iter().all(Value::is_object) => {
            Ok(Unfolded::Anew(events))
        }
        _ => {
            let detail =
                "a body without a list of `events`: no delivery of Kit's webhook endpoints";
            Err(Refusal::unusable(reason::BODY, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::tests::{JSON, handshake, received_with, refusal, source};
    use crate::event::Event;
    use crate::trigger::{Received, Source, read_body};

    fn events(source: &Source, body: &str) -> Vec<Event> {
        let delivery = [("x-kit-delivery", "123456")];
        match received_with(source, JSON, &delivery, body) {
            Received::Events(events) => events,
            other => panic!("no events: {other:?}"),
        }
    }

    #[test]
    fn every_event_of_a_batch_has_its_own_id_person_and_body() {
        let source = source("kit");
        let found = events(&source, source.samples()[1].body);
        let told: Vec<_> = found
            .iter()
            .map(|event| {
                let person = &event.person;
                (
                    &*event.sender_id,
                    &*event.kind,
                    person.email.as_deref().unwrap_or_default(),
                    person.ids.get("subscriber").cloned(),
                )
            })
            .collect();
        let kind = "subscriber.tag_added";
        assert_eq!(
            told,
            [
                (
                    "9c2e1f3a-6b7d-4e8f-a1b2-c3d4e5f60718",
                    kind,
                    "ada.lovelace@example.com",
                    Some(json!("987654"))
                ),
                (
                    "9c2e1f3a-6b7d-4e8f-a1b2-c3d4e5f60719",
                    kind,
                    "charles.babbage@example.com",
                    Some(json!("987655"))
                ),
            ]
        );
        for event in &found {
            assert_eq!(event.tree["body"]["data"]["tag"]["name"], "gold");
            assert_eq!(event.tree["headers"]["x-kit-delivery"], "123456");
            let kept = read_body(event.format, &event.raw);
            assert_eq!(kept.as_ref(), Ok(&event.tree["body"]));
        }
    }

    #[test]
    fn a_batch_of_a_hundred_is_a_hundred_events_and_the_same_hundred_when_it_comes_again() {
        let source = source("kit");
        let batch: Vec<_> = (0..100)
            .map(|number| {
                json!({"id": format!("event-{number}"), "type": "subscriber.tag_added", "data": {
                    "subscriber": {"id": number, "email_address": format!("reader{number}@example.com")},
                }})
            })
            .collect();
        let body = json!({"delivery_id": 1, "events": batch}).to_string();
        let ids = |events: Vec<Event>| -> Vec<String> {
            events.into_iter().map(|event| event.sender_id).collect()
        };
        let first = ids(events(&source, &body));
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 100);
        assert_eq!((&*first[0], &*first[99]), ("event-0", "event-99"));
        assert_eq!(ids(events(&source, &body)), first);
        let last = events(&source, &body).pop().expect("the last");
        assert_eq!(last.person.email.as_deref(), Some("reader99@example.com"));
    }

    #[test]
    fn a_batch_is_taken_whole_or_not_at_all() {
        let source = source("kit");
        let sent = |body: &str| received_with(&source, JSON, &[], body);
        for body in [
            "{}",
            "{\"events\":{}}",
            "{\"events\":[{\"id\":\"1\"},2]}",
            "[]",
            "7",
        ] {
            assert_eq!(refusal(&sent(body)), (400, "body"), "{body}");
        }
        assert_eq!(handshake(&sent("{\"events\":[]}")).0, 200);
    }
}
