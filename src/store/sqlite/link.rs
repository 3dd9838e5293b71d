//! Connections to the database file, each with the settings of its purpose.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use crate::store::StoreError;
use crate::store::sqlite::error;

/// How long SQLite tries again when somebody else has a lock.
pub(super) const BUSY_SECONDS_MAX: u64 = 5;
/// So many readers at once.
const READERS_MAX: u32 = 3;
/// How long a reader waits for one of them.
const READER_SECONDS_MAX: u64 = 10;
/// All texts of the writer in all their sizes stay prepared.
const STATEMENTS_MAX: usize = 400;

/// The connection that writes. `auto_vacuum` is set before the first table, or it would need a full `VACUUM`.
pub(super) async fn writer(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options = options(path)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(STATEMENTS_MAX)
        .pragma("wal_autocheckpoint", "0")
        .pragma("journal_size_limit", "67108864");
    connect(&options, path).await
}

/// The connection that copies the write-ahead log into the database, beside the writer.
pub(super) async fn checkpointer(path: &Path) -> Result<SqliteConnection, StoreError> {
    let options = options(path)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "0");
    connect(&options, path).await
}

/// One connection that reads, for as long as it takes.
pub(super) async fn reader(path: &Path) -> Result<SqliteConnection, StoreError> {
    connect(&options(path).read_only(true), path).await
}

/// The connections that read. They are opened when they are needed.
pub(super) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .min_connections(0)
        .max_connections(READERS_MAX)
        .acquire_timeout(Duration::from_secs(READER_SECONDS_MAX))
        .connect_lazy_with(options(path).read_only(true))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))
        .disable_statement_logging()
}

async fn connect(
    options: &SqliteConnectOptions,
    path: &Path,
) -> Result<SqliteConnection, StoreError> {
    SqliteConnection::connect_with(options)
        .await
        .map_err(|error| match error::of(error) {
            StoreError::Fatal(text) => StoreError::Unusable(format!(
                "the database {} cannot be opened. {text}",
                path.display()
            )),
            other => other,
        })
}
