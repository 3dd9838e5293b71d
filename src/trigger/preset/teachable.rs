//! Teachable: sales, enrolments and users of a school.

use serde_json::Value;

use super::{Live, People, Preset, Row, Sample, Unfolded};
use crate::trigger::signature::{Refusal, reason};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "teachable",
    title: "Teachable",
    doc: "Teachable documents no signature that could be relied on: write `https://HOST/hooks/SOURCE?secret=SECRET` as the webhook's \
          URL, or `/hooks/SOURCE/SECRET`. The payload may be sent as an object or as a list: both are understood. The type is a \
          thing and what happened to it, such as `Transaction.created` or `Enrollment.completed`. Amounts are in cents.",
    verified: "The secret stands in the URL.",
    retries: "Not documented; a webhook that keeps failing becomes inactive.",
    id: &[&["$.body.hook_event_id"], &["$.body.type", "$.body.id"]],
    kind: &["$.body.type"],
    live: Live::At("$.body.livemode"),
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "Transaction.created",
        include_str!("samples/teachable-Transaction.created.json"),
    )],
    unfold: Some(unfold),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    Row {
        events: "User.*",
        email: &["$.body.object.email"],
        name: &["$.body.object.name"],
        ids: &[("user", &["$.body.object.id"])],
        ..Row::NONE
    },
    Row {
        email: &["$.body.object.user.email"],
        name: &["$.body.object.user.name"],
        ids: &[("user", &["$.body.object.user.id"])],
        ..Row::NONE
    },
];

/// An object is an event; a list holds some, as a rule one.
fn unfold(body: Value) -> Result<Unfolded, Refusal> {
    match body {
        Value::Array(events) if events.iter().all(Value::is_object) => Ok(Unfolded::Anew(events)),
        Value::Object(_) => Ok(Unfolded::AsIs(body)),
        _ => {
            let detail =
                "a body that is neither an object nor a list of objects: no event of Teachable's";
            Err(Refusal::unusable(reason::BODY, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{JSON, event, received_with, refusal, source};

    #[test]
    fn an_object_and_a_list_of_one_are_the_same_event() {
        let source = source("teachable");
        let body = source.samples()[0].body;
        let plain = event(&source, body);
        assert_eq!(
            (&*plain.kind, plain.live),
            ("Transaction.created", Some(true))
        );
        assert_eq!(plain.sender_id, "44001");
        let person = &plain.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(person.ids.get("user"), Some(&json!("55501")));

        let listed = event(&source, &format!("[{body}]"));
        assert_eq!(listed.sender_id, plain.sender_id);
        assert_eq!(listed.kind, plain.kind);
        assert_eq!(listed.person, plain.person);
        assert_eq!(listed.tree["body"], plain.tree["body"]);
    }

    #[test]
    fn a_user_is_the_object_itself_and_test_mode_is_marked() {
        let body = json!({"type": "User.created", "id": 1, "livemode": false, "object": {"id": 55501, "email": "ada@example.com", "name": "Ada Lovelace"}});
        let made = event(&source("teachable"), &body.to_string());
        assert_eq!(made.person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(made.person.ids.get("user"), Some(&json!("55501")));
        assert_eq!(made.live, Some(false));
        assert_eq!(made.sender_id, "User.created/1");
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let source = source("teachable");
        for body in ["[1]", "\"x\"", "7", "[{},[]]"] {
            let received = received_with(&source, JSON, &[], body);
            assert_eq!(refusal(&received), (400, "body"), "{body}");
        }
    }
}
