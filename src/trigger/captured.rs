//! A captured request: what somebody wrote down of a delivery, as the text of HTTP or as JSON, to be tried again.
//!
//! HTTP: the request line, the headers, an empty line, the body; lines may end without a carriage return. A body in chunks is put
//! together; one that is longer than its `Content-Length` by a line break, which an editor adds, is cut to it.
//!
//! JSON: `{"method", "url" or "path", "headers", "body" or "body_base64"}`; headers as a map of names to a text or a list of
//! texts, or as a list of pairs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{form, json};

/// The part of a path that stands before a source's name.
const HOOKS: &str = "/hooks/";
/// Most headers of a captured request.
const HEADERS_MAX: usize = 1_000;

/// A request that somebody wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// `POST`, unless it says otherwise.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Captured {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let shown = text.trim_ascii_start();
        match shown.first() {
            None => Err("the file is empty".into()),
            Some(b'{') => of_json(shown),
            Some(_) => of_http(shown),
        }
    }

    /// The source that its path names, and what follows it, percent-decoded.
    #[must_use]
    pub fn source(&self) -> Option<(&str, Option<String>)> {
        let rest = self.path.strip_prefix(HOOKS)?;
        let (source, secret) = match rest.split_once('/') {
            Some((source, secret)) => (source, Some(secret)),
            None => (rest, None),
        };
        // A `+` in a path is itself.
        let decode = |secret: &str| {
            let secret = secret.replace('+', "%2B");
            form::unescape(secret.as_bytes()).map(std::borrow::Cow::into_owned)
        };
        let secret = secret.filter(|secret| !secret.is_empty()).and_then(decode);
        (!source.is_empty()).then_some((source, secret))
    }

    /// Takes the path and the query from a target: `/hooks/shop?x=1`, or a whole URL.
    fn at(target: &str) -> (String, String) {
        let target = target.split('#').next().unwrap_or_default();
        let target = match target.split_once("://") {
            Some((_, rest)) => &rest[rest.find(['/', '?']).unwrap_or(rest.len())..],
            None => target,
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (path.to_owned(), query.to_owned())
    }
}

