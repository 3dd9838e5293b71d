//! Mailchimp: subscribers of an audience.

use super::{People, Preset, Row, Sample};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "mailchimp",
    title: "Mailchimp",
    doc: "For audiences; what Mailchimp Transactional sends is the preset `mandrill`. Mailchimp signs nothing: write \
          `https://HOST/hooks/SOURCE?secret=SECRET` as the callback URL, or `/hooks/SOURCE/SECRET`. The question it asks on saving \
          is answered. `subscribe` and `profile` often come together. `upemail` is a changed address: the new one is the person's, \
          the old one stands at `$.body.data.old_email`.",
    verified: "The secret stands in the URL.",
    retries: "With growing gaps for about an hour. It waits about ten seconds for the answer.",
    id: &[
        &[
            "$.body.type",
            "$.body.fired_at",
            "$.body.data.list_id",
            "$.body.data.id",
        ],
        &[
            "$.body.type",
            "$.body.fired_at",
            "$.body.data.list_id",
            "$.body.data.new_id",
        ],
        &[
            "$.body.type",
            "$.body.fired_at",
            "$.body.data.list_id",
            "$.body.data.email",
        ],
    ],
    kind: &["$.body.type"],
    people: People::Rows(PEOPLE),
    events: &[
        "campaign",
        "cleaned",
        "profile",
        "subscribe",
        "unsubscribe",
        "upemail",
    ],
    samples: &[
        Sample::form(
            "subscribe",
            include_str!("samples/mailchimp-subscribe.form"),
        ),
        Sample::form(
            "unsubscribe",
            include_str!("samples/mailchimp-unsubscribe.form"),
        ),
    ],
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    // A campaign's id is nobody's.
    Row {
        events: "campaign",
        ..Row::NONE
    },
    Row {
        events: "upemail",
        email: &["$.body.data.new_email"],
        ids: &[("subscriber", &["$.body.data.new_id"])],
        ..Row::NONE
    },
    Row {
        email: &["$.body.data.email", "$.body.data.merges.EMAIL"],
        first_name: &["$.body.data.merges.FNAME"],
        last_name: &["$.body.data.merges.LNAME"],
        phone: &["$.body.data.merges.PHONE"],
        ids: &[("subscriber", &["$.body.data.id"])],
        ..Row::NONE
    },
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{FORM, event_of, handshake, refusal, source, unsigned};
    use crate::event::Person;

    #[test]
    fn a_subscriber_is_named_and_the_event_is_known_by_time_and_subscriber() {
        let source = source("mailchimp");
        let event = event_of(&source, FORM, source.samples()[0].body);
        assert_eq!(event.kind, "subscribe");
        assert_eq!(
            event.sender_id,
            "subscribe/2026-11-01 08:00:00/a6b5da1054/8a25ff1d98"
        );
        let person = event.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(person.ids.get("subscriber"), Some(&json!("8a25ff1d98")));
    }

    #[test]
    fn a_changed_address_is_the_new_one_and_a_campaign_is_nobody() {
        let source = source("mailchimp");
        let head = "fired_at=2026-11-01+08%3A00%3A00&data%5Blist_id%5D=a6b5da1054";
        let changed = event_of(
            &source,
            FORM,
            &format!(
                "type=upemail&{head}&data%5Bnew_id%5D=51da8c3259&data%5Bnew_email%5D=ada%40example.com&data%5Bold_email%5D=old%40example.com"
            ),
        );
        assert_eq!(changed.person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(
            changed.sender_id,
            "upemail/2026-11-01 08:00:00/a6b5da1054/51da8c3259"
        );
        let cleaned =
            format!("type=cleaned&{head}&data%5Breason%5D=hard&data%5Bemail%5D=ada%40example.com");
        let cleaned = event_of(&source, FORM, &cleaned);
        assert_eq!(
            cleaned.sender_id,
            "cleaned/2026-11-01 08:00:00/a6b5da1054/ada@example.com"
        );
        let sent = format!("type=campaign&{head}&data%5Bid%5D=5aa2102003&data%5Bstatus%5D=sent");
        assert_eq!(event_of(&source, FORM, &sent).person, Person::default());
    }

    #[test]
    fn the_question_on_saving_is_answered_without_a_secret() {
        let source = source("mailchimp");
        for method in ["GET", "HEAD"] {
            assert_eq!(handshake(&unsigned(&source, method, &[], "")).0, 200);
        }
        let posted = unsigned(&source, "POST", &[("content-type", FORM)], "type=subscribe");
        assert_eq!(refusal(&posted), (401, "missing"));
    }
}
