//! Events, runs and their parts as JSON: the same in the API's answers and behind `--json` of the commands.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::advice;
use super::ids::short;
use super::story::{StepStory, Story};
use crate::run::{Attempt, Run};
use crate::store::{Counts, DoorSum, Hold, RefusalCount, StoredEvent, Waits};
use crate::trigger;

/// An event in a list: everything but the body.
#[must_use]
pub fn event(stored: &StoredEvent) -> Value {
    let event = &stored.event;
    json!({
        "seq": stored.seq,
        "id": event.id,
        "short": short(event.id),
        "source": event.source,
        "type": event.kind,
        "sender_id": event.sender_id,
        "received_at": event.received_at,
        "live": event.live,
        "person": event.person,
        "replay_of": event.replay_of,
        "caused_by": event.caused_by,
        "duplicates": stored.duplicates,
        "body_removed_at": stored.thinned_at,
        "rule_set": stored.rule_set,
        "verdicts": stored.verdicts,
    })
}

/// One event whole, with the runs it started.
#[must_use]
pub fn event_whole(stored: &StoredEvent, runs: &[Run]) -> Value {
    let mut whole = event(stored);
    if let Value::Object(map) = &mut whole {
        map.insert(
            "headers".into(),
            Value::Object(stored.envelope.headers.clone()),
        );
        map.insert("query".into(), Value::Object(stored.envelope.query.clone()));
        map.insert("format".into(), json!(stored.event.format));
        map.insert("bytes".into(), json!(stored.event.raw.len()));
        map.insert("body".into(), body(stored));
        map.insert("runs".into(), runs.iter().map(run).collect());
    }
    whole
}

/// A run in a list.
#[must_use]
pub fn run(run: &Run) -> Value {
    json!({
        "seq": run.seq,
        "id": run.id,
        "short": short(run.id),
        "event": run.event,
        "rule": run.rule,
        "rule_hash": run.rule_hash,
        "connection": run.connection,
        "key": run.key,
        "once": run.once,
        "state": run.state.name(),
        "why": run.why,
        "due_at": run.due_at,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
    })
}

/// One run whole: event, verdict, steps with their attempts, and what happens next.
#[must_use]
pub fn run_whole(story: &Story) -> Value {
    let mut whole = run(&story.run);
    let next = advice::next(story);
    let commands: Vec<Value> = next
        .commands
        .iter()
        .map(|(command, does)| json!({"command": command, "does": does}))
        .collect();
    if let Value::Object(map) = &mut whole {
        map.insert(
            "event".into(),
            story
                .event
                .as_ref()
                .map_or_else(|| json!(story.run.event), event),
        );
        map.insert("verdict".into(), json!(story.verdict));
        map.insert(
            "rule_file".into(),
            json!(story.rule.as_ref().map(|rule| &rule.file)),
        );
        map.insert(
            "vars".into(),
            Value::Object(story.run.progress.vars.clone()),
        );
        map.insert("steps".into(), story.steps().iter().map(step).collect());
        map.insert("failure".into(), json!(story.run.progress.failure));
        map.insert("holds".into(), json!(story.holds));
        map.insert(
            "next".into(),
            json!({"text": next.text, "at": next.at, "commands": commands}),
        );
    }
    whole
}

/// Numbers for health.
#[must_use]
pub fn counts(counts: &Counts) -> Value {
    let runs: Map<String, Value> = counts
        .runs
        .iter()
        .map(|(state, number)| (state.name().to_owned(), json!(number)))
        .collect();
    json!({"events": counts.events, "due": counts.due, "runs": runs})
}

/// How many runs wait for a person, by what for.
#[must_use]
pub fn waiting(waits: &[Waits]) -> Value {
    let mut waiting = BTreeMap::<&str, u64>::new();
    for one in waits {
        *waiting.entry(one.kind.name()).or_default() += one.runs;
    }
    json!(waiting)
}

/// Holds.
#[must_use]
pub fn holds(holds: &[Hold]) -> Value {
    json!({ "holds": holds })
}

/// Refused deliveries.
#[must_use]
pub fn refusals(refusals: &[RefusalCount]) -> Value {
    json!({ "refusals": refusals })
}

/// Requests that asked for nothing but an answer.
#[must_use]
pub fn handshakes(sums: &[DoorSum]) -> Value {
    let each = |sum: &DoorSum| json!({"source": sum.source, "kind": sum.word, "count": sum.count, "last": sum.last});
    sums.iter().map(each).collect()
}

/// The body as a value, or as text when it cannot be read as what it claims to be.
#[must_use]
pub fn body(stored: &StoredEvent) -> Value {
    let raw = &stored.event.raw;
    trigger::read_body(stored.event.format, raw)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(raw).into_owned()))
}

fn step(step: &StepStory<'_>) -> Value {
    json!({
        "path": step.path,
        "id": step.id,
        "name": step.name,
        "verb": step.verb,
        "state": step.progress.state.name(),
        "message": step.progress.message,
        "until": step.progress.until,
        "output": step.progress.output,
        "attempts": step.attempts.iter().map(|attempt| self::attempt(attempt)).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "number": attempt.number,
        "verb": attempt.verb,
        "input": attempt.input,
        "intended_at": attempt.intended_at,
        "send_by": attempt.send_by,
        "ended_at": attempt.ended_at,
        "class": attempt.class,
        "message": attempt.message,
        "output": attempt.output,
        "app_type": attempt.app_type,
        "action_run_id": attempt.action_run_id,
    })
}
