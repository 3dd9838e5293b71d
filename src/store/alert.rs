//! What somebody must be told, once: alerts that stand until what they are about is over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A connection sends nothing.
    ConnectionHeld,
    /// The account no longer has a name that a rule uses.
    NameGone,
    /// The connection does not offer an action that a rule uses.
    NotOffered,
    /// A limit was reached, and runs wait for a person.
    LimitReached,
    /// The database comes close to its ceiling, or has reached it.
    DatabaseFull,
    /// Somebody reads the database and does not end.
    LogLong,
}

impl AlertKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::ConnectionHeld,
        Self::NameGone,
        Self::NotOffered,
        Self::LimitReached,
        Self::DatabaseFull,
        Self::LogLong,
    ];

    /// The word used in the store, the API and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionHeld => "connection_held",
            Self::NameGone => "name_gone",
            Self::NotOffered => "not_offered",
            Self::LimitReached => "limit_reached",
            Self::DatabaseFull => "database_full",
            Self::LogLong => "log_long",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing that somebody must be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// Which one: a connection's name, a rule's id and a name. One alert of a kind and subject stands at a time.
    pub subject: String,
    /// What happened, what it means, what to do; with the link when there is one. No body, no secret.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was over.
    pub over_at: Option<Timestamp>,
}
