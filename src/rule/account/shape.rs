//! Values that are written out, against the types and choices of a schema.

use serde_json::Value;

use crate::problem::Span;
use crate::rule::expr::{Shape, describe};
use crate::rule::fields::Given;
use crate::yaml::Node;

/// A value that the schema does not allow.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The input, or the place in it: `custom_fields[0].field_value`.
    pub at: String,
    pub span: Span,
    pub why: String,
}

impl Given {
    /// What of this input the property's schema does not allow. What is computed is not known before a run.
    pub(super) fn misfits(&self, property: &Value) -> Vec<Misfit> {
        let mut found = Vec::new();
        match self.shape.constant().map(|value| self.fit(value)) {
            // The table's own check has said so.
            Some(Err(_) | Ok(Value::Null)) => {}
            Some(Ok(value)) if !matches!(value, Value::Array(_) | Value::Object(_)) => {
                scalar(&self.name, &value, property, self.node.span, &mut found);
            }
            _ => look(&self.name, &self.shape, &self.node, property, &mut found),
        }
        found
    }
}

fn look(at: &str, shape: &Shape, node: &Node, schema: &Value, found: &mut Vec<Misfit>) {
    match shape {
        Shape::List(members) => {
            if !allows(schema, "array") {
                found.push(misfit(at, node.span, &wanted(schema, "a list")));
                return;
            }
            let (nodes, items) = (node.as_list().unwrap_or_default(), schema.get("items"));
            for (number, (member, node)) in members.iter().zip(nodes).enumerate() {
                if let Some(items) = items {
                    look(&format!("{at}[{number}]"), member, node, items, found);
                }
            }
        }
        Shape::Map(entries) => {
            if !allows(schema, "object") {
                found.push(misfit(at, node.span, &wanted(schema, "a map")));
                return;
            }
            let property = |name: &str| schema.get("properties").and_then(|all| all.get(name));
            for (name, shape) in entries {
                if let (Some(property), Some(node)) = (property(name), node.get(name)) {
                    look(&format!("{at}.{name}"), shape, node, property, found);
                }
            }
            let required = schema.get("required").and_then(Value::as_array);
            let names = required.into_iter().flatten().filter_map(Value::as_str);
            for name in names.filter(|name| entries.iter().all(|(key, _)| key != name)) {
                found.push(misfit(at, node.span, &format!("needs `{name}`")));
            }
        }
        Shape::Fixed(_) | Shape::Expr(_) => {
            if let Some(value) = shape.constant() {
                scalar(at, &value, schema, node.span, found);
            }
        }
    }
}

fn scalar(at: &str, value: &Value, schema: &Value, span: Span, found: &mut Vec<Misfit>) {
    let text = match value {
        Value::Null => return,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fits = match value {
        Value::String(_) => {
            allows(schema, "string")
                || (allows(schema, "integer") && text.trim().parse::<i64>().is_ok())
                || (allows(schema, "number")
                    && text.trim().parse::<f64>().is_ok_and(f64::is_finite))
        }
        Value::Number(number) => {
            allows(schema, "number")
                || (allows(schema, "integer") && (number.is_i64() || number.is_u64()))
        }
        Value::Bool(_) => allows(schema, "boolean"),
        Value::Array(_) => allows(schema, "array"),
        Value::Object(_) => allows(schema, "object"),
        Value::Null => true,
    };
    if !fits {
        found.push(misfit(at, span, &wanted(schema, describe(value))));
        return;
    }
    let Some(choices) = schema.get("enum").and_then(Value::as_array) else {
        return;
    };
    let same = |choice: &Value| choice == value || shown(choice) == text;
    if !choices.iter().any(same) {
        let choices: Vec<String> = choices
            .iter()
            .map(|choice| format!("`{}`", shown(choice)))
            .collect();
        let why = format!("is one of {}, not `{text}`", choices.join(", "));
        found.push(misfit(at, span, &why));
    }
}

fn misfit(at: &str, span: Span, why: &str) -> Misfit {
    Misfit {
        at: at.to_owned(),
        span,
        why: why.to_owned(),
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The types that a schema allows; none named means any.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn allows(schema: &Value, name: &str) -> bool {
    let types = types(schema);
    types.is_empty() || types.contains(&name)
}

/// `must be a text, and is a number`.
fn wanted(schema: &Value, found: &str) -> String {
    let words: Vec<&str> = types(schema)
        .into_iter()
        .filter_map(|name| match name {
            "string" => Some("a text"),
            "integer" => Some("a whole number"),
            "number" => Some("a number"),
            "boolean" => Some("true or false"),
            "array" => Some("a list"),
            "object" => Some("a map"),
            _ => None,
        })
        .collect();
    format!("must be {}, and is {found}", words.join(" or "))
}
