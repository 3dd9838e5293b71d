//! The file itself: pages, tables, references, numbers.

use std::collections::HashMap;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row};
use uuid::Uuid;

use super::Results;
use crate::store::StoreError;
use crate::store::sqlite::{MIGRATIONS, error};
use crate::store::verify::file;
use crate::store::verify::{Broken, Told, Verify};

/// Tables, indexes, triggers and views; SQLite's own aside, and what it keeps for its planner.
const SCHEMA: &str = "SELECT type, name, coalesce(sql, '') AS sql FROM sqlite_schema
    WHERE name NOT GLOB 'sqlite_*' AND name <> 'schema_versions' ORDER BY name";
const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name";
/// Numbers that were given out already.
const NUMBERS: &str = "SELECT t.name, t.last, coalesce(q.seq, 0) AS given FROM (
        SELECT 'events' AS name, (SELECT max(seq) FROM events) AS last
        UNION ALL SELECT 'runs', (SELECT max(seq) FROM runs)) t
    LEFT JOIN sqlite_sequence q ON q.name = t.name WHERE t.last > coalesce(q.seq, 0)";

/// Looks at the file. Whether all that the other checks look things up by is there.
pub(super) async fn look(
    db: &mut SqliteConnection,
    asked: &Verify<'_>,
    results: &mut Results,
) -> Result<bool, StoreError> {
    let whole = schema(db, results).await?;
    let tables = sqlx::query_scalar(TABLES).fetch_all(&mut *db).await;
    let tables: Vec<String> = tables.map_err(error::of)?;
    let count = u64::try_from(tables.len()).unwrap_or(0);
    for (done, table) in (0..).zip(&tables) {
        let told = Told {
            what: "the file",
            done,
            of: count,
        };
        (asked.told)(told);
        pages(db, table, asked.deep, results).await?;
        references(db, table, results).await?;
    }
    numbers(db, results).await;
    Ok(whole)
}

/// Whether the next numbers are free.
async fn numbers(db: &mut SqliteConnection, results: &mut Results) {
    let checked = results.of(&file::NUMBERS);
    let found = match sqlx::query(NUMBERS).fetch_all(db).await {
        Ok(found) => found,
        Err(error) => {
            checked.unread = Some(error.to_string());
            return;
        }
    };
    checked.rows = 2;
    for row in found {
        let (last, given): (i64, i64) = (row.get("last"), row.get("given"));
        let what = format!("the last number given is {given}, and {last} is in use");
        checked.add(named(row.get("name"), &what));
    }
}

type Schema = HashMap<(String, String), String>;

async fn schema_of(db: &mut SqliteConnection) -> Result<Schema, StoreError> {
    let rows = sqlx::query(SCHEMA).fetch_all(db).await.map_err(error::of)?;
    let all = rows
        .iter()
        .map(|row| ((row.get("type"), row.get("name")), row.get("sql")));
    Ok(all.collect())
}

/// Compares with a database that has nothing but the migrations. Whether nothing is missing.
async fn schema(db: &mut SqliteConnection, results: &mut Results) -> Result<bool, StoreError> {
    let fresh = SqliteConnectOptions::new().in_memory(true);
    let mut fresh = SqliteConnection::connect_with(&fresh)
        .await
        .map_err(error::of)?;
    for (_, sql) in MIGRATIONS {
        sqlx::raw_sql(*sql)
            .execute(&mut fresh)
            .await
            .map_err(error::of)?;
    }
    let wanted = schema_of(&mut fresh).await?;
    fresh.close().await.map_err(error::of)?;
    let stored = schema_of(db).await?;
    let checked = results.of(&file::SCHEMA);
    let mut whole = true;
    for ((kind, name), sql) in &wanted {
        checked.rows += 1;
        let what = match stored.get(&(kind.clone(), name.clone())) {
            Some(stored) if stored == sql => continue,
            Some(_) => "it is not as the migrations make it",
            None => {
                whole = false;
                "it is missing"
            }
        };
        checked.add(named(format!("{kind} {name}"), what));
    }
    for (kind, name) in stored.keys().filter(|(kind, _)| kind == "trigger") {
        checked.add(named(
            format!("{kind} {name}"),
            "the migrations make none: it changes what is stored",
        ));
    }
    Ok(whole)
}

fn named(name: String, what: &str) -> Broken {
    Broken {
        name: Some(name),
        what: what.to_owned(),
        ..Broken::default()
    }
}

/// The pages and rows of one table; with `deep`, whether its indexes hold what it holds.
async fn pages(
    db: &mut SqliteConnection,
    table: &str,
    deep: bool,
    results: &mut Results,
) -> Result<(), StoreError> {
    let check = if deep {
        "integrity_check"
    } else {
        "quick_check"
    };
    let sql = format!("PRAGMA {check}({table})");
    let checked = results.of(&file::FILE);
    checked.rows += 1;
    let said = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(db).await;
    let said: Vec<String> = said.unwrap_or_else(|error| vec![error.to_string()]);
    for what in said.iter().filter(|what| *what != "ok") {
        checked.add(named(format!("table {table}"), what));
    }
    Ok(())
}

/// Rows that point to a row that is not there.
async fn references(
    db: &mut SqliteConnection,
    table: &str,
    results: &mut Results,
) -> Result<(), StoreError> {
    let sql = format!("PRAGMA foreign_key_check({table})");
    let found = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *db).await;
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            results.of(&file::REFERENCES).unread = Some(format!("{table}: {error}"));
            return Ok(());
        }
    };
    results.of(&file::REFERENCES).rows += 1;
    for row in found {
        let number: Option<i64> = row.get(1);
        let parent: &str = row.get(2);
        let number = number.unwrap_or_default();
        let run = match table {
            "runs" | "attempts" => run_of(db, table, number).await?,
            _ => None,
        };
        results.of(&file::REFERENCES).add(Broken {
            run,
            name: Some(format!("{table}, row {number}")),
            what: format!("it belongs to a row of {parent} that is not there"),
            ..Broken::default()
        });
    }
    Ok(())
}

async fn run_of(
    db: &mut SqliteConnection,
    table: &str,
    number: i64,
) -> Result<Option<Uuid>, StoreError> {
    let sql = match table {
        "runs" => "SELECT id FROM runs WHERE seq = ?1",
        _ => "SELECT r.id FROM attempts a CROSS JOIN runs r ON r.seq = a.run_seq WHERE a.seq = ?1",
    };
    let id = sqlx::query_scalar(sql)
        .bind(number)
        .fetch_optional(db)
        .await;
    id.map_err(error::of)
}
