//! What the tests of the store say: a database of its own, a clock that stands still, events and runs in few words.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::action::{Class, Outcome, Priority};
use kartwheel::clock::{Clock, SettableClock, after, from_micros};
use kartwheel::event::{Envelope, Event, Format, Person};
use kartwheel::run::{Attempt, Progress, Run, State};
use kartwheel::store::{
    self, Accept, Accepted, Begin, Change, Changed, Claim, Claimed, Ended, Hold, HoldKind, Lane,
    Lease, NewRun, Next, OpenOptions, Reader, Record, Room, Store, StoreError, StoredVerdict,
    Written,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long leases last here.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// It was written; whether that woke somebody is another question.
pub(super) const YES: Written = Written::Yes { woke: false };

/// A place for one database.
pub(super) struct Home {
    pub(super) dir: tempfile::TempDir,
    pub(super) url: String,
    pub(super) clock: Arc<SettableClock>,
    make: fn() -> Self,
}

impl Home {
    /// A SQLite file in a directory of its own.
    pub(super) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("kartwheel.db").display());
        let start = from_micros(1_800_000_000_000_000);
        let clock = SettableClock::starting_at(start);
        Self {
            dir,
            url,
            clock,
            make: Self::sqlite,
        }
    }

    /// A fresh database of the same kind.
    pub(super) fn another(&self) -> Self {
        (self.make)()
    }

    /// The store, opened as the daemon does.
    pub(super) async fn open(self) -> World {
        let store = store::open(&self.url, self.clock.clone(), OpenOptions::default())
            .await
            .unwrap();
        let node = self.clock.new_id();
        World {
            home: self,
            store,
            node,
        }
    }
}

/// An open store and one node that works on it.
pub(super) struct World {
    pub(super) home: Home,
    pub(super) store: Store,
    pub(super) node: Uuid,
}

impl World {
    pub(super) fn now(&self) -> Timestamp {
        self.home.clock.now()
    }

    pub(super) fn id(&self) -> Uuid {
        self.home.clock.new_id()
    }

    pub(super) fn advance(&self, seconds: u64) -> Timestamp {
        self.home.clock.advance(Duration::from_secs(seconds));
        self.now()
    }

    pub(super) fn reader(&self) -> &Arc<dyn Reader> {
        self.store.reader()
    }

    /// Closes the store and opens it again, as another node of the same database.
    pub(super) async fn reopen(self) -> Self {
        self.store.close().await;
        self.home.open().await
    }

    /// An event of the source `shop`.
    pub(super) fn event(&self, sender_id: &str) -> Event {
        let body = json!({ "id": sender_id });
        Event {
            id: self.id(),
            source: "shop".into(),
            sender_id: sender_id.into(),
            earlier: None,
            kind: "order.paid".into(),
            received_at: self.now(),
            live: Some(true),
            replay_of: None,
            caused_by: None,
            depth: 0,
            unproven: None,
            person: Person {
                email: Some(" Ada@Example.com".into()),
                first_name: Some("Ada".into()),
                ..Person::default()
            },
            format: Format::Json,
            raw: body.to_string().into_bytes().into(),
            tree: Arc::default(),
        }
        .with_tree(body, Envelope::default())
    }

    /// A run of the rule `welcome` that may start at once.
    pub(super) fn run(&self, event: &Event) -> Run {
        let text = ("welcome".into(), "aa11".into());
        Run {
            due_at: None,
            ..Run::due(self.id(), event.id, text, "main".into(), self.now())
        }
    }

    /// What the engine hands over for an event with these runs.
    pub(super) fn accept(&self, event: Event, runs: Vec<NewRun>) -> Accept {
        let verdicts = runs.iter().map(|new| {
            StoredVerdict::new(new.run.rule.clone(), new.run.rule_hash.clone(), "matched")
        });
        Accept {
            rule_set: "set1".into(),
            verdicts: verdicts.collect(),
            report_of: None,
            node: self.node,
            lease_until: after(self.now(), LEASE),
            event,
            runs,
        }
    }

    /// Accepts an event with one run, changed by `shape`; `take` asks for the fast path.
    pub(super) async fn start(
        &self,
        take: bool,
        shape: impl FnOnce(&mut Run),
    ) -> (Run, Option<Lease>) {
        let event = self.event(&self.id().to_string());
        let mut run = self.run(&event);
        shape(&mut run);
        let new = NewRun {
            run,
            take,
            intent: None,
        };
        let accepted = self.store.accept(self.accept(event, vec![new])).await;
        one(accepted.unwrap())
    }

