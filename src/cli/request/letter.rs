//! What is sent, put together from the command line: path with its parameters, query, headers, body.

use std::fmt::Write;
use std::str::FromStr;

use reqwest::Url;
use serde_json::Value;

use super::Arguments;
use crate::cli::Failure;
use crate::membrane::RESERVED_HEADERS;

/// What a form is sent as.
const FORM: &str = "application/x-www-form-urlencoded";
/// What JSON is sent as.
const JSON: &str = "application/json";
/// `name=value`, as `--query`, `--path-param` and `--form` take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair(pub(super) String, pub(super) String);

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self(name.to_owned(), value.to_owned())),
            _ => Err("write it as name=value".to_owned()),
        }
    }
}

/// `Name: value`, as `--header` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header(pub(super) String, pub(super) String);

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once(':')
            .map(|(name, value)| (name.trim(), value.trim()))
            .filter(|(name, _)| !name.is_empty())
            .ok_or("write it as 'Name: value'")?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !name.bytes().all(fits) {
            return Err("what stands before the colon is not the name of a header".to_owned());
        }
        if value.chars().any(char::is_control) {
            return Err("a header's value is one line".to_owned());
        }
        if RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(format!("Membrane puts its own {name} in; leave it out"));
        }
        Ok(Self(name.to_owned(), value.to_owned()))
    }
}

/// A request to the application, whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
}

/// Puts the request together.
///
/// # Errors
/// Something in it cannot be sent.
pub(super) fn write(arguments: &Arguments) -> Result<Letter, Failure> {
    let (path, mut query) = path(&arguments.path, &arguments.path_param)?;
    for Pair(name, value) in &arguments.query {
        query.push((name.clone(), value.clone()));
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for (place, text) in (1..).zip(&arguments.header) {
        // What was typed may hold a secret, so it is not repeated.
        let Header(name, value) = text
            .parse()
            .map_err(|why| Failure::new(format!("header {place} cannot be sent: {why}")))?;
        headers.push((name, value));
    }
    let (body, kind) = match body(arguments)? {
        Some((body, kind)) => (Some(body.into_bytes()), kind),
        None => (None, None),
    };
    let has_kind = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(kind) = kind
        && !has_kind
    {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    Ok(Letter {
        method: method(arguments.method.as_deref(), body.is_some())?,
        path,
        query,
        headers,
        body,
    })
}

/// In capitals. Without one: POST with a body, else GET.
fn method(given: Option<&str>, has_body: bool) -> Result<String, Failure> {
    let method = given.unwrap_or(if has_body { "POST" } else { "GET" });
    let method = method.trim().to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Failure::new(format!("{method:?} is not a method"))
            .remedy("Write GET, POST, PUT, PATCH or DELETE."));
    }
    Ok(method)
}

/// The path with its parameters in it, and the query that stood behind it.
fn path(path: &str, parameters: &[Pair]) -> Result<(String, Vec<(String, String)>), Failure> {
    let (path, behind) = path.split_once('?').unwrap_or((path, ""));
    if path
        .chars()
        .any(|letter| letter.is_control() || letter == '#')
    {
        return Err(Failure::new("the path has a character that no path has"));
    }
    let mut path = path.to_owned();
    for Pair(name, value) in parameters {
        let place = format!("{{{name}}}");
        if !path.contains(&place) {
            return Err(Failure::new(format!(
                "the path has no {place} for --path-param {name}=…"
            )));
        }
        // Two dots would lead elsewhere, and encoding does not hide them.
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(Failure::new(format!(
                "--path-param {name}={value} cannot stand in a path"
            )));
        }
        path = path.replace(&place, &encoded(value));
    }
    if let Some(open) = path.find('{') {
        let name = path[open..].split_inclusive('}').next().unwrap_or_default();
        return Err(
            Failure::new(format!("nothing is given for {name} of the path"))
                .remedy("Add --path-param NAME=VALUE."),
        );
    }
    let query = match Url::parse(&format!("http://query/?{behind}")) {
        Ok(url) => url.query_pairs().into_owned().collect(),
        Err(_) => Vec::new(),
    };
    Ok((path, query))
}

/// Every byte that is not a letter, a digit or one of `-._~` as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The body, and what to call it where the caller does not.
fn body(arguments: &Arguments) -> Result<Option<(String, Option<&'static str>)>, Failure> {
    if let Some(raw) = &arguments.raw_data {
        return Ok(Some((raw.clone(), None)));
    }
    if let Some(json) = &arguments.json_body {
        let value: Result<Value, _> = serde_json::from_str(json);
        return match value {
            Ok(_) => Ok(Some((json.clone(), Some(JSON)))),
            Err(error) => Err(Failure::new(format!("--json-body is not JSON: {error}"))
                .remedy("Put it in single quotes, so that the shell leaves it alone.")),
        };
    }
    if !arguments.form.is_empty() {
        let field = |Pair(name, value): &Pair| format!("{}={}", encoded(name), encoded(value));
        let fields: Vec<String> = arguments.form.iter().map(field).collect();
        return Ok(Some((fields.join("&"), Some(FORM))));
    }
    if arguments.data.is_empty() {
        return Ok(None);
    }
    let data = arguments.data.join("&");
    let parsed: Result<Value, _> = serde_json::from_str(&data);
    let kind = match parsed {
        Ok(Value::Object(_) | Value::Array(_)) => JSON,
        _ => FORM,
    };
    Ok(Some((data, Some(kind))))
}
