//! Random work on the store beside a model of a page: who has a key, who may be taken, whose word counts.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::action::Priority;
use kartwheel::clock::after;
use kartwheel::run::State;
use kartwheel::store::{Changed, Claim, Claimed, HoldKind, Lease, Room, RunFilter, Written};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

use super::on_every_store;
use super::world::{Home, LEASE, World, YES, crowded};

const CASES: usize = 40;
const CONNECTIONS: [&str; 2] = ["main", "other"];
const ALL_AT_ONCE: u32 = 500;
const PRIORITIES: [Priority; 3] = [Priority::Normal, Priority::High, Priority::Low];
const RULES: [&str; 2] = ["welcome", "receipt"];

on_every_store!(the_store_does_what_the_model_does);

async fn the_store_does_what_the_model_does(home: Home) {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(action(), 1..60);
    for _ in 0..CASES {
        let actions = strategy.new_tree(&mut runner).unwrap().current();
        let mut both = Both {
            world: home.another().open().await,
            runs: Vec::new(),
            held: BTreeSet::new(),
        };
        for (step, action) in actions.iter().enumerate() {
            both.act(action).await;
            both.settle();
            both.compare(&actions[..=step]).await;
        }
        both.drain(&actions).await;
        both.world.store.close().await;
    }
}

#[derive(Debug, Clone)]
enum Action {
    /// A run arrives, with a key of three or none.
    Accept(usize, Option<u8>, bool),
    /// Somebody takes up to so many; where memory is full of others, only what is so urgent.
    Claim(u32, Priority),
    /// The holder of a lease, present or past, rests its run; a held one for an approval or a budget, or neither.
    Rest(prop::sample::Index, State, Option<&'static str>),
    /// A person changes a run.
    Change(prop::sample::Index, State),
    Hold(usize),
    Release(usize),
    Advance(u64),
    Rescue,
}

fn action() -> impl Strategy<Value = Action> {
    let rest = prop::sample::select(vec![
        State::Done,
        State::Done,
        State::Done,
        State::Failed,
        State::Waiting,
        State::Waiting,
        State::Retrying,
        State::Held,
        State::Held,
        State::Held,
        State::NeedsPerson,
        State::Ready,
    ]);
    let why = prop::sample::select(vec![
        None,
        Some("approval: a refund"),
        Some("budget: 3 a day"),
    ]);
    let limit = prop_oneof![Just(1), Just(2), Just(ALL_AT_ONCE)];
    let urgent = prop::sample::select(vec![Priority::Low, Priority::Low, Priority::High]);
    let change = prop::sample::select(vec![
        State::Ready,
        State::Ready,
        State::Cancelled,
        State::Cancelled,
        State::Held,
    ]);
    let connection = 0..CONNECTIONS.len();
    prop_oneof![
        6 => (connection.clone(), prop::option::weighted(0.9, 0u8..3), any::<bool>())
            .prop_map(|(connection, key, take)| Action::Accept(connection, key, take)),
        4 => (limit, urgent).prop_map(|(limit, urgent)| Action::Claim(limit, urgent)),
        6 => (any::<prop::sample::Index>(), rest, why)
            .prop_map(|(which, state, why)| Action::Rest(which, state, why)),
        3 => (any::<prop::sample::Index>(), change)
            .prop_map(|(which, state)| Action::Change(which, state)),
        1 => connection.clone().prop_map(Action::Hold),
        2 => connection.prop_map(Action::Release),
        3 => (1u64..20).prop_map(Action::Advance),
        1 => Just(Action::Rescue),
    ]
}

/// A run of the model.
#[derive(Debug, Clone)]
struct Twin {
    id: Uuid,
    seq: i64,
    connection: usize,
    key: Option<u8>,
    priority: Priority,
    state: State,
    /// Held for an approval or a budget: those behind it pass.
    gives_way: bool,
    due: Option<Timestamp>,
    has_key: bool,
    epoch: i64,
    lease_until: Option<Timestamp>,
    leases: Vec<Lease>,
}

impl Twin {
    /// Those behind it in its key wait for it, whether it has the key or not.
    fn keeps_others(&self) -> bool {
        matches!(self.state, State::Ready | State::Held) && !self.sleeps()
    }

    fn sleeps(&self) -> bool {
        self.state == State::Waiting || (self.state == State::Held && self.gives_way)
    }
}

/// The store and the model.
struct Both {
    world: World,
    runs: Vec<Twin>,
    held: BTreeSet<usize>,
}

impl Both {
    async fn act(&mut self, action: &Action) {
        match action {
            Action::Accept(connection, key, take) => self.accept(*connection, *key, *take).await,
            Action::Claim(limit, urgent) => {
                self.claim(*limit, *urgent).await;
            }
            Action::Rest(which, state, why) => self.rest(*which, *state, *why).await,
            Action::Change(which, state) => self.change(*which, *state).await,
            Action::Hold(connection) => {
                self.held.insert(*connection);
                let name = CONNECTIONS[*connection];
                self.world.hold(name, HoldKind::Paused).await;
            }
            Action::Release(connection) => {
                let held = self.held.remove(connection);
                let ended = self.world.release(CONNECTIONS[*connection], None).await;
                assert_eq!(ended, u64::from(held));
            }
            Action::Advance(seconds) => {
                self.world.advance(*seconds);
            }
            Action::Rescue => self.rescue().await,
        }
    }

