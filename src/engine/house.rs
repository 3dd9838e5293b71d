//! Keeps house: what is old goes in small steps, the file stays below its ceiling, and free pages go back to the disk.
//!
//! What goes next is decided by `plan`, which is pure; one step is under way at a time, with a pause behind it.

mod plan;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::clock;
use crate::store::{AlertKind, Space, StoreError};

pub use plan::{KEYS_MIN, Retention};
use plan::{Next, Plan, Pressed};

/// How often it is looked whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The pause behind a step: others write, too.
const STEP_PAUSE_MILLIS: u64 = 25;
/// The pause after a step that failed.
const STEP_AGAIN: Duration = Duration::from_secs(60);
/// The name under which alerts of the database stand.
const SUBJECT: &str = "database";

/// What others know of it.
#[derive(Debug)]
pub(super) struct House {
    /// When the next step or look is due, in microseconds; the least number while one is under way.
    at: AtomicI64,
    /// It is between two steps, not at rest.
    pauses: AtomicBool,
    /// Why no event is taken; nothing while they are.
    full: Mutex<Option<Arc<str>>>,
}

impl Default for House {
    fn default() -> Self {
        Self {
            at: AtomicI64::new(i64::MIN),
            pauses: AtomicBool::new(false),
            full: Mutex::default(),
        }
    }
}

impl House {
    /// Whether nothing of it is under way or due.
    pub(super) fn rests(&self, now: Timestamp) -> bool {
        self.at.load(Ordering::SeqCst) > clock::micros(now)
    }

    /// Whether it is between two steps.
    pub(super) fn pauses(&self) -> bool {
        self.pauses.load(Ordering::SeqCst)
    }

    fn set_full(&self, why: Option<Arc<str>>) {
        *self.full.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// Works until it is aborted.
pub(super) async fn run(engine: Engine) {
    let mut keeping = Keeping {
        plan: Plan::new(engine.0.parts.retention),
        set_by: engine.clock().set_by(),
        pressed: None,
        log_told: None,
        engine,
    };
    loop {
        let engine = &keeping.engine;
        engine.0.house.at.store(i64::MIN, Ordering::SeqCst);
        let (pause, rests) = match keeping.turn().await {
            Ok(true) => (Duration::from_millis(STEP_PAUSE_MILLIS), false),
            Ok(false) => (LOOK_EVERY, true),
            Err(error) => {
                tracing::warn!(%error, "could not remove what is old; trying again");
                (STEP_AGAIN, true)
            }
        };
        let engine = &keeping.engine;
        let next = clock::after(engine.clock().now(), pause);
        engine.0.house.pauses.store(!rests, Ordering::SeqCst);
        engine
            .0
            .house
            .at
            .store(clock::micros(next), Ordering::SeqCst);
        engine.0.changed.notify_waiters();
        engine.clock().sleep_until(next).await;
    }
}

struct Keeping {
    engine: Engine,
    plan: Plan,
    /// How far the clock had been set when this began.
    set_by: SignedDuration,
    /// What was told of the ceiling; nothing before the first look.
    pressed: Option<Pressed>,
    /// Whether somebody was told of the log; nothing before the first look.
    log_told: Option<bool>,
}

impl Keeping {
    /// Carries out what comes next. Whether more comes right behind it.
    async fn turn(&mut self) -> Result<bool, StoreError> {
        let store = self.engine.store().clone();
        loop {
            let space = store.reader().space().await?;
            let next = self.plan.next(self.passed(), &space);
            self.tell(&space).await?;
            match next {
                Next::Rest => return Ok(false),
                Next::Shrink => {
                    store.shrink().await?;
                    return Ok(true);
                }
                Next::Expire(expire) => {
                    let expired = store.expire(expire).await?;
                    self.plan.done(&expired);
                    // What removed nothing and is at its end cost nobody anything.
                    if expired.gone > 0 || expired.next.is_some() {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// The time by which age is reckoned: what a clock was set forward while we watched has not passed.
    fn passed(&self) -> Timestamp {
        let clock = self.engine.clock();
        let set = clock.set_by().saturating_sub(self.set_by);
        clock
            .now()
            .saturating_sub(set.max(SignedDuration::ZERO))
            .unwrap_or(Timestamp::MIN)
    }

    /// Closes and opens the door, and says so once.
    async fn tell(&mut self, space: &Space) -> Result<(), StoreError> {
        let pressed = self.plan.pressed();
        if self.pressed != Some(pressed) {
            let text = self.plan.words(space);
            self.engine.0.house.set_full(match pressed {
                Pressed::Full => Some(text.as_str().into()),
                Pressed::No | Pressed::Yes => None,
            });
            match pressed {
                Pressed::No => self.calm(AlertKind::DatabaseFull).await?,
                Pressed::Yes | Pressed::Full => {
                    self.engine
                        .raise(AlertKind::DatabaseFull, SUBJECT, &text)
                        .await?;
                }
            }
            self.pressed = Some(pressed);
        }
        let long = plan::log_is_long(space);
        if self.log_told != Some(long) {
            if long {
                let text = plan::words_of_log(space);
                self.engine
                    .raise(AlertKind::LogLong, SUBJECT, &text)
                    .await?;
            } else {
                self.calm(AlertKind::LogLong).await?;
            }
            self.log_told = Some(long);
        }
        Ok(())
    }

    async fn calm(&self, kind: AlertKind) -> Result<(), StoreError> {
        let now = self.engine.clock().now();
        self.engine.store().calm(kind, SUBJECT, now).await.map(drop)
    }
}

impl Engine {
    /// Why no event is taken because of the database's size; nothing while events are taken.
    #[must_use]
    pub fn full(&self) -> Option<Arc<str>> {
        let full = self.0.house.full.lock();
        full.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
