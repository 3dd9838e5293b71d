//! Event: what arrived, from where, and everything a rule can see of it as one tree.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How the body's bytes are to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON text.
    Json,
    /// `application/x-www-form-urlencoded`, PHP brackets become nested objects.
    Form,
    /// No body: a tick, a manual start.
    Empty,
}

/// Who the event is about, as far as the source says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// E-mail address as it came.
    pub email: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Phone number as it came.
    pub phone: Option<String>,
    /// The sender's own customer ids, by kind.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub ids: Map<String, Value>,
    /// The earlier event that brought the address: this one has only the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_by: Option<Uuid>,
}

/// What an event claims of itself whose sender proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unproven {
    /// The sender's id, when it gives one. The event's own tells its body too, so that a forged one never stands in the place
    /// of the true one.
    pub id: Option<String>,
}

/// One thing that arrived: a delivery, a tick, a manual send, a replay. The one way into the engine.
#[derive(Debug, Clone)]
pub struct Event {
    /// Ours, unique, sorts by time.
    pub id: Uuid,
    /// The declared source.
    pub source: Arc<str>,
    /// The sender's id of the event, or the hash of the body: the key by which repeats are known.
    pub sender_id: String,
    /// For an event known by its body's hash: the id it would have had in the window before this one, and since when an
    /// event of that id is this one again.
    pub earlier: Option<(String, Timestamp)>,
    /// The event's type, such as `checkout.session.completed`; empty when the source has none.
    pub kind: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// `false` for the sender's test mode, `None` when the sender does not say.
    pub live: Option<bool>,
    /// The event this one replays.
    pub replay_of: Option<Uuid>,
    /// The run whose action caused it.
    pub caused_by: Option<Uuid>,
    /// How many events led to it, each by an action of ours on the one before; 0 for one that came from outside.
    pub depth: u32,
    /// Nothing but the account can prove it: its runs ask there before they act.
    pub unproven: Option<Unproven>,
    /// Who it is about.
    pub person: Person,
    /// How `raw` is to be read.
    pub format: Format,
    /// The body as it came, but for redacted paths.
    pub raw: Arc<[u8]>,
    /// What JSONPath calls `$`: `event`, `body`, `headers`, `query`, `person`, `schedule`, `input`, `env`.
    pub tree: Arc<Value>,
}

/// The branches of the tree that do not follow from the body: kept beside it in the store.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// Header names in lower case; signatures, tokens and cookies are taken out.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// Query parameters without secrets.
    #[serde(default)]
    pub query: Map<String, Value>,
    /// The environment variables that rules may see.
    #[serde(default)]
    pub env: Map<String, Value>,
    /// Input of a manual start.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// Instant, zone and predecessor of a tick.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub schedule: Value,
}

impl Event {
    /// Builds the tree from the body and the envelope, and sets it.
    #[must_use]
    pub fn with_tree(mut self, body: Value, envelope: Envelope) -> Self {
        let mut tree = Map::new();
        tree.insert("event".into(), self.header());
        tree.insert("body".into(), body);
        tree.insert("headers".into(), Value::Object(envelope.headers));
        tree.insert("query".into(), Value::Object(envelope.query));
        tree.insert(
            "person".into(),
            serde_json::to_value(&self.person).unwrap_or_default(),
        );
        tree.insert("env".into(), Value::Object(envelope.env));
        for (name, branch) in [("input", envelope.input), ("schedule", envelope.schedule)] {
            if !branch.is_null() {
                tree.insert(name.into(), branch);
            }
        }
        self.tree = Arc::new(Value::Object(tree));
        self
    }

    /// Marks it as caused by an action of this run.
    pub fn is_caused_by(&mut self, run: Uuid, depth: u32) {
        self.caused_by = Some(run);
        self.depth = depth;
        let header = self.header();
        if let Some(known) = Arc::make_mut(&mut self.tree).get_mut("event") {
            *known = header;
        }
    }

    /// Changes who it is about.
    pub fn set_person(&mut self, person: Person) {
        self.person = person;
        let shown = serde_json::to_value(&self.person).unwrap_or_default();
        if let Some(known) = Arc::make_mut(&mut self.tree).get_mut("person") {
            *known = shown;
        }
    }

    /// The envelope, taken back out of the tree.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        let map = |name: &str| {
            self.tree
                .get(name)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let any = |name: &str| self.tree.get(name).cloned().unwrap_or_default();
        Envelope {
            headers: map("headers"),
            query: map("query"),
            env: map("env"),
            input: any("input"),
            schedule: any("schedule"),
        }
    }

    /// The branch `event`.
    fn header(&self) -> Value {
        json!({
            "id": self.id, "type": self.kind, "source": self.source, "received_at": self.received_at,
            "live": self.live, "replay_of": self.replay_of, "caused_by": self.caused_by,
        })
    }
}
