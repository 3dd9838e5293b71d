//! Calendly: meetings that people book.

use super::{People, Preset, Row, Sample};
use crate::trigger::signature::hmac::timed_list;

/// How far the time of signing may lie from ours, in seconds: what Calendly's own example allows.
const TOLERANCE_S: i64 = 180;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "calendly",
    title: "Calendly",
    doc: "The secret is the subscription's signing key. Subscriptions are made with Calendly's API only; after a day of failures \
          Calendly disables one, and it must be made anew. To move a meeting is two events: `invitee.canceled` of the old one with \
          `$.body.payload.rescheduled` true, and `invitee.created` with `$.body.payload.old_invitee`. A rule that takes something \
          away when a meeting is off must ask that `$.body.payload.rescheduled` is not true.",
    verified: "`Calendly-Webhook-Signature` holds a time and the HMAC-SHA256 of time and body.",
    retries: "With growing gaps for 24 hours, or until 24 hours after the meeting; then it disables the subscription. It waits 15 seconds for the answer.",
    lost_after: "24 hours",
    // The same invitee may be marked as absent more than once: each mark has a name of its own.
    id: &[
        &["$.body.payload.no_show.uri", "$.body.event"],
        &["$.body.payload.uri", "$.body.event"],
    ],
    kind: &["$.body.event"],
    people: People::Rows(PEOPLE),
    events: &[
        "invitee.canceled",
        "invitee.created",
        "invitee_no_show.created",
        "invitee_no_show.deleted",
        "routing_form_submission.created",
    ],
    samples: &[
        Sample::json(
            "invitee.canceled",
            include_str!("samples/calendly-invitee.canceled.json"),
        ),
        Sample::json(
            "invitee.created",
            include_str!("samples/calendly-invitee.created.json"),
        ),
    ],
    scheme: |around| {
        Ok(Box::new(timed_list(
            "calendly-webhook-signature",
            around,
            TOLERANCE_S,
        )))
    },
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    // Its answers stand under questions of the form's own.
    Row {
        events: "routing_form_submission.*",
        ..Row::NONE
    },
    Row {
        email: &["$.body.payload.email"],
        first_name: &["$.body.payload.first_name"],
        last_name: &["$.body.payload.last_name"],
        name: &["$.body.payload.name"],
        ..Row::NONE
    },
];

#[cfg(test)]
mod tests {
    use super::super::tests::{event, received_later, refusal, source};
    use crate::trigger::Received;

    #[test]
    fn a_meeting_that_is_moved_is_two_events_of_one_person() {
        let source = source("calendly");
        let [canceled, created] = [0, 1].map(|at| event(&source, source.samples()[at].body));
        assert_eq!(
            created.sender_id,
            "https://api.calendly.com/scheduled_events/FAKEEVT0001/invitees/FAKEINV0001/invitee.created"
        );
        assert_ne!(canceled.sender_id, created.sender_id);
        assert_eq!(canceled.tree["body"]["payload"]["rescheduled"], true);
        for person in [canceled.person, created.person] {
            assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
            assert_eq!(person.first_name.as_deref(), Some("Ada"));
            assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        }
        assert!(source.lacks_address("routing_form_submission.created"));
        assert!(!source.lacks_address("invitee.canceled"));
    }

    #[test]
    fn an_invitee_who_is_marked_absent_twice_is_two_events() {
        let source = source("calendly");
        let marked = |mark: &str| {
            let body = source.samples()[1]
                .body
                .replace("invitee.created", "invitee_no_show.created")
                .replace("\"no_show\":null", &format!("\"no_show\":{mark}"));
            event(&source, &body).sender_id
        };
        assert_ne!(marked(r#"{"uri":"one"}"#), marked(r#"{"uri":"two"}"#));
        assert_eq!(marked(r#"{"uri":"one"}"#), "one/invitee_no_show.created");
    }

    #[test]
    fn three_minutes_are_allowed_on_the_way() {
        let source = source("calendly");
        let body = source.samples()[1].body;
        let taken = received_later(&source, 180, body);
        assert!(matches!(taken, Received::Events(_)), "{taken:?}");
        assert_eq!(refusal(&received_later(&source, 181, body)), (401, "stale"));
    }
}
