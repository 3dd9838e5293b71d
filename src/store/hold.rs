//! Connections that send nothing for a while.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A connection that is held again so soon after its last hold has relapsed: the alert of that hold stands again.
pub const RELAPSE_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Why a connection sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// A person paused it; a person resumes it.
    Paused,
    /// Its login to Kartra lapsed; ends by itself when it is READY again.
    Down,
    /// Our own token is refused; ends when a fresh one is accepted.
    Token,
    /// The account may not do this; a person says `connection resume`.
    NotAllowed,
    /// Calls broke down one after another; ends by itself when a cheap read succeeds.
    Broken,
}

/// A connection that sends nothing. An empty `connection` stands for all of them (a pause of everything).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The connection's local name, or empty for all.
    pub connection: Arc<str>,
    /// What kind of hold.
    pub kind: HoldKind,
    /// What happened and what to do.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl HoldKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Paused,
        Self::Down,
        Self::Token,
        Self::NotAllowed,
        Self::Broken,
    ];

    /// Whether somebody must be told. Whoever pauses knows.
    #[must_use]
    pub const fn is_told(self) -> bool {
        !matches!(self, Self::Paused)
    }

    /// The word used in the store, the API and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Down => "down",
            Self::Token => "token",
            Self::NotAllowed => "not_allowed",
            Self::Broken => "broken",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
