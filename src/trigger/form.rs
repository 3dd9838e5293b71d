//! Form bodies and query strings: `application/x-www-form-urlencoded` with PHP's bracket keys, to nested values.
//!
//! `customer[email]=x` becomes `{"customer": {"email": "x"}}`. `a[]=1&a[]=2` and indices that count up from 0 become a list;
//! other numbers in brackets stay names. Every value is text, numbers too. Of equal keys the last one wins. A key whose
//! brackets do not close is taken as it stands. `+` is a space; a `%` that begins no escape is itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_8};
use serde_json::{Map, Value};

use super::json;

/// Most fields of a form.
const FIELDS_MAX: usize = 10_000;
/// Deepest nesting of a key: `a[b][c]` is three deep.
const DEPTH_MAX: usize = 32;

/// Decodes a form. An error says what is wrong, without the content.
pub(super) fn decode(text: &[u8]) -> Result<Map<String, Value>, String> {
    decode_in(text, UTF_8)
}

/// The character set of a form, as its type or this field of it names it. `None`: it is UTF-8.
pub(super) fn charset(
    content_type: Option<&str>,
    text: &[u8],
    field: &str,
) -> Result<Option<&'static Encoding>, String> {
    let in_field = || {
        text.split(|byte| *byte == b'&').find_map(|pair| {
            let value = pair.strip_prefix(field.as_bytes())?.strip_prefix(b"=")?;
            unescape(value)
        })
    };
    let named = if field.is_empty() { None } else { in_field() };
    let declared = content_type
        .unwrap_or_default()
        .split(';')
        .find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let is_charset = name.trim().eq_ignore_ascii_case("charset");
            is_charset.then(|| Cow::Borrowed(value.trim().trim_matches('"')))
        });
    let Some(label) = named.or(declared) else {
        return Ok(None);
    };
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) => Ok(Some(encoding).filter(|encoding| *encoding != UTF_8)),
        None => Err("a form in a character set that nobody knows".into()),
    }
}

/// Decodes a form in this character set.
pub(super) fn decode_in(
    text: &[u8],
    charset: &'static Encoding,
) -> Result<Map<String, Value>, String> {
    let read = |text| {
        if charset == UTF_8 {
            return unescape(text);
        }
        let bytes = unescaped(text);
        let decoded = charset.decode_without_bom_handling_and_without_replacement(&bytes)?;
        Some(Cow::Owned(decoded.into_owned()))
    };
    let mut root = Value::Object(Map::new());
    let fields = text
        .split(|byte| *byte == b'&')
        .filter(|field| !field.is_empty());
    for (number, field) in fields.enumerate() {
        if number >= FIELDS_MAX {
            return Err(format!("a form of more than {FIELDS_MAX} fields"));
        }
        let (key, value) = pair(field);
        let charset = charset.name();
        let key = read(key).ok_or_else(|| format!("a form field whose name is not {charset}"))?;
        let value =
            read(value).ok_or_else(|| format!("a form field whose value is not {charset}"))?;
        put(&mut root, &key, Value::String(value.into_owned()))?;
    }
    match root {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

/// The fields of a form as they stand, without a look at brackets, by their keys; of equal keys the last one. For what senders
/// sign field by field. `None`: it is not UTF-8, or has too many.
pub(super) fn fields(text: &[u8]) -> Option<BTreeMap<Cow<'_, str>, Cow<'_, str>>> {
    let fields = || {
        text.split(|byte| *byte == b'&')
            .filter(|field| !field.is_empty())
    };
    if fields().nth(FIELDS_MAX).is_some() {
        return None;
    }
    fields()
        .map(|field| {
            let (key, value) = pair(field);
            Some((unescape(key)?, unescape(value)?))
        })
        .collect()
}

/// Puts a value where the field of this key goes. A key without a name is left out.
pub(super) fn put(root: &mut Value, key: &str, value: Value) -> Result<(), String> {
    if let Some(place) = place(root, key)? {
        *place = value;
    }
    Ok(())
}

/// One text, escaped for use in a form or a query.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Undoes `escape`, and `+` for a space. `None`: what comes out is not UTF-8.
pub(super) fn unescape(text: &[u8]) -> Option<Cow<'_, str>> {
    match unescaped(text) {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// A field's key and value, still escaped.
fn pair(field: &[u8]) -> (&[u8], &[u8]) {
    match field.iter().position(|byte| *byte == b'=') {
        Some(at) => (&field[..at], &field[at + 1..]),
        None => (field, b""),
    }
}

/// The bytes behind the escapes.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high * 16 + low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (byte, _) => bytes.push(*byte),
        }
    }
    Cow::Owned(bytes)
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Where the field of this key goes, made on the way. `None` for a key without a name.
fn place<'r>(root: &'r mut Value, key: &str) -> Result<Option<&'r mut Value>, String> {
    let (name, inner) = split(key);
    if name.is_empty() {
        return Ok(None);
    }
    if inner.len() >= DEPTH_MAX {
        return Err(format!(
            "a form field nested more than {DEPTH_MAX} levels deep"
        ));
    }
    if inner
        .iter()
        .chain([&name])
        .any(|name| json::is_reserved(name))
    {
        return Err("a form field whose name begins as no name may".into());
    }
    let mut place = member(root, name);
    for name in inner {
        place = member(place, name);
    }
    Ok(Some(place))
}

