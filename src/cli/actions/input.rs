//! An input held against an action's schema: Membrane drops what it does not know without a word, so it is said here.

use serde_json::{Map, Value};

use super::schema;
use crate::problem::nearest;

/// Objects inside objects are looked into this deep.
const DEPTH_MAX: usize = 16;
/// Complaints that are given at most.
const COMPLAINTS_MAX: usize = 50;
/// A value in a complaint has so many characters at most.
const VALUE_CHARS_MAX: usize = 40;

/// Everything about the input that the schema does not take. Empty where there is no schema to hold it against.
#[must_use]
pub(super) fn complaints(schema: &Value, input: &Value) -> Vec<String> {
    if !input.is_object() {
        return vec![format!(
            "the input must be an object such as {{\"email\": \"ada@example.com\"}}, not {}",
            shown(input)
        )];
    }
    let mut found = Vec::new();
    look(schema, input, "", 0, &mut found);
    found.truncate(COMPLAINTS_MAX);
    found
}

fn look(schema: &Value, value: &Value, place: &str, depth: usize, found: &mut Vec<String>) {
    if depth > DEPTH_MAX || !fits_type(schema, value, place, found) {
        return;
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array)
        && !values.contains(value)
    {
        found.push(not_one_of(values, value, place));
    }
    match value {
        Value::Object(fields) => look_at_fields(schema, fields, place, depth, found),
        Value::Array(members) => {
            if let Some(items) = schema.get("items") {
                for (number, member) in members.iter().enumerate() {
                    look(
                        items,
                        member,
                        &format!("{place}[{number}]"),
                        depth + 1,
                        found,
                    );
                }
            }
        }
        _ => {}
    }
}

fn look_at_fields(
    schema: &Value,
    fields: &Map<String, Value>,
    place: &str,
    depth: usize,
    found: &mut Vec<String>,
) {
    let inside = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            found.push(format!("`{}` is missing: it is required", inside(name)));
        }
    }
    let Some(known) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let takes_more = schema
        .get("additionalProperties")
        .is_some_and(|more| more.is_object() || *more == Value::Bool(true));
    for (name, value) in fields {
        if let Some(field) = known.get(name) {
            look(field, value, &inside(name), depth + 1, found);
        } else if !takes_more {
            let meant = match meant(name, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if known.is_empty() => "the action takes none".to_owned(),
                None => format!("there are {}", names(known)),
            };
            found.push(format!(
                "`{}` is no field of the action, and would be dropped without a word: {meant}",
                inside(name)
            ));
        }
    }
}

/// Whether the value has the type; says so if not.
fn fits_type(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) -> bool {
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return true,
    };
    // A type that is not known here says nothing.
    let fits = |kind: &&str| match *kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => is_whole(value),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => true,
    };
    if kinds.is_empty() || kinds.iter().any(fits) {
        return true;
    }
    let wants_number = kinds
        .iter()
        .any(|kind| matches!(*kind, "number" | "integer"));
    let advice = match value {
        Value::String(text) if wants_number && text.trim().parse::<f64>().is_ok() => {
            ": leave the quotes out"
        }
        Value::Number(_) if kinds.contains(&"string") => ": put it in quotes",
        _ => "",
    };
    found.push(format!(
        "`{}` must be {}, not {}{advice}",
        if place.is_empty() { "the input" } else { place },
        schema::kind(schema),
        shown(value)
    ));
    false
}

fn is_whole(value: &Value) -> bool {
    value.as_i64().is_some()
        || value.as_u64().is_some()
        || value
            .as_f64()
            .is_some_and(|number| value.is_number() && number.fract() == 0.0)
}

fn not_one_of(values: &[Value], value: &Value, place: &str) -> String {
    let words: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    let meant = value
        .as_str()
        .and_then(|word| nearest(word, words.iter().copied()));
    let rest = match meant {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => {
            let all: Vec<String> = values.iter().map(shown).collect();
            format!("it takes {}", all.join(", "))
        }
    };
    format!("`{place}` cannot be {}: {rest}", shown(value))
}

/// The field that was meant: the nearest, or the same but for case and what stands between its words.
fn meant<'k>(name: &str, known: &'k Map<String, Value>) -> Option<&'k str> {
    let plain = |name: &str| {
        let letters = name.chars().filter(|letter| letter.is_alphanumeric());
        letters.collect::<String>().to_lowercase()
    };
    known
        .keys()
        .map(String::as_str)
        .find(|key| plain(key) == plain(name))
        .or_else(|| nearest(name, known.keys().map(String::as_str)))
}

fn names(known: &Map<String, Value>) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = known
        .keys()
        .take(SHOWN)
        .map(|key| format!("`{key}`"))
        .collect();
    if known.len() > SHOWN {
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// A value, not too long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    let short: String = text.chars().take(VALUE_CHARS_MAX).collect();
    format!("{short}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "email": { "type": "string" },
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
            },
            "required": ["email"],
        })
    }

    #[test]
    fn what_the_schema_takes_is_not_complained_about() {
        for input in [
            json!({ "email": "a" }),
            json!({ "email": "a", "step": 1, "transaction_id": 7, "odd": [1], "mode": "part" }),
            json!({ "email": "a", "custom_fields": [{ "field_identifier": "x", "field_value": [1] }] }),
            json!({ "email": "a", "free": { "what": "ever" } }),
        ] {
            assert_eq!(
                complaints(&schema(), &input),
                Vec::<String>::new(),
                "{input}"
            );
        }
        assert!(complaints(&Value::Null, &json!({ "any": "thing" })).is_empty());
        assert!(complaints(&json!({ "type": "object" }), &json!({ "any": 1 })).is_empty());
    }

    #[test]
    fn each_mistake_is_named_with_its_place_and_what_was_meant() {
        let cases = [
            (json!({}), "`email` is missing: it is required"),
            (
                json!({ "email": 7 }),
                "`email` must be string, not 7: put it in quotes",
            ),
            (
                json!({ "email": "a", "transaction_id": "792354" }),
                "`transaction_id` must be integer, not \"792354\": leave the quotes out",
            ),
            (
                json!({ "email": "a", "transaction_id": 1.5 }),
                "`transaction_id` must be integer, not 1.5",
            ),
            (
                json!({ "email": "a", "tagName": "vip" }),
                "`tagName` is no field of the action, and would be dropped without a word: did you mean `tag_name`?",
            ),
            (
                json!({ "email": "a", "mode": "fulll" }),
                "`mode` cannot be \"fulll\": did you mean \"full\"?",
            ),
            (
                json!({ "email": "a", "custom_fields": [{ "field_value": "x" }] }),
                "`custom_fields[0].field_identifier` is missing: it is required",
            ),
            (
                json!(["a"]),
                "the input must be an object such as {\"email\": \"ada@example.com\"}, not [\"a\"]",
            ),
        ];
        for (input, expected) in cases {
            assert_eq!(complaints(&schema(), &input), [expected], "{input}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let found = complaints(&schema(), &json!({ "emial": "a", "step": true, "x": 1 }));
        assert_eq!(found.len(), 4, "{found:?}");
    }
}
