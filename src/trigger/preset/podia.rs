//! Podia: it documents no webhooks of its own; what comes is made by Zapier, Make or the like, and so is its form.

use super::{People, Preset, Row, Sample};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "podia",
    title: "Podia",
    doc: "Podia documents no webhooks: let Zapier or Make send a POST to `https://HOST/hooks/SOURCE?secret=SECRET`, or to \
          `/hooks/SOURCE/SECRET`, as JSON or a form, with fields that you name yourself: `type` (such as `purchase`), `email`, \
          `name` or `first_name` and `last_name`, `phone`, and `id` if there is a number that no other event has. Fields of other \
          names do too: say with `id`, `type` and `person` of the source where they stand. No header of Podia's proves anything.",
    verified: "The secret stands in the URL.",
    retries: "Up to what sends.",
    id: &[&["$.body.id"]],
    kind: &["$.body.type", "$.body.event"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "purchase",
        include_str!("samples/podia-purchase.json"),
    )],
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.email"],
    first_name: &["$.body.first_name"],
    last_name: &["$.body.last_name"],
    name: &["$.body.name"],
    phone: &["$.body.phone"],
    ..Row::NONE
}];

#[cfg(test)]
mod tests {
    use super::super::tests::{FORM, JSON, event, event_of, refusal, source, unsigned};

    #[test]
    fn the_fields_that_a_zap_is_to_have_are_read_as_json_and_form() {
        let source = source("podia");
        let sample = event(&source, source.samples()[0].body);
        let form = event_of(
            &source,
            FORM,
            "id=zap-0001&type=purchase&email=ada.lovelace%40example.com&name=Ada+Lovelace",
        );
        for event in [sample, form] {
            assert_eq!((&*event.kind, &*event.sender_id), ("purchase", "zap-0001"));
            let person = event.person;
            assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
            assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        }
    }

    #[test]
    fn an_invented_signature_is_no_proof() {
        let headers = [("content-type", JSON), ("x-podia-signature", "abc")];
        let received = unsigned(&source("podia"), "POST", &headers, "{}");
        assert_eq!(refusal(&received), (401, "missing"));
    }
}