/// A key's name and what stands in its brackets.
fn split(key: &str) -> (&str, Vec<&str>) {
    let Some(open) = key.find('[').filter(|open| *open > 0) else {
        return (key, Vec::new());
    };
    let mut inner = Vec::new();
    let mut rest = &key[open..];
    while let Some(opened) = rest.strip_prefix('[') {
        let Some((name, after)) = opened.split_once(']') else {
            return (key, Vec::new());
        };
        inner.push(name);
        rest = after;
    }
    if rest.is_empty() {
        (&key[..open], inner)
    } else {
        (key, Vec::new())
    }
}

/// The member of this name, made if it is not there. An empty name is the next of a list.
fn member<'v>(parent: &'v mut Value, name: &str) -> &'v mut Value {
    let begins_list = name.is_empty() || name == "0";
    match parent {
        Value::Object(_) => {}
        Value::Array(list) if name.is_empty() || index(name).is_some_and(|at| at <= list.len()) => {
        }
        Value::Array(list) => {
            let members = std::mem::take(list).into_iter().enumerate();
            *parent = members.map(|(at, value)| (at.to_string(), value)).collect();
        }
        _ if begins_list => *parent = Value::Array(Vec::new()),
        _ => *parent = Value::Object(Map::new()),
    }
    match parent {
        Value::Array(list) => {
            let at = index(name).unwrap_or(list.len());
            if at == list.len() {
                list.push(Value::Null);
            }
            &mut list[at]
        }
        other => {
            let count = other.as_object().map_or(0, Map::len);
            let name = if name.is_empty() {
                count.to_string()
            } else {
                name.to_owned()
            };
            &mut other[name]
        }
    }
}

/// The number that a name is, written as numbers are.
fn index(name: &str) -> Option<usize> {
    let plain = name == "0" || !name.starts_with('0');
    let digits = plain && name.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| name.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_as_they_stand_are_sorted_and_keep_their_brackets() {
        let read = |text: &'static [u8]| {
            let fields = fields(text)?;
            let pairs = fields.iter().map(|(key, value)| format!("{key}:{value}"));
            Some(pairs.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(
            read(b"b=2&a%5Bx%5D=1+1&b=%C3%AB&&c&d==").as_deref(),
            Some("a[x]:1 1 b:\u{eb} c: d:=")
        );
        assert_eq!(read(b"a=%FF"), None);
        assert_eq!(fields("a&".repeat(20_000).as_bytes()), None);
    }

    fn decoded(text: &str) -> Value {
        Value::Object(decode(text.as_bytes()).expect("the form is read"))
    }

    #[test]
    fn bracket_keys_become_nested_objects_and_lists() {
        assert_eq!(
            decoded(
                "customer%5Bemail%5D=ada%40example.com&customer[name]=Ada+Lovelace\
                 &items[0][sku]=a&items[1][sku]=b&tags[]=x&tags[]=y&rows[][n]=1&rows[][n]=2"
            ),
            json!({
                "customer": {"email": "ada@example.com", "name": "Ada Lovelace"},
                "items": [{"sku": "a"}, {"sku": "b"}],
                "tags": ["x", "y"],
                "rows": [{"n": "1"}, {"n": "2"}],
            })
        );
    }

    #[test]
    fn the_last_of_equal_keys_wins_and_numbers_stay_text() {
        assert_eq!(
            decoded("a=1&a=02&b[c]=x&b=y&d=1&d[e]=2"),
            json!({"a": "02", "b": "y", "d": {"e": "2"}})
        );
    }

    #[test]
    fn indices_that_do_not_count_up_from_0_stay_names() {
        assert_eq!(
            decoded("a[3]=x&a[5]=y&b[0]=p&b[7]=q&c[00]=z&d[0]=1&d[0]=2"),
            json!({"a": {"3": "x", "5": "y"}, "b": {"0": "p", "7": "q"}, "c": {"00": "z"}, "d": ["2"]})
        );
    }

    #[test]
    fn odd_keys_and_escapes_are_taken_as_they_stand() {
        assert_eq!(
            decoded("&&a[b=1&[c]=2&d]=3&e[f]g=4&=5&h&i=100%&j=%zz&k=%E2%9C%93&l=a=b"),
            json!({
                "a[b": "1", "[c]": "2", "d]": "3", "e[f]g": "4", "h": "", "i": "100%", "j": "%zz", "k": "✓", "l": "a=b",
            })
        );
    }

    #[test]
    fn too_many_too_deep_and_not_utf8_are_refused() {
        let many = "a=1&".repeat(FIELDS_MAX + 1);
        assert!(decode(many.as_bytes()).is_err());
        let deep = format!("a{}=1", "[b]".repeat(DEPTH_MAX));
        assert!(decode(deep.as_bytes()).is_err());
        assert!(decode(b"a=%ff").is_err());
        assert!(decode(b"a=\xff").is_err());
        let edge = format!("a{}=1", "[b]".repeat(DEPTH_MAX - 1));
        assert!(decode(edge.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_escaped_comes_back() {
        let text = "s3cr3t+/= ü&%5B";
        assert_eq!(
            unescape(escape(text).as_bytes()).as_deref(),
            Some(text),
            "through {}",
            escape(text)
        );
    }
}
