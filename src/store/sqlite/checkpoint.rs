//! Keeps the write-ahead log short: beside the writer as long as that is enough, in the writer when it is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
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
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        let copying = copy_while_it_grows(db, Arc::clone(&grown), stopping, failure);
        tokio::spawn(async move {
            copying.await;
            let _ = done.send(());
        });
        Self {
            grown,
            stop,
            stopped,
        }
    }

    /// Something was committed.
    pub(super) fn log_grew(&self) {
        self.grown.notify_one();
    }

    /// Ends the task and its connection.
    pub(super) async fn stop(self) {
        drop(self.stop);
        let _ = self.stopped.await;
    }
}

async fn copy_while_it_grows(
    mut db: SqliteConnection,
    grown: Arc<Notify>,
    mut stopping: oneshot::Receiver<()>,
    failure: Failure,
) {
    loop {
        tokio::select! {
            () = grown.notified() => {}
            _ = &mut stopping => break,
        }
        // After a full disk or a busy moment what is in the log is safe there, and the next round tries again.
        let done = checkpoint(&mut db, "PRAGMA wal_checkpoint(PASSIVE)").await;
        if let Err(StoreError::Fatal(reason)) = done {
            failure.fail(&reason);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(EVERY_MILLIS)) => {}
            _ = &mut stopping => break,
        }
    }
    let _ = db.close().await;
}

/// Carries a checkpoint out; says whether it got all it wanted.
async fn checkpoint(db: &mut SqliteConnection, sql: &'static str) -> Result<bool, StoreError> {
    let row: (i64, i64, i64) = sqlx::query_as(sql).fetch_one(db).await.map_err(error::of)?;
    Ok(row.0 == 0)
}

/// The bound of the log, kept by the writer between batches.
pub(super) struct LogBound {
    log: PathBuf,
    pub(super) bytes_max: u64,
    not_before: Option<Instant>,
}

impl LogBound {
    pub(super) fn of(database: &Path) -> Self {
        Self {
            log: file::beside(database, "-wal"),
            bytes_max: LOG_BYTES_MAX,
            not_before: None,
        }
    }

    /// Starts the log anew when it has grown too long.
    pub(super) async fn keep(&mut self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        if file::length(&self.log) <= self.bytes_max
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