    async fn accept(&mut self, connection: usize, key: Option<u8>, take: bool) {
        let free = key.is_none()
            || !self.runs.iter().any(|run| {
                (run.connection, run.key) == (connection, key)
                    && (run.has_key || run.keeps_others())
            });
        let priority = PRIORITIES[self.runs.len() % PRIORITIES.len()];
        let rule = RULES[self.runs.len() % RULES.len()];
        let taken = take && free && !self.held.contains(&connection);
        let (run, lease) = self
            .world
            .start(take, |run| {
                run.connection = CONNECTIONS[connection].into();
                run.priority = priority;
                run.rule = rule.into();
                run.key = key.map(|key| key.to_string());
            })
            .await;
        assert_eq!(lease.is_some(), taken);
        self.runs.push(Twin {
            id: run.id,
            seq: run.seq,
            connection,
            key,
            priority,
            gives_way: false,
            state: if taken { State::Running } else { State::Ready },
            due: None,
            has_key: taken && key.is_some(),
            epoch: i64::from(taken),
            lease_until: taken.then(|| after(self.world.now(), LEASE)),
            leases: lease.into_iter().collect(),
        });
    }

    async fn claim(&mut self, limit: u32, urgent: Priority) -> Vec<Claimed> {
        let may = self.claimable(urgent);
        let room = match urgent {
            Priority::High => crowded(&RULES, 0),
            _ => Room::default(),
        };
        let claim = Claim {
            room,
            ..self.world.claiming(limit)
        };
        let claimed = self.world.store.claim(claim).await.unwrap();
        let taken: BTreeSet<_> = claimed.iter().map(|claimed| claimed.run.seq).collect();
        assert_eq!(taken.len(), claimed.len());
        assert!(taken.is_subset(&may), "{taken:?} of {may:?}");
        if limit == ALL_AT_ONCE {
            assert_eq!(taken, may, "none is left out");
        }
        let now = self.world.now();
        // What a claim finds awake and cannot take waits for its key from now on.
        if limit == ALL_AT_ONCE {
            let held = self.held.clone();
            for run in &mut self.runs {
                let awake = run.sleeps() && run.due.is_some_and(|due| due <= now);
                let sought = run.priority >= urgent && !held.contains(&run.connection);
                if awake && sought && !taken.contains(&run.seq) {
                    (run.state, run.due) = (State::Ready, None);
                }
            }
        }
        for one in &claimed {
            let run = self.runs.iter_mut().find(|run| run.seq == one.run.seq);
            let run = run.unwrap();
            run.epoch += 1;
            assert_eq!(one.lease.epoch, run.epoch);
            (run.state, run.due, run.has_key) = (State::Running, None, run.key.is_some());
            run.lease_until = Some(after(now, LEASE));
            run.leases.push(one.lease);
        }
        // A small claim may have queued sleepers or not: look at what it did.
        let shown = self.shown().await;
        for run in &mut self.runs {
            if run.sleeps() && shown[&run.id] == State::Ready {
                assert!(run.due.is_some_and(|due| due <= now));
                (run.state, run.due) = (State::Ready, None);
            }
        }
        claimed
    }

    /// Runs that may be taken now: those that have their key or need none, and of each free key the oldest.
    fn claimable(&self, urgent: Priority) -> BTreeSet<i64> {
        let now = self.world.now();
        let is_due = |run: &Twin| match run.state {
            State::Ready => run.due.is_none_or(|due| due <= now),
            State::Waiting | State::Retrying | State::Held => run.due.is_some_and(|due| due <= now),
            _ => false,
        };
        let wants = |run: &Twin| is_due(run) || run.keeps_others();
        let of_key =
            |run: &Twin, other: &Twin| (run.connection, run.key) == (other.connection, other.key);
        let may = |run: &&Twin| {
            let first = || {
                let mut others = self.runs.iter().filter(|other| of_key(run, other));
                others.all(|other| !other.has_key && (other.seq >= run.seq || !wants(other)))
            };
            !self.held.contains(&run.connection)
                && is_due(run)
                && run.priority >= urgent
                && (run.key.is_none() || run.has_key || first())
        };
        self.runs.iter().filter(may).map(|run| run.seq).collect()
    }

