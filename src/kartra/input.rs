//! Reading what a call was given, or what Kartra showed, however a connection's schema writes the names.
//!
//! Kartra says `lead_email`; a synced schema may say `leadEmail`. Names are the same when they differ by letter case, `_`,
//! `-` or spaces only.

use serde_json::{Map, Value};

use super::outcome::quoted;

/// What the number of a lead can be called.
const LEAD_ID: &[&str] = &["id", "lead_id"];
/// What the address of a lead can be called.
const LEAD_EMAIL: &[&str] = &["email", "lead_email"];
/// What the number of a transaction can be called.
const TRANSACTION: &[&str] = &["transaction_id", "transaction"];
/// What the amount of a refund can be called.
const AMOUNTS: &[&str] = &["refund_amount", "amount"];

/// One field of an input: its name as it was written there, and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'v> {
    /// The name.
    pub(super) name: &'v str,
    /// The value.
    pub(super) value: &'v Value,
}

impl Given<'_> {
    /// Its value as people read it: texts in quotes, numbers bare.
    pub(super) fn shown(&self) -> String {
        match self.value {
            Value::String(text) => quoted(text),
            other => other.to_string(),
        }
    }
}

/// Who a call is about: what it names of the two. Kartra goes by the number when both are there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lead<'v> {
    /// The field.
    pub(super) given: Given<'v>,
    /// It is the number.
    pub(super) by_id: bool,
    /// It stands at the top of the input, under its own name there.
    top: bool,
}

impl Lead<'_> {
    /// Inputs that ask for this lead.
    pub(super) fn asking(&self) -> Vec<Value> {
        let own = if self.by_id { "id" } else { "email" };
        let named = self.top.then_some(self.given.name);
        asking(named, own, self.given.value)
    }
}

/// Inputs that ask for the lead with this address, on the connection that took this input.
pub(super) fn asking_by_email(input: &Value, address: &Value) -> Vec<Value> {
    asking(email(input).map(|given| given.name), "email", address)
}

/// Inputs of one field: with the name that the connection took before, and with Kartra's own.
pub(super) fn asking(named: Option<&str>, own: &str, value: &Value) -> Vec<Value> {
    let mut names = vec![named.unwrap_or(own), own];
    names.dedup();
    let one = |name: &str| Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    names.into_iter().map(one).collect()
}

/// The lead that an input names.
pub(super) fn lead(input: &Value) -> Option<Lead<'_>> {
    let of = |from, top| {
        let (id, email) = (filled(from, LEAD_ID), filled(from, LEAD_EMAIL));
        let by_id = id.is_some();
        id.or(email).map(|given| Lead { given, by_id, top })
    };
    of(input, true).or_else(|| of(field(input, &["lead"])?.value, false))
}

/// The address of the lead that an input names.
pub(super) fn email(input: &Value) -> Option<Given<'_>> {
    filled(input, LEAD_EMAIL)
}

/// The number of the transaction that an input names.
pub(super) fn transaction(input: &Value) -> Option<Given<'_>> {
    filled(input, TRANSACTION)
}

/// The amounts that an input names, filled or not.
pub(super) fn amounts(input: &Value) -> impl Iterator<Item = Given<'_>> {
    AMOUNTS.iter().filter_map(|name| field(input, &[name]))
}

/// The first of these fields that is there.
pub(super) fn field<'v>(object: &'v Value, names: &[&str]) -> Option<Given<'v>> {
    let object = object.as_object()?;
    names.iter().find_map(|name| find(object, name))
}

/// The first of these fields that is there and holds a text or a number.
pub(super) fn filled<'v>(object: &'v Value, names: &[&str]) -> Option<Given<'v>> {
    let object = object.as_object()?;
    names
        .iter()
        .filter_map(|name| find(object, name))
        .find(|given| text(given.value).is_some())
}

/// The text of the first of these fields that holds one.
pub(super) fn text_of(object: &Value, names: &[&str]) -> Option<String> {
    text(filled(object, names)?.value)
}

/// A text without the white space around it, or a number, as text. Nothing, when nothing is left.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The number that something has: a text of digits that is more than nought. Kartra writes 0 and `N/A` for none.
pub(super) fn number_of(object: &Value, names: &[&str]) -> Option<String> {
    let text = text_of(object, names)?;
    let is_number =
        text.bytes().all(|byte| byte.is_ascii_digit()) && text.bytes().any(|b| b != b'0');
    is_number.then_some(text)
}

fn find<'v>(object: &'v Map<String, Value>, name: &str) -> Option<Given<'v>> {
    let exact = object.get_key_value(name);
    let found = exact.or_else(|| object.iter().find(|(key, _)| is_same(key, name)));
    found.map(|(name, value)| Given { name, value })
}

/// Whether two names are the same but for how they are written.
fn is_same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .filter(|letter| !matches!(letter, '_' | '-' | ' '))
        .map(|letter| letter.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lead_is_found_under_any_spelling_and_the_number_wins() {
        for (input, by_id, asking) in [
            (
                json!({ "email": "ada@example.com" }),
                false,
                json!([{ "email": "ada@example.com" }]),
            ),
            (
                json!({ "email": "ada@example.com", "id": 12 }),
                true,
                json!([{ "id": 12 }]),
            ),
            (
                json!({ "email": "ada@example.com", "id": "" }),
                false,
                json!([{ "email": "ada@example.com" }]),
            ),
            (
                json!({ "leadEmail": "ada@example.com" }),
                false,
                json!([{ "leadEmail": "ada@example.com" }, { "email": "ada@example.com" }]),
            ),
            (
                json!({ "lead": { "Lead ID": "12" } }),
                true,
                json!([{ "id": "12" }]),
            ),
        ] {
            let lead = lead(&input).expect("a lead is named");
            assert_eq!(lead.by_id, by_id, "{input}");
            assert_eq!(Value::Array(lead.asking()), asking, "{input}");
        }
        for input in [
            json!({}),
            json!({ "email": null, "id": " " }),
            json!({ "lead": 7 }),
            Value::Null,
        ] {
            assert!(lead(&input).is_none(), "{input}");
        }
    }

    #[test]
    fn nought_and_not_applicable_are_no_numbers() {
        for (value, number) in [
            (json!(7), Some("7")),
            (json!(" 792354 "), Some("792354")),
            (json!("0"), None),
            (json!(0), None),
            (json!("N/A"), None),
            (json!("-7"), None),
            (json!(null), None),
        ] {
            assert_eq!(
                number_of(&json!({ "transactionId": value }), TRANSACTION).as_deref(),
                number,
                "{value}"
            );
        }
    }
}
