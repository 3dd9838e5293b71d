//! Connections that send nothing for a while.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::alert::{Alert, AlertKind};

/// A connection that is held again in the same way so soon, and wants the same of a person, has relapsed: the alert of then stands
/// again.
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

impl Hold {
    /// The subject of its alert. What ends each kind is another thing, so each is told for itself.
    pub(super) fn subject(&self) -> String {
        format!("{} {}", self.connection, self.kind.name())
    }

    /// What somebody must be told of it.
    pub(super) fn alert(&self) -> Alert {
        Alert {
            kind: AlertKind::ConnectionHeld,
            subject: self.subject(),
            text: self.reason.clone(),
            since: self.since,
            over_at: None,
        }
    }
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

    /// What it means for the connection, as the rest of a sentence.
    #[must_use]
    pub const fn means(self) -> &'static str {
        match self {
            Self::Paused => "a person paused it",
            Self::Down => "it does not work now",
            Self::Token => "Membrane does not accept our credentials",
            Self::NotAllowed => "a call was not allowed",
            Self::Broken => "calls on it break down",
        }
    }

    /// What ends it for this connection, or for all where it is empty: the one place that says so.
    #[must_use]
    pub fn way_out(self, connection: &str) -> String {
        let resume = match connection {
            "" => "`kartwheel resume`".to_owned(),
            name => format!("`kartwheel connection resume {name}`"),
        };
        match self {
            Self::Paused => format!("a person ends that: {resume}"),
            Self::Down => format!(
                "it goes on by itself when it works again; `kartwheel connection status {connection}` says what helps"
            ),
            Self::Token => {
                "it goes on by itself when they are accepted: the daemon takes them up from .env (`kartwheel login --save`) within \
                 minutes; where they stand in its own environment, mend them there and start it again"
                    .to_owned()
            }
            Self::NotAllowed => format!("mend its cause, then a person ends that: {resume}"),
            Self::Broken => format!(
                "it goes on by itself when a cheap read succeeds, and at once by {resume}"
            ),
        }
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