fn of_json(text: &[u8]) -> Result<Captured, String> {
    let Value::Object(mut fields) = json::parse(text)? else {
        return Err("it is not a JSON object".into());
    };
    let mut text = |name: &str| match fields.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` must be a text")),
    };
    let method = text("method")?.unwrap_or_else(|| "POST".into());
    let target = text("url")?.or(text("path")?).unwrap_or_default();
    let encoded = text("body_base64")?;
    let plain =
        text("body").map_err(|wrong| format!("{wrong}: the signature is over its very bytes"))?;
    let body = match (encoded, plain) {
        (Some(encoded), None) => STANDARD
            .decode(encoded.trim())
            .map_err(|_| "`body_base64` is not base64")?,
        (None, plain) => plain.unwrap_or_default().into_bytes(),
        (Some(_), Some(_)) => return Err("it has both `body` and `body_base64`".into()),
    };
    let headers = match fields.shift_remove("headers") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(map)) => of_map(map)?,
        Some(Value::Array(pairs)) => of_pairs(pairs)?,
        Some(_) => return Err("`headers` must be a map or a list of pairs".into()),
    };
    let (path, query) = Captured::at(&target);
    Ok(Captured {
        method: method.to_ascii_uppercase(),
        path,
        query,
        headers,
        body,
    })
}

fn of_map(map: Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for (name, value) in map {
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        for value in values {
            let value = scalar(&value)
                .ok_or_else(|| format!("the header `{name}` must be a text or a list of texts"))?;
            headers.push((name.clone(), value));
        }
    }
    Ok(headers)
}

fn of_pairs(pairs: Vec<Value>) -> Result<Vec<(String, String)>, String> {
    let pair = |pair: Value| match pair.as_array().map(Vec::as_slice) {
        Some([name, value]) => Some((scalar(name)?, scalar(value)?)),
        _ => None,
    };
    let read = pairs.into_iter().map(pair).collect::<Option<Vec<_>>>();
    read.ok_or_else(|| "`headers` as a list holds pairs: a name and a value".into())
}

fn scalar(value: &Value) -> Option<String> {
    super::signature::scalar(value).map(std::borrow::Cow::into_owned)
}

fn of_http(text: &[u8]) -> Result<Captured, String> {
    let (first, mut rest) = line(text);
    let first = std::str::from_utf8(first).map_err(|_| "the first line is not text")?;
    let mut words = first.split_ascii_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(not_http());
    };
    let is_method = method.bytes().all(|byte| byte.is_ascii_uppercase());
    let version = words.next().unwrap_or("HTTP/1.1");
    if !is_method || !version.starts_with("HTTP/") {
        return Err(not_http());
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let (header, after) = line(rest);
        rest = after;
        if header.is_empty() {
            break;
        }
        if headers.len() >= HEADERS_MAX {
            return Err(format!("it has more than {HEADERS_MAX} headers"));
        }
        let number = headers.len() + 2;
        let header = std::str::from_utf8(header)
            .map_err(|_| format!("line {number}, a header, is not text"))?;
        let (name, value) = header
            .split_once(':')
            .ok_or_else(|| format!("line {number} is no header: it has no colon"))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let (path, query) = Captured::at(target);
    let body = body(&headers, rest)?;
    Ok(Captured {
        method: method.to_owned(),
        path,
        query,
        headers,
        body,
    })
}

fn not_http() -> String {
    "it is neither HTTP, whose first line is `POST /hooks/SOURCE HTTP/1.1`, nor a JSON object"
        .into()
}

/// The first line without its end, and what follows.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b""[..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// What follows the headers, as the body that it was.
fn body(headers: &[(String, String)], rest: &[u8]) -> Result<Vec<u8>, String> {
    let header = |wanted: &str| {
        let mut headers = headers.iter();
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    };
    if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        && let Some(whole) = unchunked(rest)
    {
        return Ok(whole);
    }
    let length = header("content-length").and_then(|value| value.parse::<usize>().ok());
    match length {
        Some(length) if rest.len() < length => Err(format!(
            "its `Content-Length` is {length}, and only {} bytes of the body are there: it was cut off, or copied as text",
            rest.len()
        )),
        Some(length) if rest[length..].iter().all(u8::is_ascii_whitespace) => {
            Ok(rest[..length].to_vec())
        }
        _ => Ok(rest.to_vec()),
    }
}

/// Chunks put together; `None` if these are none: a proxy or a tool has put them together already.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let (size, after) = line(rest);
        let size = std::str::from_utf8(size).ok()?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(after.get(..size)?);
        let (end, after) = line(&after[size..]);
        if !end.is_empty() {
            return None;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_and_json_say_the_same() {
        let wanted = Captured {
            method: "POST".into(),
            path: "/hooks/shop/s%2Bt".into(),
            query: "a=1".into(),
            headers: vec![("X-One".into(), "1".into()), ("X-One".into(), "2".into())],
            body: b"{\r\n}".to_vec(),
        };
        for text in [
            "POST /hooks/shop/s%2Bt?a=1 HTTP/1.1\r\nX-One: 1\r\nX-One: 2\r\n\r\n{\r\n}",
            "POST https://example.com/hooks/shop/s%2Bt?a=1#x HTTP/2\nX-One:1\nX-One: 2 \n\n{\r\n}",
            "\u{feff}{\"path\": \"/hooks/shop/s%2Bt?a=1\", \"headers\": {\"X-One\": [\"1\", 2]}, \"body\": \"{\\r\\n}\"}",
            " {\"method\": \"post\", \"url\": \"https://example.com/hooks/shop/s%2Bt?a=1\", \"headers\": [[\"X-One\", \"1\"], [\"X-One\", \"2\"]], \"body_base64\": \"ew0KfQ==\"}",
        ] {
            assert_eq!(
                Captured::read(text.as_bytes()),
                Ok(wanted.clone()),
                "{text}"
            );
        }
        assert_eq!(wanted.source(), Some(("shop", Some("s+t".into()))));
    }

    #[test]
    fn a_body_is_as_long_as_it_was() {
        for (headers, rest, body) in [
            ("Content-Length: 2", "{}\n", "{}"),
            ("Content-Length: 2", "{} x", "{} x"),
            ("content-length: x", "{}\n", "{}\n"),
            (
                "Transfer-Encoding: chunked",
                "1\r\n{\r\n1;x\r\n}\r\n0\r\n\r\n",
                "{}",
            ),
            ("Transfer-Encoding: chunked", "{}", "{}"),
        ] {
            let text = format!("POST /hooks/shop HTTP/1.1\r\n{headers}\r\n\r\n{rest}");
            let captured = Captured::read(text.as_bytes()).expect(&text);
            assert_eq!(String::from_utf8_lossy(&captured.body), body, "{text}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused_by_what_is_wrong() {
        for (text, named) in [
            ("", "empty"),
            ("hello", "neither HTTP"),
            ("<html> is not it", "neither HTTP"),
            ("POST / HTTP/1.1\r\nno header\r\n\r\n", "line 2"),
            (
                "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}",
                "Content-Length",
            ),
            ("{", "broken JSON"),
            ("{\"body\": {}}", "very bytes"),
            ("{\"body_base64\": \"ü\"}", "base64"),
            ("{\"body_base64\": \"\", \"body\": \"\"}", "both"),
            ("{\"headers\": 1}", "map or a list"),
            ("{\"headers\": [[1]]}", "pairs"),
            ("{\"headers\": {\"x\": {}}}", "`x`"),
        ] {
            let wrong = Captured::read(text.as_bytes()).expect_err(text);
            assert!(wrong.contains(named), "{text}: {wrong}");
        }
    }
}
