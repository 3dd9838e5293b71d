//! The events of runs that were judged again: read before it is decided, written after.

use serde_json::Value;
use sqlx::Row;

use crate::store::decide::judge::{JudgedEvent, Judging};
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{Sqlite, rows, statements};
use crate::store::{Judged, Op, StoreError};

/// The judgements of a batch.
pub(super) fn of(batch: &[Op]) -> impl Iterator<Item = (usize, &Judged)> {
    batch.iter().enumerate().filter_map(|(index, op)| match op {
        Op::Judge(judged) => Some((index, &**judged)),
        _ => None,
    })
}

/// The events that they are about.
pub(super) async fn events<'a>(
    store: &mut Sqlite,
    batch: &[Op],
) -> Result<Judging<'a>, StoreError> {
    let mut judging = Judging::default();
    let mut look_up = Rows::of(&statements::JUDGED_EVENTS);
    for (_, judged) in of(batch) {
        look_up.row().put(judged.lease.run_seq);
    }
    if look_up.is_empty() {
        return Ok(judging);
    }
    for row in look_up.fetch(&mut store.db).await? {
        let seq = row.get("seq");
        judging.of_run.insert(row.get("run_seq"), seq);
        let event = JudgedEvent {
            email: row.get("email"),
            verdicts: rows::json(&row, "verdicts")?,
            envelope: rows::json(&row, "envelope")?,
            person: None,
        };
        judging.events.insert(seq, event);
    }
    Ok(judging)
}

/// Writes the events with what they were judged by, and how the runs begin.
pub(super) async fn write(store: &mut Sqlite, judging: &Judging<'_>) -> Result<(), StoreError> {
    let mut events = Rows::of(&statements::UPDATE_JUDGED_EVENTS);
    for (seq, event) in &judging.events {
        let Some(person) = event.person else { continue };
        let mut envelope = event.envelope.clone();
        if let Some(known) = envelope.get_mut("person") {
            *known = serde_json::to_value(person).unwrap_or(Value::Null);
        }
        events
            .row()
            .put(*seq)
            .put(event.email.as_deref())
            .json(&event.verdicts)
            .json(&envelope);
    }
    let mut runs = Rows::of(&statements::UPDATE_JUDGED_RUNS);
    for (seq, judged) in &judging.runs {
        runs.row()
            .put(*seq)
            .put(judged.run.key.as_deref())
            .put(judged.run.once.as_deref());
    }
    for rows in [events, runs] {
        if !rows.is_empty() {
            rows.execute(&mut store.db).await?;
        }
    }
    Ok(())
}
