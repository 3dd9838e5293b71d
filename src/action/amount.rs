//! An amount of money that may be sent.

use serde_json::Value;

/// What an amount must be.
pub const WANTED_AMOUNT: &str = "at least 0.01, in digits with at most two decimals, such as 29.00";

/// The amount as it is sent, without the white space around it. `None` for what may be taken for nothing, and for what would
/// be rounded or read in some way of its own: less than a cent, parts of a cent, an exponent, a sign.
#[must_use]
pub fn amount(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => is_amount(&number.to_string()).then(|| value.clone()),
        Value::String(text) => {
            let text = text.trim();
            is_amount(text).then(|| text.into())
        }
        _ => None,
    }
}

fn is_amount(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, is_right) = match text.split_once('.') {
        Some((whole, cents)) => (whole, is_digits(cents) && cents.len() <= 2),
        None => (text, true),
    };
    let is_finite = text.parse().is_ok_and(f64::is_finite);
    is_right
        && is_digits(whole)
        && is_finite
        && text.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_amount_is_a_cent_or_more_in_plain_decimals() {
        for good in [
            json!(29),
            json!(29.5),
            json!(0.01),
            json!("29.00"),
            json!("0.01"),
            json!("007.5"),
        ] {
            assert_eq!(amount(&good), Some(good));
        }
        for wrong in [
            "", " ", ".", "5.", ".5", "0", "0.00", "0.001", "0.009", "10.005", "29.000", "1e-9",
            "1e2", "1E2", "-5", "+5", "5,00", "1 000", "5 EUR", "inf", "NaN", "0x10", "٣",
        ] {
            assert_eq!(amount(&json!(wrong)), None, "{wrong}");
        }
        for wrong in [
            json!(null),
            json!(true),
            json!([5]),
            json!({}),
            json!(0),
            json!(-5),
            json!(1e-9),
            json!(0.001),
            json!(0.1 + 0.2),
            json!("9".repeat(400)),
        ] {
            assert_eq!(amount(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_amount_is_sent_without_the_white_space_around_it() {
        for text in ["10 ", " 10", "\t10\n"] {
            assert_eq!(amount(&json!(text)), Some(json!("10")));
        }
    }
}
