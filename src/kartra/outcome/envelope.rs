//! Kartra's envelope inside an output, in every wrapping that was seen: bare, by command name, in `actions[]`, in HTTP.

use serde_json::{Map, Value};

/// Wrappings around wrappings are followed this deep.
const MAX_WRAPPINGS: usize = 8;

/// The commands of Kartra's API, by whose name an answer can be wrapped.
const COMMANDS: &[&str] = &[
    "assign_tag",
    "cancel_transaction",
    "create_lead",
    "edit_lead",
    "get_lead",
    "get_transaction_details",
    "refund_transaction",
    "retrieve_account_lists",
    "retrieve_account_pages",
    "retrieve_account_sequences",
    "retrieve_account_tags",
    "retrieve_custom_fields",
    "retrieve_transactions_from_lead",
    "search_lead",
    "subscribe_lead_to_list",
    "subscribe_lead_to_sequence_at_step",
    "unassign_tag",
    "unsubscribe_lead_from_list",
    "unsubscribe_lead_from_sequence",
];

/// What an output turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// There was none.
    Nothing,
    /// A success, with its wrappings removed.
    Success(Value),
    /// Kartra's own error.
    Error {
        /// Its number, when it has one.
        kind: Option<u16>,
        /// Its words, maybe empty.
        words: String,
        /// The object that says so.
        body: Value,
    },
    /// The application's HTTP status, passed on, without an error of Kartra's inside.
    Http {
        /// The status, 400 or above.
        status: u16,
        /// What came with it, when it was text.
        words: String,
    },
    /// Not an answer of Kartra's; the text says what it was instead.
    Garbage(&'static str),
}

/// Takes the wrappings off.
pub(super) fn open(verb: &str, output: Value) -> Answer {
    open_at(verb, output, 0)
}

fn open_at(verb: &str, output: Value, depth: usize) -> Answer {
    if depth > MAX_WRAPPINGS {
        return Answer::Garbage("too many wrappings");
    }
    match output {
        Value::Null => Answer::Nothing,
        Value::Bool(_) => Answer::Garbage("true or false where an object was expected"),
        Value::Number(_) => Answer::Garbage("a number where an object was expected"),
        Value::String(text) => open_text(verb, &text, depth),
        Value::Array(items) => open_list(verb, items, depth),
        Value::Object(object) => open_object(verb, object, depth),
    }
}

/// Text is read as JSON when it is an object or a list.
fn open_text(verb: &str, text: &str, depth: usize) -> Answer {
    if text.trim().is_empty() {
        return Answer::Nothing;
    }
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => open_at(verb, value, depth + 1),
        _ => Answer::Garbage("text where an object was expected"),
    }
}

/// A list is the answers of chained commands, or what a read found.
fn open_list(verb: &str, items: Vec<Value>, depth: usize) -> Answer {
    if !items.is_empty() && items.iter().all(is_chain_entry) {
        return open_chain(verb, items, depth);
    }
    if super::is_read(verb) {
        return Answer::Success(Value::Array(items));
    }
    Answer::Garbage("a list where an object was expected")
}

fn open_object(verb: &str, mut object: Map<String, Value>, depth: usize) -> Answer {
    if let Some(status) = field(&object, "status")
        .and_then(number)
        .filter(|status| (100..600).contains(status))
    {
        return open_http(verb, status, object, depth);
    }
    if object.len() == 1
        && object
            .get("data")
            .is_some_and(|data| verdict(data).is_some())
        && let Some(data) = object.remove("data")
    {
        return open_at(verb, data, depth + 1);
    }
    let said = Status::of(&object);
    let inside = inner(verb, &mut object, depth);
    match (said, inside) {
        (Status::Error, Some(error @ Answer::Error { .. }))
            if field(&object, "type").and_then(number).is_none() =>
        {
            error
        }
        (Status::Error, _) => error_of(object),
        (_, Some(found)) => found,
        (Status::Success | Status::None, None) => Answer::Success(Value::Object(object)),
        (Status::Other, None) if super::is_read(verb) => Answer::Success(Value::Object(object)),
        (Status::Other, None) => Answer::Garbage("a status that is neither success nor error"),
    }
}

