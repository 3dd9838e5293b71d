//! The API's tests: a store with one event and its run, the API over it, and a control that writes down what it is asked.

use kartwheel::account::{Account, Place};
use kartwheel::action::{Class, Outcome};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use kartwheel::clock::{Clock, SettableClock, SharedClock};
use kartwheel::engine::catalog::{SyncError, Synced};
use kartwheel::event::{Envelope, Event, Format, Person};
use kartwheel::run::Run;
use kartwheel::store::{self, Accept, NewRun, OpenOptions, Snapshot, Store, StoredVerdict};
use kartwheel::web::api::ids::short;
use kartwheel::web::api::{self, Accounts, Api, As, Control, Guard, Refusal};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

pub(super) const TOKEN: &str = "a-token-of-the-tests";

/// A control that writes down what it is asked, and refuses what it is told to refuse.
#[derive(Default)]
pub(super) struct Notebook {
    pub(super) asked: Mutex<Vec<String>>,
    pub(super) refuse: Mutex<Option<Refusal>>,
}

impl Notebook {
    fn note(&self, what: String) -> Result<(), Refusal> {
        self.asked.lock().unwrap().push(what);
        match &*self.refuse.lock().unwrap() {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Control for Notebook {
    async fn cancel(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.note(format!("cancel {} {reason}", short(run)))
    }
    async fn retry(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.note(format!("retry {} {reason}", short(run)))
    }
    async fn resume(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.note(format!("resume {} {reason}", short(run)))
    }
    async fn approve(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
        self.note(format!("approve {} {reason}", short(run)))
    }
    async fn resolve(&self, run: Uuid, outcome: As, reason: &str) -> Result<(), Refusal> {
        self.note(format!(
            "resolve {} {} {reason}",
            short(run),
            outcome.name()
        ))
    }
    async fn pause(&self, connection: Option<&str>, reason: &str) -> Result<(), Refusal> {
        self.note(format!("pause {connection:?} {reason}"))
    }
    async fn unpause(&self, connection: Option<&str>) -> Result<(), Refusal> {
        self.note(format!("unpause {connection:?}"))
    }
}

/// Two accounts: that of `main` has two tags, that of `client_b` cannot be read.
#[async_trait]
impl Accounts for Notebook {
    fn connections(&self) -> Vec<Arc<str>> {
        vec!["client_b".into(), "main".into()]
    }
    async fn sync(&self, connection: &Arc<str>) -> Result<Synced, Refusal> {
        self.note(format!("sync {connection}"))?;
        if &**connection == "client_b" {
            let outcome = Outcome::new(Class::ConnectionDown, "client_b has lapsed");
            return Err(SyncError::Unread(Box::new(outcome)).into());
        }
        Ok(Synced {
            before: Some(snapshot(connection, &["vip"])),
            now: snapshot(connection, &["buyer", "vip"]),
            unread: vec!["pages"],
        })
    }
}

/// What is kept of an account that has these tags.
pub(super) fn snapshot(connection: &str, tags: &[&str]) -> Snapshot {
    Snapshot {
        connection: connection.into(),
        from: Place::default(),
        synced_at: Timestamp::from_second(1_793_519_940).unwrap(),
        account: Account {
            tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
            ..Account::default()
        },
    }
}

/// A store with one event and its run, and the API over it.
pub(super) struct House {
    pub(super) base: String,
    pub(super) http: reqwest::Client,
    pub(super) notebook: Arc<Notebook>,
    pub(super) event: Uuid,
    pub(super) run: Uuid,
    pub(super) clock: Arc<SettableClock>,
    pub(super) store: Store,
    _servers: JoinSet<()>,
    _dir: tempfile::TempDir,
}

impl House {
    pub(super) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = SettableClock::starting_at(Timestamp::from_second(1_793_520_000).unwrap());
        let shared: SharedClock = clock.clone();
        let url = format!("sqlite://{}", dir.path().join("kartwheel.db").display());
        let store = store::open(&url, shared.clone(), OpenOptions::default())
            .await
            .unwrap();
        let notebook = Arc::new(Notebook::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let router = api::mount(Api {
            reader: store.reader().clone(),
            control: notebook.clone(),
            accounts: notebook.clone(),
            clock: shared,
            guard: Guard::new(Some(TOKEN), address).unwrap(),
            catalog: kartwheel::kartra::catalog(),
        });
        let mut servers = JoinSet::new();
        servers.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut house = Self {
            base: format!("http://{address}/api"),
            http,
            notebook,
            event: Uuid::nil(),
            run: Uuid::nil(),
            clock,
            store,
            _servers: servers,
            _dir: dir,
        };
        (house.event, house.run) = house.happen("ada@example.com").await;
        house
    }

    /// One purchase of this person, with one run.
    pub(super) async fn happen(&self, email: &str) -> (Uuid, Uuid) {
        let now = self.clock.now();
        let (event, run) = (self.clock.new_id(), self.clock.new_id());
        let body = json!({"amount": 4900, "email": email});
        let arrived = Event {
            id: event,
            source: "shop".into(),
            sender_id: event.to_string(),
            earlier: None,
            kind: "order.paid".into(),
            received_at: now,
            live: Some(true),
            replay_of: None,
            caused_by: None,
            depth: 0,
            unproven: None,
            person: Person {
                email: Some(email.into()),
                ..Person::default()
            },
            format: Format::Json,
            raw: body.to_string().into_bytes().into(),
            tree: Arc::default(),
        }
        .with_tree(body, Envelope::default());
        let verdict = |rule: &str, decision: &str| StoredVerdict {
            rule: rule.into(),
            rule_hash: "hash".into(),
            decision: decision.into(),
            leaf: (decision == "declined").then_some(0),
            path: (decision == "declined").then(|| "$.body.amount".into()),
            expected: (decision == "declined").then(|| "gte 9900".into()),
            actual: (decision == "declined").then(|| "4900".into()),
            note: None,
        };
        let accept = Accept {
            report_of: None,
            event: arrived,
            rule_set: "set".into(),
            verdicts: vec![verdict("course", "matched"), verdict("vip", "declined")],
            runs: vec![NewRun {
                run: Run {
                    key: Some(email.into()),
                    ..Run::due(
                        run,
                        event,
                        ("course".into(), "hash".into()),
                        "main".into(),
                        now,
                    )
                },
                take: false,
                intent: None,
            }],
            node: Uuid::nil(),
            lease_until: now,
        };
        self.store.accept(accept).await.unwrap();
        (event, run)
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let sent = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(TOKEN)
            .send()
            .await
            .unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    pub(super) async fn post(&self, path: &str, body: impl Into<String>) -> (u16, Value) {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(TOKEN);
        let sent = request.body(body.into()).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap())
    }

    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.notebook.asked.lock().unwrap())
    }
}
