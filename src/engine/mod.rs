//! Decide and carry out: events come in by one door, become runs, and the runs become calls.
//!
//! `accept` judges and stores; `job` is a run in memory and `worker` carries it out; `poller` takes what memory does not hold; `keeper` renews
//! leases; `house` removes what is old; `hold` watches held connections; `control` is what a person can do. `plan` and `settle` hold the judgement and
//! are pure. Whoever waits for several things asks them in one order (`biased`), so that what happens follows from what came.
//! To add an effect of a step: a variant of `rule::Effect`, and the compiler names the place in `plan`.

mod accept;
mod accounts;
mod alert;
mod budget;
pub mod catalog;
mod control;
mod echo;
mod hold;
mod house;
mod identity;
mod job;
mod keeper;
pub mod look;
mod pause;
mod pinned;
pub mod plan;
mod poller;
pub mod rejudge;
mod room;
pub mod settle;
mod stop;
mod vitals;
mod worker;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::action::{Actions, Catalog, Limit, Slowed};
use crate::clock::{self, SharedClock};
use crate::rule::{Rule, RuleSet};
use crate::store::{ActivateRules, Front, Hold, RuleText, Store, StoreError};

pub use accept::AcceptError;
pub use accounts::{SYNC_AGE, SYNC_APART};
pub use control::{ControlError, Controls, Resolution};
pub use echo::{CAUSES_MAX, ECHO_WINDOW};
pub use house::{KEYS_MIN, Retention};
pub use stop::{DRAIN_SAFE, Drain};
pub use vitals::BROKEN_MAX;

/// How long a lease lasts without being renewed.
pub const LEASE: Duration = Duration::from_secs(60);
/// An intent is not sent later than this after it was written.
pub const SEND_WITHIN: Duration = Duration::from_secs(5);

/// The pause before a write that found the disk full or the store busy is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// What the engine is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// The outside.
    pub actions: ActionsHandle,
    /// What can be called.
    pub catalog: Catalog,
    /// Time and ids.
    pub clock: SharedClock,
    /// The rules in force at start.
    pub rules: Arc<RuleSet>,
    /// The connection of a rule that names none.
    pub default_connection: Arc<str>,
    /// Every connection of the project.
    pub connections: Vec<Arc<str>>,
    /// Connections in `mode: observe`.
    pub observed: HashSet<Arc<str>>,
    /// Limits on the calls of each connection.
    pub limits: HashMap<Arc<str>, Vec<Limit>>,
    /// Sources by which the account itself reports what happens in it.
    pub reporting: HashSet<Arc<str>>,
    /// How long rules wait for the event that brings a person's address, by source. Those of others don't wait.
    pub identity_waits: HashMap<Arc<str>, Duration>,
    /// Whether what the accounts hold is read by itself, at start and as it ages.
    pub reads_accounts: bool,
    /// Whether the sender's test-mode events start rules (against the sandbox they do).
    pub test_events: bool,
    /// What is kept how long.
    pub retention: Retention,
}

/// `Actions` with a `Debug` that tells nothing.
#[derive(Clone)]
pub struct ActionsHandle(pub Arc<dyn Actions>);

impl std::fmt::Debug for ActionsHandle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Actions")
    }
}

/// The engine. Clones share everything.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    node: Uuid,
    started: Timestamp,
    parts: Parts,
    rules: RwLock<Arc<RuleSet>>,
    pinned: pinned::Pinned,
    /// Holds in force, as this process knows them: asked before every call.
    holds: watch::Sender<Vec<Hold>>,
    /// Runs in memory.
    places: room::Places,
    /// The health of each connection.
    vitals: vitals::Vitals,
    /// What is known of the accounts.
    accounts: accounts::Accounts,
    /// Those of them that wait for a slot of the pace.
    paced: AtomicUsize,
    /// Told whenever `active` falls or something becomes due.
    changed: Notify,
    /// Told when the poller shall look.
    poll: Notify,
    /// How far a stop has come.
    drain: watch::Sender<Drain>,
    /// Whether the poller is between two looks.
    polling: AtomicBool,
    /// Whether room is made, and whether there is some.
    house: house::House,
    /// When the watcher of holds looks next, in microseconds.
    watch_at: AtomicI64,
}

