//! Typeform: answers to forms.
//!
//! The person is looked for in the answers. The first answer of type `email` is the address, the first of type `phone_number`
//! the number. A text answer is a first or last name when its question says so, in its ref (`first_name`, `contact_last`) or in
//! its title ("First name?"); a question for the name alone ("Your name") is parted at its first space. What no answer gives is
//! taken from the hidden fields `email`, `first_name`, `last_name`, `name` and `phone`.

use std::collections::HashMap;

use serde_json::Value;

use super::{People, Preset, Sample};
use crate::event::Person;
use crate::trigger::question::{Asks, Told};
use crate::trigger::signature::hmac::{Encoding, Hmac};

/// Deepest nesting of question groups that is looked at.
const GROUPS_DEPTH_MAX: usize = 4;
/// Hidden fields that say who answers.
const HIDDEN: &[(&str, Asks)] = &[
    ("email", Asks::Email),
    ("phone", Asks::Phone),
    ("first_name", Asks::First),
    ("last_name", Asks::Last),
    ("name", Asks::Whole),
];

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "typeform",
    title: "Typeform",
    doc: "Typeform signs only when the webhook has a secret: set one. A 404 or 410 disables the webhook at once. \
          Answers stand in a list: `$.body.form_response.answers[?@.field.ref=='email'].email`.",
    verified: "`Typeform-Signature` holds `sha256=` and the base64 HMAC-SHA256 of the body.",
    retries: "After 408, 423, 429 and 503 every two to three minutes for ten hours; after other failures seven times over about ten hours; after 404 and 410 never.",
    lost_after: "10 hours",
    id: &[&["$.body.event_id"]],
    kind: &["$.body.event_type"],
    people: People::Finder(person),
    events: &["form_response", "form_response_partial"],
    samples: &[Sample::json(
        "form_response",
        include_str!("samples/typeform-form_response.json"),
    )],
    scheme: |_| {
        Ok(Box::new(Hmac {
            encoding: Encoding::Base64,
            header: "typeform-signature".into(),
            prefix: "sha256=".into(),
            ..Hmac::default()
        }))
    },
    ..Preset::NEW
};

/// Who answered.
fn person(body: &Value) -> Person {
    let mut told = Told::default();
    let response = body.get("form_response").unwrap_or(&Value::Null);
    let mut titles = HashMap::new();
    if let Some(definition) = response.get("definition") {
        collect_titles(definition, &mut titles, 0);
    }
    let answers = response.get("answers").and_then(Value::as_array);
    for answer in answers.into_iter().flatten() {
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        match text("type") {
            Some("email") => told.hear(Asks::Email, text("email")),
            Some("phone_number") => told.hear(Asks::Phone, text("phone_number")),
            Some("text") => {
                if let Some(asks) = asks_for_name(answer.get("field"), &titles) {
                    told.hear(asks, text("text"));
                }
            }
            _ => {}
        }
    }
    if let Some(hidden) = response.get("hidden") {
        for (name, asks) in HIDDEN {
            told.hear(*asks, hidden.get(name).and_then(Value::as_str));
        }
    }
    told.person()
}

/// Titles of all questions by their id, those inside groups too.
fn collect_titles<'b>(definition: &'b Value, titles: &mut HashMap<&'b str, &'b str>, depth: usize) {
    let fields = definition.get("fields").and_then(Value::as_array);
    for field in fields.into_iter().flatten() {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        if let (Some(id), Some(title)) = (text("id"), text("title")) {
            titles.insert(id, title);
        }
        if let Some(group) = field.get("properties").filter(|_| depth < GROUPS_DEPTH_MAX) {
            collect_titles(group, titles, depth + 1);
        }
    }
}

/// Which part of a name a question for a text asks for, by its ref, or else its title. Addresses and numbers have types of their own.
fn asks_for_name(field: Option<&Value>, titles: &HashMap<&str, &str>) -> Option<Asks> {
    let text = |name: &str| {
        let value = field?.get(name)?;
        value.as_str()
    };
    let by_ref = Asks::by_key(text("ref").unwrap_or_default());
    let asks = if by_ref == Asks::Other {
        Asks::by_title(titles.get(text("id")?)?)
    } else {
        by_ref
    };
    matches!(asks, Asks::First | Asks::Last | Asks::Whole).then_some(asks)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(reference: &str, title: &str) -> Person {
        person(&json!({"form_response": {
            "definition": {"fields": [
                {"id": "g", "title": "About you", "properties": {"fields": [{"id": "q", "title": title}]}},
            ]},
            "answers": [{"type": "text", "text": "Ada King Lovelace", "field": {"id": "q", "ref": reference}}],
        }}))
    }

    #[test]
    fn a_question_for_a_name_is_known_by_ref_or_title() {
        let whole = Some("Ada King Lovelace".to_owned());
        assert_eq!(asked("contact_first", "").first_name, whole);
        assert_eq!(asked("01ABC", "What's your first name?").first_name, whole);
        assert_eq!(asked("01ABC", "Last name").last_name, whole);
        assert_eq!(asked("surname", "").last_name, whole);
        let parted = asked("01ABC", "Your name?");
        assert_eq!(parted.first_name.as_deref(), Some("Ada"));
        assert_eq!(parted.last_name.as_deref(), Some("King Lovelace"));
        for title in [
            "Which was your first course?",
            "Company name",
            "What is your company's legal name",
            "At last, anything else?",
        ] {
            assert_eq!(asked("01ABC", title), Person::default(), "{title}");
        }
    }

    #[test]
    fn hidden_fields_give_what_answers_do_not() {
        let found = person(&json!({"form_response": {
            "hidden": {"email": "hidden@example.com", "name": "Ada Lovelace", "phone": ""},
            "answers": [
                {"type": "email", "email": " "},
                {"type": "phone_number", "phone_number": "+442071234567"},
                {"type": "choice", "choice": {"label": "Gold"}},
            ],
        }}));
        assert_eq!(found.email.as_deref(), Some("hidden@example.com"));
        assert_eq!(found.phone.as_deref(), Some("+442071234567"));
        assert_eq!(found.first_name.as_deref(), Some("Ada"));
        assert_eq!(found.last_name.as_deref(), Some("Lovelace"));
    }
}
