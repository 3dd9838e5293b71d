//! What can be switched while it runs: how Kartra nests its answers, what the catalogue shows, when run logs appear.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::{Command, LetterCase, Nesting};
use super::ceiling::CeilingForm;
use super::connections::{ConnectionState, ToDo};
use crate::clock;

/// How long a connector for an application that nobody knows is being built, unless told otherwise.
const BUILDING_MS: u64 = 120_000;

/// When a run is found in `/action-run-logs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunLogs {
    /// As soon as it ended.
    #[default]
    AtOnce,
    /// So many milliseconds later, on the sandbox's clock.
    AfterMs(u64),
    /// Never.
    Never,
}

impl RunLogs {
    /// From when on a run that ends now is found.
    pub(super) fn visible(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::AtOnce => Some(now),
            Self::AfterMs(millis) => Some(clock::after(now, Duration::from_millis(millis))),
            Self::Never => None,
        }
    }
}

/// What becomes of a connection that `ensure` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnsureScript {
    /// How long it is `BUILDING`, on the sandbox's clock.
    pub building_ms: u64,
    /// The state it has then.
    pub state: ConnectionState,
    /// What a person must do, where that state asks for a person.
    pub to_do: ToDo,
}

impl Default for EnsureScript {
    fn default() -> Self {
        Self {
            building_ms: 0,
            state: ConnectionState::Ready,
            to_do: ToDo::Connect,
        }
    }
}

impl EnsureScript {
    /// What becomes of an application that Membrane has never heard of: a connector is built, then a person must connect.
    fn of_the_unknown() -> Self {
        Self {
            building_ms: BUILDING_MS,
            state: ConnectionState::ClientActionRequired,
            ..Self::default()
        }
    }
}

/// The switches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the answer stands in Kartra's body, for all actions. Each has its own habit otherwise.
    pub nesting: Option<Nesting>,
    /// The same for single actions, by key; goes before `nesting`.
    pub nestings: BTreeMap<String, Nesting>,
    /// Outputs are `{ "status": 200, "headers": …, "data": … }` around Kartra's body.
    pub wrapped: bool,
    /// How `status` is written.
    pub letter_case: LetterCase,
    /// Whether the catalogue tells the keys of actions.
    pub action_keys: bool,
    /// Another number gives the actions other ids, as a new version of the connector may.
    pub action_generation: u16,
    /// Keys of actions that this account does not offer.
    pub without_actions: BTreeSet<String>,
    /// Further fields that an action demands, by key: a schema that changed.
    pub also_required: BTreeMap<String, Vec<String>>,
    /// Input schemas that stand in the place of our own, by key. Only their `properties`, `type` and `required` count.
    pub input_schemas: BTreeMap<String, Value>,
    /// When runs are logged.
    pub run_logs: RunLogs,
    /// Kartra's limit of calls a second, over all connections; none by default. Kartra's own is 20.
    pub kartra_per_second: Option<usize>,
    /// In which form a call above it is refused.
    pub kartra_limit_form: CeilingForm,
    /// What `ensure` makes of Kartra's address.
    pub ensure: EnsureScript,
    /// What it makes of any other.
    pub ensure_unknown: EnsureScript,
    /// Tenants that come from now on see no connection but their own, as a new tenant of Membrane's does.
    pub tenants_empty: bool,
    /// Keys of tenants that see no connection but their own, whenever they came.
    pub empty_tenants: BTreeSet<String>,
    /// Where Kartra's reports are sent: a loopback address such as `http://127.0.0.1:8080/hooks/kartra`.
    pub report_to: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nesting: None,
            nestings: BTreeMap::new(),
            wrapped: false,
            letter_case: LetterCase::Title,
            action_keys: true,
            action_generation: 0,
            without_actions: BTreeSet::new(),
            also_required: BTreeMap::new(),
            input_schemas: BTreeMap::new(),
            run_logs: RunLogs::AtOnce,
            kartra_per_second: None,
            kartra_limit_form: CeilingForm::default(),
            ensure: EnsureScript::default(),
            ensure_unknown: EnsureScript::of_the_unknown(),
            tenants_empty: false,
            empty_tenants: BTreeSet::new(),
            report_to: None,
        }
    }
}

impl Settings {
    /// Where the answer of this command stands.
    pub(super) fn nesting_of(&self, command: &Command) -> Nesting {
        let own = self.nestings.get(command.verb).copied();
        own.or(self.nesting).unwrap_or(command.nesting)
    }
}
