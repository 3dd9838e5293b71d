//! What people do: they pause and go on, cancel and retry, and settle what waits for them; and what is known outside of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::clock::{Clock, SettableClock, after};
use kartwheel::engine::{Engine, Resolution};
use kartwheel::run::{Run, State};
use kartwheel::sandbox;
use kartwheel::store::{Handshake, Refused, RunFilter};
use uuid::Uuid;

use super::story::{Act, Wish};

/// A request is no longer under way so long after it may have been sent.
pub(super) const UNDER_WAY: Duration = Duration::from_secs(120);

/// What is known outside of the program.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Letters that were answered, and the event of each.
    pub(super) answered: BTreeMap<usize, Uuid>,
    /// Letters that are under way.
    pub(super) open: BTreeSet<usize>,
    /// Letters that were not answered well, to be sent again.
    pub(super) back: Vec<usize>,
    /// Runs with which a person did something.
    pub(super) touched: BTreeSet<Uuid>,
    /// Runs that a person cancelled, and how many calls they had begun by then.
    pub(super) cancelled: BTreeMap<Uuid, usize>,
    /// When sending was surely paused.
    pub(super) pauses: Vec<(Timestamp, Timestamp)>,
    paused: Option<Timestamp>,
    /// Wishes to pause and to go on so far, and those to go on that are not yet fulfilled: one may overtake the other.
    turns: u64,
    pub(super) going_on: u64,
    /// What must not be.
    pub(super) wrong: Vec<String>,
}

pub(super) type SharedBook = Arc<Mutex<Book>>;

/// Does what somebody wants of the engine.
pub(super) async fn act(
    engine: &Engine,
    book: &SharedBook,
    sandbox: &sandbox::State,
    clock: &SettableClock,
    act: Act,
) {
    let now = clock.now();
    match act {
        Act::Door => at_the_door(engine, now).await,
        Act::Pause => {
            let turn = book.lock().expect("free").turn();
            let paused = engine.pause(Some("main"), "a look").await;
            let mut book = book.lock().expect("free");
            if paused.is_ok() && book.turns == turn && book.going_on == 0 {
                book.paused.get_or_insert(clock.now());
            }
        }
        Act::Unpause => unpause(engine, book, now).await,
        Act::Wish(wish, which) => {
            let runs = list(engine).await;
            let which = usize::try_from(which).unwrap_or(0) % runs.len().max(1);
            if let Some(run) = runs.get(which) {
                grant(engine, book, sandbox, run, wish, now).await;
            }
        }
        _ => {}
    }
}

impl Book {
    fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}

pub(super) async fn unpause(engine: &Engine, book: &SharedBook, now: Timestamp) {
    {
        let mut book = book.lock().expect("free");
        book.turn();
        book.going_on += 1;
        if let Some(since) = book.paused.take() {
            book.pauses.push((since, now));
        }
    }
    let _ = engine.unpause(Some("main")).await;
    book.lock().expect("free").going_on -= 1;
}

/// A wish, fulfilled where the run's state allows it. Who settles a lost answer looks into the account first.
pub(super) async fn grant(
    engine: &Engine,
    book: &SharedBook,
    sandbox: &sandbox::State,
    run: &Run,
    wish: Wish,
    now: Timestamp,
) {
    let attempts = engine.store().reader().attempts(run.id).await;
    let last = attempts.iter().flatten().last().cloned();
    let under_way = last
        .as_ref()
        .is_some_and(|last| after(last.send_by, UNDER_WAY) > now);
    if wish == Wish::Resolve && (under_way || run.state != State::NeedsPerson) {
        return;
    }
    // Whatever becomes of the wish, be it that nobody is left to tell.
    book.lock().expect("free").touched.insert(run.id);
    match wish {
        Wish::Cancel => {
            if engine.cancel(run.id, "").await.is_ok() {
                let attempts = engine.store().reader().attempts(run.id).await;
                let count = attempts.map_or(0, |attempts| attempts.len());
                book.lock().expect("free").cancelled.insert(run.id, count);
            }
        }
        Wish::Retry => drop(engine.retry(run.id, "").await),
        Wish::Resume => drop(engine.resume(run.id, "").await),
        Wish::Resolve => {
            let effects = sandbox.effects_of_run(&run.id.to_string());
            let step = last.map(|last| last.step.to_string());
            let done = effects.iter().any(|effect| effect.step == step);
            let resolution = if done {
                Resolution::Done
            } else {
                Resolution::Repeat
            };
            drop(engine.resolve(run.id, resolution, "").await);
        }
    }
}

async fn at_the_door(engine: &Engine, now: Timestamp) {
    let refused = Refused {
        source: "shop".into(),
        reason: "signature".into(),
        detail: "another secret".to_owned(),
        at: now,
        count: 1,
    };
    let _ = engine.store().refused(refused).await;
    let handshake = Handshake {
        source: "shop".into(),
        kind: "probe".into(),
        at: now,
        count: 1,
    };
    let _ = engine.store().handshake(handshake).await;
}

pub(super) async fn list(engine: &Engine) -> Vec<Run> {
    let filter = RunFilter {
        limit: 1_000,
        ..RunFilter::default()
    };
    let mut runs = engine
        .store()
        .reader()
        .runs(&filter)
        .await
        .unwrap_or_default();
    runs.reverse();
    runs
}
