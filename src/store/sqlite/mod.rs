//! The store in one SQLite file: the default, embedded, for one daemon.
//!
//! One connection writes, in transactions of many operations; another copies the write-ahead log into the database beside
//! it; a few read. The SQL of the writer stands in `statements`; what the operations mean stands in `store::decide`.

mod accept;
mod alert;
mod backup;
mod budget;
mod checkpoint;
mod claim;
mod error;
mod expire;
mod file;
mod hold;
mod judge;
mod ledger;
mod link;
mod lists;
mod migrate;
mod person;
mod read;
mod rows;
mod runs;
mod snapshot;
mod space;
mod sql;
mod statements;
#[cfg(test)]
mod tests;
mod trace;
mod verify;
mod whole;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Connection, Row};

use crate::clock::SharedClock;
use crate::store::decide::Holds;
use crate::store::decide::claim::Turns;
use crate::store::decide::wait::Waiting;
use crate::store::{Alert, Answer, Backend, Failure, Op, OpenOptions, Reader, Store, StoreError};

pub(super) use backup::{backup, restore};
pub use migrate::{MIGRATIONS, Migrating, Migration, Watch, migrate_to, migrate_watched};

/// Opens a database for writing: see `store::open`.
pub(super) async fn open(
    path: &str,
    clock: SharedClock,
    options: &OpenOptions,
) -> Result<Store, StoreError> {
    let path = file::locate(path)?;
    file::create(&path)?;
    // Links are resolved again now that the directories are there.
    let path = file::locate(&path.to_string_lossy())?;
    let lock = file::Lock::take(&path, &options.holder, clock.now())?;
    let failure = Failure::default();
    let backend = Sqlite::open(&path, lock, clock.now(), &failure).await?;
    let reader = read::Sqlite::new(backend.readers.clone(), &path, clock);
    Ok(Store::start(
        Box::new(backend),
        Arc::new(reader),
        failure,
        options,
    ))
}

/// Opens a database for reading only: see `store::open_read_only`.
pub(super) async fn open_read_only(
    path: &str,
    clock: SharedClock,
) -> Result<Arc<dyn Reader>, StoreError> {
    let path = file::locate(path)?;
    if !path.exists() {
        return Err(StoreError::Unusable(format!(
            "there is no database at {}; `kartwheel serve` makes one when it starts",
            path.display()
        )));
    }
    let readers = link::readers(&path);
    let mut db = readers.acquire().await.map_err(error::of)?;
    migrate::check_current(&mut db, &path).await?;
    drop(db);
    Ok(Arc::new(read::Sqlite::new(readers, &path, clock)))
}

/// What the one writer knows without asking. It takes effect with the commit that brings it about.
#[derive(Debug, Clone)]
struct Memory {
    holds: Holds,
    waiting: Waiting,
    connections: HashSet<Arc<str>>,
    next_event: i64,
    next_run: i64,
    /// The latest time that any operation named.
    latest: Option<Timestamp>,
    /// Due times were looked through since this process started.
    reckoned: bool,
    refusals: ledger::Minute,
    /// Whose turn it is to be claimed. Shared with the copy that a batch which fails goes back to.
    turns: Arc<Turns>,
}

/// The backend.
struct Sqlite {
    db: SqliteConnection,
    readers: SqlitePool,
    memory: Memory,
    checkpointer: checkpoint::Checkpointer,
    log: checkpoint::LogBound,
    /// What is new with the commit at hand and must be told.
    told: Vec<Alert>,
    /// Given up last, when everything else is closed.
    lock: file::Lock,
}

impl Sqlite {
    async fn open(
        path: &Path,
        lock: file::Lock,
        now: Timestamp,
        failure: &Failure,
    ) -> Result<Self, StoreError> {
        // Nothing is changed, not even a setting, before it is known that the file is ours and not newer than we are.
        let mut beside = link::checkpointer(path).await?;
        migrate::check(&mut beside, path).await?;
        let mut db = link::writer(path).await?;
        migrate::run(&mut db, path, now).await?;
        let memory = Memory::load(&mut db).await?;
        let mut store = Self {
            db,
            readers: link::readers(path),
            memory,
            checkpointer: checkpoint::Checkpointer::start(beside, failure.clone()),
            log: checkpoint::LogBound::of(path),
            told: Vec::new(),
            lock,
        };
        alert::recall(&mut store, now).await?;
        store.tell();
        Ok(store)
    }

