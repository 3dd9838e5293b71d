//! The schemas of the actions, made from our own table of fields or set by a test, and the check of an input against them.

use serde_json::{Map, Value, json};

use super::actions::name_of;
use super::errors::{Failure, bad_request};
use super::settings::Settings;
use crate::action::{ActionSpec, Field, FieldType};

/// Fields of which one is enough.
const ALTERNATIVES: &[[&str; 2]] = &[
    ["email", "id"],
    ["transaction_id", "transaction_internal_subscription_id"],
];

/// Checks an input against the schema. What the schema does not name is dropped without a word, as Membrane does.
pub(super) fn check(
    spec: &ActionSpec,
    settings: &Settings,
    input: &Value,
) -> Result<Map<String, Value>, Failure> {
    let sent = match input {
        Value::Object(sent) => sent,
        Value::Null => &Map::new(),
        _ => return Err(bad_request("Invalid input: expected an object")),
    };
    if let Some(schema) = settings.input_schemas.get(spec.key) {
        return check_against(schema, sent);
    }
    let further = settings.also_required.get(spec.key);
    let further = further.into_iter().flatten().map(String::as_str);
    for name in required(spec).into_iter().chain(further) {
        has(sent, name)?;
    }
    let mut kept = Map::new();
    for field in spec.fields {
        let Some(value) = sent.get(field.name) else {
            continue;
        };
        if !accepts(field.kind, value) {
            return Err(is_no(type_word(field.kind), field.name));
        }
        kept.insert(field.name.to_owned(), value.clone());
    }
    Ok(kept)
}

/// The same, against a schema that was set: `required`, and the `type` of each of `properties`.
fn check_against(schema: &Value, sent: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let demanded = schema["required"].as_array();
    for name in demanded.into_iter().flatten().filter_map(Value::as_str) {
        has(sent, name)?;
    }
    let mut kept = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let Some(value) = sent.get(name) else {
            continue;
        };
        let wanted = property["type"].as_str().unwrap_or("");
        let fits = match wanted {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_u64() || value.is_i64(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => true,
        };
        if !fits {
            return Err(is_no(wanted, name));
        }
        kept.insert(name.clone(), value.clone());
    }
    Ok(kept)
}

fn has(sent: &Map<String, Value>, name: &str) -> Result<(), Failure> {
    match sent.contains_key(name) {
        true => Ok(()),
        false => Err(bad_request(format!(
            "Invalid input: \"{name}\" is required"
        ))),
    }
}

fn is_no(wanted: &str, name: &str) -> Failure {
    bad_request(format!("Invalid input: \"{name}\" must be {wanted}"))
}

/// The input schema of an action, as the catalogue shows it.
pub(super) fn input_schema(spec: &ActionSpec, settings: &Settings) -> Value {
    if let Some(schema) = settings.input_schemas.get(spec.key) {
        return schema.clone();
    }
    let property = |field: &Field| (field.name.to_owned(), property(field));
    let mut properties: Map<_, _> = spec.fields.iter().map(property).collect();
    let mut demanded: Vec<_> = required(spec).into_iter().map(str::to_owned).collect();
    for name in settings.also_required.get(spec.key).into_iter().flatten() {
        properties.insert(name.clone(), json!({ "type": "string" }));
        demanded.push(name.clone());
    }
    json!({ "type": "object", "properties": properties, "required": demanded })
}

fn property(field: &Field) -> Value {
    let mut property = match field.kind {
        FieldType::Text => json!({ "type": "string" }),
        FieldType::Integer => json!({ "type": "integer" }),
        FieldType::Number => json!({ "type": "number" }),
        FieldType::Any => json!({ "type": ["string", "number"] }),
        FieldType::Structure => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "field_identifier": { "type": "string" }, "field_value": {} },
                "required": ["field_identifier", "field_value"],
            },
        }),
    };
    property["title"] = name_of(&field.name.replace('_', "-")).into();
    property["description"] = field.doc.into();
    property
}

/// Kartra's own bodies differ too much for more.
pub(super) fn output_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "status": { "type": "string" },
            "message": { "type": "string" },
            "type": { "type": "string" },
            "actions": { "type": "array", "items": { "type": "object" } },
        },
    })
}

fn required(spec: &ActionSpec) -> Vec<&'static str> {
    let has = |name: &str| spec.fields.iter().any(|field| field.name == name);
    let replaceable = |name: &str| {
        ALTERNATIVES
            .iter()
            .any(|[one, other]| *one == name && has(other))
    };
    let fields = spec.fields.iter();
    fields
        .filter(|field| field.required && !replaceable(field.name))
        .map(|field| field.name)
        .collect()
}

/// Numbers may come as text, and blank text is left for Kartra to judge.
fn accepts(kind: FieldType, value: &Value) -> bool {
    match (kind, value) {
        (FieldType::Text | FieldType::Any, Value::String(_))
        | (FieldType::Number | FieldType::Any, Value::Number(_))
        | (FieldType::Structure, Value::Array(_) | Value::Object(_)) => true,
        (FieldType::Integer, Value::Number(number)) => number.is_u64() || number.is_i64(),
        (FieldType::Integer, Value::String(text)) => {
            text.trim().is_empty() || text.trim().parse::<i64>().is_ok()
        }
        (FieldType::Number, Value::String(text)) => {
            text.trim().is_empty() || text.trim().parse::<f64>().is_ok()
        }
        _ => false,
    }
}

fn type_word(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "a string",
        FieldType::Integer => "an integer",
        FieldType::Number => "a number",
        FieldType::Any => "a string or a number",
        FieldType::Structure => "an array",
    }
}
