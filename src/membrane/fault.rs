//! An error of Membrane's, taken apart.
//!
//! An error may be caused by another one, to any depth; each is a *level*. The status that the application behind Membrane
//! answered with is searched from outside in, and so are its own words.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::wire::{Answer, parse_retry_after};
use crate::action::{Outcome, ReadOutput};

/// Causes of causes are followed this deep.
const MAX_LEVELS: usize = 32;
/// The longest piece of foreign text in a message.
const MAX_WORDS_CHARS: usize = 200;

/// The types that Membrane publishes.
const TYPES: &[&str] = &[
    "action_instance_setup",
    "action_run",
    "bad_request",
    "concurrency",
    "configuration",
    "connection",
    "custom_code",
    "dependency_error",
    "flow_instance_setup",
    "flow_run",
    "insufficient_credit",
    "internal",
    "openrouter_not_configured",
    "unit_run",
];

/// What was asked, for reading the application's words and for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The action's key, or what else was asked for.
    pub(super) what: &'a str,
    /// The input that was sent.
    pub(super) input: &'a Value,
    /// How the application's words are read; absent where none can come.
    pub(super) read_output: Option<ReadOutput>,
}

/// One error on the way from outside to the cause.
pub(super) struct Level<'a> {
    /// Its `type`.
    pub(super) kind: Option<&'a str>,
    /// Its `key`.
    pub(super) key: Option<&'a str>,
    /// Its `code`, which only one example has.
    pub(super) code: Option<&'a str>,
    message: Option<&'a str>,
    data: Option<&'a Map<String, Value>>,
}

/// An answer that is an error, taken apart.
pub(super) struct Fault<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    /// The error, and what caused it.
    pub(super) levels: Vec<Level<'a>>,
    /// The HTTP error the application answered with.
    pub(super) application: Option<u16>,
}

impl<'a> Fault<'a> {
    pub(super) fn of(answer: &'a Answer) -> Self {
        let mut levels = Vec::new();
        let mut next = answer.body.as_ref().and_then(Value::as_object);
        while let Some(error) = next
            && levels.len() < MAX_LEVELS
        {
            levels.push(Level::of(error));
            next = error.get("causedByError").and_then(Value::as_object);
        }
        let application = levels.iter().find_map(Level::application_status);
        Self {
            status: answer.status,
            levels,
            application,
        }
    }

    pub(super) fn any(&self, fits: impl Fn(&Level<'a>) -> bool) -> bool {
        self.levels.iter().any(fits)
    }

    pub(super) fn has_known_type(&self) -> bool {
        self.any(|level| level.kind.is_some_and(|kind| TYPES.contains(&kind)))
    }

    /// The status that Membrane sends with such an error, where only the error was kept.
    pub(super) fn usual_status(&self) -> u16 {
        let outer = self.levels.first();
        match outer.and_then(|level| level.key) {
            Some("not_authenticated") => 401,
            Some("access_denied") => 403,
            Some("not_found") => 404,
            Some("rate_limit_exceeded") => 429,
            _ if !self.has_known_type() => 500,
            _ if outer.and_then(|level| level.kind) == Some("internal") => 500,
            _ => 400,
        }
    }

    /// Whether an error's text has this word, which is in small letters.
    pub(super) fn says(&self, word: &str) -> bool {
        self.any(|level| {
            level
                .message
                .is_some_and(|text| text.to_lowercase().contains(word))
        })
    }

    /// The application's own error, where a level carries it: under `data.response.data`, or straight under `data`.
    pub(super) fn application_words(&self, asked: Asked<'_>) -> Option<Outcome> {
        let read = asked.read_output?;
        self.levels.iter().find_map(|level| {
            let data = level.data?;
            let body = match data.get("response") {
                Some(response) => response.get("data")?.clone(),
                None => Value::Object(data.clone()),
            };
            let outcome = read(asked.what, asked.input, body);
            outcome.app_type.is_some().then_some(outcome)
        })
    }

    /// `Retry-After` among the headers the application sent.
    pub(super) fn asked_to_wait(&self, now: Timestamp) -> Option<Duration> {
        self.levels.iter().find_map(|level| {
            let headers = level.data?.get("response")?.get("headers")?.as_object()?;
            let (_, value) = headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
            match value {
                Value::String(text) => parse_retry_after(text, now),
                Value::Number(number) => parse_retry_after(&number.to_string(), now),
                _ => None,
            }
        })
    }

    /// `assign-tag: what it means (404 not_found, "words"): what to do`.
    pub(super) fn message(&self, what: &str, means: &str, to_do: &str) -> String {
        let mut facts = self.status.to_string();
        let cause = self
            .levels
            .iter()
            .rev()
            .find(|level| level.key.is_some() || level.kind.is_some());
        if let Some(name) = cause.and_then(|level| level.key.or(level.kind)) {
            facts.push(' ');
            facts.push_str(&short(name));
        }
        if let Some(status) = self.application {
            facts.push_str(&format!(", application {status}"));
        }
        if let Some(words) = self.levels.iter().rev().find_map(|level| level.message) {
            facts.push_str(&format!(", \"{}\"", short(words)));
        }
        let id = self
            .levels
            .iter()
            .find_map(|level| level.data?.get("errorId")?.as_str());
        let support = id.map_or_else(String::new, |id| {
            format!("; quote {} to Membrane's support", short(id))
        });
        format!("{what}: {means} ({facts}): {to_do}{support}")
    }
}

impl<'a> Level<'a> {
    fn of(error: &'a Map<String, Value>) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        Self {
            kind: text("type"),
            key: text("key"),
            code: text("code"),
            message: text("message"),
            data: error.get("data").and_then(Value::as_object),
        }
    }

    pub(super) fn is(&self, kind: &str, key: Option<&str>) -> bool {
        self.kind == Some(kind) && self.key == key
    }

    /// `data.response.status`, or `data.status` where it is the number of an HTTP error.
    fn application_status(&self) -> Option<u16> {
        let data = self.data?;
        let status = |value: &Value| {
            let number = u16::try_from(value.as_u64()?).ok()?;
            (400..600).contains(&number).then_some(number)
        };
        data.get("response")
            .and_then(|response| response.get("status"))
            .and_then(status)
            .or_else(|| data.get("status").and_then(status))
    }
}

/// Foreign text for a message: on one line, not too long.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(MAX_WORDS_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(MAX_WORDS_CHARS).is_some() {
        short.push('…');
    }
    short.trim().to_owned()
}

/// Whether a success is none: an error's form where a result should be. The body decides, not the status.
pub(super) fn is_error(answer: &Answer) -> bool {
    let fault = Fault::of(answer);
    let has_result = answer
        .body
        .as_ref()
        .is_some_and(|body| body.get("output").is_some() || body.get("id").is_some());
    !has_result
        && fault
            .levels
            .first()
            .is_some_and(|level| level.message.is_some())
        && fault.has_known_type()
}
