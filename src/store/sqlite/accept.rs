//! Events with their runs: one statement per table, whatever their number.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use sqlx::Row;
use uuid::Uuid;

use crate::action::Class;
use crate::event::{Event, Person};
use crate::run::{Attempt, Run, State};
use crate::store::decide::accept::{Accepting, Known, decide};
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{Answers, Sqlite, hold, person, rows, statements};
use crate::store::{Accept, Answer, Lease, Op, StoreError};

/// Carries out the accepts of a batch.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    let (indexes, accepts): (Vec<usize>, Vec<&Accept>) = batch
        .iter()
        .enumerate()
        .filter_map(|(index, op)| match op {
            Op::Accept(accepts, _) => Some((index, accepts)),
            _ => None,
        })
        .flat_map(|(index, accepts)| accepts.iter().map(move |accept| (index, accept)))
        .unzip();
    if accepts.is_empty() {
        return Ok(());
    }
    let runs = || accepts.iter().flat_map(|accept| &accept.runs);
    hold::know(store, runs().map(|new| &new.run.connection)).await?;
    for run in runs() {
        store.memory.latest = store.memory.latest.max(Some(run.run.created_at));
    }
    let events = known_events(store, &accepts).await?;
    let once = taken_once(store, &accepts).await?;
    let busy = busy_keys(store, &accepts).await?;
    let mut known = Known {
        events,
        once,
        busy,
        holds: &store.memory.holds,
        next_event: store.memory.next_event,
        next_run: store.memory.next_run,
    };
    let mut accepting = decide(&accepts, &mut known);
    (store.memory.next_event, store.memory.next_run) = (known.next_event, known.next_run);
    let packs = batch.iter().filter_map(|op| match op {
        Op::Accept(_, packs) => Some(packs),
        _ => None,
    });
    write(store, &accepts, &accepting, &packs.flatten().collect()).await?;
    let woke = person::await_and_wake(store, &accepting).await? > 0;
    for answer in &mut accepting.answers {
        answer.woke = woke;
    }
    let mut accepted = indexes.into_iter().zip(accepting.answers).peekable();
    while let Some((index, first)) = accepted.next() {
        let mut all = vec![first];
        while let Some((_, next)) = accepted.next_if(|(other, _)| *other == index) {
            all.push(next);
        }
        answers.set(index, Answer::Accepted(all));
    }
    Ok(())
}

async fn known_events(
    store: &mut Sqlite,
    accepts: &[&Accept],
) -> Result<HashMap<(Arc<str>, String), (i64, Uuid)>, StoreError> {
    let mut look_up = Rows::of(&statements::KNOWN_EVENTS);
    for (index, accept) in accepts.iter().enumerate() {
        look_up
            .row()
            .put(number(index))
            .put(&*accept.event.source)
            .put(&*accept.event.sender_id)
            .maybe_time(None);
        if let Some((earlier, since)) = &accept.event.earlier {
            look_up
                .row()
                .put(number(index))
                .put(&*accept.event.source)
                .put(&**earlier)
                .time(*since);
        }
    }
    let found = look_up.fetch(&mut store.db).await?;
    let known = found.iter().filter_map(|row| {
        let event = &accepts.get(position(row.get(0)))?.event;
        let delivery = (Arc::clone(&event.source), event.sender_id.clone());
        Some((delivery, (row.get(1), row.get(2))))
    });
    Ok(known.collect())
}

async fn taken_once(
    store: &mut Sqlite,
    accepts: &[&Accept],
) -> Result<HashMap<(Arc<str>, String), Uuid>, StoreError> {
    let wanted: HashSet<(&Arc<str>, &String)> = new_runs(accepts)
        .filter_map(|run| Some((&run.rule, run.once.as_ref()?)))
        .collect();
    taken(store, wanted.into_iter().collect()).await
}

/// Who has these `once` values of these rules.
pub(super) async fn taken(
    store: &mut Sqlite,
    wanted: Vec<(&Arc<str>, &String)>,
) -> Result<HashMap<(Arc<str>, String), Uuid>, StoreError> {
    let mut look_up = Rows::of(&statements::TAKEN_ONCE);
    for (index, (rule, once)) in wanted.iter().enumerate() {
        look_up
            .row()
            .put(number(index))
            .put(&***rule)
            .put(once.as_str());
    }
    if look_up.is_empty() {
        return Ok(HashMap::new());
    }
    let found = look_up.fetch(&mut store.db).await?;
    let taken = found.iter().filter_map(|row| {
        let (rule, once) = wanted.get(position(row.get(0)))?;
        Some(((Arc::clone(rule), (*once).clone()), row.get(1)))
    });
    Ok(taken.collect())
}

async fn busy_keys(
    store: &mut Sqlite,
    accepts: &[&Accept],
) -> Result<HashSet<(Arc<str>, String)>, StoreError> {
    let wanted: HashSet<(&Arc<str>, &String)> = new_runs(accepts)
        .filter_map(|run| Some((&run.connection, run.key.as_ref()?)))
        .collect();
    let wanted: Vec<_> = wanted.into_iter().collect();
    let mut look_up = Rows::of(&statements::BUSY_KEYS);
    for (index, (connection, key)) in wanted.iter().enumerate() {
        look_up
            .row()
            .put(number(index))
            .put(&***connection)
            .put(key.as_str());
    }
    if look_up.is_empty() {
        return Ok(HashSet::new());
    }
    let found = look_up.fetch(&mut store.db).await?;
    let busy = found.iter().filter_map(|row| {
        let (connection, key) = wanted.get(position(row.get(0)))?;
        Some((Arc::clone(connection), (*key).clone()))
    });
    Ok(busy.collect())
}

