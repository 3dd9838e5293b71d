//! Snapshots: what was read last of the account behind each connection.

use serde::Serialize;
use sqlx::sqlite::SqliteConnection;

use crate::clock::micros;
use crate::store::sqlite::{Answers, Sqlite, error, rows, statements};
use crate::store::{Answer, Op, Snapshot, StoreError};

/// What is kept of all accounts.
pub(super) const ALL: &str =
    "SELECT connection, place, synced_at, content FROM accounts ORDER BY connection";

/// Carries out what is to be kept, in order.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    for (index, op) in batch.iter().enumerate() {
        let Op::KeepSnapshot(snapshot) = op else {
            continue;
        };
        let content = text(&snapshot.account)?;
        sqlx::query(statements::KEEP_ACCOUNT.text())
            .bind(&*snapshot.connection)
            .bind(text(&snapshot.from)?)
            .bind(micros(snapshot.synced_at))
            .bind(content)
            .execute(&mut store.db)
            .await
            .map_err(error::of)?;
        answers.set(index, Answer::Ok);
    }
    Ok(())
}

/// Snapshots for the reader. One that cannot be read is as good as none: the account is read again.
pub(super) async fn all(db: &mut SqliteConnection) -> Result<Vec<Snapshot>, StoreError> {
    let found = sqlx::query(ALL).fetch_all(db).await.map_err(error::of)?;
    let snapshots = found.iter().filter_map(|row| {
        let connection = rows::shared(row, "connection");
        let read = rows::json(row, "place").and_then(|from| Ok((from, rows::json(row, "content")?)));
        match read {
            Ok((from, account)) => Some(Snapshot {
                connection,
                from,
                synced_at: rows::time(row, "synced_at"),
                account,
            }),
            Err(error) => {
                tracing::warn!(%connection, %error, "what is kept of an account cannot be read and is left out");
                None
            }
        }
    });
    Ok(snapshots.collect())
}

fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Row(error.to_string()))
}
