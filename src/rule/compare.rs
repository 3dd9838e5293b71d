//! Equality and order of JSON values, exact for numbers of any size.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Whether two values are equal: the same type, numbers by value, objects in any order.
#[must_use]
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => numbers(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        (left, right) => left == right,
    }
}

/// The order of two numbers, without rounding: `4900` equals `4900.0`, and `0.1` is less than `0.10000000000000000001`.
#[must_use]
pub fn numbers(left: &Number, right: &Number) -> Ordering {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return left.cmp(&right);
    }
    let (left, right) = (Decimal::of(left.as_str()), Decimal::of(right.as_str()));
    match (left.sign(), right.sign()) {
        (1, 1) => left.size(&right),
        (-1, -1) => right.size(&left),
        (left, right) => left.cmp(&right),
    }
}

/// A number as JSON writes it, in pieces.
struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    exponent: i64,
}

impl<'t> Decimal<'t> {
    fn of(text: &'t str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let far = if exponent.starts_with('-') {
            i64::MIN / 4
        } else {
            i64::MAX / 4
        };
        Self {
            negative: whole.starts_with('-'),
            whole: whole.trim_start_matches('-').trim_start_matches('0'),
            fraction,
            exponent: exponent
                .parse()
                .unwrap_or(far)
                .clamp(i64::MIN / 4, i64::MAX / 4),
        }
    }

    /// Its digits from the first that is not zero.
    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole
            .bytes()
            .chain(self.fraction.bytes())
            .skip_while(|digit| *digit == b'0')
    }

    fn sign(&self) -> i8 {
        match (self.digits().next(), self.negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    /// The power of ten of its first digit.
    fn magnitude(&self) -> i64 {
        let places = if self.whole.is_empty() {
            let zeros = self
                .fraction
                .bytes()
                .take_while(|digit| *digit == b'0')
                .count();
            -i64::try_from(zeros).unwrap_or(i64::MAX / 4) - 1
        } else {
            i64::try_from(self.whole.len()).unwrap_or(i64::MAX / 4) - 1
        };
        places + self.exponent
    }

    /// The order of two numbers that are not zero, without their signs.
    fn size(&self, other: &Self) -> Ordering {
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            let (mut left, mut right) = (self.digits(), other.digits());
            loop {
                let (a, b) = (left.next(), right.next());
                if a.is_none() && b.is_none() {
                    return Ordering::Equal;
                }
                let order = a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0'));
                if order.is_ne() {
                    return order;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    fn order(left: &str, right: &str) -> Ordering {
        let order = numbers(&number(left), &number(right));
        assert_eq!(
            numbers(&number(right), &number(left)),
            order.reverse(),
            "{left} {right}"
        );
        order
    }

    #[test]
    fn numbers_compare_by_value_whatever_their_form() {
        for text in [
            "4900",
            "4900.0",
            "4.9e3",
            "4900.000000000000000000000",
            "49E2",
            "0.0049e6",
        ] {
            assert_eq!(order("4900", text), Ordering::Equal, "{text}");
        }
        for (less, more) in [
            ("0.1", "0.10000000000000000001"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567891",
            ),
            ("9007199254740992", "9007199254740993.0"),
            ("-2", "-1.5"),
            ("-1", "0.0"),
            ("-0.001", "1e-400"),
            ("1e400", "1e401"),
            ("0", "1e-99999999999999999999"),
            ("1e5", "1e99999999999999999999"),
        ] {
            assert_eq!(order(less, more), Ordering::Less, "{less} {more}");
        }
        assert_eq!(order("0", "-0.0"), Ordering::Equal);
        assert_eq!(order("0e5", "0"), Ordering::Equal);
    }

    #[test]
    fn values_are_equal_deep_down_but_never_across_types() {
        let value = |text: &str| serde_json::from_str::<Value>(text).expect(text);
        assert!(equal(
            &value(r#"{"a": [1, {"b": 2.0}], "c": null}"#),
            &value(r#"{"c": null, "a": [1.0, {"b": 2}]}"#)
        ));
        for (left, right) in [
            ("1", "\"1\""),
            ("null", "0"),
            ("true", "1"),
            ("[1]", "[1, 1]"),
            ("{\"a\": null}", "{\"b\": null}"),
        ] {
            assert!(!equal(&value(left), &value(right)), "{left} {right}");
        }
    }

    proptest! {
        #[test]
        fn doubles_keep_their_order(left in any::<f64>(), right in any::<f64>()) {
            let both = Number::from_f64(left).zip(Number::from_f64(right));
            if let (Some((a, b)), Some(order)) = (both, left.partial_cmp(&right)) {
                prop_assert_eq!(numbers(&a, &b), order);
            }
        }

        #[test]
        fn whole_numbers_keep_their_order(left in any::<i128>(), right in any::<i128>(), zeros in 0..3_usize) {
            let point = if zeros > 0 { "." } else { "" };
            let written = format!("{right}{point}{}", "0".repeat(zeros));
            prop_assert_eq!(order(&left.to_string(), &written), left.cmp(&right));
        }
    }
}
