//! What is taken out of a delivery before anything is stored or shown: proofs, secrets, cookies.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::delivery::{Headers, Request};
use super::form;
use super::signature::Traces;

/// Headers whose names hold one of these carry proofs or secrets.
const HEADER_MARKS: &[&str] = &[
    "signature",
    "-sig",
    "token",
    "secret",
    "hmac",
    "authorization",
    "cookie",
    "password",
    "hottok",
    "api-key",
    "apikey",
];
/// Headers that nearly every request has and that are never hidden by their name: not looked at any closer.
const USUAL: &[&str] = &[
    "accept",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];
/// Headers that proxies fill with the URL: a secret in it would come back.
const URL_HEADERS: &[&str] = &[
    "referer",
    "x-forwarded-uri",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
];
/// Query parameters whose names hold one of these carry proofs or secrets.
const PARAMETER_MARKS: &[&str] = &[
    "secret",
    "token",
    "signature",
    "password",
    "api_key",
    "apikey",
    "api-key",
    "hmac",
    "hottok",
];

/// The headers that rules may see, names in lower case; of several with one name the values are joined.
pub(super) fn headers(
    headers: &dyn Headers,
    traces: &Traces,
    secrets: &[SecretString],
) -> Map<String, Value> {
    let mut kept = Map::new();
    headers.each(&mut |name, value| {
        let name = name.to_ascii_lowercase();
        let hidden = traces.headers.iter().any(|hidden| **hidden == *name)
            || !USUAL.contains(&&*name) && HEADER_MARKS.iter().any(|mark| name.contains(mark))
            || traces.secret_travels
                && (URL_HEADERS.contains(&&*name) || holds_secret(value, secrets));
        if hidden {
            return;
        }
        match kept.get_mut(&name) {
            Some(Value::String(first)) => {
                first.push_str(", ");
                first.push_str(value);
            }
            _ => {
                kept.insert(name, Value::String(value.to_owned()));
            }
        }
    });
    kept
}

/// The query that rules may see.
pub(super) fn query(
    request: &Request<'_>,
    traces: &Traces,
    secrets: &[SecretString],
) -> Result<Map<String, Value>, String> {
    if request.query.is_empty() {
        return Ok(Map::new());
    }
    let mut query = form::decode(request.query.as_bytes())?;
    query.retain(|name, value| {
        let name = name.to_ascii_lowercase();
        let hidden = PARAMETER_MARKS.iter().any(|mark| name.contains(mark))
            || traces.secret_travels
                && value
                    .as_str()
                    .is_some_and(|text| holds_secret(text, secrets));
        !hidden
    });
    Ok(query)
}

/// Takes the field with these names out of the body; `true` if it was there.
pub(super) fn field(body: &mut Value, names: &[Box<str>]) -> bool {
    let Some((last, parents)) = names.split_last() else {
        return false;
    };
    parents
        .iter()
        .try_fold(body, |value, name| value.get_mut(&**name))
        .and_then(Value::as_object_mut)
        .is_some_and(|parent| parent.shift_remove(&**last).is_some())
}

/// Whether the text holds a secret, plain or as it stands in a URL.
fn holds_secret(text: &str, secrets: &[SecretString]) -> bool {
    secrets.iter().any(|secret| {
        let secret = secret.expose_secret();
        text.contains(secret) || text.contains(&form::escape(secret))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn proofs_secrets_and_cookies_are_not_kept() {
        let arrived = vec![
            ("Content-Type", "application/json"),
            ("X-Topic", "a"),
            ("x-topic", "b"),
            ("X-Shop-Hmac-Sha256", "1"),
            ("Stripe-Signature", "1"),
            ("Paypal-Transmission-Sig", "1"),
            ("Authorization", "1"),
            ("Proxy-Authorization", "1"),
            ("Cookie", "1"),
            ("X-Api-Key", "1"),
            ("X-Own", "1"),
            ("X-Original-URI", "/hooks/x"),
            ("X-Copy", "at /hooks/x/se%2Bcret"),
        ];
        let secrets = [SecretString::from("se+cret")];
        let traces = Traces {
            headers: vec!["x-own".into()],
            secret_travels: true,
            ..Traces::default()
        };
        assert_eq!(
            Value::Object(headers(&arrived, &traces, &secrets)),
            json!({"content-type": "application/json", "x-topic": "a, b"})
        );
    }

    #[test]
    fn a_field_is_taken_out_wherever_it_stands() {
        let mut body = json!({"a": {"key": "s", "b": 1}, "c": 2});
        assert!(field(&mut body, &["a".into(), "key".into()]));
        assert!(!field(&mut body, &["a".into(), "key".into()]));
        assert!(!field(&mut body, &["c".into(), "key".into()]));
        assert_eq!(body, json!({"a": {"b": 1}, "c": 2}));
    }
}
