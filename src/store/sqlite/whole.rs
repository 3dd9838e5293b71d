//! Whether a file is a whole database of ours, and what it holds.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use crate::clock::from_micros;
use crate::run::State;
use crate::store::sqlite::{error, link, migrate};
use crate::store::{Content, Doing, Step, StoreError, Told};

/// So many faults are told.
const FAULTS_MAX: u32 = 3;
const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
const FOREIGN: &str = "SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1";
const HOLDS: &str = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM runs), (SELECT count(*) FROM attempts),
    (SELECT received_at FROM events ORDER BY seq DESC LIMIT 1)";
const STATES: &str = "SELECT state, count(*) FROM runs WHERE state <> 'done' GROUP BY state";
const LAST: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'runs'), 0)";

/// Reads every table and index of a file to its end.
pub(super) async fn file(path: &Path, told: Told<'_>) -> Result<(Content, [i64; 2]), StoreError> {
    let mut db = link::reader(path).await?;
    let version = migrate::check(&mut db, path).await?;
    if version == 0 {
        return Err(damaged(path, "it holds nothing"));
    }
    let verified = whole(&mut db, path, told).await;
    let verified = match verified {
        Ok(()) => content(&mut db, version).await,
        Err(error) => Err(error),
    };
    let numbers = last_numbers(&mut db).await;
    db.close().await.map_err(error::of)?;
    match verified {
        // A page that cannot be read is a damage of this file, and no reason for anybody to end.
        Err(StoreError::Fatal(text)) => Err(damaged(path, &text)),
        other => Ok((other?, numbers?)),
    }
}

/// The last numbers of events and of runs that were given.
pub(super) async fn last_numbers(db: &mut SqliteConnection) -> Result<[i64; 2], StoreError> {
    let row = sqlx::query(LAST).fetch_one(db).await.map_err(error::of)?;
    Ok([row.get(0), row.get(1)])
}

async fn whole(db: &mut SqliteConnection, path: &Path, told: Told<'_>) -> Result<(), StoreError> {
    let tables = sqlx::query(TABLES).fetch_all(&mut *db).await;
    let tables = tables.map_err(error::of)?;
    let of = u64::try_from(tables.len()).unwrap_or(u64::MAX);
    for (done, row) in (0..).zip(&tables) {
        told(Step {
            doing: Doing::Verify,
            done,
            of,
        });
        table(db, path, row.get(0)).await?;
    }
    told(Step {
        doing: Doing::Verify,
        done: of,
        of,
    });
    let orphan = sqlx::query(FOREIGN).fetch_optional(db).await;
    match orphan.map_err(error::of)? {
        None => Ok(()),
        Some(row) => {
            let (table, parent): (&str, &str) = (row.get(0), row.get(1));
            let why = format!("a row of `{table}` has lost its row of `{parent}`");
            Err(damaged(path, &why))
        }
    }
}

async fn table(db: &mut SqliteConnection, path: &Path, name: &str) -> Result<(), StoreError> {
    let name = name.replace('\'', "''");
    let sql = format!("PRAGMA integrity_check('{name}')");
    let said = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db).await;
    let said = said.map_err(error::of)?;
    let faults: Vec<&str> = said.iter().map(|row| row.get(0)).collect();
    if faults == ["ok"] {
        return Ok(());
    }
    let shown: Vec<&str> = faults.into_iter().take(FAULTS_MAX as usize).collect();
    Err(damaged(path, &shown.join("; ")))
}

async fn content(db: &mut SqliteConnection, version: usize) -> Result<Content, StoreError> {
    let row = sqlx::query(HOLDS).fetch_one(&mut *db).await;
    let row = row.map_err(error::of)?;
    let states = sqlx::query(STATES).fetch_all(db).await.map_err(error::of)?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    let open = states.iter().filter(|row| {
        let state = State::from_name(row.get(0));
        !state.is_some_and(State::is_over)
    });
    Ok(Content {
        version,
        events: number(row.get(0)),
        runs: number(row.get(1)),
        unfinished: open.map(|row| number(row.get(1))).sum(),
        calls: number(row.get(2)),
        last_event: row.get::<Option<i64>, _>(3).map(from_micros),
    })
}

fn damaged(path: &Path, why: &str) -> StoreError {
    let shown = path.display();
    StoreError::Unusable(format!(
        "{shown} is damaged, or no database of Kartwheel: {why}"
    ))
}
