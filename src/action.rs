//! What can be done in Kartra: a call, its outcome, the catalogue's shape, and the contract `Actions` that the engine knows.

mod amount;
mod claim;
mod limit;
mod look;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::account::{Account, Inventory, Place};

pub use amount::{WANTED_AMOUNT, amount};
pub use claim::{Claim, Prove};
pub use limit::Limit;
pub use look::{Evidence, Look, Reads, Seen};

/// How safe it is to send a call again when nobody knows whether the first one was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// A repeat changes nothing: reads, tags, lists, unsubscribing, revoking.
    Safe,
    /// The state ends the same, but a person may notice a second mail or welcome.
    Noticeable,
    /// Money or something equally final: never repeated without a person.
    Never,
}

/// What a call does to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effects {
    /// Looks, changes nothing. Sent even in `mode: observe`.
    Read,
    /// Changes a lead.
    Write,
    /// Moves money or ends a subscription.
    Money,
}

/// Who goes first when a connection is short of calls. Higher is earlier.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Newsletters and their kind.
    Low,
    /// Everything without a reason to be elsewhere.
    #[default]
    Normal,
    /// Access and money.
    High,
}

/// The type of one input field of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// A whole number, or text that is one.
    Integer,
    /// A number, or text that is one.
    Number,
    /// A number or a text, either as it is (the step of a sequence).
    Any,
    /// A list or an object of the caller's making (custom fields).
    Structure,
}

/// One input field of an action in the built-in table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Kartra's own name of the field.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldType,
    /// Whether the action cannot do without it. Of `email` and `id` one is enough.
    pub required: bool,
    /// What it is, for the reference and the completions.
    pub doc: &'static str,
}

/// One action of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct ActionSpec {
    /// The action's key, which is also the verb of a rule.
    pub key: &'static str,
    /// One sentence for the reference.
    pub doc: &'static str,
    /// What it does to the account.
    pub effects: Effects,
    /// May it be repeated after an unknown outcome?
    pub safety: Safety,
    /// Who goes first by default.
    pub priority: Priority,
    /// Its input fields, where no schema is synced.
    pub fields: &'static [Field],
}

/// Reads the application's answer out of a successful run's `output` (Kartra says "Error" inside an HTTP 200).
pub type ReadOutput = fn(verb: &str, input: &Value, output: Value) -> Outcome;

/// After a lost answer: what to read next to see whether this call was carried out, given what was read already.
pub type LookBack = fn(verb: &str, input: &Value, seen: &[Seen]) -> Look;

/// What a call leaves to be reported by the application afterwards, as a text to compare; `None` where nothing is.
pub type Trace = fn(verb: &str, input: &Value) -> Option<String>;

/// An event by which the application tells of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Its type.
    pub kind: &'static str,
    /// What of its body the call alone decides.
    pub body: Value,
}

/// Every event that may be told of such a call; of the input only what is given.
pub type Reports = fn(verb: &str, input: &Value) -> Vec<Report>;

/// The traces that an event of this type and body may be the report of.
pub type TracesOf = fn(kind: &str, body: &Value) -> Vec<String>;

/// What must never be sent, whatever a rule came to: the outcome that the call gets instead. `None`: it may go out.
pub type Refuse = fn(verb: &str, input: &Value) -> Option<Outcome>;

/// After an error with this number of the application's: the name that the account does not have, and where to look for
/// the nearest that it has.
pub type MissingName =
    for<'i> fn(verb: &str, app_type: u16, input: &'i Value) -> Option<(Inventory, &'i str)>;

/// The actions an application offers, as data.
#[derive(Debug, Clone, Copy)]
pub struct Catalog {
    /// All actions, sorted by key.
    pub actions: &'static [ActionSpec],
    /// How the application's own answer is read.
    pub read_output: ReadOutput,
    /// How a lost answer is looked up.
    pub look_back: LookBack,
    /// What a call leaves to be reported.
    pub trace: Trace,
    /// What a report may be of.
    pub traces_of: TracesOf,
    /// How a call is reported.
    pub reports: Reports,
    /// Whether the account shows what an event says.
    pub prove: Prove,
    /// What is never sent.
    pub refuse: Refuse,
    /// Which name of a refused call does not exist.
    pub missing_name: MissingName,
}

impl Catalog {
    /// The action with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'static ActionSpec> {
        self.actions.iter().find(|action| action.key == key)
    }
}

/// One call to be made: this action, this input, on this connection.
#[derive(Debug, Clone)]
pub struct Call {
    /// The run it belongs to; sent as `meta.runId`.
    pub run: Uuid,
    /// The step's path inside the rule, such as `2`; sent as `meta.step`.
    pub step: Arc<str>,
    /// The number of this try of the step, from 1; sent as `meta.attempt`.
    pub attempt: u32,
    /// The local name of the connection.
    pub connection: Arc<str>,
    /// The action's key.
    pub verb: Arc<str>,
    /// The action's input, whole.
    pub input: Arc<Value>,
    /// The longest the call may take; the client's own limit when absent.
    pub timeout: Option<Duration>,
    /// It must not be written to the network after this instant.
    pub send_by: Timestamp,
}

