//! Tests of the judgement: what a schema takes, and what is said of the rest.

use serde_json::json;

use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "email": { "type": "string", "description": "Whose." },
            "tag_name": { "type": "string" },
            "transaction_id": { "type": "integer" },
            "step": { "type": ["string", "number"] },
            "mode": { "type": "string", "enum": ["full", "part"] },
            "odd": { "type": "geometry" },
            "custom_fields": { "type": "array", "items": {
                "type": "object",
                "properties": { "field_identifier": { "type": "string" }, "field_value": {} },
                "required": ["field_identifier"],
            } },
            "free": { "type": "object", "properties": {}, "additionalProperties": true },
            "counts": { "properties": {}, "additionalProperties": { "type": "integer" } },
        },
        "required": ["email"],
    })
}

fn said(schema: &Value, input: Value) -> Vec<String> {
    let found = misfits(&input.into(), schema);
    let said = found.iter().map(|misfit| match &misfit.help {
        Some(help) => format!("{}: {help}", misfit.message()),
        None => misfit.message(),
    });
    said.collect()
}

#[test]
fn what_the_schema_takes_is_not_complained_about() {
    for input in [
        json!({ "email": "a" }),
        json!({ "email": "a", "step": 1, "transaction_id": 7, "odd": [1], "mode": "part" }),
        json!({ "email": "a", "transaction_id": "792354" }),
        json!({ "email": "a", "transaction_id": 7.0 }),
        json!({ "email": "a", "custom_fields": [{ "field_identifier": "x", "field_value": [1] }] }),
        json!({ "email": "a", "free": { "what": "ever" }, "counts": { "any": 1 } }),
    ] {
        assert_eq!(said(&schema(), input.clone()), [""; 0], "{input}");
    }
    assert_eq!(said(&Value::Null, json!({ "any": "thing" })), [""; 0]);
    assert_eq!(
        said(&json!({ "type": "object" }), json!({ "any": 1 })),
        [""; 0]
    );
}

#[test]
fn each_mistake_is_named_with_its_place_and_what_was_meant() {
    let cases = [
        (json!({}), "`email` is missing: `email`: Whose."),
        (
            json!({ "email": 7 }),
            "`email` must be a text, and is a number: put it in quotes",
        ),
        (
            json!({ "email": null }),
            "`email` must be a text, and is null",
        ),
        (
            json!({ "email": "a", "transaction_id": "first" }),
            "`transaction_id` must be a whole number, and is a text",
        ),
        (
            json!({ "email": "a", "transaction_id": 1.5 }),
            "`transaction_id` must be a whole number, and is one with a fraction",
        ),
        (json!({ "email": " " }), "`email` is empty"),
        (
            json!({ "email": "a", "tagName": "vip" }),
            "`tagName` is no field of the action, and would be dropped without a word: did you mean `tag_name`?",
        ),
        (
            json!({ "email": "a", "mode": "fulll" }),
            "`mode` is one of `full`, `part`, not `fulll`: did you mean `full`?",
        ),
        (
            json!({ "email": "a", "custom_fields": [{ "field_value": "x" }] }),
            "`custom_fields[0]` needs `field_identifier`",
        ),
        (
            json!({ "email": "a", "custom_fields": [{ "field_identifier": "x", "value": "x" }] }),
            "`custom_fields[0].value` is no field of the action, and would be dropped without a word: it has `field_identifier`, `field_value`",
        ),
        (
            json!({ "email": "a", "counts": { "any": "x" } }),
            "`counts.any` must be a whole number, and is a text",
        ),
        (json!(["a"]), "the input must be a map, and is a list"),
    ];
    for (input, expected) in cases {
        assert_eq!(said(&schema(), input.clone()), [expected], "{input}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = said(&schema(), json!({ "emial": "a", "step": true, "x": 1 }));
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn of_a_lead_with_two_names_one_is_needed() {
    let schema = json!({ "properties": { "email": {}, "id": {}, "tag_name": {} } });
    assert_eq!(
        said(&schema, json!({ "tag_name": "vip" })),
        ["`email` (or `id`) is missing"]
    );
    assert_eq!(
        said(&schema, json!({ "id": 7, "tag_name": "vip" })),
        [""; 0]
    );
}

#[test]
fn an_input_of_any_depth_is_read_without_harm() {
    let (mut schema, mut input) = (json!({ "type": "string" }), json!(1));
    for _ in 0..50 {
        schema = json!({ "properties": { "a": schema } });
        input = json!({ "a": input });
    }
    assert_eq!(said(&schema, input), [""; 0]);
}
