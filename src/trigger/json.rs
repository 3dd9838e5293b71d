//! JSON bodies: a byte order mark is skipped, numbers survive whole, of equal keys the last one wins, and half a character is none.

use std::borrow::Cow;

use serde_json::Value;

/// Keys that begin so mean something to the parser itself, which would take `{"…Number": "1"}` for the number 1.
const RESERVED: &str = "$serde_json::private::";
/// Longest string that could be a reserved key, all of it written as `\u` escapes.
const RESERVED_BYTES_MAX: usize = 256;
/// Length of a `\u` escape.
const UNIT_BYTES: usize = 6;

/// Parses a JSON text. An error says what is wrong and where, without the content.
///
/// Nesting beyond 128 levels is refused by the parser.
pub(super) fn parse(raw: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(raw).map_err(|wrong| {
        format!(
            "JSON that is not UTF-8 from byte {} on",
            wrong.valid_up_to()
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = &*mended(text);
    if holds_reserved_key(text) {
        return Err(format!("JSON with a key that begins with {RESERVED}"));
    }
    serde_json::from_str(text).map_err(|wrong| format!("broken JSON: {wrong}"))
}

/// The text with U+FFFD for each half of a surrogate pair that stands alone: senders that cut a text within an emoji write one
/// (`\ud83c`), every other parser takes it, and this one would refuse all of the body.
fn mended(text: &str) -> Cow<'_, str> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return text.into();
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let second = escape.get(UNIT_BYTES..).and_then(unit);
        let (length, alone) = match (unit(escape), second) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (2 * UNIT_BYTES, false),
            (Some(0xD800..=0xDFFF), _) => (UNIT_BYTES, true),
            _ => (escape.chars().take(2).map(char::len_utf8).sum(), false),
        };
        mended.push_str(if alone { "\\ufffd" } else { &escape[..length] });
        rest = &escape[length..];
    }
    mended.push_str(rest);
    mended.into()
}

/// What the `\u` escape at the start of this text means.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether the parser would not take this for a name.
pub(super) fn is_reserved(name: &str) -> bool {
    name.starts_with(RESERVED)
}

/// Whether a key of the text begins as a reserved one does.
fn holds_reserved_key(text: &str) -> bool {
    let suspicious = text.contains(RESERVED) || text.contains("\\u00");
    suspicious && keys(text).any(is_reserved_literal)
}

/// The same of a string literal, with its quotes and escapes.
fn is_reserved_literal(string: &str) -> bool {
    if string.strip_prefix('"').is_some_and(is_reserved) {
        return true;
    }
    string.len() <= RESERVED_BYTES_MAX
        && string.contains("\\u00")
        && serde_json::from_str::<String>(string).is_ok_and(|string| is_reserved(&string))
}

/// The string literals of a JSON text that are followed by a colon, with their quotes.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let open = rest.find('"')?;
            let mut end = open + 1;
            loop {
                end += rest[end..].find(['"', '\\'])? + 1;
                if rest.as_bytes()[end - 1] == b'"' {
                    break;
                }
                end += rest[end..].chars().next()?.len_utf8();
            }
            let (string, after) = (&rest[open..end], &rest[end..]);
            rest = after;
            if after.trim_start().starts_with(':') {
                return Some(string);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let parsed = parse(include_bytes!(
            "../../tests/data/payloads/probe-bom-crlf.json"
        ));
        assert_eq!(parsed, Ok(json!({"a": 1})));
    }

    #[test]
    fn numbers_and_text_survive_whole() {
        let text =
            r#"{"id":820982911946154508123,"n":1.0,"e":1E400,"t":"a\u0000b","same":1,"same":2}"#;
        let parsed = parse(text.as_bytes()).expect("it is JSON");
        assert_eq!(
            parsed.to_string(),
            r#"{"id":820982911946154508123,"n":1.0,"e":1e+400,"t":"a\u0000b","same":2}"#
        );
    }

    #[test]
    fn half_a_character_is_none_and_the_rest_survives() {
        for (text, means) in [
            (r#""a\ud83c""#, "a\u{fffd}"),
            (r#""\uDF89\uD83Cb""#, "\u{fffd}\u{fffd}b"),
            (r#""\ud83c\ud83c\udf89\udf89""#, "\u{fffd}🎉\u{fffd}"),
            (r#""\ud83c\u0041\ud83c\n""#, "\u{fffd}A\u{fffd}\n"),
            (r#""\\ud83c\\\ud83cé🎉\"""#, "\\ud83c\\\u{fffd}é🎉\""),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(json!(means)), "{text}");
        }
        for text in [
            r#""\ud83"#,
            r#""\ud83c"#,
            r#""\ud83c\"#,
            r#""\ud8é""#,
            r#""\ud83c\x""#,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        let hidden = r#"{"\ud83c":1,"\u0024serde_json::private::Number":"1"}"#;
        assert!(parse(hidden.as_bytes()).is_err());
    }

    #[test]
    fn what_the_parser_would_misread_is_refused() {
        for text in [
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"a":["x\\",{"\u0024serde_json::private::RawValue":"{}"}]}"#,
            r#"{"\u0024\u0073erde_json::private::Number":"1"}"#,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        for text in [
            r#"{"\"$serde_json::private::Number":1,"b":"$serde_json::private::Number"}"#,
            r#"["\u0024serde_json::private::Number", ":"]"#,
        ] {
            assert!(parse(text.as_bytes()).is_ok(), "{text}");
        }
        let harmless = r#"{"a":"\u0024 5","b\\":"\"\u0041","$serde":1}"#;
        assert_eq!(
            parse(harmless.as_bytes()),
            Ok(json!({"a": "$ 5", "b\\": "\"A", "$serde": 1}))
        );
    }

    #[test]
    fn broken_deep_and_not_utf8_are_refused_without_their_content() {
        for text in [
            &b"{\"secret\":"[..],
            b"\xff",
            b"",
            b"{\"a\":\"\xc3\x28\"}",
            b"{} x",
            "[".repeat(100_000).as_bytes(),
        ] {
            let wrong = parse(text).expect_err("it is no JSON");
            assert!(!wrong.contains("secret"), "{wrong}");
        }
    }
}
