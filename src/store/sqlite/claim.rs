//! Who goes on: runs that are due are taken, runs whose lease ran out become due.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::clock::{from_micros, micros};
use crate::run::{Attempt, State};
use crate::store::decide::Place;
use crate::store::decide::claim::{Candidate, Head, Queue, decide, wanted};
use crate::store::decide::wait::Moves;
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{Answers, Sqlite, alert, error, rows, statements};
use crate::store::{Answer, Claim, Claimed, Front, Lane, Lease, Op, Room, StoreError};

/// A claim takes at most so many runs, whatever it asks for.
const CLAIM_RUNS_MAX: u32 = 1024;
/// How often one claim looks again when rules had fewer runs than turns, or runs turned out to wait for their key.
const CLAIM_ROUNDS_MAX: usize = 8;
/// A clock that is put back by less than this makes runs late by less than this, and is left alone.
pub(super) const CLOCK_JITTER: SignedDuration = SignedDuration::from_secs(10);

/// Makes runs due whose lease ran out.
pub(super) async fn rescue(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    for (index, op) in batch.iter().enumerate() {
        let Op::Rescue(node, now, others_are_dead) = op else {
            continue;
        };
        let rescued = sqlx::query(statements::RESCUE.text())
            .bind(micros(*now))
            .bind(*node)
            .bind(*others_are_dead)
            .execute(&mut store.db)
            .await
            .map_err(error::of)?
            .rows_affected();
        answers.set(index, Answer::Count(rescued));
    }
    Ok(())
}

/// Carries out the claims of a batch.
pub(super) async fn carry_out(
    store: &mut Sqlite,
    batch: &[Op],
    answers: &mut Answers,
) -> Result<(), StoreError> {
    for (index, op) in batch.iter().enumerate() {
        if let Op::Claim(claim) = op {
            let claimed = one(store, claim).await?;
            answers.set(index, Answer::Claimed(claimed));
        }
    }
    Ok(())
}

async fn one(store: &mut Sqlite, claim: &Claim) -> Result<Vec<Claimed>, StoreError> {
    reckon_anew(store, claim.now).await?;
    let limit = usize::try_from(claim.limit.min(CLAIM_RUNS_MAX)).unwrap_or(0);
    let mut room = claim.room.clone();
    let mut taken = Vec::new();
    for _ in 0..CLAIM_ROUNDS_MAX {
        let mut fronts = fronts(&mut store.db, claim.now).await?;
        fronts.retain(|front| front.due_at <= claim.now);
        let lanes = fronts.len();
        let turns = Arc::make_mut(&mut store.memory.turns);
        let dealt = turns.deal(fronts, limit - taken.len(), &mut room);
        if dealt.is_empty() {
            break;
        }
        let (candidates, emptied) = due(store, claim.now, &dealt, &mut room).await?;
        let queues = queues(store, &candidates, claim.now).await?;
        let mut claiming = decide(&candidates, &queues, claim.now, &mut room);
        take(store, claim, &claiming.take).await?;
        let mut queue = Rows::of(&statements::QUEUE_RUNS);
        for seq in &claiming.queue {
            queue.row().put(*seq).time(claim.now);
        }
        if !queue.is_empty() {
            queue.execute(&mut store.db).await?;
        }
        taken.append(&mut claiming.take);
        if emptied == lanes || taken.len() == limit {
            break;
        }
    }
    claimed(store, claim, &taken).await
}

/// The first of every lane. A due time that was set in the future is worth nothing: the next claim reckons it anew.
pub(super) async fn fronts(
    db: &mut SqliteConnection,
    now: Timestamp,
) -> Result<Vec<Front>, StoreError> {
    let found = sqlx::query(statements::FRONTS.text()).fetch_all(db).await;
    let fronts = found.map_err(error::of)?;
    let fronts = fronts.iter().map(|row| {
        let set = rows::time(row, "due_set_at");
        let of_a_wrong_clock = set.duration_since(now) > CLOCK_JITTER;
        Ok(Front {
            lane: lane(row, rows::shared(row, "connection"))?,
            due_at: if of_a_wrong_clock {
                now
            } else {
                rows::time(row, "due_at")
            },
            seq: row.get("seq"),
        })
    });
    fronts.collect()
}

/// When the clock was put back, and at the first claim of a process, due times that were set in the future are set anew
/// by their length.
async fn reckon_anew(store: &mut Sqlite, now: Timestamp) -> Result<(), StoreError> {
    let put_back = |latest: Timestamp| latest.duration_since(now) > CLOCK_JITTER;
    if store.memory.reckoned && !store.memory.latest.is_some_and(put_back) {
        store.memory.latest = store.memory.latest.max(Some(now));
        return Ok(());
    }
    let reckoned = sqlx::query(statements::RECKON_ANEW.text())
        .bind(micros(now))
        .execute(&mut store.db)
        .await
        .map_err(error::of)?
        .rows_affected();
    if reckoned > 0 {
        tracing::warn!(
            runs = reckoned,
            "the clock was put back; due times were set anew by their length"
        );
    }
    store.memory.reckoned = true;
    store.memory.latest = Some(now);
    Ok(())
}

