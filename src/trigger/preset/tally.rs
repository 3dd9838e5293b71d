//! Tally: answers to forms.

use serde_json::Value;

use super::{People, Preset, Sample, Unfolded};
use crate::event::Person;
use crate::trigger::question::{Asks, Told};
use crate::trigger::signature::Refusal;
use crate::trigger::signature::hmac::{Encoding, Hmac};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "tally",
    title: "Tally",
    doc: "Tally signs only when the webhook has a signing secret: set one. Answers stand in a list: \
          `$.body.data.fields[?@.label=='First name'].value`. Where one chooses, the value names options by their ids; what they \
          say is added as `texts`: `$.body.data.fields[?@.label=='Tier'].texts[0]`. The address is that of the first question for \
          an e-mail; names are found by their questions, or in hidden fields.",
    verified: "`Tally-Signature` holds the base64 HMAC-SHA256 of the body.",
    retries: "Five times: after 5 minutes, 30 minutes, 1 hour, 6 hours and 24 hours. It can be sent again by hand.",
    lost_after: "31 hours",
    id: &[&["$.body.eventId"]],
    kind: &["$.body.eventType"],
    people: People::Finder(person),
    samples: &[Sample::json(
        "FORM_RESPONSE",
        include_str!("samples/tally-FORM_RESPONSE.json"),
    )],
    scheme: |_| {
        Ok(Box::new(Hmac {
            encoding: Encoding::Base64,
            header: "tally-signature".into(),
            ..Hmac::default()
        }))
    },
    unfold: Some(unfold),
    ..Preset::NEW
};

/// Adds what the chosen options say.
fn unfold(mut body: Value) -> Result<Unfolded, Refusal> {
    let mut is_changed = false;
    let fields = body
        .pointer_mut("/data/fields")
        .and_then(Value::as_array_mut);
    for field in fields.into_iter().flatten() {
        if let (Some(texts), Some(field)) = (chosen(field), field.as_object_mut()) {
            field.insert("texts".into(), texts.into());
            is_changed = true;
        }
    }
    Ok(if is_changed {
        Unfolded::Anew(vec![body])
    } else {
        Unfolded::AsIs(body)
    })
}

/// The texts of the options whose ids are the field's value. `None`: it is no choice.
fn chosen(field: &Value) -> Option<Vec<Value>> {
    let (options, value) = (field.get("options")?.as_array()?, field.get("value")?);
    let ids = value
        .as_array()
        .map_or(std::slice::from_ref(value), |ids| ids);
    let text = |id: &Value| {
        let option = options.iter().find(|option| option.get("id") == Some(id));
        option?.get("text").cloned()
    };
    Some(ids.iter().filter_map(text).collect())
}

/// Who answered.
fn person(body: &Value) -> Person {
    let mut told = Told::default();
    let fields = body.pointer("/data/fields").and_then(Value::as_array);
    for field in fields.into_iter().flatten() {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        let label = text("label").unwrap_or_default();
        let asks = match text("type") {
            Some("INPUT_EMAIL") => Asks::Email,
            Some("INPUT_PHONE_NUMBER") => Asks::Phone,
            Some("INPUT_TEXT") => Asks::by_title(label),
            Some("HIDDEN_FIELDS") => Asks::by_key(label),
            _ => Asks::Other,
        };
        told.hear(asks, text("value"));
    }
    told.person()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{event, source};
    use super::*;

    #[test]
    fn an_answer_says_who_it_is_and_what_was_chosen() {
        let source = source("tally");
        let event = event(&source, source.samples()[0].body);
        assert_eq!(event.sender_id, "a4cb511e-d513-4fa5-baee-b815d718dfd1");
        let fields = &event.tree["body"]["data"]["fields"];
        assert_eq!(fields[2]["texts"], json!(["Gold"]));
        assert_eq!(fields[0].get("texts"), None);
        let person = event.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name, None);
    }

    #[test]
    fn hidden_fields_say_it_where_no_question_does_and_a_choice_of_nothing_says_nothing() {
        let person = person(&json!({"data": {"fields": [
            {"label": "E-mail", "type": "INPUT_EMAIL", "value": null},
            {"label": "email", "type": "HIDDEN_FIELDS", "value": "ada@example.com"},
            {"label": "Your phone", "type": "INPUT_PHONE_NUMBER", "value": "+442079460000"},
            {"label": "Your name", "type": "TEXTAREA", "value": "none of yours"},
        ]}}));
        assert_eq!(person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(person.phone.as_deref(), Some("+442079460000"));
        assert_eq!(person.first_name, None);
        let options = json!([{"id": "a", "text": "Gold"}]);
        for (value, texts) in [
            (json!(["a", "gone"]), json!(["Gold"])),
            (json!("a"), json!(["Gold"])),
            (Value::Null, json!([])),
        ] {
            let field = json!({"options": options, "value": value});
            assert_eq!(chosen(&field).map(Value::from), Some(texts), "{field}");
        }
    }
}
