//! Jotform: submissions of forms.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{People, Preset, Sample, Unfolded};
use crate::event::Person;
use crate::trigger::json;
use crate::trigger::question::{Asks, Told};
use crate::trigger::signature::{Refusal, reason};

/// How much of a submission's hash tells it from the same one edited.
const REVISION_BYTES: usize = 8;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "jotform",
    title: "Jotform",
    doc: "Jotform signs nothing: give the webhook's URL as `https://HOST/hooks/SOURCE?secret=SECRET`, or `/hooks/SOURCE/SECRET`. \
          The answers are read out of `rawRequest`. Its keys, such as `q4_email`, hold a number that changes when the form is made \
          anew, so they stand under `answers` without it: `$.body.answers.email`. A submission that is edited comes again under its \
          old id and is an event of its own; what differs is `$.body.revision`. Uploaded files are only named. The person is found \
          by the names of the questions.",
    verified: "The secret stands in the URL.",
    retries: "Not documented.",
    id: &[&["$.body.submissionID", "$.body.revision"]],
    kind_of: Some(kind_of),
    people: People::Finder(person),
    events: &["submission"],
    samples: &[Sample {
        content_type: "multipart/form-data; boundary=------------------------d74496d66958873e",
        ..Sample::json(
            "submission",
            include_str!("samples/jotform-submission.multipart"),
        )
    }],
    // The URL holds the secret.
    secret_fields: &[&["webhookURL"]],
    unfold: Some(unfold),
    ..Preset::NEW
};

/// Jotform sends nothing but submissions.
fn kind_of(delivery: &Value) -> Option<String> {
    let id = delivery.get("body")?.get("submissionID")?;
    id.is_string().then(|| "submission".into())
}

/// Reads the answers, puts them under names that stay, and marks the state that they are in.
fn unfold(mut body: Value) -> Result<Unfolded, Refusal> {
    let unusable = |detail: &str| Refusal::unusable(reason::BODY, detail);
    let fields = body
        .as_object_mut()
        .filter(|fields| fields.contains_key("submissionID"))
        .ok_or_else(|| unusable("a body without `submissionID`: no submission of Jotform's"))?;
    let Some(Value::String(raw)) = fields.get("rawRequest") else {
        return Err(unusable(
            "a submission without `rawRequest`, where its answers stand",
        ));
    };
    let hash = Sha256::digest(raw);
    let request = json::parse(raw.as_bytes())
        .map_err(|_| unusable("a submission whose `rawRequest` is not JSON"))?;
    let mut answers = Map::new();
    for (key, answer) in questions(&request) {
        answers.entry(key).or_insert_with(|| answer.clone());
    }
    fields.insert("rawRequest".into(), request);
    fields.insert("answers".into(), answers.into());
    let revision = hex::encode(&hash[..REVISION_BYTES]);
    fields.insert("revision".into(), revision.into());
    Ok(Unfolded::Anew(vec![body]))
}

/// The answers by the names of their questions: `q4_email` is `email`.
fn questions(request: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let fields = request.as_object().into_iter().flatten();
    fields.filter_map(|(key, answer)| {
        let (number, name) = key.strip_prefix('q')?.split_once('_')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && !name.is_empty()).then_some((name, answer))
    })
}

/// Who submitted it.
fn person(body: &Value) -> Person {
    let mut told = Told::default();
    for (name, answer) in questions(body.get("rawRequest").unwrap_or(&Value::Null)) {
        let part = |part: &str| answer.get(part).and_then(Value::as_str);
        let asks = Asks::by_key(name);
        if asks == Asks::Whole {
            told.hear(Asks::First, part("first"));
            told.hear(Asks::Last, part("last"));
        }
        told.hear(asks, answer.as_str().or_else(|| part("full")));
    }
    told.person()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{FORM, SECRET, event_of, received, refusal, source};
    use super::*;

    #[test]
    fn a_submission_is_read_out_of_its_parts() {
        let source = source("jotform");
        let sample = source.samples()[0];
        let event = event_of(&source, sample.content_type, sample.body);
        let body = &event.tree["body"];
        assert_eq!(body["answers"]["email"], "ada.lovelace@example.com");
        assert_eq!(body["answers"]["interests"], json!(["Coaching", "Course"]));
        assert_eq!(body["rawRequest"]["q5_tier"], "Gold");
        assert_eq!(body["formID"], "203112345678901");
        assert_eq!(body.get("webhookURL"), None);
        let person = event.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
    }

    #[test]
    fn the_same_submission_is_one_event_and_an_edited_one_another() {
        let source = source("jotform");
        let sample = source.samples()[0];
        let id = |boundary: &str, tier: &str| {
            let body = sample.body.replace("d74496d66958873e", boundary);
            let kind = sample.content_type.replace("d74496d66958873e", boundary);
            event_of(&source, &kind, &body.replace("\"Gold\"", tier)).sender_id
        };
        let first = id("d74496d66958873e", "\"Gold\"");
        assert!(first.starts_with("6123456789012345678/"), "{first}");
        assert_eq!(id("0123456789abcdef", "\"Gold\""), first);
        assert_ne!(id("d74496d66958873e", "\"Silver\""), first);
    }

    #[test]
    fn the_url_with_the_secret_is_not_kept_and_no_submission_is_refused() {
        let source = source("jotform");
        let url =
            format!("webhookURL=https%3A%2F%2Fh.example.com%2Fhooks%2Fshop%3Fsecret%3D{SECRET}");
        let form = format!("submissionID=6&rawRequest=%7B%7D&{url}");
        let shown = format!("{:?}", event_of(&source, FORM, &form));
        assert!(!shown.contains(SECRET), "{shown}");
        for body in ["formID=1", "submissionID=6", "submissionID=6&rawRequest=x"] {
            assert_eq!(
                refusal(&received(&source, FORM, body)),
                (400, "body"),
                "{body}"
            );
        }
    }

    #[test]
    fn a_name_or_number_may_stand_in_one_answer_or_in_parts() {
        let person = person(&json!({"rawRequest": {
            "q1_friendsEmail": "friend@example.com",
            "q3_fullName3": "Ada Lovelace",
            "q12_emailAddress": "ada@example.com",
            "q5_phoneNumber": {"full": "(020) 7946-0000"},
            "quiz_email": "other@example.com",
        }}));
        assert_eq!(person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(person.phone.as_deref(), Some("(020) 7946-0000"));
    }
}