/// The runs that the turns fall to, in the order of the turns. A lane that has fewer gives the places back; and how many
/// lanes these are.
async fn due(
    store: &mut Sqlite,
    now: Timestamp,
    dealt: &[Lane],
    room: &mut Room,
) -> Result<(Vec<Candidate>, usize), StoreError> {
    let mut turns: BTreeMap<&Lane, Vec<usize>> = BTreeMap::new();
    for (turn, lane) in dealt.iter().enumerate() {
        turns.entry(lane).or_default().push(turn);
    }
    let mut look_up = Rows::of(&statements::DUE);
    let mut lanes: Vec<_> = turns.into_iter().collect();
    for (index, (lane, turns)) in (0i64..).zip(&mut lanes) {
        look_up
            .row()
            .put(index)
            .put(&*lane.connection)
            .put(rows::priority_number(lane.priority))
            .put(&*lane.rule)
            .time(now)
            .put(i64::try_from(turns.len()).unwrap_or(i64::MAX));
        // The first one is taken from the end.
        turns.reverse();
    }
    let mut candidates = BTreeMap::new();
    for row in look_up.fetch(&mut store.db).await? {
        let index = usize::try_from(row.get::<i64, _>("i")).ok();
        let Some((lane, turns)) = index.and_then(|index| lanes.get_mut(index)) else {
            continue;
        };
        let Some(turn) = turns.pop() else { continue };
        let key = row.get::<Option<String>, _>("key");
        let candidate = Candidate {
            seq: row.get("seq"),
            lane: (*lane).clone(),
            place: key.map(|key| (lane.connection.clone(), key)),
            holds_key: row.get("holds_key"),
        };
        candidates.insert(turn, candidate);
    }
    let emptied = lanes.iter().filter(|(_, turns)| !turns.is_empty()).count();
    for (lane, turns) in lanes {
        turns.iter().for_each(|_| room.leave(lane));
    }
    Ok((candidates.into_values().collect(), emptied))
}

fn lane(row: &SqliteRow, connection: Arc<str>) -> Result<Lane, StoreError> {
    Ok(Lane {
        connection,
        priority: rows::priority(row)?,
        rule: rows::shared(row, "rule"),
    })
}

async fn queues(
    store: &mut Sqlite,
    candidates: &[Candidate],
    now: Timestamp,
) -> Result<BTreeMap<Place, Queue>, StoreError> {
    let places = wanted(candidates);
    let mut look_up = Rows::of(&statements::QUEUES);
    for (index, (connection, key)) in (0i64..).zip(&places) {
        look_up
            .row()
            .put(index)
            .put(&**connection)
            .put(key.as_str())
            .time(now);
    }
    let mut queues = BTreeMap::new();
    if look_up.is_empty() {
        return Ok(queues);
    }
    for row in look_up.fetch(&mut store.db).await? {
        let place = usize::try_from(row.get::<i64, _>("i")).ok();
        let Some(place) = place.and_then(|index| places.get(index)) else {
            continue;
        };
        let head = match row.get::<Option<i64>, _>("seq") {
            Some(seq) => Some(Head {
                seq,
                lane: lane(&row, place.0.clone())?,
                state: rows::state(&row)?,
                due_at: row.get::<Option<i64>, _>("due_at").map(from_micros),
            }),
            None => None,
        };
        let holder = row.get("holder");
        queues.insert((*place).clone(), Queue { holder, head });
    }
    Ok(queues)
}

async fn take(store: &mut Sqlite, claim: &Claim, taken: &[i64]) -> Result<(), StoreError> {
    let mut take = Rows::of(&statements::TAKE_RUNS);
    for seq in taken {
        take.row()
            .put(*seq)
            .id(claim.node)
            .time(claim.lease_until)
            .time(claim.now);
    }
    if !take.is_empty() {
        take.execute(&mut store.db).await?;
    }
    Ok(())
}

/// The runs that were taken, with all a worker needs, in the order in which they were taken.
async fn claimed(
    store: &mut Sqlite,
    claim: &Claim,
    taken: &[i64],
) -> Result<Vec<Claimed>, StoreError> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let mut attempts = Rows::of(&statements::OPEN_ATTEMPTS);
    let mut runs = Rows::of(&statements::CLAIMED);
    for seq in taken {
        attempts.row().put(*seq);
        runs.row().put(*seq);
    }
    let mut open: HashMap<i64, Attempt> = HashMap::new();
    for row in attempts.fetch(&mut store.db).await? {
        open.insert(row.get("run_seq"), rows::attempt(&row)?);
    }
    let mut claimed = Vec::with_capacity(taken.len());
    let mut aside = Rows::of(&statements::SET_ASIDE);
    let mut moves = Moves::default();
    for row in runs.fetch(&mut store.db).await? {
        match whole(&row, claim, &mut open) {
            Ok(one) => claimed.push(one),
            Err(error) => {
                let seq: i64 = row.get("seq");
                tracing::error!(run_seq = seq, %error, "a run cannot be read and is held");
                let why = format!("unreadable: {error}");
                moves.begins(State::Held, Some(&why), row.get("rule"), claim.now);
                aside.row().put(seq).put(why).time(claim.now);
            }
        }
    }
    if !aside.is_empty() {
        aside.execute(&mut store.db).await?;
        alert::of_runs(store, moves).await?;
    }
    let order: HashMap<i64, usize> = taken
        .iter()
        .enumerate()
        .map(|(at, seq)| (*seq, at))
        .collect();
    claimed.sort_by_key(|claimed| order.get(&claimed.run.seq).copied());
    Ok(claimed)
}

fn whole(
    row: &SqliteRow,
    claim: &Claim,
    open: &mut HashMap<i64, Attempt>,
) -> Result<Claimed, StoreError> {
    let run = rows::run(row)?;
    let stored = rows::event(row, true)?;
    if stored.thinned_at.is_some() {
        let why = "the body of its event is no longer kept (`retention` in kartwheel.yaml)";
        return Err(StoreError::Row(why.into()));
    }
    Ok(Claimed {
        lease: Lease {
            run_seq: run.seq,
            node: claim.node,
            epoch: row.get("lease_epoch"),
        },
        event: stored.event,
        envelope: stored.envelope,
        open_attempt: open.remove(&run.seq),
        run,
    })
}
