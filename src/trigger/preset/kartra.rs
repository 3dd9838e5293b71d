//! Kartra's outbound API: what happens in the account, as JSON.

use super::{People, Preset, Row, Sample};

/// Equal bodies within this time are repeats. They hold neither an id nor a time, so the same tag given once more soon after
/// looks the same: the time is short.
const DEDUPE_S: i64 = 10 * 60;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "kartra",
    title: "Kartra",
    doc: "Kartra signs nothing: the URL under Integrations, My API, Outbound API is kept secret. Write \
          `https://HOST/hooks/SOURCE?secret=SECRET` there, or `/hooks/SOURCE/SECRET`. Kartra also reports what our own actions did; \
          such events start no rule unless it says `echo: true`. A purchase may come a second time by the preset `kartra-ipn`, with the same `transaction_id`.",
    verified: "The secret stands in the URL.",
    retries: "Not documented.",
    id: &[&["$.body.action", "$.body.action_details..transaction_id"]],
    kind: &["$.body.action"],
    people: People::Rows(PEOPLE),
    events: EVENTS,
    samples: SAMPLES,
    reports_account: true,
    provable: PROVABLE,
    dedupe_s: Some(DEDUPE_S),
    ..Preset::NEW
};

/// Every event carries the whole lead.
static PEOPLE: &[Row] = &[Row {
    email: &["$.body.lead.email"],
    first_name: &["$.body.lead.first_name"],
    last_name: &["$.body.lead.last_name"],
    phone: &["$.body.lead.phone"],
    ids: &[("lead", &["$.body.lead.id"])],
    ..Row::NONE
}];

/// A sample of this event.
macro_rules! sample {
    ($kind:literal) => {
        Sample::json(
            $kind,
            include_str!(concat!("samples/kartra-", $kind, ".json")),
        )
    };
}

static SAMPLES: &[Sample] = &[
    sample!("assign_tag"),
    sample!("buy_product"),
    sample!("calendar_subscribe"),
    sample!("cancel_subscription"),
    sample!("filled_form"),
    sample!("list_subscription"),
    sample!("list_unsubscription"),
    sample!("membership_granted"),
    sample!("membership_revoked"),
    sample!("partial_refund_product"),
    sample!("reaches_score"),
    sample!("refund_product"),
    sample!("sequence_completion"),
    sample!("sequence_subscription"),
    sample!("sequence_unsubscription"),
    sample!("unassign_tag"),
];

/// As the documentation lists them.
static EVENTS: &[&str] = &[
    "affiliate_signup",
    "assign_tag",
    "buy_product",
    "calendar_cancel",
    "calendar_complete",
    "calendar_subscribe",
    "cancel_subscription",
    "click_page_split_test_link",
    "filled_form",
    "jv_signup",
    "kartra_page_visit",
    "list_subscription",
    "list_unsubscription",
    "membership_granted",
    "membership_revoked",
    "partial_refund_product",
    "reaches_score",
    "refund_product",
    "sequence_completion",
    "sequence_subscription",
    "sequence_unsubscription",
    "survey_complete",
    "unassign_tag",
    "video_complete",
    "video_play",
];

