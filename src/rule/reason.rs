//! How values are told to people when a condition does not hold.

use serde_json::Value;

/// Longer values are cut.
const SHOWN_CHARACTERS: usize = 80;

/// A value as it stands in JSON, cut when long.
#[must_use]
pub fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        None => text,
        Some((end, _)) => match value {
            Value::Array(list) => format!("a list of {}", list.len()),
            Value::Object(map) => format!("an object of {}", map.len()),
            _ => format!("{}…", &text[..end]),
        },
    }
}

/// A value with its type: `text "49.00"`, `the number 49`.
#[must_use]
pub fn typed(value: &Value) -> String {
    let text = shown(value);
    match value {
        Value::String(_) => format!("text {text}"),
        Value::Number(_) => format!("the number {text}"),
        Value::Array(_) if text.starts_with('[') => format!("the list {text}"),
        Value::Object(_) if text.starts_with('{') => format!("the object {text}"),
        _ => text,
    }
}

/// Several values: the first three and how many more.
#[must_use]
pub fn several(values: &[&Value], tell: impl Fn(&Value) -> String) -> String {
    let first = values
        .iter()
        .take(3)
        .map(|value| tell(value))
        .collect::<Vec<_>>()
        .join(", ");
    match values.len().saturating_sub(3) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_told_briefly() {
        assert_eq!(typed(&json!("49.00")), "text \"49.00\"");
        assert_eq!(typed(&json!(49)), "the number 49");
        assert_eq!(typed(&json!(null)), "null");
        assert_eq!(typed(&json!([1])), "the list [1]");
        assert_eq!(typed(&json!(vec![1; 99])), "a list of 99");
        assert_eq!(
            shown(&json!("é".repeat(99))).chars().count(),
            SHOWN_CHARACTERS + 1
        );
        let (one, two) = (json!(1), json!(2));
        assert_eq!(
            several(&[&one, &two, &one, &two], shown),
            "1, 2, 1 and 1 more"
        );
    }
}
