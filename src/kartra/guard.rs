//! What is never sent to Kartra, whatever a rule came to: a refund of nobody knows what, or of nobody knows how much.
//!
//! Kartra takes an empty amount for the whole sum. So an amount that is named must be a cent or more, and so plain that
//! nobody rounds it to nothing; a refund of everything names none.

use serde_json::Value;

use super::input;
use super::outcome::quoted;
use crate::action::{self, Class, Outcome, WANTED_AMOUNT};

/// Why this call must not go out.
pub(super) fn refuse(verb: &str, input: &Value) -> Option<Outcome> {
    if verb != "refund-transaction" {
        return None;
    }
    let why = if input::transaction(input).is_none() {
        "it names no transaction_id: the value was empty or is not there".to_owned()
    } else {
        let wrong = input::amounts(input).find(|amount| action::amount(amount.value).is_none())?;
        format!(
            "{} is {}, and must be {WANTED_AMOUNT}: an amount that comes to nothing would refund everything",
            wrong.name,
            shown(wrong.value)
        )
    };
    Some(Outcome::new(
        Class::RuleWrong,
        format!("the refund was held back and nothing was sent: {why}"),
    ))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::String(text) if text.trim().is_empty() => "empty".to_owned(),
        Value::String(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refund_of_nobody_knows_how_much_is_held_back() {
        for (amount, shown) in [
            (json!(null), "refund_amount is empty"),
            (json!(""), "refund_amount is empty"),
            (json!("  "), "refund_amount is empty"),
            (json!("all"), "refund_amount is \"all\""),
            (json!("5,00"), "refund_amount is \"5,00\""),
            (json!("NaN"), "refund_amount is \"NaN\""),
            (json!("inf"), "refund_amount is \"inf\""),
            (json!(0), "refund_amount is 0"),
            (json!("0.00"), "refund_amount is \"0.00\""),
            (json!("1e-9"), "refund_amount is \"1e-9\""),
            (json!("0.001"), "refund_amount is \"0.001\""),
            (json!(0.001), "refund_amount is 0.001"),
            (json!("10.005"), "refund_amount is \"10.005\""),
            (json!(-5), "refund_amount is -5"),
            (json!(true), "refund_amount is true"),
            (json!([5]), "refund_amount is a list"),
            (json!({}), "refund_amount is a map"),
        ] {
            let input = json!({ "transaction_id": 792354, "refund_amount": amount });
            let held = refuse("refund-transaction", &input).expect("it is held back");
            assert_eq!(held.class, Class::RuleWrong, "{amount}");
            for part in [shown, "nothing was sent", "would refund everything"] {
                assert!(held.message.contains(part), "{}", held.message);
            }
        }
    }

    #[test]
    fn every_spelling_of_an_amount_is_looked_at() {
        for name in ["amount", "refundAmount", "Refund Amount"] {
            let mut input = json!({ "transactionId": "792354" });
            input[name] = json!("");
            let held = refuse("refund-transaction", &input).expect(name);
            assert!(held.message.contains(name), "{}", held.message);
        }
        let both = json!({ "transaction_id": 7, "refund_amount": 5, "amount": "" });
        assert!(refuse("refund-transaction", &both).is_some());
    }

    #[test]
    fn a_refund_of_nobody_knows_what_is_held_back() {
        for input in [
            json!({}),
            json!({ "transaction_id": "", "refund_amount": 5 }),
            json!({ "transaction_id": null }),
            json!({ "transaction_id": [7] }),
            Value::Null,
        ] {
            let held = refuse("refund-transaction", &input).expect("it is held back");
            assert_eq!(held.class, Class::RuleWrong, "{input}");
            assert!(held.message.contains("transaction_id"), "{}", held.message);
        }
    }

    #[test]
    fn what_says_what_and_how_much_goes_out() {
        for input in [
            json!({ "transaction_id": 792354 }),
            json!({ "transaction_id": "792354", "refund_amount": "29.00" }),
            json!({ "transactionId": 792354, "amount": 0.01 }),
        ] {
            assert_eq!(refuse("refund-transaction", &input), None, "{input}");
        }
        let blank = json!({ "transaction_id": "", "refund_amount": "" });
        assert_eq!(refuse("get-transaction-details", &blank), None);
    }
}