/// What the lead or the transaction shows.
static PROVABLE: &[&str] = &[
    "assign_tag",
    "buy_product",
    "cancel_subscription",
    "list_subscription",
    "list_unsubscription",
    "membership_granted",
    "membership_revoked",
    "partial_refund_product",
    "refund_product",
    "sequence_subscription",
    "sequence_unsubscription",
    "unassign_tag",
];

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::super::tests::{FORM, JSON, SECRET, event, event_of, source};
    use crate::event::Person;
    use crate::trigger::{Arrival, Received, Request};

    #[test]
    fn kartra_says_who_it_is_about_and_reports_the_account() {
        for name in ["kartra", "kartra-ipn"] {
            let source = source(name);
            assert!(source.reports_account());
            for sample in source.samples() {
                let person = event_of(&source, sample.content_type, sample.body).person;
                assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
                assert_eq!(person.first_name.as_deref(), Some("Ada"));
                assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
                assert_eq!(person.phone.as_deref(), Some("2079460000"));
                assert_eq!(Value::Object(person.ids), json!({"lead": "4174086"}));
            }
        }
        assert!(!source("stripe").reports_account());
    }

    #[test]
    fn kartras_payments_have_an_id_and_its_other_events_are_repeats_for_a_short_while() {
        let (outbound, notified) = (source("kartra"), source("kartra-ipn"));
        let id = |details: Value| {
            let body =
                json!({"lead": {"id": 1}, "action": "buy_product", "action_details": details});
            event(&outbound, &body.to_string()).sender_id
        };
        let details = json!({"transaction_id": 738_474});
        assert_eq!(
            id(json!({"transaction_details": details})),
            "buy_product/738474"
        );
        assert_eq!(id(details), "buy_product/738474");
        assert!(id(json!({"tag": {"tag_id": "1"}})).starts_with("sha256:"));
        assert_eq!(outbound.dedupe.as_secs(), 600);
        let paid = event_of(&notified, FORM, "transaction_id=7&transaction_type=rebill");
        assert_eq!(paid.sender_id, "7/rebill");
    }

    #[test]
    fn a_notification_of_kartras_keeps_what_is_not_applicable_and_no_secret() {
        let form = "transaction_id=7&transaction_type=sale&transaction_jv=N%2FA&lead_id=0&lead_email=N%2FA&lead_first_name=Ada&lead_last_name=n%2Fa&lead_phone_number=";
        let event = event_of(&source("kartra-ipn"), FORM, form);
        assert_eq!(event.tree["body"]["transaction_jv"], "N/A");
        assert_eq!(event.tree["body"]["lead_email"], "N/A");
        let first_name = Some("Ada".to_owned());
        let person = Person {
            first_name,
            ..Default::default()
        };
        assert_eq!(event.person, person);
        assert_eq!(event.live, None);
        let kept = String::from_utf8_lossy(&event.raw);
        assert!(
            !kept.contains("secret_key") && !kept.contains(SECRET),
            "{kept}"
        );
        let unproven = source("kartra-ipn");
        let headers = vec![("content-type", FORM)];
        let request = Request {
            query: "secret=whsec_",
            ..Request::post(
                &headers,
                b"transaction_id=7&transaction_type=sale&secret_key=whsec_",
            )
        };
        let arrival = Arrival {
            now: Timestamp::UNIX_EPOCH,
            new_id: &Uuid::nil,
            env: &serde_json::Map::new(),
        };
        let Received::Refused(refusal) = unproven.receive(&request, arrival) else {
            panic!("a wrong key is taken");
        };
        assert_eq!((refusal.status, refusal.reason), (401, "secret"));
    }

    #[test]
    fn recorded_deliveries_of_kartra_are_read() {
        let (outbound, notified) = (source("kartra"), source("kartra-ipn"));
        for (source, content_type, body, kind, id) in [
            (
                &outbound,
                JSON,
                include_str!("../../../tests/data/payloads/kartra-assign_tag.json"),
                "assign_tag",
                "sha256:",
            ),
            (
                &outbound,
                JSON,
                include_str!("../../../tests/data/payloads/kartra-buy_product.json"),
                "buy_product",
                "buy_product/738474",
            ),
            (
                &outbound,
                JSON,
                include_str!("../../../tests/data/payloads/kartra-membership_granted.json"),
                "membership_granted",
                "sha256:",
            ),
            (
                &notified,
                FORM,
                include_str!("../../../tests/data/payloads/kartra-ipn-sale.form"),
                "sale",
                "738474/sale",
            ),
            (
                &notified,
                FORM,
                include_str!("../../../tests/data/payloads/kartra-ipn-refund.form"),
                "refund",
                "738999/refund",
            ),
        ] {
            // The recorded secret comes first; the one that the sender of this test adds is the last of its name, and counts.
            let event = event_of(source, content_type, body);
            assert_eq!(event.kind, kind);
            assert!(event.sender_id.starts_with(id), "{}", event.sender_id);
            assert_eq!(
                event.person.email.as_deref(),
                Some("ada.lovelace@example.com")
            );
            assert_eq!(event.tree["body"].get("secret_key"), None);
        }
    }
}