/// The runs that may start.
fn new_runs<'a>(accepts: &'a [&'a Accept]) -> impl Iterator<Item = &'a Run> {
    let runs = accepts.iter().flat_map(|accept| &accept.runs);
    runs.map(|new| &new.run)
        .filter(|run| run.state == State::Ready)
}

async fn write(
    store: &mut Sqlite,
    accepts: &[&Accept],
    accepting: &Accepting<'_>,
    packs: &HashMap<&Uuid, &Vec<u8>>,
) -> Result<(), StoreError> {
    let mut repeats = Rows::of(&statements::REPEAT_EVENTS);
    for (seq, times) in &accepting.repeats {
        repeats.row().put(*seq).put(*times);
    }
    let mut events = Rows::of(&statements::INSERT_EVENTS);
    let mut bodies = Rows::of(&statements::INSERT_BODIES);
    let mut people = Rows::of(&statements::KEEP_PEOPLE);
    for new in &accepting.events {
        event_row(&mut events, new.seq, new.accept, new.duplicates);
        body_row(&mut bodies, new.seq, &new.accept.event, packs);
        person::rows_of(&mut people, &new.accept.event);
    }
    let mut runs = Rows::of(&statements::INSERT_RUNS);
    for placed in &accepting.runs {
        let (run, lease) = &accepting.answers[placed.accept].runs[placed.run];
        let until = accepts[placed.accept].lease_until;
        let lease = lease.map(|lease| (lease, until));
        run_row(&mut runs, run, placed.event_seq, placed.holds_key, lease);
    }
    let mut attempts = Rows::of(&statements::INSERT_ATTEMPTS);
    for (run_seq, attempt) in &accepting.intents {
        attempt_row(&mut attempts, *run_seq, attempt);
    }
    let mut reports = Rows::of(&statements::MARK_REPORTED);
    for (attempt, event_seq) in &accepting.reports {
        reports.row().put(*attempt).put(*event_seq);
    }
    for rows in [repeats, events, bodies, people, runs, attempts, reports] {
        if !rows.is_empty() {
            rows.execute(&mut store.db).await?;
        }
    }
    Ok(())
}

fn body_row(rows: &mut Rows, seq: i64, event: &Event, packs: &HashMap<&Uuid, &Vec<u8>>) {
    if event.raw.is_empty() {
        return;
    }
    match packs.get(&event.id) {
        Some(packed) => {
            let bytes = i64::try_from(event.raw.len()).ok();
            rows.row().put(seq).put(&***packed).put(bytes)
        }
        None => rows.row().put(seq).put(&*event.raw).put(None::<i64>),
    };
}

/// What is kept beside the columns to build the event's tree from: `event::Envelope` and the person.
#[derive(Serialize)]
struct Kept<'e> {
    person: &'e Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<&'e Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'e Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<&'e Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'e Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<&'e Value>,
}

fn event_row(rows: &mut Rows, seq: i64, accept: &Accept, duplicates: u32) {
    let event = &accept.event;
    let email = event.person.email.as_deref().map(rows::email);
    let kept = Kept {
        person: &event.person,
        headers: event.tree.get("headers"),
        query: event.tree.get("query"),
        env: event.tree.get("env"),
        input: event.tree.get("input"),
        schedule: event.tree.get("schedule"),
    };
    rows.row()
        .put(seq)
        .id(event.id)
        .put(&*event.source)
        .put(&*event.sender_id)
        .put(&*event.kind)
        .time(event.received_at)
        .put(event.live)
        .put(event.replay_of)
        .put(event.caused_by)
        .put(event.depth)
        .put(email)
        .put(&*accept.rule_set)
        .put(rows::format_name(event.format))
        .put(duplicates)
        .json(&accept.verdicts)
        .json(&kept);
}

fn run_row(
    rows: &mut Rows,
    run: &Run,
    event_seq: i64,
    holds_key: bool,
    lease: Option<(Lease, jiff::Timestamp)>,
) {
    rows.row()
        .put(run.seq)
        .id(run.id)
        .put(event_seq)
        .put(&*run.rule)
        .put(&*run.rule_hash)
        .put(&*run.connection)
        .put(rows::priority_number(run.priority))
        .put(run.key.as_deref())
        .put(run.once.as_deref())
        .put(run.state.name())
        .put(run.why.as_deref())
        .maybe_time(run.due_at)
        .maybe_time(run.due_at.map(|_| run.created_at))
        .put(lease.map(|(lease, _)| lease.node))
        .maybe_time(lease.map(|(_, until)| until))
        .put(lease.map_or(0, |(lease, _)| lease.epoch))
        .put(holds_key)
        .time(run.created_at)
        .time(run.updated_at)
        .json(&run.progress);
}

/// One attempt, as it is written by every verb that carries an intent.
pub(super) fn attempt_row(rows: &mut Rows, run_seq: i64, attempt: &Attempt) {
    rows.row()
        .put(run_seq)
        .put(&*attempt.step)
        .put(attempt.number)
        .put(&*attempt.verb)
        .put(attempt.trace.as_deref())
        .time(attempt.intended_at)
        .time(attempt.send_by)
        .maybe_time(attempt.ended_at)
        .put(attempt.class.map(Class::name))
        .put(attempt.message.as_deref())
        .put(attempt.app_type)
        .put(attempt.action_run_id.as_deref())
        .json(&attempt.input);
    match &attempt.output {
        Some(output) => rows.json(output),
        None => rows.put(None::<&str>),
    };
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

fn position(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
