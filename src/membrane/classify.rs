//! Membrane's error to a class: one table, asked from top to bottom, the first row that fits decides.
//!
//! Decisions rest on `type` and `key` first, on the HTTP status
//! only where there is neither. The last rows fit everything, so the table is total.

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::fault::{Asked, Fault};
use super::wire::Answer;
use crate::action::{Class, Outcome, SLOWS_DOWN};

/// Which row of the table decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// 502, 503, 504 from something between, without a body of Membrane's.
    Gateway,
    /// The connection lost its credentials.
    ConnectionDown,
    /// Too many calls, for Membrane or for the application.
    RateLimit,
    /// Our token is not accepted.
    OurToken,
    /// We may not do this.
    AccessDenied,
    /// No such action, or no such connection.
    NotFound,
    /// Membrane could not get a lock, and did nothing.
    LockTimeout,
    /// The application broke: 5xx.
    ApplicationBroken,
    /// The application's own words are in the error; they decide.
    Application,
    /// The application does not accept the connection's credentials.
    ApplicationCredentials,
    /// The application refused: another 4xx.
    ApplicationRefused,
    /// The workspace has no credit left.
    Credit,
    /// Something in the workspace is set up wrongly.
    Setup,
    /// The input is not what the action wants.
    Invalid,
    /// Membrane broke, or the run failed without a word why.
    Broken,
    /// Anything else below 500.
    OtherRefused,
    /// Anything else.
    OtherBroken,
}

/// What the table found.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The row that decided.
    pub(super) row: Row,
    /// What it means.
    pub(super) outcome: Outcome,
    /// Whether the answer was an error of Membrane's form at all.
    pub(super) is_membranes: bool,
    /// Whether it says that there is no such action, and that no run was started.
    pub(super) misses_action: bool,
}

/// What a `not_found` may name instead of an action.
const OTHER_THINGS: &[&str] = &[
    "connection",
    "connector",
    "customer",
    "integration",
    "tenant",
    "workspace",
];

/// What is to be done about a connection that lapsed, where nothing more is known of it.
pub(super) const RECONNECT: &str = "`kartwheel connection status` says what helps; its runs wait";
/// The same where no run waits.
pub(super) const SEE_STATUS: &str = "`kartwheel connection status` says what helps";
/// What is to be done where only a question was not answered.
const ASK_AGAIN: &str = "it was only a question: ask again in a while";

