//! Alerts: what somebody must be told stands once, until it is over.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::clock::micros;
use crate::run::WHY_APPROVAL;
use crate::store::decide::wait::{self, Moves, Waiting};
use crate::store::sqlite::{Answers, Sqlite, error, lists, rows, statements};
use crate::store::{Alert, AlertKind, Answer, Hold, Op, StoreError, Waits};

/// All alerts, the newest first.
pub(super) const ALL: &str = "SELECT kind, subject, text, since, over_at FROM alerts
    ORDER BY since DESC, seq DESC LIMIT ?1";
/// Those that stand: few, so they are sorted, and those that are over are not read.
pub(super) const STANDING: &str = "SELECT kind, subject, text, since, over_at FROM alerts
    WHERE over_at IS NULL ORDER BY +since DESC, seq DESC LIMIT ?1";

/// Carries out what is raised and what is over, in order. There is little of it.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    for (index, op) in batch.iter().enumerate() {
        let count = match op {
            Op::Raise(alert) => u64::from(raise(store, alert).await?),
            Op::Calm(kind, subject, now) => calm(store, *kind, subject, *now).await?,
            _ => continue,
        };
        answers.set(index, Answer::Count(count));
    }
    Ok(())
}

/// Raises it. What a person has to do decides whether it is new: one that wants the same stands on, or, when it was over since
/// less than this, stands again; one that wants another thing is over.
pub(super) async fn raise_again(
    store: &mut Sqlite,
    alert: &Alert,
    within: Duration,
) -> Result<bool, StoreError> {
    let standing = standing_text(store, alert).await?;
    if standing.is_some_and(|text| alert.wants_the_same(&text)) {
        return raise(store, alert).await;
    }
    let since = alert.since.saturating_sub(within);
    let recent = sqlx::query(statements::RECENT_ALERTS.text())
        .bind(alert.kind.name())
        .bind(&*alert.subject)
        .bind(micros(since.unwrap_or(Timestamp::MIN)))
        .fetch_all(&mut store.db)
        .await
        .map_err(error::of)?;
    calm(store, alert.kind, &alert.subject, alert.since).await?;
    let same = |row: &&SqliteRow| alert.wants_the_same(row.get("text"));
    if let Some(row) = recent.iter().find(same) {
        sqlx::query(statements::RAISE_AGAIN.text())
            .bind(row.get::<i64, _>("seq"))
            .execute(&mut store.db)
            .await
            .map_err(error::of)?;
    }
    raise(store, alert).await
}

/// The text of the alert of this kind and subject that stands.
async fn standing_text(store: &mut Sqlite, alert: &Alert) -> Result<Option<String>, StoreError> {
    let standing = sqlx::query(statements::STANDING_ALERT.text())
        .bind(alert.kind.name())
        .bind(&*alert.subject)
        .fetch_optional(&mut store.db)
        .await
        .map_err(error::of)?;
    Ok(standing.map(|row| row.get("text")))
}

async fn raise(store: &mut Sqlite, alert: &Alert) -> Result<bool, StoreError> {
    let standing = standing_text(store, alert).await?;
    let sql = match &standing {
        // Many runs meet the same trouble and say the same of it.
        Some(text) if *text == alert.text => return Ok(false),
        Some(_) => &statements::RENEW_ALERT,
        None => &statements::INSERT_ALERT,
    };
    let mut query = sqlx::query(sql.text())
        .bind(alert.kind.name())
        .bind(&*alert.subject)
        .bind(&*alert.text);
    if standing.is_none() {
        query = query.bind(micros(alert.since));
    }
    query.execute(&mut store.db).await.map_err(error::of)?;
    if standing.is_none() {
        store.told.push(alert.clone());
    }
    Ok(standing.is_none())
}

/// It is over. How many stood.
pub(super) async fn calm(
    store: &mut Sqlite,
    kind: AlertKind,
    subject: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let over = sqlx::query(statements::CALM_ALERT.text())
        .bind(kind.name())
        .bind(subject)
        .bind(micros(now))
        .execute(&mut store.db)
        .await;
    Ok(over.map_err(error::of)?.rows_affected())
}

/// Alerts for the reader.
pub(super) async fn list(
    db: &mut SqliteConnection,
    standing: bool,
    limit: u32,
) -> Result<Vec<Alert>, StoreError> {
    let found = sqlx::query(if standing { STANDING } else { ALL })
        .bind(lists::limit(limit))
        .fetch_all(db)
        .await
        .map_err(error::of)?;
    let alerts = found.iter().filter_map(|row| {
        Some(Alert {
            kind: AlertKind::from_name(row.get("kind"))?,
            subject: row.get("subject"),
            text: row.get("text"),
            since: rows::time(row, "since"),
            over_at: rows::maybe_time(row, "over_at"),
        })
    });
    Ok(alerts.collect())
}

/// Tells of runs that began to wait for a person, and ends what was told of those of which none waits any more.
pub(super) async fn of_runs(store: &mut Sqlite, moves: Moves) -> Result<(), StoreError> {
    let (told, over) = store.memory.waiting.take_in(moves);
    for alert in told {
        raise(store, &alert).await?;
    }
    for ((kind, subject), at) in over {
        calm(store, kind, &subject, at).await?;
    }
    Ok(())
}

/// Who waits for a person, as it is stored.
pub(super) async fn waiting(db: &mut SqliteConnection) -> Result<Waiting, StoreError> {
    let mut waiting = Waiting::default();
    for one in waits(db).await? {
        waiting.add((one.kind, one.subject), one.runs);
    }
    Ok(waiting)
}

/// The same, for the reader.
pub(super) async fn waits(db: &mut SqliteConnection) -> Result<Vec<Waits>, StoreError> {
    let found = sqlx::query(statements::WAITING.text())
        .bind(WHY_APPROVAL)
        .fetch_all(db)
        .await
        .map_err(error::of)?;
    let mut waits = Vec::new();
    for row in &found {
        let why: Option<&str> = row.get("why");
        if let Some((kind, subject)) = wait::cause(rows::state(row)?, why, row.get("rule")) {
            waits.push(Waits {
                kind,
                subject,
                why: why.map(str::to_owned),
                runs: row.get::<i64, _>("runs").unsigned_abs(),
            });
        }
    }
    Ok(waits)
}

/// At start: what stands fits what waits and what is held, whoever wrote the database before.
pub(super) async fn recall(store: &mut Sqlite, now: Timestamp) -> Result<(), StoreError> {
    for one in waits(&mut store.db).await? {
        let Waits {
            kind, subject, why, ..
        } = one;
        let alert = wait::alert(&(kind, subject), why.as_deref(), now);
        raise(store, &alert).await?;
    }
    let holds: Vec<Alert> = store.memory.holds.told().map(Hold::alert).collect();
    for alert in &holds {
        raise(store, alert).await?;
    }
    for alert in list(&mut store.db, true, u32::MAX).await? {
        let cause = (alert.kind, alert.subject);
        let is_over = match cause.0 {
            AlertKind::ConnectionHeld => !holds.iter().any(|hold| hold.subject == cause.1),
            kind => AlertKind::OF_RUNS.contains(&kind) && store.memory.waiting.count(&cause) == 0,
        };
        if is_over {
            calm(store, cause.0, &cause.1, now).await?;
        }
    }
    Ok(())
}
