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
    /// Whether a person has to do the same about it as about what this text tells: of a connection's state, and at the place
    /// of its link. What follows a `?` may be another at every look, and leads to no other place; details are no news.
    pub(super) fn wants_the_same(&self, text: &str) -> bool {
        advice(&self.text) == advice(text) && link(&self.text) == link(text)
    }

    /// Says in the log that somebody must be told.
    pub(super) fn log(&self) {
        let (kind, text) = (self.kind.name(), without_links(&self.text));
        tracing::error!(kind, subject = self.subject, text, "alert");
    }
}

/// A connection's state and what helps in it, in a text that tells of it: `connection c1 is BUILDING: wait. Details`.
fn advice(text: &str) -> Option<&str> {
    text.match_indices("connection ").find_map(|(at, word)| {
        let (id, told) = text[at + word.len()..].split_once(" is ")?;
        let (state, _) = told.split_once(": ")?;
        let is_state = state == "not connected" || !state.contains(|c: char| c.is_lowercase());
        let told = told.split(". ").next()?;
        (is_state && !id.contains(' ')).then_some(told)
    })
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
    fn what_a_person_has_to_do_is_told_from_tokens_and_details() {
        let login = "the call failed; connection c1 is CLIENT_ACTION_REQUIRED: a person must act: log in. It lapsed";
        let at = |text: &str, link: &str| format!("{text}. Open https://ui.example/{link}");
        for (before, now, same) in [
            (at(login, "connect?t=a"), at(login, "connect?t=b"), true),
            (at(login, "connect?t=a"), at(login, "form?t=a"), false),
            (at(login, "connect"), login.to_owned(), false),
            (login.to_owned(), login.replace("It lapsed", "Again"), true),
            (login.to_owned(), login.replace("log in", "answer"), false),
            (
                "connection c1 is BUILDING: wait".to_owned(),
                "connection c1 is SETUP_FAILED: ask".to_owned(),
                false,
            ),
            ("it broke".to_owned(), "it broke again".to_owned(), true),
        ] {
            let alert = Alert {
                kind: AlertKind::ConnectionHeld,
                subject: String::new(),
                text: now,
                since: Timestamp::MIN,
                over_at: None,
            };
            assert_eq!(alert.wants_the_same(&before), same, "{before}: {alert:?}");
        }
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
