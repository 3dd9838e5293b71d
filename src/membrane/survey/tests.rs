//! Answers in the forms that Kartra's documentation shows, and in some that a connector may make of them.

use serde_json::json;

use super::*;

fn read(verb: &str, answer: &Value) -> Account {
    let mut account = Account::default();
    let (_, keep) = READS.iter().find(|(read, _)| *read == verb).expect(verb);
    keep(&mut account, answer);
    account
}

#[test]
fn names_are_found_in_every_form() {
    let expected = Some(vec!["VIP".to_owned(), " vip".to_owned()]);
    for answer in [
        json!({ "status": "Success", "account_tags": ["VIP", " vip"] }),
        json!(["VIP", " vip"]),
        json!({ "tags": [{ "id": 1, "tag_name": "VIP" }, { "id": 2, "name": " vip" }] }),
        json!({ "status": "Success", "retrieve_account_tags": { "account_tags": ["VIP", " vip"] } }),
        json!({ "result": ["VIP", " vip"], "count": 2 }),
        json!({ "account_tags": { "0": "VIP", "7": " vip" } }),
    ] {
        let account = read("retrieve-account-tags", &answer);
        assert_eq!(account.tags, expected, "{answer}");
    }
    let own = Some(vec!["A".to_owned()]);
    let answer = json!({ "account_lists": [{ "list_name": "A" }] });
    assert_eq!(read("retrieve-account-lists", &answer).lists, own);
    let answer = json!({ "account_sequences": [{ "sequence_name": "A" }] });
    assert_eq!(read("retrieve-account-sequences", &answer).sequences, own);
    let answer = json!({ "account_pages": [{ "page_title": "A" }] });
    assert_eq!(read("retrieve-account-pages", &answer).pages, own);
}

#[test]
fn an_account_without_any_is_not_one_of_which_nothing_is_known() {
    let empty = read("retrieve-account-tags", &json!({ "account_tags": [] }));
    assert_eq!(empty.tags, Some(vec![]));
    for answer in [
        json!({ "status": "Success" }),
        json!({ "account_tags": "none" }),
        json!({ "account_tags": [{ "id": 1 }] }),
        json!({ "a": [], "b": [] }),
        json!("VIP"),
        Value::Null,
    ] {
        let account = read("retrieve-account-tags", &answer);
        assert_eq!(account.tags, None, "{answer}");
    }
}

#[test]
fn custom_fields_come_with_their_options() {
    let answer = json!({ "status": "Success", "custom_fields": [
        { "field_id": "7", "field_identifier": "company", "field_type": "input_field" },
        { "field_id": 8, "field_identifier": "plan", "field_type": "drop_down",
          "field_value": [{ "option_id": 1, "option_value": "Basic" }, { "option_id": "2", "option_value": "Pro" }] },
    ]});
    let fields = read("retrieve-account-custom-fields", &answer).custom_fields;
    let fields = fields.expect("fields");
    assert_eq!(
        (fields[0].identifier.as_str(), fields[0].kind.as_str()),
        ("company", "input_field")
    );
    assert_eq!(fields[0].options, []);
    let option = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    assert_eq!(
        fields[1].options,
        [option("1", "Basic"), option("2", "Pro")]
    );
    let nameless = json!({ "custom_fields": [{ "field_id": 7 }] });
    let account = read("retrieve-account-custom-fields", &nameless);
    assert_eq!(account.custom_fields, None);
}
