//! The body of a delivery: whether it is JSON or a form, and its value.

use serde_json::{Map, Value};

use super::{form, json, multipart};
use crate::event::Format;

/// A body that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Body {
    /// How.
    pub(super) format: Format,
    /// What it says.
    pub(super) value: Value,
    /// It does not read so from its bytes and format alone: it is to be kept as JSON.
    pub(super) is_translated: bool,
}

/// Reads a body that arrived. The content type is believed where the bytes agree with it: many senders name the wrong one, or none.
///
/// - An empty body is `{}`.
/// - JSON by its type that does not look like JSON is a form if it looks like one; a form by its type that begins as an object
///   or list does and is JSON is JSON; with another type or none, what it looks like decides.
/// - A form may be in another character set, named by its type or by the field `charset_field`.
/// - XML is refused by name.
pub(super) fn read(
    content_type: Option<&str>,
    raw: &[u8],
    charset_field: &str,
) -> Result<Body, String> {
    let shown = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let shown = shown.trim_ascii();
    let Some(first) = shown.first() else {
        return Ok(Body {
            format: Format::Empty,
            value: Value::Object(Map::new()),
            is_translated: false,
        });
    };
    let declared = Declared::of(content_type);
    let opens = matches!(first, b'{' | b'[');
    let format = match declared {
        Declared::Multipart => {
            return Ok(Body {
                value: multipart::decode(content_type.unwrap_or_default(), raw)?,
                format: Format::Json,
                is_translated: true,
            });
        }
        Declared::Form if opens && json::parse(raw).is_err() => Format::Form,
        _ if opens => Format::Json,
        Declared::Form => Format::Form,
        _ if *first == b'<' => return Err("an XML body, which Kartwheel cannot read".into()),
        _ if looks_like_form(shown) => Format::Form,
        _ => Format::Json,
    };
    if format == Format::Form
        && let Some(charset) = form::charset(content_type, raw, charset_field)?
    {
        return Ok(Body {
            value: form::decode_in(raw, charset).map(Value::Object)?,
            format: Format::Json,
            is_translated: true,
        });
    }
    Ok(Body {
        value: read_body(format, raw)?,
        format,
        is_translated: false,
    })
}

/// Reads a body whose format is known: that of an event that comes back from the store.
///
/// # Errors
/// What is wrong with the bytes, without their content.
pub fn read_body(format: Format, raw: &[u8]) -> Result<Value, String> {
    match format {
        Format::Json => json::parse(raw),
        Format::Form => form::decode(raw).map(Value::Object),
        Format::Empty => Ok(Value::Object(Map::new())),
    }
}

/// What a content type says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    /// A form.
    Form,
    /// Several parts.
    Multipart,
    /// JSON, something else or nothing: the bytes tell.
    Open,
}

impl Declared {
    fn of(content_type: Option<&str>) -> Self {
        let essence = content_type.unwrap_or_default();
        let essence = essence.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::Form
        } else if essence
            .get(..10)
            .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
        {
            Self::Multipart
        } else {
            Self::Open
        }
    }
}

/// Whether it can be a form: a name, `=`, and nothing that would have been escaped.
fn looks_like_form(text: &[u8]) -> bool {
    text.iter().position(|byte| *byte == b'=') > Some(0)
        && text
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    const JSON: Option<&str> = Some("application/json; charset=utf-8");

    #[test]
    fn the_bytes_decide_where_the_type_is_wrong_or_missing() {
        for (content_type, raw, format, value) in [
            (JSON, r#"{"a":1}"#, Format::Json, json!({"a": 1})),
            (
                Some("application/vnd.x+json"),
                "[1]",
                Format::Json,
                json!([1]),
            ),
            (FORM, "a=1", Format::Form, json!({"a": "1"})),
            (
                Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"),
                "a",
                Format::Form,
                json!({"a": ""}),
            ),
            (
                FORM,
                r#"{"a":"x=1&b=2"}"#,
                Format::Json,
                json!({"a": "x=1&b=2"}),
            ),
            (FORM, "{a=1", Format::Form, json!({"{a": "1"})),
            (
                JSON,
                "a=1&b=%7B%7D",
                Format::Form,
                json!({"a": "1", "b": "{}"}),
            ),
            (None, "\u{feff} {\"a\":1}", Format::Json, json!({"a": 1})),
            (Some("text/plain"), "a=1", Format::Form, json!({"a": "1"})),
            (None, "\"a=1\"", Format::Json, json!("a=1")),
            (JSON, " \r\n", Format::Empty, json!({})),
            (None, "", Format::Empty, json!({})),
        ] {
            let body = read(content_type, raw.as_bytes(), "");
            assert_eq!(
                body,
                Ok(Body {
                    format,
                    value: value.clone(),
                    is_translated: false,
                }),
                "{content_type:?} {raw}"
            );
            assert_eq!(
                read_body(format, raw.as_bytes()),
                Ok(value),
                "{raw}, read again"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        for (content_type, raw, named) in [
            (Some("multipart/form-data; boundary=x"), "--x", "multipart"),
            (Some("multipart/form-data"), "--x", "boundary"),
            (Some("text/xml"), "<a/>", "XML"),
            (JSON, "{\"a\":", "broken JSON"),
            (None, "hello", "broken JSON"),
        ] {
            let wrong = read(content_type, raw.as_bytes(), "").expect_err(raw);
            assert!(wrong.contains(named), "{wrong}");
        }
    }
}
