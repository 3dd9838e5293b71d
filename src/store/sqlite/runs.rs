//! What people, intents and outcomes do to runs, carried out for all operations of a batch together.

use sqlx::Row;

use crate::clock::{from_micros, micros};
use crate::store::decide::judge::{Judging, judge as decide_judge, wanted_once as wanted_by};
use crate::store::decide::runs::{self as decide, Effects, Runs, Standing};
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{
    Answers, Sqlite, accept, alert, budget, error, hold, judge, person, rows, statements,
};
use crate::store::{Answer, Begin, Change, Next, Op, Record, StoreError, Written};

/// Carries out the changes, records, begins and renewals of a batch.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    renew(store, batch, answers).await?;
    let mut runs = standing(store, batch).await?;
    runs.once = wanted_once(store, batch, &runs).await?;
    let begins = batch.iter().filter_map(|op| match op {
        Op::Begin(begin) => Some(&begin.connection),
        _ => None,
    });
    hold::know(store, begins).await?;
    let mut effects = Effects::default();
    for (index, change) in changes(batch) {
        let changed = decide::change(&mut runs, change, &mut effects)?;
        answers.set(index, Answer::Changed(changed));
    }
    let mut rested = Vec::new();
    for (index, record) in records(batch) {
        let written = decide::record(&mut runs, record, &mut effects)?;
        answers.set(index, Answer::Written(written));
        if matches!(
            (&record.next, written),
            (Next::Rest { .. }, Written::Yes { .. })
        ) {
            rested.push(index);
        }
        store.memory.latest = store.memory.latest.max(Some(record.now));
    }
    let mut judging = judge::events(store, batch).await?;
    for (index, judged) in judge::of(batch) {
        let email = judged.person.email.as_deref().map(rows::email);
        let written = decide_judge(&mut runs, judged, email, &mut judging, &mut effects)?;
        answers.set(index, Answer::Written(written));
        if matches!(written, Written::Yes { .. }) {
            rested.push(index);
        }
        store.memory.latest = store.memory.latest.max(Some(judged.now));
    }
    let mut spent = budget::spent(store, begins_of(batch)).await?;
    for (index, begin) in begins_of(batch) {
        let holds = &store.memory.holds;
        let written = decide::begin(&mut runs, (index, begin), holds, &mut spent, &mut effects);
        answers.set(index, Answer::Written(written));
    }
    budget::write(store, &spent).await?;
    let woke = write(store, &runs, &effects, &judging).await? > 0;
    alert::of_runs(store, effects.moves).await?;
    for index in rested {
        answers.set(index, Answer::Written(Written::Yes { woke }));
    }
    Ok(())
}

fn changes(batch: &[Op]) -> impl Iterator<Item = (usize, &Change)> {
    batch.iter().enumerate().filter_map(|(index, op)| match op {
        Op::Change(change) => Some((index, &**change)),
        _ => None,
    })
}

fn records(batch: &[Op]) -> impl Iterator<Item = (usize, &Record)> {
    batch.iter().enumerate().filter_map(|(index, op)| match op {
        Op::Record(record) => Some((index, &**record)),
        _ => None,
    })
}

fn begins_of(batch: &[Op]) -> impl Iterator<Item = (usize, &Begin)> {
    batch.iter().enumerate().filter_map(|(index, op)| match op {
        Op::Begin(begin) => Some((index, &**begin)),
        _ => None,
    })
}

async fn renew(store: &mut Sqlite, batch: &[Op], answers: &mut Answers) -> Result<(), StoreError> {
    for (index, op) in batch.iter().enumerate() {
        let Op::Renew(node, until) = op else { continue };
        sqlx::query(statements::RENEW.text())
            .bind(*node)
            .bind(micros(*until))
            .execute(&mut store.db)
            .await
            .map_err(error::of)?;
        sqlx::query(statements::RENEW_NODE.text())
            .bind(*node)
            .bind(micros(*until))
            .bind(micros(*until))
            .execute(&mut store.db)
            .await
            .map_err(error::of)?;
        answers.set(index, Answer::Ok);
    }
    Ok(())
}

