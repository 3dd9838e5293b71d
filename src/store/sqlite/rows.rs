//! Rows read back into nouns, and the words in which nouns are stored.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::action::{Class, Priority};
use crate::clock::from_micros;
use crate::event::{Envelope, Event, Format, Person};
use crate::run::{Attempt, Run, State};
use crate::store::{RuleText, StoreError, StoredEvent, pack};

/// An address as it is looked for: senders differ in spaces and case.
pub(super) fn email(address: &str) -> String {
    address.trim().to_lowercase()
}

/// The word for a body's format.
pub(super) const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Form => "form",
        Format::Empty => "empty",
    }
}

/// Text that many rows share with the program.
pub(super) fn shared(row: &SqliteRow, column: &str) -> Arc<str> {
    Arc::from(row.get::<&str, _>(column))
}

/// The number for a priority: a higher one is earlier.
pub(super) const fn priority_number(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
    }
}

/// The column `priority`.
pub(super) fn priority(row: &SqliteRow) -> Result<Priority, StoreError> {
    let number: i64 = row.get("priority");
    [Priority::Low, Priority::Normal, Priority::High]
        .into_iter()
        .find(|priority| priority_number(*priority) == number)
        .ok_or_else(|| unreadable("priority", &number.to_string()))
}

/// The column `state`.
pub(super) fn state(row: &SqliteRow) -> Result<State, StoreError> {
    let word = row.get::<&str, _>("state");
    State::from_name(word).ok_or_else(|| unreadable("state", word))
}

/// A run, from `run_columns!`.
pub(super) fn run(row: &SqliteRow) -> Result<Run, StoreError> {
    Ok(Run {
        seq: row.get("seq"),
        id: row.get("id"),
        event: row.get("event_id"),
        rule: shared(row, "rule"),
        rule_hash: shared(row, "rule_hash"),
        connection: shared(row, "connection"),
        priority: priority(row)?,
        key: row.get("key"),
        once: row.get("once"),
        state: state(row)?,
        why: row.get("why"),
        due_at: maybe_time(row, "due_at"),
        progress: json(row, "progress")?,
        created_at: time(row, "created_at"),
        updated_at: time(row, "updated_at"),
    })
}

/// What is kept beside the columns of an event.
#[derive(Deserialize)]
struct Kept {
    person: Person,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    env: Map<String, Value>,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    schedule: Value,
}

/// The body, from the columns `raw` and `unpacked`; no bytes where there is none.
fn raw(row: &SqliteRow) -> Result<Arc<[u8]>, StoreError> {
    let kept: &[u8] = row.get::<Option<&[u8]>, _>("raw").unwrap_or_default();
    match row.get::<Option<i64>, _>("unpacked") {
        None => Ok(Arc::from(kept)),
        Some(bytes) => pack::unpack(kept, usize::try_from(bytes).unwrap_or(usize::MAX))
            .map(Arc::from)
            .map_err(|why| unreadable("body", &why)),
    }
}

/// An event, from `event_columns!` and, when asked, the columns of its body.
pub(super) fn event(row: &SqliteRow, body: bool) -> Result<StoredEvent, StoreError> {
    let kept: Kept = json(row, "envelope")?;
    let format = match row.get("format") {
        "json" => Format::Json,
        "form" => Format::Form,
        "empty" => Format::Empty,
        other => return Err(unreadable("format", other)),
    };
    let raw = if body { raw(row)? } else { Arc::default() };
    Ok(StoredEvent {
        seq: row.get("event_seq"),
        event: Event {
            id: row.get("event_id"),
            source: shared(row, "source"),
            sender_id: row.get("sender_id"),
            earlier: None,
            kind: row.get("kind"),
            received_at: time(row, "received_at"),
            live: row.get("live"),
            replay_of: row.get("replay_of"),
            caused_by: row.get("caused_by"),
            depth: row.get("depth"),
            unproven: None,
            person: kept.person,
            format,
            raw,
            tree: Arc::default(),
        },
        envelope: Envelope {
            headers: kept.headers,
            query: kept.query,
            env: kept.env,
            input: kept.input,
            schedule: kept.schedule,
        },
        rule_set: shared(row, "rule_set"),
        verdicts: json(row, "verdicts")?,
        duplicates: row.get("duplicates"),
        thinned_at: maybe_time(row, "thinned_at"),
    })
}

/// An attempt, from `attempt_columns!`.
pub(super) fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let class = match row.get::<Option<&str>, _>("class") {
        Some(word) => {
            Some(Class::deserialize(Value::from(word)).map_err(|_| unreadable("class", word))?)
        }
        None => None,
    };
    let output = match row.get::<Option<&str>, _>("output") {
        Some(_) => Some(json(row, "output")?),
        None => None,
    };
    Ok(Attempt {
        step: shared(row, "step"),
        number: row.get("number"),
        verb: shared(row, "verb"),
        input: json(row, "input")?,
        trace: row.get("trace"),
        intended_at: time(row, "intended_at"),
        send_by: time(row, "send_by"),
        ended_at: maybe_time(row, "ended_at"),
        class,
        message: row.get("message"),
        output,
        app_type: row.get("app_type"),
        action_run_id: row.get("action_run_id"),
    })
}

/// A rule's text, from `hash, rule, file, text`.
pub(super) fn rule_text(row: &SqliteRow) -> RuleText {
    RuleText {
        hash: shared(row, "hash"),
        rule: shared(row, "rule"),
        file: shared(row, "file"),
        text: shared(row, "text"),
    }
}

/// A stored time.
pub(super) fn time(row: &SqliteRow, column: &str) -> Timestamp {
    from_micros(row.get(column))
}

/// A stored time that need not be there.
pub(super) fn maybe_time(row: &SqliteRow, column: &str) -> Option<Timestamp> {
    row.get::<Option<i64>, _>(column).map(from_micros)
}

/// A column of JSON.
pub(super) fn json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(row.get(column)).map_err(|error| unreadable(column, &error.to_string()))
}

fn unreadable(column: &str, what: &str) -> StoreError {
    StoreError::Row(format!("a stored `{column}` is not readable: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_classes_and_formats_are_those_of_their_json() {
        let classes = [
            Class::Done,
            Class::Already,
            Class::Transient,
            Class::RateLimited,
            Class::ConnectionDown,
            Class::OurToken,
            Class::NotAllowed,
            Class::RuleWrong,
            Class::NotOffered,
            Class::TargetMissing,
            Class::Refused,
            Class::Unknown,
        ];
        for class in classes {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
        for format in [Format::Json, Format::Form, Format::Empty] {
            assert_eq!(serde_json::to_value(format).unwrap(), format_name(format));
        }
    }
}
