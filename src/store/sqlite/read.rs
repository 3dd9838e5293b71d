//! Reads. Each sees what was committed and never waits for the writer.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use uuid::Uuid;

use crate::clock::{SharedClock, micros};
use crate::run::{Attempt, Run, State};
use crate::store::sqlite::statements::{attempt_columns, due_groups, event_columns, run_columns};
use crate::store::sqlite::{
    alert, claim, error, hold, ledger, lists, person, rows, snapshot, space, statements, trace,
    verify,
};
use crate::store::{
    Alert, Checked, Counts, DoorSum, EventFilter, Front, Hold, KnownPerson, Reader, RefusalCount,
    RuleText, RunFilter, Snapshot, Space, StoreError, StoredEvent, Traced, Verify, Waits,
};

const EVENT: &str = concat!(
    "SELECT ",
    event_columns!(),
    ", b.raw, b.unpacked FROM events e LEFT JOIN bodies b ON b.event_seq = e.seq WHERE e.id = ?1"
);
const RUN: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM runs r CROSS JOIN events e ON e.seq = r.event_seq WHERE r.id = ?1"
);
const ATTEMPTS: &str = concat!(
    "SELECT ",
    attempt_columns!(),
    " FROM attempts a WHERE a.run_seq = (SELECT seq FROM runs WHERE id = ?1) ORDER BY a.seq"
);
const SHORT_IDS: &str = "SELECT id FROM events WHERE substr(id, 13, 4) = ?1
    UNION ALL SELECT id FROM runs WHERE substr(id, 13, 4) = ?1 ORDER BY id";
const RULE_TEXT: &str = "SELECT hash, rule, file, text FROM rules WHERE hash = ?1";
const RULE_SET: &str = "SELECT t.hash, t.rule, t.file, t.text
    FROM (SELECT members FROM rule_sets WHERE hash = ?1 ORDER BY seq DESC LIMIT 1) s CROSS JOIN json_each(s.members) m
    LEFT JOIN rules t ON t.hash = m.value ORDER BY m.key";
const RULE_SET_STORED: &str = "SELECT 1 FROM rule_sets WHERE hash = ?1 LIMIT 1";
const REFUSALS: &str =
    "SELECT source, reason, minute, count, detail FROM refusals WHERE minute >= ?1
    ORDER BY minute DESC, count DESC, source, reason LIMIT ?2";
const STATES: &str = "SELECT state, count(*) FROM runs WHERE state <> 'done' GROUP BY state
    UNION ALL SELECT 'done', (SELECT count(*) FROM runs) - (SELECT count(*) FROM runs WHERE state <> 'done')";
pub(super) const DUE: &str = concat!(
    due_groups!(),
    " SELECT count(*) FROM groups g CROSS JOIN runs r ON r.connection = g.connection AND r.priority = g.priority
    AND r.rule = g.rule AND r.due_at IS NOT NULL AND r.due_at <= ?1"
);
const EVENTS: &str = "SELECT count(*) FROM events";

/// Every fixed text, for the test that prepares them.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    EVENT,
    RUN,
    ATTEMPTS,
    SHORT_IDS,
    RULE_TEXT,
    RULE_SET,
    RULE_SET_STORED,
    REFUSALS,
    ledger::REFUSAL_SUMS,
    ledger::HANDSHAKE_SUMS,
    STATES,
    DUE,
    EVENTS,
    alert::ALL,
    alert::STANDING,
    snapshot::ALL,
    space::PAGES,
];

/// The reading end.
pub(super) struct Sqlite {
    readers: SqlitePool,
    path: PathBuf,
    clock: SharedClock,
}

type Connection = sqlx::pool::PoolConnection<sqlx::Sqlite>;

impl Sqlite {
    pub(super) fn new(readers: SqlitePool, path: &Path, clock: SharedClock) -> Self {
        Self {
            readers,
            path: path.to_owned(),
            clock,
        }
    }

