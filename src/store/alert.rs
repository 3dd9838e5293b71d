//! What somebody must be told, once: alerts that stand until what they are about is over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A connection sends nothing, for one of the reasons that somebody must be told of.
    ConnectionHeld,
    /// The account no longer has a name that a rule uses.
    NameGone,
    /// The connection does not offer an action that a rule uses.
    NotOffered,
    /// A limit was reached, and runs wait for a person.
    LimitReached,
    /// A source's event said what the account does not show.
    Forged,
    /// Runs wait for a person to approve a call.
    ApprovalWanted,
    /// Runs wait for a person to say whether a call was carried out.
    NeedsPerson,
    /// Runs cannot go on as they are, and wait for a person.
    RunStuck,
    /// The database comes close to its ceiling, or has reached it.
    DatabaseFull,
    /// Somebody reads the database and does not end.
    LogLong,
}

impl AlertKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::ConnectionHeld,
        Self::NameGone,
        Self::NotOffered,
        Self::LimitReached,
        Self::Forged,
        Self::ApprovalWanted,
        Self::NeedsPerson,
        Self::RunStuck,
        Self::DatabaseFull,
        Self::LogLong,
    ];

    /// Those that stand exactly as long as a run waits for a person: the store raises and ends them by itself.
    pub const OF_RUNS: [Self; 4] = [
        Self::LimitReached,
        Self::ApprovalWanted,
        Self::NeedsPerson,
        Self::RunStuck,
    ];

    /// The word used in the store, the API and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionHeld => "connection_held",
            Self::NameGone => "name_gone",
            Self::NotOffered => "not_offered",
            Self::LimitReached => "limit_reached",
            Self::Forged => "forged",
            Self::ApprovalWanted => "approval_wanted",
            Self::NeedsPerson => "needs_person",
            Self::RunStuck => "run_stuck",
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

/// Runs that wait for a person for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// What for: the kind of the alert that stands meanwhile.
    pub kind: AlertKind,
    /// The alert's subject.
    pub subject: String,
    /// Why, as the runs have it; of approvals the word alone.
    pub why: Option<String>,
    /// How many.
    pub runs: u64,
}

/// One thing that somebody must be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// Which one: a connection's name and what holds it, a rule's id and a name. One alert of a kind and subject stands at a time.
    pub subject: String,
    /// What happened, what it means, what to do; with the link when there is one. No body, no secret.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was over.
    pub over_at: Option<Timestamp>,
}

impl Alert {
    /// Whether it wants something of a person that this text did not: to go where a link leads that is not in it. What
    /// follows a `?` may be another at every look, and leads to no other place.
    pub(super) fn leads_elsewhere(&self, text: &str) -> bool {
        let place = link(&self.text);
        place.is_some() && place != link(text)
    }

    /// Says in the log that somebody must be told.
    pub(super) fn log(&self) {
        let (kind, text) = (self.kind.name(), without_links(&self.text));
        tracing::error!(kind, subject = self.subject, text, "alert");
    }
}

/// Where the link in a text leads.
fn link(text: &str) -> Option<&str> {
    let (at, _) = text.match_indices("https://").next()?;
    text[at..].split([' ', '?']).next()
}

/// A text for the log, which others may read: a link to log in with can carry a token of its own.
#[must_use]
pub fn without_links(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.contains("https://") {
        true => "(the link is in `kartwheel health`)",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_link_is_another_place_and_not_another_token() {
        let alert = Alert {
            kind: AlertKind::ConnectionHeld,
            subject: String::new(),
            text: "log in at https://ui.example/connect?token=a now".into(),
            since: Timestamp::MIN,
            over_at: None,
        };
        for (before, elsewhere) in [
            ("it is being built", true),
            ("answer at https://ui.example/form?token=a", true),
            ("log in at https://ui.example/connect?token=b", false),
        ] {
            assert_eq!(alert.leads_elsewhere(before), elsewhere, "{before}");
        }
        let without = Alert {
            text: "it is being built".into(),
            ..alert
        };
        assert!(!without.leads_elsewhere("log in at https://ui.example/"));
    }

    #[test]
    fn a_log_shows_no_link() {
        let text = "it lapsed: log in at https://ui.example/connect?token=secret now";
        let shown = without_links(text);
        assert!(
            !shown.contains("secret") && shown.ends_with(" now"),
            "{shown}"
        );
    }
}
