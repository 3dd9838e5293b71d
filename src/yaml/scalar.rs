//! What an unquoted scalar is, by the core schema of YAML 1.2.

use std::sync::Arc;

use serde_json::Number;

use super::Kind;

/// The kind of an unquoted scalar.
pub(super) fn resolve(raw: &str) -> Kind {
    match raw {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    number(raw).map_or_else(|| Kind::Text(Arc::from(raw)), Kind::Number)
}

/// Why an unquoted scalar that looks like a number is kept as text.
pub(super) fn altered(raw: &str) -> Option<&'static str> {
    let unsigned = raw.strip_prefix(['+', '-']).unwrap_or(raw);
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return Some("is no number that can be sent");
    }
    if radix(raw).is_some_and(|digits| digits.is_none()) {
        return Some("does not fit into 64 bits");
    }
    if !is_decimal(unsigned) || number(raw).is_some() {
        return None;
    }
    Some(if raw.starts_with('+') {
        "would lose its plus sign"
    } else if has_leading_zero(unsigned) {
        "would lose its leading zero"
    } else {
        "does not fit into 64 bits"
    })
}

/// Whether an unquoted word was true or false in YAML 1.1 and is text in 1.2.
pub(super) fn is_old_boolean(raw: &str) -> bool {
    matches!(
        raw,
        "yes" | "Yes" | "YES" | "no" | "No" | "NO" | "on" | "On" | "ON" | "off" | "Off" | "OFF"
    )
}

/// The number, unless its digits would change by being one.
fn number(raw: &str) -> Option<Number> {
    if let Some(digits) = radix(raw) {
        return digits.map(Number::from);
    }
    let unsigned = raw.strip_prefix('-').unwrap_or(raw);
    if !is_decimal(unsigned) || has_leading_zero(unsigned) {
        return None;
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return if raw.starts_with('-') {
            raw.parse::<i64>().ok().map(Number::from)
        } else {
            raw.parse::<u64>().ok().map(Number::from)
        };
    }
    if !raw.parse::<f64>().is_ok_and(f64::is_finite) {
        return None;
    }
    // JSON wants a digit on both sides of the point.
    let mut text = raw.replacen("-.", "-0.", 1);
    if text.starts_with('.') {
        text.insert(0, '0');
    }
    if let Some(point) = text.find('.')
        && !text[point + 1..].starts_with(|next: char| next.is_ascii_digit())
    {
        text.insert(point + 1, '0');
    }
    serde_json::from_str(&text).ok()
}

/// `0x` and `0o`: `Some(None)` when it is one and does not fit.
fn radix(raw: &str) -> Option<Option<u64>> {
    let (digits, base) = match raw.get(..2)? {
        "0x" => (&raw[2..], 16),
        "0o" => (&raw[2..], 8),
        _ => return None,
    };
    let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
    valid.then(|| u64::from_str_radix(digits, base).ok())
}

/// Digits with at most one point among or around them, and maybe an exponent.
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, part)) => {
            all_digits(whole) && all_digits(part) && !(whole.is_empty() && part.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_fits && exponent_fits
}

/// `02134`, but not `0` and not `0.5`.
fn has_leading_zero(unsigned: &str) -> bool {
    let mut bytes = unsigned.bytes();
    bytes.next() == Some(b'0') && bytes.next().is_some_and(|next| next.is_ascii_digit())
}
