//! An input held against an action's schema before it is sent.

use serde_json::Value;

use crate::rule::account::judge::misfits;

/// Complaints that are given at most.
const COMPLAINTS_MAX: usize = 50;

/// Everything about the input that the schema does not take. Empty where there is no schema to hold it against.
#[must_use]
pub(super) fn complaints(schema: &Value, input: &Value) -> Vec<String> {
    if !input.is_object() {
        return vec![
            "the input must be an object such as {\"email\": \"ada@example.com\"}".to_owned(),
        ];
    }
    let found = misfits(&input.clone().into(), schema);
    let said = found.iter().map(|misfit| match &misfit.help {
        Some(help) => format!("{}: {help}", misfit.message()),
        None => misfit.message(),
    });
    said.take(COMPLAINTS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_complaint_says_what_is_wrong_and_what_was_meant() {
        let schema = json!({ "properties": { "tag_name": { "type": "string" } } });
        assert_eq!(
            complaints(&schema, &json!({ "tagName": "vip" })),
            [
                "`tagName` is no field of the action, and would be dropped without a word: did you mean `tag_name`?"
            ]
        );
        assert_eq!(complaints(&schema, &json!({ "tag_name": "vip" })), [""; 0]);
        assert_eq!(complaints(&schema, &json!(["a"])).len(), 1);
        assert_eq!(complaints(&Value::Null, &json!("a")).len(), 1);
    }
}
