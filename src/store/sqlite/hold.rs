//! Holds: what is in force, and the alert of each, which stands as long as it does.

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::clock::{from_micros, micros};
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{Answers, Sqlite, alert, error, statements};
use crate::store::{AlertKind, Answer, Hold, HoldKind, Op, RELAPSE_WITHIN, StoreError};

/// The holds in force, the longest first.
pub(super) async fn in_force(db: &mut SqliteConnection) -> Result<Vec<Hold>, StoreError> {
    let rows = sqlx::query(statements::HOLDS.text()).fetch_all(db).await;
    let rows = rows.map_err(error::of)?;
    let holds = rows.iter().filter_map(|row| {
        Some(Hold {
            connection: Arc::from(row.get::<&str, _>("connection")),
            kind: HoldKind::from_name(row.get("kind"))?,
            reason: row.get("reason"),
            since: from_micros(row.get("since")),
        })
    });
    Ok(holds.collect())
}

/// Carries out holds and releases, in order. There are few of them.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    for (index, op) in batch.iter().enumerate() {
        match op {
            Op::Hold(hold) => {
                // A thousand workers that meet one lapsed login say so a thousand times.
                let told = match store.memory.holds.says(hold) {
                    true => false,
                    false => put(store, hold).await?,
                };
                answers.set(index, Answer::Count(told.into()));
            }
            Op::Release(connection, kind, now) => {
                let ended = end(store, connection, *kind, *now).await?;
                answers.set(index, Answer::Count(ended));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes connections known that no run has named before.
pub(super) async fn know<'n>(
    store: &mut Sqlite,
    names: impl Iterator<Item = &'n Arc<str>>,
) -> Result<(), StoreError> {
    let mut rows = Rows::of(&statements::INSERT_CONNECTIONS);
    for name in names {
        if !store.memory.connections.contains(name) {
            store.memory.connections.insert(Arc::clone(name));
            rows.row().put(&**name);
        }
    }
    if !rows.is_empty() {
        rows.execute(&mut store.db).await?;
    }
    Ok(())
}

/// Whether somebody must be told anew.
async fn put(store: &mut Sqlite, hold: &Hold) -> Result<bool, StoreError> {
    know(store, std::iter::once(&hold.connection)).await?;
    sqlx::query(statements::INSERT_HOLD.text())
        .bind(&*hold.connection)
        .bind(hold.kind.name())
        .bind(&*hold.reason)
        .bind(micros(hold.since))
        .execute(&mut store.db)
        .await
        .map_err(error::of)?;
    sqlx::query(statements::START_HELD.text())
        .bind(&*hold.connection)
        .bind(micros(hold.since))
        .execute(&mut store.db)
        .await
        .map_err(error::of)?;
    store.memory.holds.put(hold);
    audit(store, "hold", &hold.connection, &hold.reason, hold.since).await?;
    if !hold.kind.is_told() {
        return Ok(false);
    }
    alert::raise_again(store, &hold.alert(), RELAPSE_WITHIN).await
}

async fn end(
    store: &mut Sqlite,
    connection: &Arc<str>,
    kind: Option<HoldKind>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let ended = sqlx::query(statements::DELETE_HOLD.text())
        .bind(&**connection)
        .bind(kind.map(HoldKind::name))
        .execute(&mut store.db)
        .await
        .map_err(error::of)?
        .rows_affected();
    if ended > 0 {
        sqlx::query(statements::END_HELD.text())
            .execute(&mut store.db)
            .await
            .map_err(error::of)?;
        for over in store.memory.holds.end(connection, kind) {
            alert::calm(store, AlertKind::ConnectionHeld, &over.subject(), now).await?;
        }
        let what = kind.map_or("all", HoldKind::name);
        audit(store, "release", connection, what, now).await?;
    }
    Ok(ended)
}

async fn audit(
    store: &mut Sqlite,
    action: &str,
    connection: &str,
    reason: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = Rows::of(&statements::INSERT_AUDIT);
    rows.row()
        .time(at)
        .put(action)
        .put(None::<i64>)
        .put(connection)
        .put(None::<&str>)
        .put(None::<&str>)
        .put(reason);
    rows.execute(&mut store.db).await.map(drop)
}
