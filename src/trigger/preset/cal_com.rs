//! Cal.com: meetings that people book.

use serde_json::Value;

use super::{Answer, Keys, People, Preset, Row, Sample};
use crate::trigger::signature::hmac::Hmac;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "cal-com",
    title: "Cal.com",
    doc: "Cal.com signs only when the webhook has a secret: set one. Leave the payload template as it is: with a template of your \
          own say `id`, `type` and `person` at the source. `MEETING_STARTED` and `MEETING_ENDED` have their fields in \
          `$.body` itself, all others in `$.body.payload`. The person is the first attendee, never the host. \
          Cal.com never tries again.",
    verified: "`X-Cal-Signature-256` holds the HMAC-SHA256 of the body.",
    retries: "None.",
    lost_after: "one request",
    handshakes: "the trigger `PING`",
    id: &[
        &[
            "$.body.payload.uid",
            "$.body.triggerEvent",
            "$.body.createdAt",
        ],
        &["$.body.uid", "$.body.triggerEvent", "$.body.createdAt"],
    ],
    kind: &["$.body.triggerEvent"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "BOOKING_CREATED",
        include_str!("samples/cal-com-BOOKING_CREATED.json"),
    )],
    scheme: |_| {
        Ok(Box::new(Hmac {
            header: "x-cal-signature-256".into(),
            ..Hmac::default()
        }))
    },
    answer: Some(ping),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &[
        "$.body.payload.attendees[0].email",
        "$.body.payload.responses.email.value",
        "$.body.attendees[0].email",
        "$.body.responses.email.value",
    ],
    name: &[
        "$.body.payload.attendees[0].name",
        "$.body.payload.responses.name.value",
        "$.body.attendees[0].name",
        "$.body.responses.name.value",
    ],
    ..Row::NONE
}];

/// The delivery by which people try a new webhook.
fn ping(delivery: &Value, _: &Keys<'_>) -> Option<Answer> {
    let trigger = delivery.get("body")?.get("triggerEvent")?.as_str()?;
    (trigger == "PING").then(|| Answer::text("ping", ""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{JSON, event, handshake, received, refusal, source, unsigned};

    #[test]
    fn a_booking_is_of_its_attendee_and_known_by_booking_trigger_and_time() {
        let source = source("cal-com");
        let seen = event(&source, source.samples()[0].body);
        assert_eq!(
            seen.sender_id,
            "bFJeNb2uX8ANpT3JL5EfXw/BOOKING_CREATED/2026-11-01T08:00:00.000Z"
        );
        let person = seen.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
    }

    #[test]
    fn a_meeting_that_begins_has_its_fields_at_the_root() {
        let source = source("cal-com");
        let started = event(
            &source,
            &json!({
                "triggerEvent": "MEETING_STARTED",
                "createdAt": "2026-11-05T15:00:00.000Z",
                "uid": "bFJeNb2uX8ANpT3JL5EfXw",
                "attendees": [{"email": "ada@example.com", "name": "Ada Lovelace"}],
            })
            .to_string(),
        );
        assert_eq!(started.kind, "MEETING_STARTED");
        assert_eq!(
            started.sender_id,
            "bFJeNb2uX8ANpT3JL5EfXw/MEETING_STARTED/2026-11-05T15:00:00.000Z"
        );
        assert_eq!(started.person.email.as_deref(), Some("ada@example.com"));
    }

    #[test]
    fn a_ping_is_answered_and_what_is_not_signed_is_refused() {
        let source = source("cal-com");
        let ping = received(&source, JSON, r#"{"triggerEvent":"PING"}"#);
        assert_eq!(handshake(&ping), (200, "ping"));
        let headers = [("x-cal-signature-256", "no-secret-provided")];
        let open = unsigned(&source, "POST", &headers, source.samples()[0].body);
        assert_eq!(refusal(&open), (401, "malformed"));
    }
}
