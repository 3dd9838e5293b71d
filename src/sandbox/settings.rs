//! What can be switched while it runs: how Kartra nests its answers, what the catalogue shows, when run logs appear.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::account::{Command, LetterCase, Nesting};
use super::connections::ConnectionState;

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

/// What becomes of a connection that `ensure` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnsureScript {
    /// How long it is `BUILDING`, on the sandbox's clock.
    pub building_ms: u64,
    /// The state it has then.
    pub state: ConnectionState,
}

impl Default for EnsureScript {
    fn default() -> Self {
        Self {
            building_ms: 0,
            state: ConnectionState::Ready,
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
    /// When runs are logged.
    pub run_logs: RunLogs,
    /// Kartra's limit of calls a second; none by default.
    pub kartra_per_second: Option<usize>,
    /// What `ensure` makes.
    pub ensure: EnsureScript,
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
            run_logs: RunLogs::AtOnce,
            kartra_per_second: None,
            ensure: EnsureScript::default(),
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
