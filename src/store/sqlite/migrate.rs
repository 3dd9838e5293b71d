//! Brings a database to this version: forward only, each step one transaction.
//!
//! To add a step: the next number in `migrations/sqlite/`, one line in `MIGRATIONS`, sample rows in
//! `tests/data/migrations/`.

use std::path::Path;

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use crate::clock::micros;
use crate::store::StoreError;
use crate::store::sqlite::{error, file, link};

/// One step: its name and its SQL. The first has version 1.
pub type Migration = (&'static str, &'static str);

/// All steps, in order.
pub const MIGRATIONS: &[Migration] = &[
    (
        "0001_first",
        include_str!("../../../migrations/sqlite/0001_first.sql"),
    ),
    (
        "0002_priorities_budgets_alerts",
        include_str!("../../../migrations/sqlite/0002_priorities_budgets_alerts.sql"),
    ),
    (
        "0003_places_of_accounts",
        include_str!("../../../migrations/sqlite/0003_places_of_accounts.sql"),
    ),
    (
        "0004_people",
        include_str!("../../../migrations/sqlite/0004_people.sql"),
    ),
    (
        "0005_keeping_house",
        include_str!("../../../migrations/sqlite/0005_keeping_house.sql"),
    ),
];

/// Marks a SQLite file as ours: "Kart".
const APPLICATION_ID: i64 = 0x4b61_7274;
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";

/// Brings the database file to a version, for tests of the steps between. `store::open` goes to the last by itself.
pub async fn migrate_to(path: &Path, version: usize, now: Timestamp) -> Result<(), StoreError> {
    file::create(path)?;
    let mut db = link::writer(path).await?;
    let done = run(&mut db, path, version, now).await;
    db.close().await.map_err(error::of)?;
    done
}

/// Carries out the steps up to a version that are not carried out yet.
pub(super) async fn run(
    db: &mut SqliteConnection,
    path: &Path,
    version: usize,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = check(db, path).await?;
    for (index, (name, sql)) in MIGRATIONS.iter().enumerate().take(version).skip(at) {
        tracing::info!(migration = name, "migrating the database");
        let mut step = db.begin_with("BEGIN IMMEDIATE").await.map_err(error::of)?;
        if index == 0 {
            sqlx::query(VERSIONS)
                .execute(&mut *step)
                .await
                .map_err(error::of)?;
            sqlx::raw_sql("PRAGMA application_id = 1264677492")
                .execute(&mut *step)
                .await
                .map_err(error::of)?;
        }
        sqlx::raw_sql(*sql)
            .execute(&mut *step)
            .await
            .map_err(error::of)?;
        sqlx::query("INSERT INTO schema_versions (version, name, applied_at) VALUES (?1, ?2, ?3)")
            .bind(i64::try_from(index + 1).unwrap_or(i64::MAX))
            .bind(*name)
            .bind(micros(now))
            .execute(&mut *step)
            .await
            .map_err(error::of)?;
        step.commit().await.map_err(error::of)?;
    }
    Ok(())
}

/// For readers: the database must be of this very version, because they change nothing.
pub(super) async fn check_current(
    db: &mut SqliteConnection,
    path: &Path,
) -> Result<(), StoreError> {
    if check(db, path).await? == MIGRATIONS.len() {
        return Ok(());
    }
    Err(StoreError::Older(format!(
        "the database {} is of an older version; `kartwheel serve` brings it up to date when it starts",
        path.display()
    )))
}

/// Which version the database has; refuses what is not ours and what is newer than we are.
pub(super) async fn check(db: &mut SqliteConnection, path: &Path) -> Result<usize, StoreError> {
    let shown = path.display();
    let unreadable = |error: sqlx::Error| match error::of(error) {
        StoreError::Fatal(text) => {
            StoreError::Unusable(format!("the database {shown} cannot be read. {text}"))
        }
        other => other,
    };
    let sql = "SELECT (SELECT count(*) FROM sqlite_schema), (SELECT application_id FROM pragma_application_id),
        (SELECT count(*) FROM sqlite_schema WHERE name = 'schema_versions')";
    let row = sqlx::query(sql).fetch_one(&mut *db).await;
    let row = row.map_err(unreadable)?;
    let (tables, application, versions): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    if tables == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID || versions == 0 {
        return Err(StoreError::Unusable(format!(
            "{shown} is a SQLite database, but not one of Kartwheel; give another path"
        )));
    }
    let last = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM schema_versions");
    let last: i64 = last.fetch_one(&mut *db).await.map_err(unreadable)?;
    usize::try_from(last)
        .ok()
        .filter(|last| *last <= MIGRATIONS.len())
        .ok_or_else(|| {
            StoreError::Unusable(format!(
                "the database {shown} is of a newer version ({last}) than this program knows ({}); use the newer \
                 program, or a backup from before",
                MIGRATIONS.len()
            ))
        })
}
