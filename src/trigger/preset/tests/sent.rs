//! Deliveries to sources as presets set them up, and what becomes of them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::event::Event;
use crate::problem::{Problem, Source as File};
use crate::trigger::{Arrival, Home, Received, Request, Source};
use crate::yaml;

/// Base64 with a prefix, so that it does for every scheme.
pub(in crate::trigger::preset) const SECRET: &str =
    "whsec_a2FydHJhLXN0YW5kYXJkLXdlYmhvb2tzLWtleS0zMmI=";
/// The types of bodies.
pub(in crate::trigger::preset) const JSON: &str = "application/json";
pub(in crate::trigger::preset) const FORM: &str = "application/x-www-form-urlencoded";

/// Settings that presets cannot do without.
const NEEDED: &[(&str, &str)] = &[
    ("braintree", "public_key: fakepublickey0001"),
    ("mandrill", "url: https://hooks.example.com/hooks/shop"),
    ("paddle-classic", "public_key: env:PADDLE_KEY"),
    (
        "paypal",
        "certificate: env:PAYPAL_CERTIFICATE\nwebhook_id: 1JE4291016473214C",
    ),
    ("paypal-ipn", "receiver_email: merchant@example.com"),
    ("square", "url: https://hooks.example.com/hooks/shop"),
];
/// Presets whose sender signs with a key that only it has, or is asked.
const KEYED: &[&str] = &["paddle-classic", "paypal", "paypal-ipn"];

pub(in crate::trigger::preset) fn source(preset: &str) -> Source {
    let needed = NEEDED.iter().find(|(name, _)| *name == preset);
    let needed = needed.map_or("", |(_, settings)| settings);
    let entry = format!("preset: {preset}\n{needed}");
    let source = if KEYED.contains(&preset) {
        set_up_without_secret(&entry)
    } else {
        set_up(&entry, None)
    };
    source.expect("the preset is set up")
}

