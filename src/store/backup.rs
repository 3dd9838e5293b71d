//! Backups: a whole and consistent copy of the database beside the daemon, and the way back.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::clock::SharedClock;
use crate::store::open::{Scheme, scheme};
use crate::store::{StoreError, sqlite};

/// How far a long work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What is being done.
    pub doing: Doing,
    /// So much is done …
    pub done: u64,
    /// … of about so much: bytes of a copy, tables of a check.
    pub of: u64,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Bytes are written.
    Copy,
    /// Tables and their indexes are read to the end.
    Verify,
}

/// Who is told how far it has come.
pub type Told<'t> = &'t (dyn Fn(Step) + Send + Sync);

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The version of its tables.
    pub version: usize,
    /// Events.
    pub events: u64,
    /// Runs.
    pub runs: u64,
    /// Runs that are not over.
    pub unfinished: u64,
    /// Calls.
    pub calls: u64,
    /// When the last event came.
    pub last_event: Option<Timestamp>,
}

/// A backup that was written, or put in the place of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// Its bytes.
    pub bytes: u64,
    /// What it holds.
    pub content: Content,
    /// Where the database that was there before is kept; nothing when there was none, or nothing was replaced.
    pub kept: Option<PathBuf>,
}

/// Writes a backup of the database to a file that is not there yet, beside a running daemon or without one, and verifies it.
///
/// # Errors
/// The file is there already, or cannot be written; the database is not one of ours, or newer, or damaged.
pub async fn backup(url: &str, to: &Path, told: Told<'_>) -> Result<BackedUp, StoreError> {
    match scheme(url) {
        Scheme::Sqlite(path) => sqlite::backup(path, to, told).await,
        Scheme::Other(text) => Err(StoreError::Unusable(text)),
    }
}

/// Puts a backup in the place of the database, once it is verified. What was there is kept beside it, and all sending is
/// paused with this reason: what was done since the backup is not known.
///
/// # Errors
/// A daemon has the database; the file is not a backup, or newer, or damaged. Then nothing was replaced.
pub async fn restore(
    url: &str,
    from: &Path,
    reason: &str,
    clock: SharedClock,
    told: Told<'_>,
) -> Result<BackedUp, StoreError> {
    match scheme(url) {
        Scheme::Sqlite(path) => sqlite::restore(path, from, reason, clock, told).await,
        Scheme::Other(text) => Err(StoreError::Unusable(text)),
    }
}