    async fn rest(&mut self, which: prop::sample::Index, state: State, why: Option<&str>) {
        let times = |run: &Twin| if run.state == State::Running { 4 } else { 1 };
        let runs = self.runs.iter();
        let leases: Vec<_> = runs.flat_map(|run| run.leases.repeat(times(run))).collect();
        if leases.is_empty() {
            return;
        }
        let lease = leases[which.index(leases.len())];
        let now = self.world.now();
        let timed = matches!(state, State::Waiting | State::Retrying)
            || why.is_some_and(|why| state == State::Held && why.starts_with("budget"));
        let due = timed.then(|| after(now, Duration::from_secs(5)));
        let written = self.world.rest_because(lease, state, why, due).await;
        let run = self.runs.iter_mut().find(|run| run.seq == lease.run_seq);
        let run = run.unwrap();
        let expected = match (run.epoch == lease.epoch, run.state) {
            (true, State::Cancelled) => Written::Cancelled,
            (true, State::Running) => YES,
            _ => Written::LeaseLost,
        };
        assert_eq!(written, expected);
        if written == YES {
            (run.state, run.due, run.lease_until) = (state, due, None);
            run.gives_way = state == State::Held && why.is_some();
            run.has_key &= state.keeps_key() && !run.gives_way;
        }
    }

    async fn change(&mut self, which: prop::sample::Index, state: State) {
        if self.runs.is_empty() {
            return;
        }
        let index = which.index(self.runs.len());
        let run = &mut self.runs[index];
        if !run.state.may_become(state) {
            return;
        }
        assert_eq!(self.world.change(run.id, state).await, Changed::Yes);
        (run.state, run.due, run.lease_until) = (state, None, None);
        run.gives_way = false;
        run.has_key &= state.keeps_key();
    }

    async fn rescue(&mut self) {
        let now = self.world.now();
        let lost = |run: &&mut Twin| run.lease_until.is_some_and(|until| until <= now);
        let mut count = 0;
        for run in self.runs.iter_mut().filter(lost) {
            (run.state, run.lease_until) = (State::Ready, None);
            count += 1;
        }
        let rescued = self.world.store.rescue(self.world.node, now, false);
        assert_eq!(rescued.await.unwrap(), count);
    }

    /// A held run whose turn it is takes its key, and keeps it from those behind.
    fn settle(&mut self) {
        for index in 0..self.runs.len() {
            let run = &self.runs[index];
            let before = |other: &Twin| {
                (other.connection, other.key) == (run.connection, run.key)
                    && (other.has_key || (other.seq < run.seq && other.keeps_others()))
            };
            let turn =
                run.state == State::Held && !run.gives_way && run.key.is_some() && !run.has_key;
            if turn && !self.runs.iter().any(before) {
                self.runs[index].has_key = true;
            }
        }
    }

    async fn compare(&self, actions: &[Action]) {
        let shown = self.shown().await;
        for run in &self.runs {
            let held = self.held.contains(&run.connection);
            let expected = match run.state {
                State::Ready | State::Retrying if held => State::Held,
                state => state,
            };
            assert_eq!(
                shown[&run.id], expected,
                "run {} after {actions:?}",
                run.seq
            );
        }
    }

    /// All runs as people see them.
    async fn shown(&self) -> HashMap<Uuid, State> {
        let runs = self.world.reader().runs(&RunFilter::default()).await;
        let runs = runs.unwrap();
        runs.into_iter().map(|run| (run.id, run.state)).collect()
    }

    /// With everything let go, every run that is not over or a person's turn comes to its end.
    async fn drain(&mut self, actions: &[Action]) {
        for connection in 0..CONNECTIONS.len() {
            self.act(&Action::Release(connection)).await;
        }
        for _ in 0..=self.runs.len() {
            self.world.advance(LEASE.as_secs() + 20);
            self.rescue().await;
            for index in 0..self.runs.len() {
                if self.runs[index].state == State::Held {
                    let run = &mut self.runs[index];
                    assert_eq!(self.world.change(run.id, State::Ready).await, Changed::Yes);
                    (run.state, run.due) = (State::Ready, None);
                }
            }
            for one in self.claim(ALL_AT_ONCE, Priority::Low).await {
                let written = self.world.rest(one.lease, State::Done, None).await;
                assert_eq!(written, YES);
                let run = self.runs.iter_mut().find(|run| run.seq == one.run.seq);
                let run = run.unwrap();
                (run.state, run.lease_until, run.has_key) = (State::Done, None, false);
            }
        }
        let left = |run: &&Twin| !run.state.is_over() && run.state != State::NeedsPerson;
        let left: Vec<_> = self.runs.iter().filter(left).collect();
        assert!(left.is_empty(), "{left:?} after {actions:?}");
        assert_eq!(self.world.reader().next_due().await.unwrap(), None);
    }
}
