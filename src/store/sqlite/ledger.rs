//! What is only counted or kept: refused deliveries, handshakes, rule texts and sets.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use crate::clock::micros;
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{Answers, Sqlite, error, rows, statements};
use crate::store::{ActivateRules, Answer, DoorSum, Op, Refused, StoreError};

/// Refusals are counted apart for so many sources and reasons a minute; what is beyond is counted as one, so that
/// nobody can fill the table with made-up names.
const REFUSALS_PER_MINUTE_MAX: usize = 200;
/// The name under which the rest is counted.
const OTHERS: &str = "(others)";
/// What is kept of a source's name and of a detail.
const SOURCE_CHARACTERS_MAX: usize = 100;
const DETAIL_CHARACTERS_MAX: usize = 500;
const MINUTE_MICROS: i64 = 60_000_000;

/// Beside the greatest minute SQLite gives the detail of its row.
pub(super) const REFUSAL_SUMS: &str =
    "SELECT source, reason AS word, sum(count) AS count, max(minute) AS last, detail
    FROM refusals WHERE minute >= ?1 GROUP BY source, reason ORDER BY source, reason";
pub(super) const HANDSHAKE_SUMS: &str =
    "SELECT source, kind AS word, sum(count) AS count, max(minute) AS last, '' AS detail
    FROM handshakes WHERE minute >= ?1 GROUP BY source, kind ORDER BY source, kind";

/// Which refusals have a row in the present minute.
#[derive(Debug, Clone, Default)]
pub(super) struct Minute {
    minute: i64,
    seen: HashSet<(String, Arc<str>)>,
}

/// Carries out the counting operations of a batch.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    let mut refused: BTreeMap<(i64, String, Arc<str>), (u32, &str)> = BTreeMap::new();
    let mut shaken: BTreeMap<(i64, &str, &str), u32> = BTreeMap::new();
    for (index, op) in batch.iter().enumerate() {
        match op {
            Op::Refused(refusal) => {
                let count = refused
                    .entry(row_of(&mut store.memory.refusals, refusal))
                    .or_default();
                *count = (count.0.saturating_add(refusal.count), &refusal.detail);
            }
            Op::Handshake(shake) => {
                let row = (minute(shake.at), &*shake.source, &*shake.kind);
                let count = shaken.entry(row).or_default();
                *count = count.saturating_add(shake.count);
            }
            Op::ActivateRules(rules) => activate(store, rules).await?,
            _ => continue,
        }
        answers.set(index, Answer::Ok);
    }
    let mut refusals = Rows::of(&statements::COUNT_REFUSALS);
    for ((minute, source, reason), (times, detail)) in &refused {
        refusals
            .row()
            .put(source.as_str())
            .put(&**reason)
            .put(*minute)
            .put(*times)
            .put(cut(detail, DETAIL_CHARACTERS_MAX));
    }
    let mut handshakes = Rows::of(&statements::COUNT_HANDSHAKES);
    for ((minute, source, kind), times) in &shaken {
        handshakes
            .row()
            .put(*source)
            .put(*kind)
            .put(*minute)
            .put(*times);
    }
    for rows in [refusals, handshakes] {
        if !rows.is_empty() {
            rows.execute(&mut store.db).await?;
        }
    }
    Ok(())
}

/// One of the sums, from this time on.
pub(super) async fn sums(
    db: &mut SqliteConnection,
    sql: &'static str,
    since: Timestamp,
) -> Result<Vec<DoorSum>, StoreError> {
    let found = sqlx::query(sql).bind(minute(since)).fetch_all(db).await;
    let found = found.map_err(error::of)?;
    let sums = found.iter().map(|row| DoorSum {
        source: row.get("source"),
        word: row.get("word"),
        count: u64::try_from(row.get::<i64, _>("count")).unwrap_or(0),
        last: rows::time(row, "last"),
        detail: row.get("detail"),
    });
    Ok(sums.collect())
}

fn row_of(memory: &mut Minute, refusal: &Refused) -> (i64, String, Arc<str>) {
    let minute = minute(refusal.at);
    if memory.minute != minute {
        memory.minute = minute;
        memory.seen.clear();
    }
    let source = cut(&refusal.source, SOURCE_CHARACTERS_MAX);
    let row = (source, Arc::clone(&refusal.reason));
    let known = memory.seen.contains(&row);
    if !known && memory.seen.len() >= REFUSALS_PER_MINUTE_MAX {
        return (minute, OTHERS.into(), row.1);
    }
    if !known {
        memory.seen.insert(row.clone());
    }
    (minute, row.0, row.1)
}

/// The minute that an instant lies in.
pub(super) fn minute(at: Timestamp) -> i64 {
    micros(at).div_euclid(MINUTE_MICROS) * MINUTE_MICROS
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

async fn activate(store: &mut Sqlite, rules: &ActivateRules) -> Result<(), StoreError> {
    let mut texts = Rows::of(&statements::INSERT_RULES);
    for rule in &rules.rules {
        texts
            .row()
            .put(&*rule.hash)
            .put(&*rule.rule)
            .put(&*rule.file)
            .put(&*rule.text)
            .time(rules.now);
    }
    if !texts.is_empty() {
        texts.execute(&mut store.db).await?;
    }
    let members: Vec<&str> = rules.rules.iter().map(|rule| &*rule.hash).collect();
    let members = serde_json::to_string(&members).unwrap_or_default();
    sqlx::query(statements::END_RULE_SET.text())
        .bind(rules.node)
        .bind(&*rules.set)
        .bind(micros(rules.now))
        .execute(&mut store.db)
        .await
        .map_err(error::of)?;
    sqlx::query(statements::START_RULE_SET.text())
        .bind(rules.node)
        .bind(&*rules.set)
        .bind(members)
        .bind(micros(rules.now))
        .execute(&mut store.db)
        .await
        .map_err(error::of)?;
    sqlx::query(statements::NODE_RULE_SET.text())
        .bind(rules.node)
        .bind(&*rules.set)
        .bind(micros(rules.now))
        .execute(&mut store.db)
        .await
        .map(drop)
        .map_err(error::of)
}