/// `{ status: 200, data }`: an HTTP answer, passed on whole.
fn open_http(verb: &str, status: u16, mut object: Map<String, Value>, depth: usize) -> Answer {
    let data = object
        .remove("data")
        .or_else(|| object.remove("body"))
        .unwrap_or(Value::Null);
    if status < 400 {
        return open_at(verb, data, depth + 1);
    }
    let words = data.as_str().unwrap_or_default().to_owned();
    match open_at(verb, data, depth + 1) {
        // A type number decides; one that only says "error" says less than the status does.
        error @ Answer::Error { kind: Some(_), .. } if status < 500 => error,
        Answer::Error { words, .. } => Answer::Http { status, words },
        _ => Answer::Http { status, words },
    }
}

/// The answer inside an answer: `actions[]`, or a key that is a command.
fn inner(verb: &str, object: &mut Map<String, Value>, depth: usize) -> Option<Answer> {
    if let Some(Value::Array(items)) = object.get("actions")
        && !items.is_empty()
        && items.iter().all(is_chain_entry)
        && let Some(Value::Array(items)) = object.shift_remove("actions")
    {
        return Some(open_chain(verb, items, depth));
    }
    let own = verb.replace('-', "_");
    let command = object
        .iter()
        .find(|(key, value)| {
            value.is_object() && (**key == own || COMMANDS.contains(&key.as_str()))
        })
        .map(|(key, _)| key.clone())?;
    let value = object.shift_remove(&command)?;
    Some(open_at(verb, value, depth + 1))
}

/// `{ "<command>": { … } }`, one key with an object.
fn is_chain_entry(item: &Value) -> bool {
    item.as_object().is_some_and(|entry| {
        entry.len() == 1 && entry.values().all(Value::is_object) && verdict(item).is_none()
    })
}

/// The first error of a chain; else the answer of its only command, or all of them.
fn open_chain(verb: &str, items: Vec<Value>, depth: usize) -> Answer {
    let mut successes = Vec::with_capacity(items.len());
    for item in items {
        let Value::Object(entry) = item else { continue };
        for (_, value) in entry {
            match open_at(verb, value, depth + 1) {
                Answer::Success(value) => successes.push(value),
                Answer::Nothing => successes.push(Value::Null),
                failure => return failure,
            }
        }
    }
    if successes.len() == 1 {
        return successes.pop().map_or(Answer::Nothing, Answer::Success);
    }
    Answer::Success(Value::Array(successes))
}

/// What an object says about its own success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Success,
    Error,
    Other,
    None,
}

impl Status {
    fn of(object: &Map<String, Value>) -> Self {
        match field(object, "status").or_else(|| field(object, "success")) {
            Some(Value::Bool(true)) => Self::Success,
            Some(Value::Bool(false)) => Self::Error,
            Some(Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "success" | "ok" => Self::Success,
                "error" | "fail" | "failed" | "failure" => Self::Error,
                _ => Self::Other,
            },
            Some(Value::Null) | None if says_error(object) => Self::Error,
            Some(Value::Null) | None => Self::None,
            Some(_) => Self::Other,
        }
    }
}

/// No status, but an error's number, or a key `error` with something in it.
fn says_error(object: &Map<String, Value>) -> bool {
    let named = field(object, "error").is_some_and(|error| match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    });
    let numbered = field(object, "message").is_some()
        && field(object, "type")
            .and_then(number)
            .is_some_and(|kind| kind >= 200);
    named || numbered
}

/// Whether a value is an envelope: an object that says success or error.
fn verdict(value: &Value) -> Option<Status> {
    let status = Status::of(value.as_object()?);
    matches!(status, Status::Success | Status::Error).then_some(status)
}

fn error_of(object: Map<String, Value>) -> Answer {
    let words = ["message", "error"]
        .iter()
        .find_map(|name| match field(&object, name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Object(inner)) => field(inner, "message")
                .and_then(Value::as_str)
                .map(str::to_owned),
            _ => None,
        })
        .unwrap_or_default();
    Answer::Error {
        kind: field(&object, "type").and_then(number),
        words,
        body: Value::Object(object),
    }
}

/// A field by its name in any letter case.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A small whole number, also when it is written as text.
fn number(value: &Value) -> Option<u16> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}