impl Engine {
    /// Builds the engine, takes back what a dead process left, and starts its tasks.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn start(parts: Parts) -> Result<(Self, Tasks), StoreError> {
        let node = parts.clock.new_id();
        let rules = parts.rules.clone();
        let holds = parts.store.reader().holds().await?;
        let engine = Self(Arc::new(Shared {
            node,
            started: parts.clock.now(),
            rules: RwLock::new(rules.clone()),
            pinned: pinned::Pinned::default(),
            holds: watch::Sender::new(holds),
            places: room::Places::default(),
            vitals: vitals::Vitals::default(),
            accounts: accounts::Accounts::default(),
            paced: AtomicUsize::new(0),
            changed: Notify::new(),
            poll: Notify::new(),
            drain: watch::Sender::new(Drain::No),
            polling: AtomicBool::new(false),
            house: house::House::default(),
            watch_at: AtomicI64::new(i64::MIN),
            parts,
        }));
        engine.activate(&rules).await?;
        let now = engine.clock().now();
        let taken_back = engine.store().rescue(node, now, true).await?;
        if taken_back > 0 {
            tracing::info!(
                runs = taken_back,
                "took back runs that the last process left under way"
            );
        }
        engine.forget_forged().await?;
        engine.recall_accounts().await?;
        let reads = engine.0.parts.reads_accounts;
        let tasks = Tasks {
            poller: engine.spawn(poller::run(engine.clone())),
            keeper: engine.spawn(keeper::run(engine.clone())),
            watcher: engine.spawn(hold::run(engine.clone())),
            house: engine.spawn(house::run(engine.clone())),
            reader: reads.then(|| engine.spawn(accounts::run(engine.clone()))),
        };
        Ok((engine, tasks))
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<RuleSet> {
        self.0
            .rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// Runs in memory now.
    #[must_use]
    pub fn active(&self) -> usize {
        self.0.places.active()
    }

    /// Holds in force.
    #[must_use]
    pub fn holds(&self) -> Vec<Hold> {
        self.0.holds.borrow().clone()
    }

    /// This process, as its database knows it.
    #[must_use]
    pub fn node(&self) -> Uuid {
        self.0.node
    }

    /// The pace of the connections that are slower than they are set to be.
    pub fn slowed(&self) -> impl Iterator<Item = (&Arc<str>, Slowed)> {
        let all = self.connections().iter();
        all.filter_map(|name| Some((name, self.actions().slowed(name)?)))
    }

    /// Returns once nothing more happens at the clock's present time: nothing is under way in memory but runs that wait
    /// for the pace, and nothing in the store is due. `true` when some do wait for the pace, or the house is being kept and
    /// pauses.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn settled(&self) -> Result<bool, StoreError> {
        loop {
            let changed = self.0.changed.notified();
            if self.is_still() {
                let fronts = self.store().reader().fronts().await?;
                let now = self.clock().now();
                // What there is no room for waits for that.
                let may_go =
                    |front: &Front| front.due_at <= now && self.0.places.is_open_for(front);
                if !fronts.iter().any(may_go) && self.is_still() {
                    return Ok(self.active() > 0 || self.0.house.pauses());
                }
                self.look_again();
            }
            changed.await;
        }
    }

    /// When a held connection is looked at next, if one is.
    #[must_use]
    pub fn next_look(&self) -> Option<Timestamp> {
        let at = self.0.watch_at.load(Ordering::SeqCst);
        (at != clock::micros(Timestamp::MAX)).then(|| clock::from_micros(at))
    }

    fn is_still(&self) -> bool {
        self.active() == self.0.paced.load(Ordering::SeqCst)
            && !self.0.polling.load(Ordering::SeqCst)
            && self.0.watch_at.load(Ordering::SeqCst) > clock::micros(self.clock().now())
            && self.0.house.rests(self.clock().now())
    }

    /// Makes the poller look for due runs.
    fn look_again(&self) {
        self.0.poll.notify_one();
    }

    fn clock(&self) -> &SharedClock {
        &self.0.parts.clock
    }

    fn actions(&self) -> &dyn Actions {
        &*self.0.parts.actions.0
    }

    fn sight<'a>(&'a self, rule: &'a Rule, tree: &'a Arc<Value>) -> plan::Sight<'a> {
        plan::Sight {
            rule,
            tree,
            catalog: &self.0.parts.catalog,
            now: self.clock().now(),
            started: self.0.started,
            set_by: self.clock().set_by(),
            observed: &self.0.parts.observed,
            limits: &self.0.parts.limits,
            traced: !self.0.parts.reporting.is_empty(),
        }
    }

    /// Whether calls on this connection must wait.
    fn is_held(&self, connection: &str) -> bool {
        stops(&self.0.holds.borrow(), connection)
    }

    /// Returns when a hold of this connection comes into force.
    async fn held(&self, connection: &str) {
        let mut holds = self.0.holds.subscribe();
        let _ = holds.wait_for(|holds| stops(holds, connection)).await;
    }

    /// Counts the caller among those who wait for the pace, until dropped.
    fn waiting_for_slot(&self) -> Paced<'_> {
        self.0.paced.fetch_add(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
        Paced(&self.0)
    }

    /// Repeats a write while the disk is full or the store is busy: what happened must not be forgotten.
    async fn persist<T, F>(&self, write: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match write().await {
                Err(error @ (StoreError::Full | StoreError::Busy))
                    if *self.0.drain.borrow() != Drain::LeaveAll =>
                {
                    tracing::warn!(%error, "cannot record; trying again");
                    self.clock()
                        .sleep_until(clock::after(self.clock().now(), WRITE_AGAIN))
                        .await;
                }
                answer => return answer,
            }
        }
    }

    async fn activate(&self, rules: &RuleSet) -> Result<(), StoreError> {
        let texts = rules.rules().iter().map(|rule| RuleText {
            hash: rule.hash.clone(),
            rule: rule.id.clone(),
            file: rule.file.clone(),
            text: rule.text.clone(),
        });
        let set = ActivateRules {
            set: rules.hash.clone(),
            rules: texts.collect(),
            node: self.0.node,
            now: self.clock().now(),
        };
        self.store().activate_rules(set).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the engine's one place that starts tasks"
    )]
    fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(task)
    }
}

/// Whether one of the holds stops this connection.
fn stops(holds: &[Hold], connection: &str) -> bool {
    holds
        .iter()
        .any(|hold| hold.connection.is_empty() || &*hold.connection == connection)
}

/// One run that waits for the pace.
struct Paced<'a>(&'a Shared);

impl Drop for Paced<'_> {
    fn drop(&mut self) {
        self.0.paced.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The engine's background tasks.
#[derive(Debug)]
pub struct Tasks {
    poller: JoinHandle<()>,
    keeper: JoinHandle<()>,
    watcher: JoinHandle<()>,
    house: JoinHandle<()>,
    reader: Option<JoinHandle<()>>,
}
