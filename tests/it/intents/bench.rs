//! The engine alone, over an outside that takes down what it is asked, on a clock that goes on whenever it is looked at.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kartwheel::account::{Account, Place};
use kartwheel::action::{
    Actions, Call, Class, Evidence, Limit, Outcome, Readiness, Reads, Slot, Turn,
};
use kartwheel::clock::{Clock, SettableClock, SharedClock};
use kartwheel::engine::{ActionsHandle, Engine, Parts, Retention};
use kartwheel::event::{Envelope, Event, Format, Person};
use kartwheel::kartra;
use kartwheel::rule::{self, RuleSet};
use kartwheel::run::{Attempt, Run};
use kartwheel::store::{self, OpenOptions, Store};
use serde_json::json;
use uuid::Uuid;

use crate::world::START;

/// A clock on which something passes whenever it is looked at.
#[derive(Debug)]
struct Ticking(Arc<SettableClock>);

#[async_trait]
impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_micros(1));
        self.0.now()
    }

    fn new_id(&self) -> Uuid {
        self.0.new_id()
    }

    fn set_by(&self) -> jiff::SignedDuration {
        self.0.set_by()
    }

    async fn sleep_until(&self, instant: Timestamp) {
        self.0.sleep_until(instant).await;
    }
}

/// An outside that takes down what it is asked.
#[derive(Default)]
pub(super) struct Outside {
    pub(super) calls: Mutex<Vec<Call>>,
    /// No slot is free at once.
    is_busy: bool,
}

struct Free;

impl Slot for Free {}

#[async_trait]
impl Actions for Outside {
    async fn slot(&self, _: &str, _: &Turn) -> Box<dyn Slot> {
        Box::new(Free)
    }

    fn try_slot(&self, _: &str, _: &Turn) -> Option<Box<dyn Slot>> {
        (!self.is_busy).then(|| Box::new(Free) as Box<dyn Slot>)
    }

    async fn call(&self, call: &Call) -> Outcome {
        self.calls.lock().unwrap().push(call.clone());
        Outcome::done(json!({}))
    }

    async fn place(&self, _: &str) -> Place {
        Place::default()
    }

    async fn readiness(&self, _: &str) -> Readiness {
        Readiness::Ready
    }

    async fn look_back(&self, _: &Call) -> Evidence {
        Evidence::Unclear("not asked for".into())
    }

    async fn look_back_by(&self, call: &Call, _: &dyn Reads) -> Evidence {
        self.look_back(call).await
    }

    async fn survey(&self, _: &str) -> Result<Account, Box<Outcome>> {
        Err(Box::new(Outcome::new(Class::Transient, "not asked for")))
    }
}

/// The engine alone, over an outside of our own.
pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) outside: Arc<Outside>,
    pub(super) clock: SharedClock,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(super) async fn with(
        rule: &str,
        is_busy: bool,
        limits: HashMap<Arc<str>, Vec<Limit>>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let settable = SettableClock::starting_at(START.parse().unwrap());
        let clock: SharedClock = Arc::new(Ticking(settable));
        let outside = Arc::new(Outside {
            is_busy,
            ..Outside::default()
        });
        let rule = rule::from_text("rules.yaml", rule, kartra::catalog()).expect("a good rule");
        let parts = Parts {
            store: database(dir.path(), clock.clone()).await,
            actions: ActionsHandle(outside.clone()),
            catalog: kartra::catalog(),
            clock: clock.clone(),
            rules: Arc::new(RuleSet::new(vec![rule])),
            default_connection: "main".into(),
            connections: vec!["main".into(), "other".into()],
            observed: HashSet::new(),
            limits,
            reporting: HashSet::new(),
            identity_waits: HashMap::new(),
            reads_accounts: false,
            test_events: true,
            retention: Retention {
                events: Duration::MAX,
                failed: Duration::MAX,
                keys: Duration::MAX,
                at_most: u64::MAX,
            },
        };
        let (engine, _) = Engine::start(parts).await.unwrap();
        Self {
            engine,
            outside,
            clock,
            _dir: dir,
        }
    }

    /// The run of one event, as the accept's commit stored it.
    pub(super) async fn accept(&self) -> Run {
        let id = self.clock.new_id();
        let event = order(id, self.clock.now());
        let mut accepted = self.engine.accept(event).await.unwrap();
        let (run, _) = accepted.runs.remove(0);
        run
    }

    pub(super) async fn attempts(&self, run: &Run) -> Vec<Attempt> {
        let reader = self.engine.store().reader();
        reader.attempts(run.id).await.unwrap()
    }
}

pub(super) async fn database(dir: &Path, clock: SharedClock) -> Store {
    let path = dir.join("kartwheel.db").display().to_string();
    let opened = store::open(&path, clock, OpenOptions::default()).await;
    opened.expect("a database")
}

pub(super) fn order(id: Uuid, now: Timestamp) -> Event {
    let body = json!({ "email": "ada@example.com", "never": false, "transaction": 1 });
    let event = Event {
        id,
        source: "shop".into(),
        sender_id: id.to_string(),
        earlier: None,
        kind: "order".into(),
        received_at: now,
        live: None,
        replay_of: None,
        caused_by: None,
        depth: 0,
        unproven: None,
        person: Person {
            email: Some("ada@example.com".into()),
            ..Person::default()
        },
        format: Format::Json,
        raw: body.to_string().into_bytes().into(),
        tree: Arc::default(),
    };
    event.with_tree(body, Envelope::default())
}
