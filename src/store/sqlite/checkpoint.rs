//! Keeps the write-ahead log short: beside the writer as long as that is enough, in the writer when it is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::store::sqlite::{error, file, link};
use crate::store::{Failure, StoreError};

/// How often the log is copied into the database while there is something new in it.
const EVERY_MILLIS: u64 = 100;
/// Beyond this the writer itself starts the log anew. Under unbroken load nobody else can.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// How long the writer waits for readers of an old log, and how long until it tries again.
const RESTART_MILLIS_MAX: u64 = 50;
const RESTART_EVERY_MILLIS: u64 = 1_000;

/// The task that copies the log beside the writer.
pub(super) struct Checkpointer {
    grown: Arc<Notify>,
    copied: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl Checkpointer {
    #[expect(
        clippy::disallowed_methods,
        reason = "a task of the store's own that ends with it"
    )]
    pub(super) fn start(db: SqliteConnection, failure: Failure) -> Self {
        let grown = Arc::new(Notify::new());
        let copied = Arc::new(AtomicBool::new(false));
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        let copying = Copying {
            db,
            grown: Arc::clone(&grown),
            copied: Arc::clone(&copied),
            failure,
        };
        let copying = copying.while_it_grows(stopping);
        tokio::spawn(async move {
            copying.await;
            let _ = done.send(());
        });
        Self {
            grown,
            copied,
            stop,
            stopped,
        }
    }

    /// Something was committed.
    pub(super) fn log_grew(&self) {
        self.grown.notify_one();
    }

    /// Whether the log was copied a moment ago, so that little of it is left.
    pub(super) fn has_copied(&self) -> bool {
        self.copied.load(Ordering::Acquire)
    }

    /// Ends the task and its connection.
    pub(super) async fn stop(self) {
        drop(self.stop);
        let _ = self.stopped.await;
    }
}

struct Copying {
    db: SqliteConnection,
    grown: Arc<Notify>,
    copied: Arc<AtomicBool>,
    failure: Failure,
}

impl Copying {
    async fn while_it_grows(mut self, mut stopping: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                () = self.grown.notified() => {}
                _ = &mut stopping => break,
            }
            self.copied.store(false, Ordering::Release);
            // After a full disk or a busy moment what is in the log is safe there, and the next round tries again.
            match checkpoint(&mut self.db, "PRAGMA wal_checkpoint(PASSIVE)").await {
                Ok(()) => self.copied.store(true, Ordering::Release),
                Err(StoreError::Fatal(reason)) => self.failure.fail(&reason),
                Err(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(EVERY_MILLIS)) => {}
                _ = &mut stopping => break,
            }
        }
        let _ = self.db.close().await;
    }
}

async fn checkpoint(db: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql)
        .fetch_one(db)
        .await
        .map(drop)
        .map_err(error::of)
}

/// The bound of the log, kept by the writer between batches.
pub(super) struct LogBound {
    log: PathBuf,
    pub(super) bytes_max: u64,
    pub(super) not_before: Option<Instant>,
}

impl LogBound {
    pub(super) fn of(database: &Path) -> Self {
        Self {
            log: file::beside(database, "-wal"),
            bytes_max: LOG_BYTES_MAX,
            not_before: None,
        }
    }

    /// Starts the log anew when it has grown too long: in the moment after it was copied, when that is quick, and
    /// without waiting for such a moment when it is twice too long.
    pub(super) async fn keep(
        &mut self,
        db: &mut SqliteConnection,
        copied: bool,
    ) -> Result<(), StoreError> {
        let length = file::length(&self.log);
        let now = copied || length > 2 * self.bytes_max;
        if length <= self.bytes_max
            || !now
            || self.not_before.is_some_and(|then| Instant::now() < then)
        {
            return Ok(());
        }
        self.not_before = Some(Instant::now() + Duration::from_millis(RESTART_EVERY_MILLIS));
        wait_at_most(db, Duration::from_millis(RESTART_MILLIS_MAX)).await?;
        let done = checkpoint(db, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        wait_at_most(db, Duration::from_secs(link::BUSY_SECONDS_MAX)).await?;
        match done {
            Err(StoreError::Fatal(reason)) => Err(StoreError::Fatal(reason)),
            _ => Ok(()),
        }
    }
}

async fn wait_at_most(db: &mut SqliteConnection, time: Duration) -> Result<(), StoreError> {
    let sql = format!("PRAGMA busy_timeout = {}", time.as_millis());
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(db)
        .await
        .map_err(error::of)?;
    Ok(())
}
