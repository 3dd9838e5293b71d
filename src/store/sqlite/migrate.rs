//! Brings a database to this version: forward only, each step one transaction.
//!
//! To add a step: the next number in `migrations/sqlite/`, one line in `MIGRATIONS`, sample rows in
//! `tests/data/migrations/`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
        "0005_awaited",
        include_str!("../../../migrations/sqlite/0005_awaited.sql"),
    ),
    (
        "0006_keeping_house",
        include_str!("../../../migrations/sqlite/0006_keeping_house.sql"),
    ),
];

/// Marks a SQLite file as ours: "Kart".
const APPLICATION_ID: i64 = 0x4b61_7274;
const MARK: &str = "PRAGMA application_id = 1264677492";
/// How often it is told how far a step is.
const TOLD_EVERY: Duration = Duration::from_secs(5);
/// SQLite asks after so many of its own small steps.
const ASKED_EVERY: i32 = 100_000;
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";

/// How far migrating has come: told when a step begins, and now and then while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrating {
    /// The step's name.
    pub name: &'static str,
    /// Its number.
    pub step: usize,
    /// The number of the last.
    pub of: usize,
    /// How long it has taken so far.
    pub taken: Duration,
}

/// Who is told.
pub type Watch = Arc<dyn Fn(Migrating) + Send + Sync>;

/// Brings the database file to a version, for tests of the steps between. `store::open` goes to the last by itself.
pub async fn migrate_to(path: &Path, version: usize, now: Timestamp) -> Result<(), StoreError> {
    migrate_watched(path, version, now, Arc::new(log)).await
}

/// The same, watched.
pub async fn migrate_watched(
    path: &Path,
    version: usize,
    now: Timestamp,
    watch: Watch,
) -> Result<(), StoreError> {
    file::create(path)?;
    let mut db = link::writer(path).await?;
    let done = up_to(&mut db, path, version, now, watch).await;
    db.close().await.map_err(error::of)?;
    done
}

/// Carries out all steps that are not carried out yet, and logs how far it is.
pub(super) async fn run(
    db: &mut SqliteConnection,
    path: &Path,
    now: Timestamp,
) -> Result<(), StoreError> {
    up_to(db, path, MIGRATIONS.len(), now, Arc::new(log)).await
}

fn log(migrating: Migrating) {
    let Migrating {
        name,
        step,
        of,
        taken,
    } = migrating;
    let seconds = taken.as_secs();
    tracing::info!(
        migration = name,
        step,
        of,
        seconds,
        "migrating the database"
    );
}

async fn up_to(
    db: &mut SqliteConnection,
    path: &Path,
    version: usize,
    now: Timestamp,
    watch: Watch,
) -> Result<(), StoreError> {
    let at = check(db, path).await?;
    let steps = MIGRATIONS.iter().enumerate().take(version).skip(at);
    for (index, (name, sql)) in steps {
        // A database that is made now is no news.
        if at > 0 {
            let migrating = Migrating {
                name,
                step: index + 1,
                of: version,
                taken: Duration::ZERO,
            };
            begin_to_watch(db, migrating, Arc::clone(&watch)).await?;
        }
        step(db, (index, name, sql), now).await?;
    }
    if at > 0 && at < version {
        let mut handle = db.lock_handle().await.map_err(error::of)?;
        handle.remove_progress_handler();
    }
    Ok(())
}

/// From now on SQLite asks, again and again in what it does, whether somebody is to be told.
async fn begin_to_watch(
    db: &mut SqliteConnection,
    migrating: Migrating,
    watch: Watch,
) -> Result<(), StoreError> {
    watch(migrating);
    let began = Instant::now();
    let mut told = began;
    let mut handle = db.lock_handle().await.map_err(error::of)?;
    handle.set_progress_handler(ASKED_EVERY, move || {
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            watch(Migrating {
                taken: began.elapsed(),
                ..migrating
            });
        }
        true
    });
    Ok(())
}

/// One step, whole or not at all.
async fn step(
    db: &mut SqliteConnection,
    (index, name, sql): (usize, &'static str, &'static str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut step = db.begin_with("BEGIN IMMEDIATE").await.map_err(error::of)?;
    if index == 0 {
        for sql in [VERSIONS, MARK] {
            let made = sqlx::raw_sql(sql).execute(&mut *step).await;
            made.map_err(error::of)?;
        }
    }
    let done = sqlx::raw_sql(sql).execute(&mut *step).await;
    done.map_err(error::of)?;
    sqlx::query("INSERT INTO schema_versions (version, name, applied_at) VALUES (?1, ?2, ?3)")
        .bind(i64::try_from(index + 1).unwrap_or(i64::MAX))
        .bind(name)
        .bind(micros(now))
        .execute(&mut *step)
        .await
        .map_err(error::of)?;
    step.commit().await.map_err(error::of)
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
