//! Kit's older webhooks (those of ConvertKit): one subscriber and nothing else, unsigned.

use serde_json::Value;

use super::{People, Preset, Row, Sample};

/// Equal bodies within this time are repeats. They hold neither an id nor a time, so the same thing happening once more soon
/// after looks the same: the time is short.
const DEDUPE_S: i64 = 10 * 60;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "kit-legacy",
    title: "Kit, older webhooks",
    doc: "For webhooks made at `/v4/webhooks` or with ConvertKit; the newer webhook endpoints have the preset `kit`. They sign nothing: \
          give the URL as `https://HOST/hooks/SOURCE?secret=SECRET`, or `/hooks/SOURCE/SECRET`. The body does not say what happened: \
          declare a source for each kind of event and say it there, such as `type: subscriber.tag_added`. Without it the type \
          is `subscriber`. Two kinds at one source would look like repeats of each other.",
    verified: "The secret stands in the URL.",
    retries: "Not documented.",
    kind_of: Some(kind_of),
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "subscriber",
        include_str!("samples/kit-legacy-subscriber.json"),
    )],
    dedupe_s: Some(DEDUPE_S),
    ..Preset::NEW
};

/// Kit knows a first name only; a last name is a field that its users make, by custom of this name.
static PEOPLE: &[Row] = &[Row {
    email: &["$.body.subscriber.email_address"],
    first_name: &["$.body.subscriber.first_name"],
    last_name: &["$.body.subscriber.fields.last_name"],
    ids: &[("subscriber", &["$.body.subscriber.id"])],
    ..Row::NONE
}];

/// What it is about is all that is known.
fn kind_of(delivery: &Value) -> Option<String> {
    let subscriber = delivery.get("body")?.get("subscriber")?;
    subscriber.is_object().then(|| "subscriber".into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{event, set_up, source};

    #[test]
    fn the_source_says_what_happened_and_the_body_to_whom() {
        let plain = source("kit-legacy");
        let body = plain.samples()[0].body;
        let seen = event(&plain, body);
        assert_eq!(seen.kind, "subscriber");
        assert!(seen.sender_id.starts_with("sha256:"));
        let person = seen.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.ids.get("subscriber"), Some(&json!("987654")));

        let told = set_up("preset: kit-legacy\ntype: subscriber.tag_added", None);
        let told = event(&told.expect("it is right"), body);
        assert_eq!(told.kind, "subscriber.tag_added");
        assert_eq!(event(&plain, "{\"purchase\":{}}").kind, "");
    }
}