/// All runs that the operations name.
async fn standing(store: &mut Sqlite, batch: &[Op]) -> Result<Runs, StoreError> {
    let mut runs = Runs::default();
    let mut look_up = Rows::of(&statements::STANDING);
    for op in batch {
        match op {
            Op::Change(change) => look_up.row().put(0).put(None::<i64>).id(change.run),
            Op::Record(record) => look_up.row().put(0).put(record.lease.run_seq).put(NO_ID),
            Op::Begin(begin) => look_up.row().put(0).put(begin.lease.run_seq).put(NO_ID),
            Op::Judge(judged) => look_up.row().put(0).put(judged.lease.run_seq).put(NO_ID),
            _ => continue,
        };
    }
    if look_up.is_empty() {
        return Ok(runs);
    }
    for row in look_up.fetch(&mut store.db).await? {
        runs.insert(Standing {
            seq: row.get("seq"),
            id: row.get("id"),
            rule: rows::shared(&row, "rule"),
            connection: rows::shared(&row, "connection"),
            key: row.get("key"),
            once: row.get("once"),
            state: rows::state(&row)?,
            why: row.get("why"),
            due_at: row.get::<Option<i64>, _>("due_at").map(from_micros),
            due_set_at: row.get::<Option<i64>, _>("due_set_at").map(from_micros),
            node: row.get("lease_node"),
            lease_until: row.get::<Option<i64>, _>("lease_until").map(from_micros),
            epoch: row.get("lease_epoch"),
            holds_key: row.get("holds_key"),
            updated_at: from_micros(row.get("updated_at")),
        });
    }
    Ok(runs)
}

const NO_ID: Option<uuid::Uuid> = None;

/// Who has the `once` values that resumed runs take again, those that runs judged again begin with, and those of proven runs.
async fn wanted_once(
    store: &mut Sqlite,
    batch: &[Op],
    runs: &Runs,
) -> Result<std::collections::HashMap<(std::sync::Arc<str>, String), uuid::Uuid>, StoreError> {
    let back = changes(batch)
        .filter_map(|(_, change)| decide::wants_once_back(runs.by_id(change.run)?, change));
    let begun = judge::of(batch).filter_map(|(_, judged)| wanted_by(judged));
    let first = records(batch)
        .filter_map(|(_, record)| decide::wants_once(runs.by_seq(record.lease.run_seq)?, record));
    let wanted: Vec<_> = back.chain(begun).chain(first).collect();
    accept::taken(
        store,
        wanted.iter().map(|(rule, once)| (rule, once)).collect(),
    )
    .await
}

/// Writes it all; says how many runs that waited behind a key became due.
async fn write(
    store: &mut Sqlite,
    runs: &Runs,
    effects: &Effects<'_>,
    judging: &Judging<'_>,
) -> Result<u64, StoreError> {
    let mut outcomes = Rows::of(&statements::END_ATTEMPTS);
    for ((run_seq, step, number), (ended, at)) in &effects.outcomes {
        let outcome = &ended.outcome;
        outcomes
            .row()
            .put(*run_seq)
            .put(*step)
            .put(*number)
            .time(*at)
            .put(outcome.class.name())
            .put(&*outcome.message)
            .put(outcome.app_type)
            .put(outcome.action_run_id.as_deref());
        match &outcome.output {
            Some(output) => outcomes.json(output),
            None => outcomes.put(None::<&str>),
        };
    }
    let mut attempts = Rows::of(&statements::INSERT_ATTEMPTS);
    for (run_seq, attempt) in &effects.intents {
        accept::attempt_row(&mut attempts, *run_seq, attempt);
    }
    let mut wake = Rows::of(&statements::WAKE_KEYS);
    for ((connection, key), now) in &effects.wake {
        wake.row().put(&**connection).put(key.as_str()).time(*now);
    }
    let mut once = Rows::of(&statements::TAKE_ONCE);
    for (run_seq, value) in &effects.once {
        once.row().put(*run_seq).put(*value);
    }
    let updates = update_rows(runs, effects);
    let audit = audit_rows(effects);
    for rows in [outcomes, attempts, updates, once, audit] {
        if !rows.is_empty() {
            rows.execute(&mut store.db).await?;
        }
    }
    judge::write(store, judging).await?;
    person::nobody_is_awaited(store, judging, effects).await?;
    if wake.is_empty() {
        return Ok(0);
    }
    wake.execute(&mut store.db).await
}

fn update_rows(runs: &Runs, effects: &Effects<'_>) -> Rows {
    let mut updates = Rows::of(&statements::UPDATE_RUNS);
    for (seq, progress) in &effects.runs {
        let Some(run) = runs.by_seq(*seq) else {
            continue;
        };
        updates
            .row()
            .put(*seq)
            .put(run.state.name())
            .put(run.why.as_deref())
            .maybe_time(run.due_at)
            .maybe_time(run.due_set_at)
            .put(run.node)
            .maybe_time(run.lease_until)
            .put(run.holds_key)
            .put(run.gives_way())
            .time(run.updated_at);
        match progress {
            Some(progress) => updates.json(*progress),
            None => updates.put(None::<&str>),
        };
    }
    updates
}

fn audit_rows(effects: &Effects<'_>) -> Rows {
    let mut audit = Rows::of(&statements::INSERT_AUDIT);
    for (run_seq, change, before) in &effects.audit {
        audit
            .row()
            .time(change.now)
            .put(change.action)
            .put(*run_seq)
            .put(None::<&str>)
            .put(before.name())
            .put(change.state.name())
            .put(&*change.reason);
    }
    audit
}
