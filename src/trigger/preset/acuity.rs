//! Acuity Scheduling: appointments that people book.

use super::{People, Preset, Row, Sample};
use crate::trigger::signature::hmac::{Encoding, Hmac};

/// Equal bodies of what may happen to one appointment more than once are repeats within this time. A second change looks
/// exactly like the first: the time is short.
const DEDUPE_S: i64 = 60;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "acuity",
    title: "Acuity Scheduling",
    doc: "An event only points to an appointment, by `$.body.id`: it names neither a person nor an address, so actions for a contact \
          cannot be planned from it alone. The secret is the API key of the account's main administrator; a new key needs a new \
          secret here. `changed` comes in addition to each of the others.",
    verified: "`X-Acuity-Signature` holds the base64 HMAC-SHA256 of the body.",
    retries: "For 24 hours after answers of 500 and above; after five days of failures the webhook is disabled.",
    lost_after: "24 hours",
    thin: true,
    // These three happen once; to be moved or changed may happen again and again.
    id: &[
        &["$.body.id", "$.body[?@ == 'scheduled']"],
        &["$.body.id", "$.body[?@ == 'canceled']"],
        &["$.body.id", "$.body[?@ == 'order.completed']"],
    ],
    kind: &["$.body.action"],
    people: People::Rows(&[Row::NONE]),
    events: &[
        "canceled",
        "changed",
        "order.completed",
        "rescheduled",
        "scheduled",
    ],
    samples: &[Sample::form(
        "scheduled",
        include_str!("samples/acuity-scheduled.form"),
    )],
    dedupe_s: Some(DEDUPE_S),
    scheme: |_| {
        Ok(Box::new(Hmac {
            encoding: Encoding::Base64,
            header: "x-acuity-signature".into(),
            ..Hmac::default()
        }))
    },
    ..Preset::NEW
};

#[cfg(test)]
mod tests {
    use super::super::tests::{FORM, event_of, refusal, source, unsigned};

    #[test]
    fn what_happens_once_has_an_id_and_what_may_happen_again_has_none() {
        let source = source("acuity");
        let body = source.samples()[0].body;
        let of = |action: &str| event_of(&source, FORM, &body.replace("scheduled", action));
        let scheduled = of("scheduled");
        assert_eq!(scheduled.sender_id, "123456789/scheduled");
        assert_eq!(of("canceled").sender_id, "123456789/canceled");
        for action in ["rescheduled", "changed"] {
            let event = of(action);
            assert_eq!(event.kind, action);
            assert!(event.sender_id.starts_with("sha256:"), "{action}");
        }
    }

    #[test]
    fn it_is_known_to_name_nobody() {
        let source = source("acuity");
        assert!(source.lacks_address("scheduled"));
        let open = unsigned(&source, "POST", &[("content-type", FORM)], "action=changed");
        assert_eq!(refusal(&open), (401, "missing"));
    }
}