    /// Accepts all of them without waiting between; the answers in the same order.
    pub(super) async fn accept_at_once(
        &self,
        accepts: Vec<Accept>,
    ) -> Vec<Result<Accepted, StoreError>> {
        let mut deliveries = tokio::task::JoinSet::new();
        for (index, accept) in accepts.into_iter().enumerate() {
            let store = self.store.clone();
            deliveries.spawn(async move { (index, store.accept(accept).await) });
        }
        let mut answers = deliveries.join_all().await;
        answers.sort_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Starts a keyed run on the fast path.
    pub(super) async fn start_keyed(&self, key: &str) -> (Run, Option<Lease>) {
        self.start(true, |run| run.key = Some(key.into())).await
    }

    pub(super) async fn claim(&self, limit: u32) -> Vec<Claimed> {
        self.claim_as(self.node, limit).await
    }

    pub(super) async fn claim_as(&self, node: Uuid, limit: u32) -> Vec<Claimed> {
        let claim = Claim {
            node,
            ..self.claiming(limit)
        };
        self.store.claim(claim).await.unwrap()
    }

    /// A claim into an empty memory.
    pub(super) fn claiming(&self, limit: u32) -> Claim {
        Claim {
            node: self.node,
            now: self.now(),
            lease_until: after(self.now(), LEASE),
            limit,
            room: Room::default(),
        }
    }

    /// Ends a run's turn in a state.
    pub(super) async fn rest(
        &self,
        lease: Lease,
        state: State,
        due_at: Option<Timestamp>,
    ) -> Written {
        self.rest_because(lease, state, None, due_at).await
    }

    /// Ends a run's turn in a state, saying why.
    pub(super) async fn rest_because(
        &self,
        lease: Lease,
        state: State,
        why: Option<&str>,
        due_at: Option<Timestamp>,
    ) -> Written {
        let next = Next::Rest {
            state,
            why: why.map(Into::into),
            due_at,
        };
        self.record(lease, None, next).await
    }

    pub(super) async fn record(&self, lease: Lease, ended: Option<Ended>, next: Next) -> Written {
        let record = Record {
            lease,
            now: self.now(),
            ended,
            progress: Progress::default(),
            next,
        };
        plain(self.store.record(record).await.unwrap())
    }

    pub(super) async fn begin(&self, lease: Lease, number: u32, unless_held: bool) -> Written {
        let begin = Begin {
            unless_held,
            ..self.beginning(lease, number)
        };
        plain(self.store.begin(begin).await.unwrap())
    }

    /// The first step's try of this number, sent also while its connection is held, and without a limit.
    pub(super) fn beginning(&self, lease: Lease, number: u32) -> Begin {
        Begin {
            lease,
            attempt: self.intent(number),
            progress: Progress::default(),
            unless_held: false,
            connection: "main".into(),
            budgets: Vec::new(),
            now: self.now(),
        }
    }

    /// The intent of the first step's try of this number.
    pub(super) fn intent(&self, number: u32) -> Attempt {
        Attempt::intended(
            "0".into(),
            number,
            "assign-tag".into(),
            json!({ "tag_name": "buyer\u{0}", "amount": 0.1 }),
            (self.now(), after(self.now(), Duration::from_secs(5))),
        )
    }

    /// Does what a person does: looks at the run, then changes it.
    pub(super) async fn change(&self, run: Uuid, state: State) -> Changed {
        let seen = self.stored(run).await;
        let change = self.changing(&seen, state);
        self.store.change(change).await.unwrap()
    }

    pub(super) fn changing(&self, seen: &Run, state: State) -> Change {
        Change {
            run: seen.id,
            expect: (seen.state, seen.updated_at),
            state,
            why: None,
            progress: None,
            due_at: None,
            action: "cancel",
            reason: "asked for".into(),
            now: self.now(),
        }
    }

    pub(super) async fn hold(&self, connection: &str, kind: HoldKind) {
        let hold = Hold {
            connection: connection.into(),
            kind,
            reason: "asked for".into(),
            since: self.now(),
        };
        self.store.hold(hold).await.unwrap();
    }

    pub(super) async fn release(&self, connection: &str, kind: Option<HoldKind>) -> u64 {
        let released = self.store.release(connection.into(), kind, self.now());
        released.await.unwrap()
    }

    pub(super) async fn stored(&self, run: Uuid) -> Run {
        self.reader().run_as_stored(run).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, run: &Run) -> State {
        self.stored(run.id).await.state
    }
}

/// The one run of an accepted event.
pub(super) fn one(mut accepted: Accepted) -> (Run, Option<Lease>) {
    assert_eq!(accepted.runs.len(), 1);
    accepted.runs.remove(0)
}

fn plain(written: Written) -> Written {
    match written {
        Written::Yes { .. } => YES,
        other => other,
    }
}

/// A step's first try that ended like this.
pub(super) fn ended(number: u32, class: Class, output: Option<Value>) -> Ended {
    Ended {
        step: "0".into(),
        number,
        outcome: Outcome {
            output,
            ..Outcome::new(class, "said so")
        },
    }
}

/// A memory in which, on both connections, these rules have so many normal places left and no other has any; access and money
/// have theirs.
pub(super) fn crowded(rules: &[&str], left: usize) -> Room {
    let mut room = Room::default();
    for connection in ["main", "other"] {
        let mut enter = |rule: &str, runs: usize| {
            let lane = Lane {
                connection: connection.into(),
                priority: Priority::Normal,
                rule: rule.into(),
            };
            (0..runs).for_each(|_| room.enter(&lane));
        };
        enter("flood", 300);
        for rule in rules {
            enter(rule, 16 - left);
        }
    }
    room
}

/// The ids of claimed runs.
pub(super) fn ids(claimed: &[Claimed]) -> Vec<Uuid> {
    claimed.iter().map(|claimed| claimed.run.id).collect()
}