    /// All operations of a batch: first what people say, then what became of calls, then what is new, then who goes on.
    async fn carry_out(&mut self, batch: &[Op]) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Answers::of(batch);
        hold::carry_out(self, batch, &mut answers).await?;
        alert::carry_out(self, batch, &mut answers).await?;
        snapshot::carry_out(self, batch, &mut answers).await?;
        runs::carry_out(self, batch, &mut answers).await?;
        claim::rescue(self, batch, &mut answers).await?;
        accept::carry_out(self, batch, &mut answers).await?;
        ledger::carry_out(self, batch, &mut answers).await?;
        claim::carry_out(self, batch, &mut answers).await?;
        expire::carry_out(self, batch, &mut answers).await?;
        answers.all()
    }

    /// Says what is new with the last commit and somebody must be told.
    fn tell(&mut self) {
        self.told.drain(..).for_each(|alert| alert.log());
    }

    async fn say(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let done = sqlx::query(sql).execute(&mut self.db).await;
        done.map(drop).map_err(error::of)
    }
}

#[async_trait]
impl Backend for Sqlite {
    async fn commit(&mut self, batch: &[Op]) -> Result<Vec<Answer>, StoreError> {
        let before = self.memory.clone();
        self.say("BEGIN IMMEDIATE").await?;
        let mut result = self.carry_out(batch).await;
        if result.is_ok()
            && let Err(error) = self.say("COMMIT").await
        {
            result = Err(error);
        }
        if result.is_err() {
            self.memory = before;
            self.told.clear();
            // SQLite has often ended the transaction itself by now, and then this says so.
            let _ = self.say("ROLLBACK").await;
        } else {
            self.checkpointer.log_grew();
            self.tell();
        }
        result
    }

    async fn between(&mut self) -> Result<(), StoreError> {
        self.log
            .keep(&mut self.db, self.checkpointer.has_copied())
            .await
    }

    async fn close(self: Box<Self>) {
        let Self {
            db,
            readers,
            checkpointer,
            lock,
            ..
        } = *self;
        readers.close().await;
        checkpointer.stop().await;
        // The last connection to close copies what is left of the log and removes it.
        if let Err(error) = db.close().await {
            tracing::warn!(%error, "the database did not close well; what was committed is safe in its log");
        }
        drop(lock);
    }
}

/// The answers to a batch as they come, out of order.
struct Answers(Vec<Option<Answer>>);

impl Answers {
    fn of(batch: &[Op]) -> Self {
        Self(batch.iter().map(|_| None).collect())
    }

    fn set(&mut self, index: usize, answer: Answer) {
        self.0[index] = Some(answer);
    }

    fn all(self) -> Result<Vec<Answer>, StoreError> {
        let all: Option<Vec<_>> = self.0.into_iter().collect();
        all.ok_or_else(|| StoreError::Fatal("an operation was left without an answer".into()))
    }
}

impl Memory {
    async fn load(db: &mut SqliteConnection) -> Result<Self, StoreError> {
        let holds = hold::in_force(db).await?;
        let names = sqlx::query(statements::CONNECTIONS.text())
            .fetch_all(&mut *db)
            .await
            .map_err(error::of)?;
        let last = sqlx::query(statements::LAST_NUMBERS.text())
            .fetch_one(&mut *db)
            .await
            .map_err(error::of)?;
        Ok(Self {
            holds: Holds::new(holds),
            waiting: alert::waiting(&mut *db).await?,
            connections: names
                .iter()
                .map(|row| Arc::from(row.get::<&str, _>(0)))
                .collect(),
            next_event: last.get::<i64, _>(0) + 1,
            next_run: last.get::<i64, _>(1) + 1,
            latest: None,
            reckoned: false,
            refusals: ledger::Minute::default(),
            turns: Arc::default(),
        })
    }
}
