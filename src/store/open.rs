//! Which database an address names, and how it is opened.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::SharedClock;
use crate::store::{QUEUE_OPS_MAX, Reader, Store, StoreError, TRANSACTION_SECONDS_MAX, sqlite};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Who opens it, for the text a second opener gets: `kartwheel serve`.
    pub holder: String,
    /// So many operations may wait for the writer; over it, `StoreError::Busy`.
    pub queue_ops: usize,
    /// A transaction that stays open longer ends the store, and with it the process.
    pub transaction_max: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            holder: "kartwheel".into(),
            queue_ops: QUEUE_OPS_MAX,
            transaction_max: Duration::from_secs(TRANSACTION_SECONDS_MAX),
        }
    }
}

/// Opens the database for writing, creates and migrates it where needed, and takes the lock that only one daemon can have.
/// `sqlite://path` or a plain path.
pub async fn open(
    url: &str,
    clock: SharedClock,
    options: OpenOptions,
) -> Result<Store, StoreError> {
    match scheme(url) {
        Scheme::Sqlite(path) => sqlite::open(path, clock, &options).await,
        Scheme::Other(text) => Err(StoreError::Unusable(text)),
    }
}

/// Opens the database for reading only, beside a running daemon or without one.
pub async fn open_read_only(url: &str, clock: SharedClock) -> Result<Arc<dyn Reader>, StoreError> {
    match scheme(url) {
        Scheme::Sqlite(path) => sqlite::open_read_only(path, clock).await,
        Scheme::Other(text) => Err(StoreError::Unusable(text)),
    }
}

/// The kinds of database.
pub(super) enum Scheme<'u> {
    Sqlite(&'u str),
    Other(String),
}

/// Which database an address names. The address itself stays out of the text: it may hold a password.
pub(super) fn scheme(url: &str) -> Scheme<'_> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Scheme::Sqlite(path.strip_prefix("//").unwrap_or(path));
    }
    match url.split_once("://") {
        None => Scheme::Sqlite(url),
        Some(("postgres" | "postgresql", _)) => Scheme::Other(
            "PostgreSQL is not in this version; use `sqlite://` and the path of a file".into(),
        ),
        Some((other, _)) => Scheme::Other(format!(
            "a database of the kind `{other}` is not known; use `sqlite://` and the path of a file"
        )),
    }
}
