//! People: who was last known under a sender's own ids.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::event::Event;
use crate::store::decide::accept::Accepting;
use crate::store::decide::judge::Judging;
use crate::store::decide::runs::Effects;
use crate::store::person::ids;
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{Sqlite, error, statements};
use crate::store::{KnownPerson, StoreError};

/// Who is known under this id.
const FIND: &str = "SELECT p.email, p.first_name, p.last_name, p.phone, p.event_id FROM people p
    WHERE p.source = ? AND p.kind = ? AND p.value = ?";

/// Whether an event tells who stands behind its ids. One whose address was itself looked up tells nothing new, and one that
/// nothing proves tells nothing.
const fn tells(event: &Event) -> bool {
    event.person.email.is_some() && event.person.known_by.is_none() && event.unproven.is_none()
}

/// What an event that has an address tells of the ids beside it.
pub(super) fn rows_of(rows: &mut Rows, event: &Event) {
    let person = &event.person;
    let Some(email) = person.email.as_deref().filter(|_| tells(event)) else {
        return;
    };
    for (kind, value) in ids(person) {
        rows.row()
            .put(&*event.source)
            .put(kind)
            .put(value)
            .put(email)
            .put(person.first_name.as_deref())
            .put(person.last_name.as_deref())
            .put(person.phone.as_deref())
            .id(event.id)
            .time(event.received_at);
    }
}

/// Notes whom the new runs wait for that have yet to be judged, and makes those due that this batch tells of, or that were told of
/// since their event was read: nobody can come between, since all of it is one commit. Says how many.
pub(super) async fn await_and_wake(
    store: &mut Sqlite,
    accepting: &Accepting<'_>,
) -> Result<u64, StoreError> {
    let mut awaited = Rows::of(&statements::INSERT_AWAITED);
    let mut wake = Rows::of(&statements::WAKE_AWAITED);
    let events: HashMap<i64, &Event> = accepting
        .events
        .iter()
        .map(|new| (new.seq, &new.accept.event))
        .collect();
    let mut told: Vec<&Event> = events
        .values()
        .copied()
        .filter(|event| tells(event))
        .collect();
    for placed in &accepting.runs {
        let (run, _) = &accepting.answers[placed.accept].runs[placed.run];
        let Some(event) = events.get(&placed.event_seq) else {
            continue;
        };
        if run.progress.unjudged {
            for (kind, value) in ids(&event.person) {
                awaited
                    .row()
                    .put(&*event.source)
                    .put(kind)
                    .put(value)
                    .put(run.seq);
            }
            told.push(event);
        }
    }
    for event in told {
        for (kind, value) in ids(&event.person) {
            wake.row()
                .put(&*event.source)
                .put(kind)
                .put(value)
                .time(event.received_at);
        }
    }
    if !awaited.is_empty() {
        awaited.execute(&mut store.db).await?;
    }
    if wake.is_empty() {
        return Ok(0);
    }
    wake.execute(&mut store.db).await
}

/// Runs that were judged, and those that a person changed, wait for nobody any more.
pub(super) async fn nobody_is_awaited(
    store: &mut Sqlite,
    judging: &Judging<'_>,
    effects: &Effects<'_>,
) -> Result<(), StoreError> {
    let mut over = Rows::of(&statements::DELETE_AWAITED);
    let judged = judging.runs.iter().map(|(seq, _)| *seq);
    for seq in judged.chain(effects.audit.iter().map(|(seq, ..)| *seq)) {
        over.row().put(seq);
    }
    if !over.is_empty() {
        over.execute(&mut store.db).await?;
    }
    Ok(())
}

/// The person, for the reader.
pub(super) async fn find(
    db: &mut SqliteConnection,
    source: &str,
    ids: &[(String, String)],
) -> Result<Option<KnownPerson>, StoreError> {
    for (kind, value) in ids {
        let query = sqlx::query(FIND).bind(source).bind(kind).bind(value);
        let found = query.fetch_optional(&mut *db).await.map_err(error::of)?;
        if let Some(row) = found {
            return Ok(Some(KnownPerson {
                email: row.get("email"),
                first_name: row.get("first_name"),
                last_name: row.get("last_name"),
                phone: row.get("phone"),
                event: row.get("event_id"),
            }));
        }
    }
    Ok(None)
}
