//! Kartra's answers in every form that was seen, and every row of its register.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::read;
use crate::action::Class;

fn tag() -> Value {
    json!({ "email": "ada@example.com", "tag_name": "vipp" })
}

#[test]
fn a_goal_that_was_reached_before_is_already() {
    let cases = [
        (
            "create-lead",
            json!({ "email": "ada@example.com" }),
            244,
            Class::Already,
        ),
        (
            "edit-lead",
            json!({ "email": "ada@example.com" }),
            244,
            Class::Refused,
        ),
        (
            "cancel-subscription",
            json!({ "transaction_id": 7 }),
            252,
            Class::Already,
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 7 }),
            252,
            Class::Refused,
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 7 }),
            251,
            Class::Already,
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 7, "refund_amount": null }),
            251,
            Class::Already,
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 7, "refund_amount": 5 }),
            251,
            Class::Refused,
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 7, "amount": "5.00" }),
            251,
            Class::Refused,
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": 7, "refund_amount": "" }),
            251,
            Class::Refused,
        ),
    ];
    for (verb, input, kind, class) in cases {
        let outcome = read(
            verb,
            &input,
            json!({ "status": "Error", "message": "m", "type": kind }),
        );
        assert_eq!(outcome.class, class, "{verb} {input} {kind}");
    }
}

#[test]
fn an_error_is_found_in_every_wrapping() {
    let error = json!({ "status": "Error", "message": "Tag does not exist", "type": "212" });
    let wrapped = [
        error.clone(),
        json!({ "status": "ERROR", "message": "Tag does not exist", "type": 212 }),
        json!({ "Status": "error", "Message": "Tag does not exist", "Type": " 212 " }),
        json!({ "assign_tag": error }),
        json!({ "status": "Success", "assign_tag": error }),
        json!({ "status": "Success", "actions": [{ "assign_tag": error }] }),
        json!({ "status": "Error", "actions": [{ "assign_tag": error }] }),
        json!({ "status": "Success", "actions": [{ "edit_lead": { "status": "Success" } }, { "assign_tag": error }] }),
        json!({ "status": 200, "data": error }),
        json!({ "status": "200", "headers": {}, "data": { "status": "Success", "actions": [{ "assign_tag": error }] } }),
        json!({ "status": 422, "data": error }),
        json!({ "data": error }),
        json!([{ "assign_tag": error }]),
        json!({ "type": "212", "message": "Tag does not exist" }),
        Value::String(error.to_string()),
        json!({ "status": 200, "data": error.to_string() }),
    ];
    for output in wrapped {
        let outcome = read("assign-tag", &tag(), output.clone());
        assert_eq!(outcome.class, Class::RuleWrong, "{output}");
        assert_eq!(
            outcome.message,
            "Kartra has no tag \"vipp\" (212): create it in Kartra or correct tag_name",
            "{output}"
        );
        assert_eq!(outcome.app_type, Some(212), "{output}");
    }
}

#[test]
fn a_success_comes_without_its_wrappings() {
    let added = json!({ "status": "Success", "message": "Tag added to lead", "type": "103" });
    let lead = json!({ "status": "Success", "lead_details": { "id": "1234", "status": "error" } });
    let sale = json!({ "transaction_details": { "transaction_id": 7 } });
    let cases = [
        (
            "assign-tag",
            json!({ "status": "Success", "actions": [{ "assign_tag": added }] }),
            added.clone(),
        ),
        ("assign-tag", json!({ "assign_tag": added }), added.clone()),
        (
            "assign-tag",
            json!({ "status": 200, "data": { "status": "success", "actions": [{ "assign_tag": added }] } }),
            added.clone(),
        ),
        ("get-lead", lead.clone(), lead.clone()),
        (
            "get-lead",
            json!({ "status": 200, "data": lead }),
            lead.clone(),
        ),
        (
            "create-lead",
            json!({ "status": "Success", "actions": [{ "create_lead": lead }] }),
            lead.clone(),
        ),
        (
            "get-transaction-details",
            json!({ "get_transaction_details": sale }),
            sale.clone(),
        ),
        (
            "get-transaction-details",
            json!({ "transaction_id": 7, "status": "Active" }),
            json!({ "transaction_id": 7, "status": "Active" }),
        ),
        (
            "retrieve-account-tags",
            json!({ "status": "Success", "account_tags": ["vip"] }),
            json!({ "status": "Success", "account_tags": ["vip"] }),
        ),
    ];
    for (verb, output, inside) in cases {
        assert_done(verb, &output, &inside);
    }
}

