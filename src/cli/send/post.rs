//! One delivery over HTTP, as the sender would make it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::letter::Letter;
use crate::cli::Failure;
use crate::trigger::Source;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What the daemon answered.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The answer.
    pub(crate) answer: Value,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Answered {
    /// Whether the delivery was taken.
    pub(crate) fn is_taken(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The event that it became, or that it repeats.
    pub(crate) fn event(&self) -> Option<Uuid> {
        let id = self.answer.get("event").or_else(|| self.answer.get("id"))?;
        id.as_str().and_then(|id| id.parse().ok())
    }

    /// What the daemon said, in a word or two.
    pub(crate) fn said(&self) -> &str {
        let said = self
            .answer
            .get("status")
            .or_else(|| self.answer.get("error"));
        said.and_then(Value::as_str).unwrap_or("no reason given")
    }

    /// Whether it repeats an event that was there before.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.answer.get("status").and_then(Value::as_str) == Some("seen before")
    }
}

/// Posts the body to the source's address, signed.
///
/// # Errors
/// No answer came; the text is for a person.
pub(crate) async fn post(
    http: &reqwest::Client,
    url: &str,
    source: &Source,
    letter: &Letter,
    now: Timestamp,
) -> Result<Answered, Failure> {
    let unreachable = |error: reqwest::Error| {
        let what = if error.is_timeout() {
            "did not answer in time"
        } else {
            "does not answer"
        };
        Failure::new(format!("{url} {what}"))
            .means("Nothing was sent, or nobody knows whether it arrived.")
            .remedy("Is the daemon running? Start it with `kartwheel serve --sandbox`, or give another --url.")
    };
    let answered = attempt(http, url, source, letter, now).await;
    answered.map_err(unreachable)
}

/// The same.
///
/// # Errors
/// No answer came.
pub(crate) async fn attempt(
    http: &reqwest::Client,
    url: &str,
    source: &Source,
    letter: &Letter,
    now: Timestamp,
) -> Result<Answered, reqwest::Error> {
    let signed = source.sign(&letter.body, now);
    let mut address = url.trim_end_matches('/').to_owned();
    if let Some(query) = &signed.query {
        let joint = if address.contains('?') { '&' } else { '?' };
        address = format!("{address}{joint}{query}");
    }
    let mut headers = signed.headers;
    for (name, value) in &letter.headers {
        if !headers
            .iter()
            .any(|(signed, _)| signed.eq_ignore_ascii_case(name))
        {
            headers.push((name.clone(), value.clone()));
        }
    }
    let mut request = http
        .post(address)
        .header("content-type", &letter.content_type)
        .body(signed.body.unwrap_or_else(|| letter.body.clone()));
    for (name, value) in &headers {
        request = request.header(name, value);
    }
    let began = Instant::now();
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        bytes.truncate(ANSWER_BYTES_MAX);
    }
    Ok(Answered {
        status,
        answer: serde_json::from_slice(&bytes).unwrap_or_default(),
        took: began.elapsed(),
    })
}
