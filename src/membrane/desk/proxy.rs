//! A request to the application itself, through Membrane's proxy, which adds the credentials.

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Desk, Failed, Manner};
use crate::action::{Class, Outcome};
use crate::membrane::fault::{Fault, short};
use crate::membrane::wire::{ACT_TIMEOUT, MAX_REQUEST_BYTES, Request};

/// Headers that are not the caller's: ours to Membrane, or put in by Membrane on the way. In small letters.
pub const RESERVED_HEADERS: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "host",
    "membrane-api-version",
    "transfer-encoding",
];

/// A request to the application.
#[derive(Debug, Clone)]
pub struct ProxyRequest {
    /// Membrane's id of the connection.
    pub connection_id: String,
    /// `GET`, `POST`, ….
    pub method: String,
    /// The path below the application's address, or a full address; encoded already.
    pub path: String,
    /// The query, not yet encoded.
    pub query: Vec<(String, String)>,
    /// Headers for the application.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
}

/// The application's own answer.
#[derive(Debug, Clone)]
pub struct ProxyAnswer {
    /// Its HTTP status, which may be an error's.
    pub status: u16,
    /// Its headers; a value that is no text is left out.
    pub headers: Vec<(String, String)>,
    /// Its body, whole.
    pub body: Bytes,
}

impl Desk {
    /// Sends a request to the application, once. An answer of the application's is an answer, also when it says no.
    ///
    /// # Errors
    /// If Membrane refused; of class `Unknown` where a request was sent and nothing came back.
    pub async fn proxy(&self, request: ProxyRequest) -> Result<ProxyAnswer, Failed> {
        let what = "the request";
        let headers = headers_of(&request.headers)?;
        let tail = tail_of(&request.path)?;
        let method = request.method.to_uppercase();
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| wrong(format!("{:?} is no HTTP method", short(&request.method))))?;
        if request
            .body
            .as_ref()
            .is_some_and(|body| body.len() > MAX_REQUEST_BYTES)
        {
            return Err(wrong(format!(
                "the body is larger than Membrane takes ({} MB)",
                MAX_REQUEST_BYTES / 1024 / 1024
            )));
        }
        let query: Vec<(&str, &str)> = request
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let path = ["connections", request.connection_id.as_str(), "proxy"];
        let manner = Manner {
            tail: Some(&tail),
            headers: Some(&headers),
            method: Some(method.clone()),
        };
        let wired = Request {
            path: &path,
            query: &query,
            body: request.body.clone(),
            send_by: Timestamp::MAX,
            timeout: ACT_TIMEOUT,
        };
        let raw = self.ask(&wired, &manner).await.map_err(|none| {
            let harmless = !none.sent || method.is_safe();
            let (class, rest) = if harmless {
                (Class::Transient, "")
            } else {
                (Class::Unknown, ": nobody knows whether it was done")
            };
            Box::new(Outcome::new(
                class,
                format!("{what}: {}{rest}", none.message),
            ))
        })?;
        let answer = raw.answer(self.clock.now());
        if !answer.is_success() && Fault::of(&answer).has_known_type() {
            return Err(self.refused(what, &answer, method.is_safe()));
        }
        let shown = raw.headers.iter();
        Ok(ProxyAnswer {
            status: raw.status,
            headers: shown
                .filter_map(|(name, value)| {
                    Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
                })
                .collect(),
            body: raw.body,
        })
    }
}

fn headers_of(pairs: &[(String, String)]) -> Result<HeaderMap, Failed> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let named = HeaderName::from_bytes(name.trim().as_bytes());
        let named =
            named.map_err(|_| wrong(format!("{:?} is no name of a header", short(name))))?;
        if RESERVED_HEADERS.contains(&named.as_str()) {
            return Err(wrong(format!(
                "the header {named} is set by Membrane: leave it out"
            )));
        }
        let value = HeaderValue::from_str(value.trim())
            .map_err(|_| wrong(format!("the value of the header {named} cannot be sent")))?;
        headers.append(named, value);
    }
    Ok(headers)
}

/// The path behind `proxy/`. It must stay below it: `..` would leave the connection.
fn tail_of(path: &str) -> Result<String, Failed> {
    if path.contains(['?', '#', '\\']) || path.chars().any(char::is_control) {
        return Err(wrong(
            "the path must not hold ? # or \\: give the query apart, and the others encoded"
                .to_owned(),
        ));
    }
    let dots = |part: &str| {
        let plain = part.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    };
    if path.split('/').any(dots) {
        return Err(wrong(
            "the path must not hold the parts . and ..".to_owned(),
        ));
    }
    Ok(path.strip_prefix('/').unwrap_or(path).to_owned())
}

fn wrong(message: String) -> Failed {
    Box::new(Outcome::new(Class::RuleWrong, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_proxy_and_keeps_what_is_encoded() {
        for (path, tail) in [
            ("/api", "api"),
            ("leads/a%2Fb", "leads/a%2Fb"),
            ("https://app.kartra.com/api", "https://app.kartra.com/api"),
            ("", ""),
        ] {
            assert_eq!(tail_of(path).expect(path), tail);
        }
        for path in [
            "../act",
            "a/%2E%2e/b",
            "a/./b",
            "a?b",
            "a#b",
            "a\\b",
            "a\nb",
        ] {
            assert!(tail_of(path).is_err(), "{path}");
        }
    }

    #[test]
    fn headers_that_are_not_the_callers_are_refused() {
        let of = |name: &str, value: &str| headers_of(&[(name.to_owned(), value.to_owned())]);
        assert_eq!(of("X-A", " b ").expect("good")["x-a"], "b");
        for (name, value) in [
            ("Authorization", "x"),
            ("Host", "y"),
            ("a b", "c"),
            ("a", "b\nc"),
        ] {
            assert!(of(name, value).is_err(), "{name}");
        }
    }
}