/// The signature vector of this name.
pub(in crate::trigger::preset) fn vector(id: &str) -> Value {
    let file = include_str!("../../../../tests/data/signature-vectors.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let mut vectors = file["vectors"].as_array().into_iter().flatten();
    let found = vectors.find(|vector| vector["id"] == id);
    found.expect("a vector").clone()
}

/// What the environment of the tests holds.
fn look_up(name: &str) -> Option<String> {
    let key = |vector_id: &str, field: &str| {
        let text = vector(vector_id)[field].as_str().map(str::to_owned);
        text.expect("a key")
    };
    Some(match name {
        "env:PADDLE_KEY" => key("paddle-classic-valid", "public_key_pem"),
        "env:PAYPAL_CERTIFICATE" => key("paypal-valid", "certificate_pem"),
        _ => SECRET.to_owned(),
    })
}

/// The source of this entry with a secret, or all that is wrong with it.
pub(in crate::trigger::preset) fn set_up(
    entry: &str,
    public_url: Option<&str>,
) -> Result<Source, Vec<Problem>> {
    parsed(format!("{entry}\nsecret: env:SECRET\n"), public_url)
}

/// The source of this entry as it is, or all that is wrong with it.
pub(in crate::trigger::preset) fn set_up_without_secret(
    entry: &str,
) -> Result<Source, Vec<Problem>> {
    parsed(entry.to_owned(), None)
}

fn parsed(entry: String, public_url: Option<&str>) -> Result<Source, Vec<Problem>> {
    let file = File::new("kartwheel.yaml", entry);
    let mut problems = Vec::new();
    let node = yaml::parse(&file, &mut problems).remove(0);
    let home = Home {
        public_url,
        ..Home::of(&look_up)
    };
    let source = Source::parse("shop", &node, &file, &home, &mut problems);
    match source {
        Some(source) if problems.is_empty() => Ok(source),
        _ => Err(problems),
    }
}

pub(in crate::trigger::preset) fn received(
    source: &Source,
    content_type: &str,
    body: &str,
) -> Received {
    received_with(source, content_type, &[], body)
}

/// What becomes of a signed delivery with these headers; where only the sender can sign, of one that was verified.
pub(in crate::trigger::preset) fn received_with(
    source: &Source,
    content_type: &str,
    more: &[(&str, &str)],
    body: &str,
) -> Received {
    signed(source, source, now(), content_type, more, body)
}

/// What becomes of a JSON delivery that is as many seconds on its way.
pub(in crate::trigger::preset) fn received_later(
    source: &Source,
    seconds: i64,
    body: &str,
) -> Received {
    let then = now() - SignedDuration::from_secs(seconds);
    signed(source, source, then, JSON, &[], body)
}

/// What becomes of a JSON delivery that another source's settings have signed.
pub(in crate::trigger::preset) fn received_by(
    source: &Source,
    signer: &Source,
    body: &str,
) -> Received {
    signed(source, signer, now(), JSON, &[], body)
}

fn signed(
    source: &Source,
    signer: &Source,
    then: Timestamp,
    content_type: &str,
    more: &[(&str, &str)],
    body: &str,
) -> Received {
    let signed = signer.sign(body.as_bytes(), then);
    let mut headers = owned(more);
    headers.push(("content-type".to_owned(), content_type.to_owned()));
    headers.extend(signed.headers);
    let request = Request {
        query: signed.query.as_deref().unwrap_or_default(),
        ..Request::post(&headers, signed.body.as_deref().unwrap_or(body.as_bytes()))
    };
    if signer.can_sign() {
        receive(source, &request)
    } else {
        source.receive_verified(&request, arrival(&Map::new()))
    }
}

/// What becomes of a request as it is, with no proof added.
pub(in crate::trigger::preset) fn unsigned(
    source: &Source,
    method: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Received {
    let request = Request {
        method,
        path_secret: None,
        query: "",
        headers: &owned(headers),
        body: body.as_bytes(),
        peer: None,
    };
    receive(source, &request)
}

/// The status and text with which a request without body and proof is answered.
#[track_caller]
pub(in crate::trigger::preset) fn asked(
    source: &Source,
    method: &str,
    query: &str,
) -> (u16, String) {
    let request = Request {
        method,
        path_secret: None,
        query,
        headers: &owned(&[]),
        body: b"",
        peer: None,
    };
    match receive(source, &request) {
        Received::Handshake { status, body, .. } => (status, body),
        other => panic!("no answer: {other:?}"),
    }
}

fn receive(source: &Source, request: &Request<'_>) -> Received {
    source.receive(request, arrival(&Map::new()))
}

fn arrival(env: &Map<String, Value>) -> Arrival<'_> {
    Arrival {
        now: now(),
        new_id: &Uuid::nil,
        env,
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_793_520_000).expect("a time")
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The word for which a request is refused.
#[track_caller]
pub(in crate::trigger::preset) fn refusal(received: &Received) -> (u16, &'static str) {
    match received {
        Received::Refused(refusal) => (refusal.status, refusal.reason),
        other => panic!("not refused: {other:?}"),
    }
}

/// The status and kind with which a question is answered.
#[track_caller]
pub(in crate::trigger::preset) fn handshake(received: &Received) -> (u16, &'static str) {
    match received {
        Received::Handshake { status, kind, .. } => (*status, kind),
        other => panic!("no answer: {other:?}"),
    }
}

pub(in crate::trigger::preset) fn event(source: &Source, body: &str) -> Event {
    event_of(source, JSON, body)
}

pub(in crate::trigger::preset) fn event_of(
    source: &Source,
    content_type: &str,
    body: &str,
) -> Event {
    event_with(source, content_type, &[], body)
}

/// The event of a signed delivery with these headers.
pub(in crate::trigger::preset) fn event_with(
    source: &Source,
    content_type: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Event {
    match received_with(source, content_type, headers, body) {
        Received::Events(mut events) => events.remove(0),
        other => panic!("no event: {other:?}"),
    }
}