type Test = fn(&Fault<'_>) -> bool;

/// The table: row, when it fits, class, what it means, what to do. [`Row::Application`] is decided between its neighbours.
const TABLE: &[(Row, Test, Class, &str, &str)] = &[
    (
        Row::Gateway,
        |fault| matches!(fault.status, 502..=504) && !fault.has_known_type(),
        Class::Unknown,
        "something before Membrane gave up on the call",
        "nobody knows whether it was done",
    ),
    (
        Row::ConnectionDown,
        |fault| {
            fault.any(|level| {
                level.is("connection", Some("connection_is_defunct"))
                    || level.is("connection", Some("access_token_expired"))
                    || level.code == Some("CONNECTION_DISCONNECTED")
            })
        },
        Class::ConnectionDown,
        "the connection lost its access to the account",
        RECONNECT,
    ),
    (
        Row::RateLimit,
        |fault| {
            fault.status == 429
                || fault.application == Some(429)
                || fault.any(|level| level.key == Some("rate_limit_exceeded"))
        },
        Class::RateLimited,
        "too many calls",
        SLOWS_DOWN,
    ),
    (
        Row::OurToken,
        |fault| {
            let outer_type = fault.levels.first().and_then(|level| level.kind);
            let outer_key = fault.levels.first().and_then(|level| level.key);
            (fault.status == 401 && outer_type != Some("connection"))
                || outer_key == Some("not_authenticated")
        },
        Class::OurToken,
        "Membrane does not accept our token",
        "check workspace key, workspace secret and the machine's clock, or the token",
    ),
    (
        Row::AccessDenied,
        |fault| fault.any(|level| level.key == Some("access_denied")),
        Class::NotAllowed,
        "Membrane does not allow this to our token",
        "check the rights of the tenant, then resume the connection",
    ),
    (
        Row::NotFound,
        |fault| fault.any(|level| level.key == Some("not_found")),
        Class::RuleWrong,
        "Membrane does not know what was asked for",
        "check that the connection offers this action",
    ),
    (
        Row::LockTimeout,
        |fault| {
            fault.any(|level| {
                level.key == Some("lock_timeout")
                    || (level.kind == Some("concurrency") && level.key.is_none())
            })
        },
        Class::Transient,
        "Membrane was busy with the same thing and did nothing",
        "nothing; it is tried again",
    ),
    (
        Row::ApplicationBroken,
        |fault| matches!(fault.application, Some(500..)),
        Class::Unknown,
        "the application broke down while it worked on the call",
        "nobody knows whether it was done",
    ),
    (
        Row::ApplicationCredentials,
        |fault| matches!(fault.application, Some(401 | 403)),
        Class::ConnectionDown,
        "the application does not accept the connection's credentials",
        RECONNECT,
    ),
    (
        Row::ApplicationRefused,
        |fault| fault.application.is_some(),
        Class::Refused,
        "the application refused the call",
        "compare the step's input with the account",
    ),
    (
        Row::Credit,
        |fault| fault.any(|level| level.kind == Some("insufficient_credit")),
        Class::NotAllowed,
        "the Membrane workspace has no credit left",
        "see to its billing at Membrane, then resume the connection",
    ),
    (
        Row::Setup,
        |fault| {
            fault.any(|level| {
                level.key == Some("already_exists")
                    || level.kind.is_some_and(|kind| {
                        matches!(
                            kind,
                            "custom_code"
                                | "configuration"
                                | "dependency_error"
                                | "openrouter_not_configured"
                        ) || kind.ends_with("_setup")
                    })
            })
        },
        Class::Refused,
        "the action is not set up well in Membrane",
        "correct it in the Membrane console, then retry the run",
    ),
    (
        Row::Invalid,
        // A failed run or a failure of Membrane's may come with status 400 as well, and says nothing about the input.
        |fault| {
            fault.any(|level| level.is("bad_request", None))
                || (matches!(fault.status, 400 | 413 | 422) && !fault.has_known_type())
        },
        Class::RuleWrong,
        "Membrane does not accept the input",
        "correct the step's input",
    ),
    (
        Row::Broken,
        |fault| {
            fault.status == 500
                || fault.any(|level| {
                    level
                        .kind
                        .is_some_and(|kind| kind == "internal" || kind.ends_with("_run"))
                })
        },
        Class::Unknown,
        "the run failed inside Membrane",
        "nobody knows whether it was done",
    ),
    (
        Row::OtherRefused,
        |fault| fault.status < 500,
        Class::Refused,
        "Membrane refused the call",
        "check membrane.url and the step",
    ),
    (
        Row::OtherBroken,
        |_| true,
        Class::Unknown,
        "Membrane broke down",
        "nobody knows whether it was done",
    ),
];

/// What an answer without success means, where something may have been done.
pub(super) fn failure(answer: &Answer, asked: Asked<'_>, now: Timestamp) -> Verdict {
    judge(answer, asked, now, false)
}

/// What an answer without success means, where nothing could be done or it may be repeated: then no outcome is unknown.
pub(super) fn failure_of_question(answer: &Answer, asked: Asked<'_>, now: Timestamp) -> Verdict {
    judge(answer, asked, now, true)
}

fn judge(answer: &Answer, asked: Asked<'_>, now: Timestamp, is_question: bool) -> Verdict {
    let fault = Fault::of(answer);
    let found = TABLE
        .iter()
        .find(|(_, fits, ..)| fits(&fault))
        .unwrap_or(&TABLE[TABLE.len() - 1]);
    let (row, _, class, means, to_do) = match *found {
        (row, fits, Class::Unknown, means, _) if is_question => {
            (row, fits, Class::Transient, means, ASK_AGAIN)
        }
        row => row,
    };
    let heard = match row {
        Row::Gateway
        | Row::ConnectionDown
        | Row::RateLimit
        | Row::OurToken
        | Row::AccessDenied
        | Row::NotFound
        | Row::LockTimeout
        | Row::ApplicationBroken => None,
        _ => fault.application_words(asked),
    };
    let (row, outcome) = match heard {
        Some(outcome) => (Row::Application, outcome),
        None => (
            row,
            Outcome::new(class, fault.message(asked.what, means, to_do)),
        ),
    };
    let retry_after = match outcome.class {
        Class::RateLimited | Class::Transient => {
            answer.retry_after.or_else(|| fault.asked_to_wait(now))
        }
        _ => None,
    };
    Verdict {
        row,
        outcome: Outcome {
            retry_after,
            action_run_id: action_run_id(answer),
            status: Some(answer.status),
            ..outcome
        },
        is_membranes: fault.has_known_type() || fault.any(|level| level.key.is_some()),
        misses_action: row == Row::NotFound
            && answer.status == 404
            && action_run_id(answer).is_none()
            && (fault.says("action") || !OTHER_THINGS.iter().any(|thing| fault.says(thing))),
    }
}

/// Whether the answer says that our token is bad, which proves that nothing was done.
pub(super) fn refuses_token(answer: &Answer) -> bool {
    if answer.is_success() {
        return false;
    }
    let fault = Fault::of(answer);
    TABLE
        .iter()
        .find(|(_, fits, ..)| fits(&fault))
        .is_some_and(|(row, ..)| *row == Row::OurToken)
}

/// Membrane's id of the run, from a success or an error.
pub(super) fn action_run_id(answer: &Answer) -> Option<String> {
    answer
        .body
        .as_ref()?
        .get("actionRunId")?
        .as_str()
        .map(str::to_owned)
}