/// What an answer means. The table of design is in `ARCHITECTURE.md`; what the engine does with each is in `engine::plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It was done.
    Done,
    /// It had been done before, which is just as good.
    Already,
    /// It was surely not done, and may work in a moment.
    Transient,
    /// Too many calls; it was not done. The connection slows down and no attempt is counted.
    RateLimited,
    /// The connection to Kartra lapsed; its runs are held.
    ConnectionDown,
    /// Membrane does not accept our token, not even a fresh one; the connection is held.
    OurToken,
    /// The account or the app may not do this; the connection is held until a person says otherwise.
    NotAllowed,
    /// The rule names something that does not exist or sends what is not valid.
    RuleWrong,
    /// The connection does not offer this action; nothing was sent to the account.
    NotOffered,
    /// The lead does not exist.
    TargetMissing,
    /// Kartra refused, and a repeat would be refused again.
    Refused,
    /// Sent, and nobody knows whether it was done.
    Unknown,
}

impl Class {
    /// The word that the store, the API and `failure.class` use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Already => "already",
            Self::Transient => "transient",
            Self::RateLimited => "rate_limited",
            Self::ConnectionDown => "connection_down",
            Self::OurToken => "our_token",
            Self::NotAllowed => "not_allowed",
            Self::RuleWrong => "rule_wrong",
            Self::NotOffered => "not_offered",
            Self::TargetMissing => "target_missing",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// What is to be done about too many calls, where they are the daemon's.
pub const SLOWS_DOWN: &str = "nothing; the connection slows down by itself";

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What it means.
    pub class: Class,
    /// For a person: what happened, and for failures what to do. Holds no secret and no body.
    pub message: String,
    /// The application's answer with wrappings removed (`steps.<id>.output`).
    pub output: Option<Value>,
    /// How long the other side asked us to wait.
    pub retry_after: Option<Duration>,
    /// Kartra's own number, such as 212.
    pub app_type: Option<u16>,
    /// Membrane's id of the run, for support.
    pub action_run_id: Option<String>,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
}

impl Outcome {
    /// An outcome of this class with this message and nothing else.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            output: None,
            retry_after: None,
            app_type: None,
            action_run_id: None,
            status: None,
        }
    }

    /// A success with this output.
    #[must_use]
    pub fn done(output: Value) -> Self {
        Self {
            output: Some(output),
            ..Self::new(Class::Done, "done")
        }
    }

    /// Whether the step has what it wanted.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.class, Class::Done | Class::Already)
    }
}

/// Whether a connection can carry out calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It cannot.
    NotReady {
        /// As of an answer that says so: its login lapsed, our token is refused, or it is not allowed.
        class: Class,
        /// Why, and what a person must do, with the link when there is one.
        text: String,
    },
    /// Nobody knows: the question itself failed in transit.
    Unknown(String),
}

/// The pace of a connection that is slower than it is set to be, after too many calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Slowed {
    /// Calls a second, now.
    pub per_second: f64,
    /// It stands still until then.
    pub until: Option<Timestamp>,
}

/// Who asks for a call, for the order of a connection's pace.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Higher goes first.
    pub priority: Priority,
    /// Rules of one priority take turns.
    pub rule: Arc<str>,
    /// The run's number: within a rule the lower goes first, so a run that began is carried to its end.
    pub place: i64,
}

/// The right to make one call now, given by the pace of a connection. Dropping it frees its place.
pub trait Slot: Send {
    /// Gives it back unused: no call was made, so the pace owes none.
    fn give_back(self: Box<Self>) {}
}

/// The outside, as the engine sees it: something that carries out calls.
#[async_trait]
pub trait Actions: Send + Sync {
    /// Waits until the connection's pace and its limit of parallel calls allow one more call, in the order of [`Turn`].
    async fn slot(&self, connection: &str, turn: &Turn) -> Box<dyn Slot>;

    /// One slot if it is free this moment, without waiting.
    fn try_slot(&self, connection: &str, turn: &Turn) -> Option<Box<dyn Slot>>;

    /// The connection's pace while it is slower than it is set to be.
    fn slowed(&self, _connection: &str) -> Option<Slowed> {
        None
    }

    /// Makes the call, once, and says what became of it. Never repeats by itself, but for one fresh token after a 401.
    async fn call(&self, call: &Call) -> Outcome;

    /// Asks whether the connection is READY and a cheap read succeeds.
    async fn readiness(&self, connection: &str) -> Readiness;

    /// After a lost answer: looks into the run logs and the account for what became of this very call.
    async fn look_back(&self, call: &Call) -> Evidence;

    /// The same, with reads of the account made by the one who asks.
    async fn look_back_by(&self, call: &Call, reads: &dyn Reads) -> Evidence;

    /// Where the connection leads, as far as that is known now. Asks nobody.
    async fn place(&self, connection: &str) -> Place;

    /// Reads what the connection offers and what the account holds. An error says why nothing could be read at all.
    async fn survey(&self, connection: &str) -> Result<Account, Box<Outcome>>;
}
