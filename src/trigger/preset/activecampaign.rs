//! ActiveCampaign: contacts, their tags and deals.

use super::{People, Preset, Row, Sample};

/// Equal bodies within this time are repeats. Each says to the second when it was made, and ActiveCampaign never sends again
/// on purpose: only what it sends twice by mistake is meant.
const DEDUPE_S: i64 = 60 * 60;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "activecampaign",
    title: "ActiveCampaign",
    doc: "ActiveCampaign signs nothing: write `https://HOST/hooks/SOURCE?secret=SECRET` as the webhook's URL, or \
          `/hooks/SOURCE/SECRET`. Types are `subscribe`, `unsubscribe`, `update`, `contact_tag_added`, `contact_tag_removed`, \
          `deal_add`, `deal_update` and others. What is changed in bulk sends nothing. `$.body.initiated_from` is `api` for what a \
          program changed, your own perhaps. It never sends again, and after an answer 410 never more.",
    verified: "The secret stands in the URL.",
    retries: "None; an answer 410 switches the webhook off.",
    lost_after: "one request",
    kind: &["$.body.type"],
    people: People::Rows(PEOPLE),
    samples: &[
        Sample::form(
            "contact_tag_added",
            include_str!("samples/activecampaign-contact_tag_added.form"),
        ),
        Sample::form(
            "contact_tag_removed",
            include_str!("samples/activecampaign-contact_tag_removed.form"),
        ),
    ],
    dedupe_s: Some(DEDUPE_S),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.contact.email", "$.body.deal.contact_email"],
    first_name: &["$.body.contact.first_name", "$.body.deal.contact_firstname"],
    last_name: &["$.body.contact.last_name", "$.body.deal.contact_lastname"],
    phone: &["$.body.contact.phone"],
    ids: &[("contact", &["$.body.contact.id", "$.body.deal.contactid"])],
    ..Row::NONE
}];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{FORM, event_of, source};

    #[test]
    fn a_contact_is_named_and_an_empty_phone_is_none() {
        let source = source("activecampaign");
        let [added, removed] = source.samples() else {
            panic!("two samples");
        };
        let event = event_of(&source, FORM, added.body);
        assert_eq!(event.kind, "contact_tag_added");
        assert_eq!(event.tree["body"]["tag"], "gold");
        let person = &event.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(person.phone, None);
        assert_eq!(person.ids.get("contact"), Some(&json!("147")));
        assert_ne!(
            event_of(&source, FORM, removed.body).sender_id,
            event.sender_id
        );
        let later = added.body.replace("08%3A00%3A00-", "08%3A00%3A01-");
        assert_ne!(event_of(&source, FORM, &later).sender_id, event.sender_id);
    }

    #[test]
    fn a_deal_names_its_contact() {
        let deal = "type=deal_add&deal%5Bid%5D=9&deal%5Bcontactid%5D=147&deal%5Bcontact_email%5D=ada%40example.com&deal%5Bcontact_firstname%5D=Ada";
        let person = event_of(&source("activecampaign"), FORM, deal).person;
        assert_eq!(person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.ids.get("contact"), Some(&json!("147")));
    }
}
