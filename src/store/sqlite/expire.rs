//! History goes: in steps of a bounded number of rows, each beside whatever else its commit holds.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::clock::{from_micros, micros};
use crate::run::State;
use crate::store::decide::expire::{Candidate, decide};
use crate::store::sqlite::sql::{Rows, Sql};
use crate::store::sqlite::{Answers, Sqlite, error, rows, statements};
use crate::store::{Answer, Expire, Expired, Op, Part, StoreError};

/// A step looks at so many events.
const EXPIRE_EVENTS_MAX: u32 = 128;
/// Bodies of so many bytes go in a step; a single larger one goes alone.
const EXPIRE_BYTES_MAX: u64 = 4 << 20;
/// So many rows of one table go in a step.
const EXPIRE_ROWS_MAX: u32 = 2_048;
/// So many free pages are given back to the disk in a step.
const SHRINK_PAGES_MAX: u32 = 256;

/// Carries out the steps of a batch, after all else in it: what it changes is no longer over.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    for (index, op) in batch.iter().enumerate() {
        let answer = match op {
            Op::Expire(expire) => Answer::Expired(step(store, expire).await?),
            Op::Shrink => Answer::Count(shrink(store).await?),
            _ => continue,
        };
        answers.set(index, answer);
    }
    Ok(())
}

async fn step(store: &mut Sqlite, expire: &Expire) -> Result<Expired, StoreError> {
    match expire.part {
        Part::Bodies => bodies(store, expire).await,
        Part::Calls => calls(store, expire).await,
        Part::Events => events(store, expire).await,
        Part::Counts => counts(store, expire).await,
    }
}

async fn bodies(store: &mut Sqlite, expire: &Expire) -> Result<Expired, StoreError> {
    let (goes, next) = old(store, &statements::OLD_BODIES, expire).await?;
    if goes.is_empty() {
        return Ok(Expired { gone: 0, next });
    }
    let gone = delete(store, &statements::DELETE_BODIES, &goes).await?;
    mark(store, &statements::THIN_EVENTS, &goes, expire).await?;
    Ok(Expired { gone, next })
}

async fn calls(store: &mut Sqlite, expire: &Expire) -> Result<Expired, StoreError> {
    let (goes, next) = old(store, &statements::OLD_CALLS, expire).await?;
    mark(store, &statements::THIN_RUNS, &goes, expire).await?;
    let gone = delete(store, &statements::DELETE_CALLS, &goes).await?;
    Ok(unless_more(gone, gone, next, expire))
}

/// What hangs on an event goes before it, so that a step which ends in the middle leaves it whole or without its end.
async fn events(store: &mut Sqlite, expire: &Expire) -> Result<Expired, StoreError> {
    let (goes, next) = old(store, &statements::OLD_EVENTS, expire).await?;
    mark(store, &statements::THIN_RUNS_OF_EVENTS, &goes, expire).await?;
    let mut all = 0;
    for sql in [
        &statements::DELETE_CALLS_OF_EVENTS,
        &statements::DELETE_SPENT,
        &statements::DELETE_RUNS,
    ] {
        let gone = delete(store, sql, &goes).await?;
        all += gone;
        if gone >= u64::from(EXPIRE_ROWS_MAX) {
            return Ok(unless_more(all, gone, next, expire));
        }
    }
    for sql in [&statements::DELETE_BODIES, &statements::DELETE_EVENTS] {
        all += delete(store, sql, &goes).await?;
    }
    Ok(Expired { gone: all, next })
}

/// A step that met its bound of rows is taken again.
const fn unless_more(all: u64, gone: u64, next: Option<i64>, expire: &Expire) -> Expired {
    let next = match gone >= EXPIRE_ROWS_MAX as u64 {
        true => Some(expire.after),
        false => next,
    };
    Expired { gone: all, next }
}

async fn counts(store: &mut Sqlite, expire: &Expire) -> Result<Expired, StoreError> {
    let mut expired = Expired::default();
    for sql in [
        &statements::DELETE_REFUSALS,
        &statements::DELETE_HANDSHAKES,
        &statements::DELETE_ALERTS,
        &statements::DELETE_AUDIT,
    ] {
        let done = sqlx::query(sql.text())
            .bind(micros(expire.well_before))
            .bind(EXPIRE_ROWS_MAX)
            .execute(&mut store.db)
            .await
            .map_err(error::of)?;
        expired.gone += done.rows_affected();
        if done.rows_affected() >= u64::from(EXPIRE_ROWS_MAX) {
            expired.next = Some(expire.after);
        }
    }
    Ok(expired)
}

/// Those of the next candidates that go, and where the next step goes on.
async fn old(
    store: &mut Sqlite,
    sql: &'static Sql,
    expire: &Expire,
) -> Result<(Vec<i64>, Option<i64>), StoreError> {
    let found = sqlx::query(sql.text())
        .bind(expire.after)
        .bind(EXPIRE_EVENTS_MAX)
        .fetch_all(&mut store.db)
        .await
        .map_err(error::of)?;
    let candidates: Vec<Candidate> = found.iter().map(candidate).collect();
    let full = found.len() >= EXPIRE_EVENTS_MAX as usize;
    let fate = decide(&candidates, expire, EXPIRE_BYTES_MAX, full);
    Ok((fate.goes, fate.next))
}

fn candidate(row: &SqliteRow) -> Candidate {
    let states: Option<&str> = row.get("states");
    let states = states.into_iter().flat_map(|words| words.split(','));
    Candidate {
        seq: row.get("seq"),
        bytes: u64::try_from(row.get::<i64, _>("bytes")).unwrap_or(0),
        since: rows::time(row, "since"),
        changed: row.get::<Option<i64>, _>("changed").map(from_micros),
        states: states.map(State::from_name).collect(),
    }
}

/// What loses something says since when.
async fn mark(
    store: &mut Sqlite,
    sql: &'static Sql,
    seqs: &[i64],
    expire: &Expire,
) -> Result<(), StoreError> {
    let mut rows = Rows::of(sql);
    for seq in seqs {
        rows.row().put(*seq).time(expire.now);
    }
    if !rows.is_empty() {
        rows.execute(&mut store.db).await?;
    }
    Ok(())
}

async fn delete(store: &mut Sqlite, sql: &'static Sql, seqs: &[i64]) -> Result<u64, StoreError> {
    let mut rows = Rows::of(sql);
    for seq in seqs {
        rows.row().put(*seq).put(EXPIRE_ROWS_MAX);
    }
    if rows.is_empty() {
        return Ok(0);
    }
    rows.execute(&mut store.db).await
}

/// Gives free pages back to the disk; how many are left.
async fn shrink(store: &mut Sqlite) -> Result<u64, StoreError> {
    let sql = format!("PRAGMA incremental_vacuum({SHRINK_PAGES_MAX})");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut store.db)
        .await
        .map_err(error::of)?;
    let left = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut store.db);
    let left: i64 = left.await.map_err(error::of)?;
    Ok(u64::try_from(left).unwrap_or(0))
}
