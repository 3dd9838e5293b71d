//! `types:` what a text in the body is to be: `{ $.body.amount: decimal }` for senders that write numbers as text.

use std::str::FromStr as _;

use serde_json::{Number, Value};

use super::settings::Settings;
use crate::rule::path::Path;

/// What a value is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Decimal,
    Integer,
    Boolean,
    Text,
}

/// What the values at these paths are to be. What cannot be it stays as it is, and a rule's reason says so.
#[derive(Debug, Default)]
pub(super) struct Types(Vec<(Path, Type)>);

impl Types {
    /// Reads the setting.
    pub(super) fn parse(settings: &mut Settings<'_, '_>) -> Self {
        let Some(node) = settings.take("types") else {
            return Self::default();
        };
        let mut settings = settings.inner(node);
        let Some(entries) = node.as_map() else {
            let message = format!("`types` is {}, where a map must stand", node.kind_name());
            let help = "write `types: { $.body.amount: decimal }`";
            settings.error("K0104", node.span, message, help);
            return Self::default();
        };
        let mut types = Vec::new();
        for entry in entries {
            let path = Path::compile(&entry.key).and_then(|path| {
                let checked = path.check_branch(&["body"]);
                checked.map(|()| path)
            });
            let path = match path {
                Ok(path) => path,
                Err(complaint) => {
                    settings.complain("K0301", complaint, entry.key_span, &entry.key);
                    continue;
                }
            };
            let word = settings.as_choice(
                &entry.key,
                &entry.value,
                &["decimal", "integer", "boolean", "text"],
            );
            let wanted = match word {
                Some("decimal") => Type::Decimal,
                Some("integer") => Type::Integer,
                Some("boolean") => Type::Boolean,
                Some(_) => Type::Text,
                None => continue,
            };
            types.push((path, wanted));
        }
        Self(types)
    }

    /// Changes what stands there in `{"body": …}`; `true` if anything was changed.
    pub(super) fn apply(&self, delivery: &mut Value) -> bool {
        let mut changed = false;
        for (path, wanted) in &self.0 {
            let found: Vec<*const Value> = path
                .select(delivery)
                .into_iter()
                .map(std::ptr::from_ref)
                .collect();
            if !found.is_empty() {
                changed |= change(delivery, &found, *wanted);
            }
        }
        changed
    }
}

/// Changes the values at these addresses. Nothing is moved on the way, so an address stays that of its value.
fn change(value: &mut Value, found: &[*const Value], wanted: Type) -> bool {
    if found.contains(&std::ptr::from_ref(value)) {
        return match converted(value, wanted) {
            Some(other) => {
                *value = other;
                true
            }
            None => false,
        };
    }
    match value {
        Value::Array(list) => list
            .iter_mut()
            .fold(false, |any, value| change(value, found, wanted) | any),
        Value::Object(map) => map
            .values_mut()
            .fold(false, |any, value| change(value, found, wanted) | any),
        _ => false,
    }
}

/// The value as this type; `None` if it is so already or cannot be.
fn converted(value: &Value, wanted: Type) -> Option<Value> {
    match (wanted, value) {
        (Type::Text, Value::Number(number)) => Some(number.to_string().into()),
        (Type::Text, Value::Bool(truth)) => Some(truth.to_string().into()),
        (Type::Decimal, Value::String(text)) => number(text),
        (Type::Integer, Value::String(text)) => {
            let digits = text.trim();
            let digits = digits.strip_prefix('-').unwrap_or(digits);
            let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
            whole.then(|| number(text)).flatten()
        }
        (Type::Boolean, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true.into()),
            "false" | "0" | "no" | "off" => Some(false.into()),
            _ => None,
        },
        (Type::Boolean, Value::Number(number)) => match number.as_i64() {
            Some(1) => Some(true.into()),
            Some(0) => Some(false.into()),
            _ => None,
        },
        _ => None,
    }
}

/// A number with every digit it was written with; zeros before it are dropped.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let mut digits = digits.trim_start_matches('0').to_owned();
    if digits.is_empty() || digits.starts_with('.') {
        digits.insert(0, '0');
    }
    let known = plain && text.bytes().any(|byte| byte.is_ascii_digit());
    let number = Number::from_str(&format!("{sign}{digits}")).ok();
    known.then_some(number).flatten().map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn types(rows: &[(&str, Type)]) -> Types {
        let row = |(path, wanted): &(&str, Type)| (Path::compile(path).expect("a path"), *wanted);
        Types(rows.iter().map(row).collect())
    }

    #[test]
    fn text_becomes_what_the_source_says_wherever_the_path_leads() {
        let mut delivery = json!({"body": {
            "items": [{"price": "49.00"}, {"price": "007.5"}, {"price": "free"}, {"price": 3}],
            "count": "-12", "half": "1.5", "paid": "yes", "id": 820982911946154508_u64,
        }});
        let types = types(&[
            ("$.body.items[*].price", Type::Decimal),
            ("$.body.count", Type::Integer),
            ("$.body.half", Type::Integer),
            ("$.body.paid", Type::Boolean),
            ("$.body.id", Type::Text),
            ("$.body.absent", Type::Text),
        ]);
        assert!(types.apply(&mut delivery));
        assert_eq!(
            delivery.to_string(),
            r#"{"body":{"items":[{"price":49.00},{"price":7.5},{"price":"free"},{"price":3}],"count":-12,"half":"1.5","paid":true,"id":"820982911946154508"}}"#
        );
        assert!(!types.apply(&mut delivery));
    }

    #[test]
    fn only_plain_decimals_are_numbers() {
        for text in ["", "-", ".", "1e5", "0x1", "1,5", "1.2.3", "∞", "+1", "5."] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number("-0").map(|n| n.to_string()).as_deref(), Some("-0"));
        assert_eq!(number(".5").map(|n| n.to_string()).as_deref(), Some("0.5"));
        assert_eq!(number("00").map(|n| n.to_string()).as_deref(), Some("0"));
    }
}
