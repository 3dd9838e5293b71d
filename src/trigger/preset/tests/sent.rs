//! Deliveries to sources as presets set them up, and what becomes of them.

use jiff::{SignedDuration, Timestamp};
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
const NEEDED: &[(&str, &str)] = &[("braintree", "public_key: fakepublickey0001")];

pub(in crate::trigger::preset) fn source(preset: &str) -> Source {
    let needed = NEEDED.iter().find(|(name, _)| *name == preset);
    let needed = needed.map_or("", |(_, settings)| settings);
    set_up(
        &format!("preset: {preset}\n{needed}"),
        Some("https://hooks.example.com"),
    )
    .expect("the preset is set up")
}

/// The source of this entry with a secret, or all that is wrong with it.
pub(in crate::trigger::preset) fn set_up(
    entry: &str,
    public_url: Option<&str>,
) -> Result<Source, Vec<Problem>> {
    let file = File::new("kartwheel.yaml", format!("{entry}\nsecret: env:SECRET\n"));
    let mut problems = Vec::new();
    let node = yaml::parse(&file, &mut problems).remove(0);
    let home = Home {
        public_url,
        ..Home::of(&|_| Some(SECRET.to_owned()))
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

/// What becomes of a signed delivery with these headers.
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
        method: "POST",
        path_secret: None,
        query: signed.query.as_deref().unwrap_or_default(),
        headers: &headers,
        body: signed.body.as_deref().unwrap_or(body.as_bytes()),
        peer: None,
    };
    receive(source, &request)
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
    let arrival = Arrival {
        now: now(),
        new_id: &Uuid::nil,
        env: &serde_json::Map::new(),
    };
    source.receive(request, arrival)
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