    async fn reader(&self) -> Result<Connection, StoreError> {
        self.readers.acquire().await.map_err(error::of)
    }
}

async fn maybe<'q>(
    db: &mut SqliteConnection,
    sql: &'static str,
    value: impl sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + 'q,
) -> Result<Option<SqliteRow>, StoreError> {
    let row = sqlx::query(sql).bind(value).fetch_optional(db).await;
    row.map_err(error::of)
}

async fn all<'q>(
    db: &mut SqliteConnection,
    sql: &'static str,
    value: impl sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + 'q,
) -> Result<Vec<SqliteRow>, StoreError> {
    let rows = sqlx::query(sql).bind(value).fetch_all(db).await;
    rows.map_err(error::of)
}

#[async_trait]
impl Reader for Sqlite {
    async fn events(
        &self,
        filter: &EventFilter,
        bodies: bool,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut db = self.reader().await?;
        let mut query = lists::events(filter, bodies);
        let found = query.build().fetch_all(&mut *db).await;
        let found = found.map_err(error::of)?;
        found.iter().map(|row| rows::event(row, bodies)).collect()
    }

    async fn event(&self, id: Uuid) -> Result<Option<StoredEvent>, StoreError> {
        let row = maybe(&mut *self.reader().await?, EVENT, id).await?;
        row.map(|row| rows::event(&row, true)).transpose()
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>, StoreError> {
        let mut db = self.reader().await?;
        let holds = hold::in_force(&mut db).await?;
        let mut query = lists::runs(filter, &holds);
        let found = query.build().fetch_all(&mut *db).await;
        let found = found.map_err(error::of)?;
        found
            .iter()
            .map(|row| Ok(lists::as_shown(rows::run(row)?, &holds)))
            .collect()
    }

    async fn run(&self, id: Uuid) -> Result<Option<Run>, StoreError> {
        let mut db = self.reader().await?;
        let holds = hold::in_force(&mut db).await?;
        let row = maybe(&mut db, RUN, id).await?;
        row.map(|row| Ok(lists::as_shown(rows::run(&row)?, &holds)))
            .transpose()
    }

    async fn run_as_stored(&self, id: Uuid) -> Result<Option<Run>, StoreError> {
        let row = maybe(&mut *self.reader().await?, RUN, id).await?;
        row.map(|row| rows::run(&row)).transpose()
    }

    async fn attempts(&self, run: Uuid) -> Result<Vec<Attempt>, StoreError> {
        let found = all(&mut *self.reader().await?, ATTEMPTS, run).await?;
        found.iter().map(rows::attempt).collect()
    }

    async fn by_short_id(&self, short: &str) -> Result<Vec<Uuid>, StoreError> {
        let well_formed = short.len() == 8 && short.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(short) = u32::from_str_radix(short, 16).ok().filter(|_| well_formed) else {
            return Ok(Vec::new());
        };
        let bytes = short.to_be_bytes();
        let found = all(&mut *self.reader().await?, SHORT_IDS, &bytes[..]).await?;
        Ok(found.iter().map(|row| row.get(0)).collect())
    }

    async fn rule_text(&self, hash: &str) -> Result<Option<RuleText>, StoreError> {
        let row = maybe(&mut *self.reader().await?, RULE_TEXT, hash).await?;
        Ok(row.as_ref().map(rows::rule_text))
    }

    async fn rule_set(&self, hash: &str) -> Result<Option<Vec<RuleText>>, StoreError> {
        let mut db = self.reader().await?;
        if maybe(&mut db, RULE_SET_STORED, hash).await?.is_none() {
            return Ok(None);
        }
        let found = all(&mut db, RULE_SET, hash).await?;
        let texts = found.iter().map(|row| {
            let is_there = row.get::<Option<&str>, _>("hash").is_some();
            is_there.then(|| rows::rule_text(row))
        });
        Ok(texts.collect())
    }

    async fn verify(&self, asked: &Verify<'_>) -> Result<Vec<Checked>, StoreError> {
        verify::carry_out(self.reader().await?.detach(), asked).await
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        hold::in_force(&mut *self.reader().await?).await
    }

    async fn refusals(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<RefusalCount>, StoreError> {
        let mut db = self.reader().await?;
        let found = sqlx::query(REFUSALS)
            .bind(ledger::minute(since))
            .bind(limit)
            .fetch_all(&mut *db)
            .await
            .map_err(error::of)?;
        let counts = found.iter().map(|row| RefusalCount {
            source: row.get("source"),
            reason: row.get("reason"),
            minute: rows::time(row, "minute"),
            count: u64::try_from(row.get::<i64, _>("count")).unwrap_or(0),
            detail: row.get("detail"),
        });
        Ok(counts.collect())
    }

    async fn refusal_sums(&self, since: Timestamp) -> Result<Vec<DoorSum>, StoreError> {
        ledger::sums(&mut *self.reader().await?, ledger::REFUSAL_SUMS, since).await
    }

    async fn handshake_sums(&self, since: Timestamp) -> Result<Vec<DoorSum>, StoreError> {
        ledger::sums(&mut *self.reader().await?, ledger::HANDSHAKE_SUMS, since).await
    }

    async fn waits(&self) -> Result<Vec<Waits>, StoreError> {
        alert::waits(&mut *self.reader().await?).await
    }

    async fn knows_node(&self, node: Uuid) -> Result<bool, StoreError> {
        let found = sqlx::query(statements::KNOWN_NODE.text())
            .bind(node)
            .fetch_optional(&mut *self.reader().await?)
            .await;
        Ok(found.map_err(error::of)?.is_some())
    }

    async fn alerts(&self, standing: bool, limit: u32) -> Result<Vec<Alert>, StoreError> {
        alert::list(&mut *self.reader().await?, standing, limit).await
    }

    async fn snapshots(&self) -> Result<Vec<Snapshot>, StoreError> {
        snapshot::all(&mut *self.reader().await?).await
    }

    async fn traced(
        &self,
        traces: &[String],
        since: Timestamp,
    ) -> Result<Option<Traced>, StoreError> {
        trace::find(&mut *self.reader().await?, traces, since).await
    }

    async fn known_person(
        &self,
        source: &str,
        ids: &[(String, String)],
    ) -> Result<Option<KnownPerson>, StoreError> {
        person::find(&mut *self.reader().await?, source, ids).await
    }

    async fn counts(&self, now: Timestamp) -> Result<Counts, StoreError> {
        let mut db = self.reader().await?;
        let states = sqlx::query(STATES).fetch_all(&mut *db).await;
        let states = states.map_err(error::of)?;
        let due = all(&mut db, DUE, micros(now)).await?;
        let events = sqlx::query(EVENTS).fetch_one(&mut *db).await;
        let events = events.map_err(error::of)?;
        let count =
            |row: &SqliteRow, column| u64::try_from(row.get::<i64, usize>(column)).unwrap_or(0);
        let mut runs: Vec<_> = states
            .iter()
            .filter_map(|row| Some((State::from_name(row.get(0))?, count(row, 1))))
            .filter(|(_, runs)| *runs > 0)
            .collect();
        runs.sort_by_key(|(state, _)| State::ALL.iter().position(|other| other == state));
        Ok(Counts {
            runs,
            due: due.first().map_or(0, |row| count(row, 0)),
            events: count(&events, 0),
        })
    }

    async fn space(&self) -> Result<Space, StoreError> {
        space::of(&mut *self.reader().await?, &self.path).await
    }

    async fn fronts(&self) -> Result<Vec<Front>, StoreError> {
        let mut db = self.reader().await?;
        claim::fronts(&mut db, self.clock.now()).await
    }
}
