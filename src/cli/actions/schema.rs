//! A schema as a person reads it: one row for each field, nested ones indented. What it does not know it passes over.

use std::io;

use serde_json::Value;

use crate::cli::screen::{Line, Screen, Table, Tone, wrap};

/// Objects inside objects are shown this deep.
const DEPTH_MAX: usize = 6;
/// Rows that are shown of one schema.
const ROWS_MAX: usize = 200;
/// Values of an `enum` that are shown.
const VALUES_MAX: usize = 12;
/// The width of the last column.
const WHAT_COLUMNS: usize = 42;

const TABLE: Table = Table::new(&[
    ("FIELD", 26),
    ("TYPE", 18),
    ("REQUIRED", 8),
    ("WHAT", WHAT_COLUMNS),
]);

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// How deep it is nested.
    depth: usize,
    name: String,
    kind: String,
    required: bool,
    what: String,
}

/// The fields of a schema, in its order.
#[must_use]
pub(super) fn rows(schema: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    collect(schema, 0, &mut rows);
    rows
}

/// Prints the fields as a table.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print(schema: &Value, screen: &mut Screen) -> io::Result<()> {
    let rows = rows(schema);
    if rows.is_empty() {
        return screen.line(&Line::new("  ").dim(if schema.is_null() {
            "Membrane tells no schema."
        } else {
            "It has no fields."
        }));
    }
    screen.line(&TABLE.head())?;
    for row in rows.iter().take(ROWS_MAX) {
        print_row(row, screen)?;
    }
    let more = rows.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        screen.line(&Line::default().dim(format!("… and {more} more; --json shows all")))?;
    }
    Ok(())
}

fn print_row(row: &Row, screen: &mut Screen) -> io::Result<()> {
    let mut cells = [
        (
            Tone::Bold,
            format!("{}{}", "  ".repeat(row.depth), row.name),
        ),
        (Tone::Plain, row.kind.clone()),
        (Tone::Warn, if row.required { "yes" } else { "" }.to_owned()),
        (Tone::Plain, String::new()),
    ];
    for line in wrap(&row.what, WHAT_COLUMNS) {
        cells[3].1 = line;
        screen.line(&TABLE.row(&cells))?;
        for cell in &mut cells {
            cell.1.clear();
        }
    }
    if row.what.is_empty() {
        screen.line(&TABLE.row(&cells))?;
    }
    Ok(())
}

/// The fields of an object, and of the objects in a list.
fn collect(schema: &Value, depth: usize, rows: &mut Vec<Row>) {
    if depth >= DEPTH_MAX {
        return;
    }
    if let Some(items) = schema.get("items") {
        return collect(items, depth, rows);
    }
    let Some(fields) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let required = schema.get("required").and_then(Value::as_array);
    for (name, field) in fields {
        rows.push(Row {
            depth,
            name: name.clone(),
            kind: kind(field),
            required: required.is_some_and(|names| names.iter().any(|one| one == name.as_str())),
            what: what(field),
        });
        collect(field, depth + 1, rows);
    }
}

/// `string`, `string or number`, `array of object`.
#[must_use]
pub(super) fn kind(field: &Value) -> String {
    let one = |kind: &str| match field.get("items") {
        Some(items) if kind == "array" => format!("array of {}", self::kind(items)),
        _ => kind.to_owned(),
    };
    match field.get("type") {
        Some(Value::String(kind)) => one(kind),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<String> = kinds.iter().filter_map(Value::as_str).map(one).collect();
            kinds.join(" or ")
        }
        _ => guessed(field),
    }
}

/// Where no type is told: what its other words show.
fn guessed(field: &Value) -> String {
    for word in ["anyOf", "oneOf"] {
        if let Some(choices) = field.get(word).and_then(Value::as_array) {
            let mut kinds: Vec<String> = choices.iter().map(kind).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
    }
    if field.get("properties").is_some() {
        "object".to_owned()
    } else if let Some(items) = field.get("items") {
        format!("array of {}", kind(items))
    } else {
        "any".to_owned()
    }
}

/// The description, then what may stand there and what stands there by itself.
fn what(field: &Value) -> String {
    let text = |name: &str| field.get(name).and_then(Value::as_str);
    let mut parts: Vec<String> = Vec::new();
    if let Some(words) = text("description").or_else(|| text("title")) {
        parts.push(words.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if let Some(values) = field.get("enum").and_then(Value::as_array) {
        let mut shown: Vec<String> = values.iter().take(VALUES_MAX).map(bare).collect();
        if values.len() > VALUES_MAX {
            shown.push("…".to_owned());
        }
        parts.push(format!("One of: {}", shown.join(", ")));
    }
    if let Some(value) = field.get("default") {
        parts.push(format!("Default: {}", bare(value)));
    }
    if let Some(format) = text("format") {
        parts.push(format!("Format: {format}"));
    }
    parts.join(" · ")
}

/// A value as a person writes it.
fn bare(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_is_a_row_and_nested_ones_are_indented() {
        let schema = json!({
            "type": "object",
            "properties": {
                "email": { "type": "string", "format": "email", "description": "The\n address." },
                "step": { "type": ["string", "number"], "default": 1 },
                "fields": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "id": { "type": "string" }, "value": {} },
                    "required": ["id"],
                } },
                "mode": { "enum": ["a", "b"], "x-membrane": { "odd": [1] } },
                "where": { "properties": { "city": { "anyOf": [{ "type": "string" }, { "type": "null" }] } } },
            },
            "required": ["email", 7],
            "$defs": { "unused": 1 },
        });
        let shown: Vec<String> = rows(&schema)
            .iter()
            .map(|row| {
                let required = if row.required { "!" } else { "" };
                let name = format!("{}{}", "  ".repeat(row.depth), row.name);
                format!("{name}{required} | {} | {}", row.kind, row.what)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "email! | string | The address. · Format: email",
                "step | string or number | Default: 1",
                "fields | array of object | ",
                "  id! | string | ",
                "  value | any | ",
                "mode | any | One of: a, b",
                "where | object | ",
                "  city | string or null | ",
            ]
        );
    }

    #[test]
    fn a_schema_of_any_shape_is_read_without_harm() {
        let mut deep = json!({ "properties": { "a": { "type": "string" } } });
        for _ in 0..50 {
            deep = json!({ "properties": { "a": deep } });
        }
        assert_eq!(rows(&deep).len(), DEPTH_MAX);
        for odd in [
            json!(null),
            json!(true),
            json!([]),
            json!({ "properties": [] }),
            json!({ "type": 7, "properties": { "a": null, "b": 1, "c": { "type": [] } } }),
            json!({ "items": { "items": {} } }),
        ] {
            for row in rows(&odd) {
                assert!(!row.name.is_empty());
            }
        }
    }
}
