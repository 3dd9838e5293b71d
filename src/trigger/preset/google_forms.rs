//! Google Forms: answers to forms, sent by a script of the form's own.

use serde_json::Value;

use super::{People, Preset, Sample};
use crate::event::Person;
use crate::trigger::either::Either;
use crate::trigger::question::{Asks, Told};
use crate::trigger::signature::bearer::Bearer;
use crate::trigger::signature::url_secret::UrlSecret;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "google-forms",
    title: "Google Forms",
    doc: "Google Forms has no webhooks: a script of the form's own sends each response. docs/google-forms.md has one; it sends \
          `formId`, `responseId`, `submittedAt`, `respondentEmail` and `answers` by the titles of their questions, each a list: \
          `$.body.answers['Tier'][0]`. The type is `form_response`, or what the script says as `event`. The person is the \
          respondent whom Google knows; else the questions for an e-mail, a name and a phone number are looked for by their titles.",
    verified: "The secret stands in the header `Authorization: Bearer SECRET`, or else in the URL.",
    retries: "Only those of the script.",
    lost_after: "what the script tries; the one in the docs gives up after about a minute",
    // An edited response keeps its id.
    id: &[
        &["$.body.responseId", "$.body.submittedAt"],
        &["$.body.responseId"],
    ],
    kind_of: Some(kind_of),
    people: People::Finder(person),
    samples: &[Sample::json(
        "form_response",
        include_str!("samples/google-forms-form_response.json"),
    )],
    scheme: |_| Ok(Box::new(Either::new(Box::new(Bearer), Box::new(UrlSecret)))),
    ..Preset::NEW
};

/// What the script calls it, or that it is a response.
fn kind_of(delivery: &Value) -> Option<String> {
    let body = delivery.get("body")?;
    let told = body.get("event").and_then(Value::as_str);
    let is_response = body.get("responseId").is_some();
    told.or(is_response.then_some("form_response"))
        .map(str::to_owned)
}

/// Who answered.
fn person(body: &Value) -> Person {
    let mut told = Told::default();
    let known = body.get("respondentEmail").and_then(Value::as_str);
    told.hear(Asks::Email, known);
    let answers = body.get("answers").and_then(Value::as_object);
    for (title, answer) in answers.into_iter().flatten() {
        let answer = answer.get(0).unwrap_or(answer);
        told.hear(Asks::by_title(title), answer.as_str());
    }
    told.person()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{SECRET, event, refusal, source, unsigned};
    use super::*;
    use crate::trigger::Received;

    #[test]
    fn a_response_says_who_it_is_and_an_edited_one_is_another_event() {
        let source = source("google-forms");
        let body = source.samples()[0].body;
        let seen = event(&source, body);
        assert_eq!(seen.kind, "form_response");
        assert_eq!(seen.sender_id, "2_ABaOnudFAKE/2026-11-01T08:00:00.000Z");
        let named = seen.person;
        assert_eq!(named.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(named.first_name.as_deref(), Some("Ada"));
        let edited = event(&source, &body.replace("08:00:00.000Z", "09:00:00.000Z"));
        assert_ne!(edited.sender_id, seen.sender_id);
        let own = json!({"event": "application", "responseId": "2_x"});
        let own = event(&source, &own.to_string());
        assert_eq!((&*own.kind, &*own.sender_id), ("application", "2_x"));
    }

    #[test]
    fn a_respondent_whom_google_does_not_know_is_known_by_the_answers() {
        let person = person(&json!({"respondentEmail": "", "answers": {
            "Your name": ["Ada Lovelace"],
            "E-mail of a friend": ["friend@example.com"],
            "E-mail address": "ada@example.com",
            "Days": [["Monday"]],
        }}));
        assert_eq!(person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
    }

    #[test]
    fn the_secret_may_stand_in_either_place_and_a_wrong_one_is_not_made_good() {
        let source = source("google-forms");
        let right = format!("Bearer {SECRET}");
        let taken = unsigned(&source, "POST", &[("authorization", &right)], "{}");
        assert!(matches!(taken, Received::Events(_)), "{taken:?}");
        let wrong = unsigned(&source, "POST", &[("authorization", "Bearer x")], "{}");
        assert_eq!(refusal(&wrong), (401, "secret"));
        assert_eq!(
            refusal(&unsigned(&source, "POST", &[], "{}")),
            (401, "missing")
        );
    }
}
