//! SamCart: orders and charges of its checkout pages.

use super::{People, Preset, Row, Sample};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "samcart",
    title: "SamCart",
    doc: "SamCart documents no signature: write `https://HOST/hooks/SOURCE?secret=SECRET` as the Notify URL, or \
          `/hooks/SOURCE/SECRET`. It does not document its fields either: look at a first real event before relying on them, and \
          say with `id`, `type` and `person` of the source where things stand if they stand elsewhere. The account's `api_key`, \
          which some accounts send along, is taken out before anything is stored.",
    verified: "The secret stands in the URL.",
    retries: "Not documented.",
    // One order may hold several products and, with a subscription, several charges: they are events of their own.
    id: &[&[
        "$.body.type",
        "$.body.order.id",
        "$.body.product.id",
        "$.body.order.stripe_id",
    ]],
    kind: &["$.body.type"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "Order",
        include_str!("samples/samcart-Order.json"),
    )],
    secret_fields: &[&["api_key"]],
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.customer.email"],
    first_name: &["$.body.customer.first_name"],
    last_name: &["$.body.customer.last_name"],
    phone: &["$.body.customer.phone_number"],
    ..Row::NONE
}];

#[cfg(test)]
mod tests {
    use super::super::tests::{JSON, event, refusal, source, unsigned};

    const ORDER: &str = include_str!("../../../tests/data/payloads/samcart-order.json");

    #[test]
    fn an_order_says_who_bought_and_keeps_no_key() {
        let event = event(&source("samcart"), ORDER);
        assert_eq!(event.kind, "Order");
        assert_eq!(event.sender_id, "Order/7700123/90001/ch_3FakeCharge");
        assert_eq!(event.live, None);
        let person = &event.person;
        assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
        assert_eq!(person.phone.as_deref(), Some("+44 20 7946 0000"));
        assert_eq!(event.tree["body"].get("api_key"), None);
        assert!(!String::from_utf8_lossy(&event.raw).contains("SC-FAKE-API-KEY"));
    }

    #[test]
    fn products_and_charges_of_one_order_are_events_of_their_own() {
        let source = source("samcart");
        let id = |from: &str, to: &str| event(&source, &ORDER.replace(from, to)).sender_id;
        let first = id("", "");
        assert_ne!(id("90001", "90002"), first);
        assert_ne!(id("ch_3FakeCharge", "ch_3FakeCharge2"), first);
        assert_ne!(id("\"Order\"", "\"Refund\""), first);
    }

    #[test]
    fn the_key_in_the_body_is_no_proof() {
        let received = unsigned(&source("samcart"), "POST", &[("content-type", JSON)], ORDER);
        assert_eq!(refusal(&received), (401, "missing"));
    }
}
