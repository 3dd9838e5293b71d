//! What chance, or a plan, does to the program: how long it takes from point to point, what fails, where it dies.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kartwheel::clock::{Clock, SettableClock, after};
use kartwheel::failpoint::{Fault, Passing, Watch};

use crate::random::Random;

/// The points between two deaths, at most.
const LIFE_POINTS_MAX: u64 = 200;
/// One in so many commits meets a full disk, one in so many a database that failed.
const FULL_IN: u64 = 60;
const FATAL_IN: u64 = 400;

/// What a plan has happen at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Dies,
    Fails(Fault),
    Waits,
}

/// Where the trouble comes from.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// From chance.
    Chance,
    /// This happens when this point is passed for the first time, and nothing else ever.
    At(&'static str, What),
}

/// Decides what happens at the points that a program passes; the same seed, the same course.
pub(super) struct Fate {
    clock: Arc<SettableClock>,
    inner: Mutex<Inner>,
}

struct Inner {
    random: Random,
    plan: Plan,
    /// Points until the program dies.
    left: u64,
    dead: bool,
    deaths: u64,
    calm: bool,
    passed: BTreeMap<&'static str, u64>,
    course: DefaultHasher,
    trace: Option<Vec<String>>,
}

impl Fate {
    pub(super) fn new(clock: &Arc<SettableClock>, random: Random, plan: Plan) -> Arc<Self> {
        let fate = Self {
            clock: Arc::clone(clock),
            inner: Mutex::new(Inner {
                random,
                plan,
                left: u64::MAX,
                dead: false,
                deaths: 0,
                calm: false,
                passed: BTreeMap::new(),
                course: DefaultHasher::new(),
                trace: None,
            }),
        };
        Arc::new(fate)
    }

    /// A program begins: it dies some time, unless all is calm.
    pub(super) fn begins(&self) {
        let mut inner = self.lock();
        inner.dead = false;
        inner.left = match inner.plan {
            Plan::Chance if !inner.calm => 1 + inner.random.next() % LIFE_POINTS_MAX,
            _ => u64::MAX,
        };
    }

    /// Nothing goes wrong from now on.
    pub(super) fn is_calm_from_now(&self) {
        let mut inner = self.lock();
        (inner.calm, inner.left) = (true, u64::MAX);
    }

    /// The program dies where it is.
    pub(super) fn die(&self) {
        let mut inner = self.lock();
        inner.deaths += u64::from(!inner.dead);
        inner.dead = true;
    }

    pub(super) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    pub(super) fn deaths(&self) -> u64 {
        self.lock().deaths
    }

    /// How often each point was passed.
    pub(super) fn passed(&self) -> BTreeMap<&'static str, u64> {
        self.lock().passed.clone()
    }

    /// What tells one course from another.
    pub(super) fn course(&self) -> u64 {
        self.lock().course.finish()
    }

    /// Keeps what happens, to be shown.
    pub(super) fn traced(&self) {
        self.lock().trace = Some(Vec::new());
    }

    pub(super) fn trace(&self) -> Vec<String> {
        self.lock().trace.clone().unwrap_or_default()
    }

    /// Something happened: it is part of the course.
    pub(super) fn note(&self, what: &str) {
        let now = self.clock.now();
        let mut inner = self.lock();
        (now, what).hash(&mut inner.course);
        if let Some(trace) = &mut inner.trace {
            trace.push(format!("{now} {what}"));
        }
    }

    /// A number below this, by chance.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.lock().random.next() % end
    }

    /// Whether this comes about, one time in so many; never when all is calm or goes by a plan.
    pub(super) fn one_in(&self, times: u64) -> bool {
        let mut inner = self.lock();
        let may = !inner.calm && matches!(inner.plan, Plan::Chance);
        may && inner.random.next().is_multiple_of(times)
    }

    /// Lets this much time pass, unless the program dies: then for ever.
    pub(super) async fn wait(&self, millis: u64) {
        if millis > 0 {
            let until = after(self.clock.now(), Duration::from_millis(millis));
            self.clock.sleep_until(until).await;
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// What comes at this point: how long it takes, and what fails then. Nothing where the program dies.
    fn decide(&self, point: &'static str) -> Option<(u64, Option<Fault>)> {
        let mut inner = self.lock();
        if inner.dead {
            return None;
        }
        let first = !inner.passed.contains_key(point);
        *inner.passed.entry(point).or_default() += 1;
        if let Plan::At(wanted, what) = &inner.plan {
            let what = *what;
            if !(first && *wanted == point) {
                return Some((0, None));
            }
            return match what {
                What::Fails(fault) => Some((0, Some(fault))),
                What::Waits => Some((4_000, None)),
                What::Dies => {
                    inner.dead = true;
                    inner.deaths += 1;
                    None
                }
            };
        }
        if inner.calm {
            return Some((0, None));
        }
        inner.left = inner.left.saturating_sub(1);
        if inner.left == 0 {
            inner.dead = true;
            inner.deaths += 1;
            return None;
        }
        let random = &mut inner.random;
        let millis = match random.next() % 16 {
            0..8 => 0,
            8..14 => random.next() % 20,
            14 => random.next() % 400,
            _ => random.next() % 3_000,
        };
        let fault = if !point.ends_with("_commit") {
            None
        } else if random.next().is_multiple_of(FATAL_IN) {
            Some(Fault::Fatal)
        } else if point.ends_with("_before_commit") && random.next().is_multiple_of(FULL_IN) {
            Some(Fault::Full)
        } else {
            None
        };
        Some((millis, fault))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("free")
    }
}

/// A program under its fate.
pub(super) struct Watched(pub(super) Arc<Fate>);

impl Watch for Watched {
    fn reach(&self, point: &'static str) -> Passing {
        let fate = Arc::clone(&self.0);
        let decided = fate.decide(point);
        fate.note(&match &decided {
            None => format!("dies at {point}"),
            Some((_, Some(fault))) => format!("{fault:?} at {point}"),
            Some(_) => point.to_owned(),
        });
        Box::pin(async move {
            let Some((millis, fault)) = decided else {
                return std::future::pending().await;
            };
            fate.wait(millis).await;
            fault
        })
    }
}