#[test]
fn what_membrane_reports_as_done_without_kartras_words_is_done() {
    let cases = [
        ("retrieve-account-tags", json!(["vip"]), json!(["vip"])),
        ("retrieve-account-tags", json!([]), json!([])),
        (
            "grant-membership-access",
            json!({ "status": "Success" }),
            json!({ "status": "Success" }),
        ),
        (
            "grant-membership-access",
            json!({ "grant_membership_access": { "status": "Success" } }),
            json!({ "status": "Success" }),
        ),
        (
            "create-lead",
            json!({ "id": 12345678901234567890_u64 }),
            json!({ "id": 12345678901234567890_u64 }),
        ),
        ("assign-tag", Value::Null, Value::Null),
        ("assign-tag", json!("  "), Value::Null),
        ("assign-tag", json!({ "status": 200 }), Value::Null),
        (
            "assign-tag",
            json!({ "success": true }),
            json!({ "success": true }),
        ),
    ];
    for (verb, output, inside) in cases {
        assert_done(verb, &output, &inside);
    }
}

fn assert_done(verb: &str, output: &Value, inside: &Value) {
    let outcome = read(verb, &tag(), output.clone());
    assert_eq!(outcome.class, Class::Done, "{output}");
    assert_eq!(outcome.output.as_ref(), Some(inside), "{output}");
}

#[test]
fn what_is_no_answer_of_kartras_leaves_the_outcome_unknown() {
    for output in [
        json!(true),
        json!(7),
        json!("<html>"),
        json!("done"),
        json!(["vip"]),
        json!([]),
        json!({ "status": "pending" }),
    ] {
        let outcome = read("assign-tag", &tag(), output.clone());
        assert_eq!(outcome.class, Class::Unknown, "{output}");
        assert!(
            outcome.message.contains("look it up in Kartra"),
            "{}",
            outcome.message
        );
    }
}

#[test]
fn the_http_status_inside_an_output_decides_where_kartra_gives_no_number() {
    let cases = [
        (
            json!({ "status": 429, "data": "Too many requests" }),
            Class::RateLimited,
        ),
        (
            json!({ "status": 429, "data": { "status": "Error", "message": "Too many requests" } }),
            Class::RateLimited,
        ),
        (
            json!({ "status": "Error", "message": "Too many requests" }),
            Class::RateLimited,
        ),
        (json!({ "status": 503, "data": "<html>" }), Class::Unknown),
        (
            json!({ "status": 500, "data": { "status": "Error", "message": "?", "type": "212" } }),
            Class::Unknown,
        ),
        (
            json!({ "status": 401, "data": null }),
            Class::ConnectionDown,
        ),
        (json!({ "status": 403 }), Class::NotAllowed),
        (json!({ "status": 404, "data": "no" }), Class::Refused),
    ];
    for (output, class) in cases {
        assert_eq!(
            read("assign-tag", &tag(), output.clone()).class,
            class,
            "{output}"
        );
    }
}

#[test]
fn unpublished_numbers_and_nameless_errors_are_refused_in_kartras_words() {
    let outcome = read(
        "assign-tag",
        &tag(),
        json!({ "status": "Error", "message": "Out of\nbounds", "type": "999" }),
    );
    assert_eq!(
        (outcome.class, outcome.app_type),
        (Class::Refused, Some(999))
    );
    assert!(
        outcome.message.contains("\"Out of bounds\""),
        "{}",
        outcome.message
    );
    for output in [
        json!({ "status": "Error" }),
        json!({ "error": "no" }),
        json!({ "error": { "message": "no" } }),
        json!({ "success": false, "message": "no" }),
    ] {
        assert_eq!(
            read("assign-tag", &tag(), output.clone()).class,
            Class::Refused,
            "{output}"
        );
    }
    let long = "x".repeat(5_000);
    let outcome = read(
        "assign-tag",
        &tag(),
        json!({ "status": "Error", "message": long }),
    );
    assert!(outcome.message.len() < 400);
}

/// Any JSON at all, three levels deep, with the words of the envelope among its keys and values.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "status",
        "type",
        "message",
        "actions",
        "assign_tag",
        "data",
        "Error",
        "Success",
        "212",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..700_i64).prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((word.clone().prop_map(str::to_owned), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_output_has_one_class_however_it_is_wrapped(output in any_json()) {
        let bare = read("assign-tag", &tag(), output.clone());
        prop_assert!(!bare.message.is_empty() && bare.message.len() < 600);
        let wrapped = read("assign-tag", &tag(), json!({ "status": "200", "data": output }));
        prop_assert_eq!(bare, wrapped);
    }
}
