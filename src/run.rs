//! Run: one rule carrying out its actions for one event; its progress, its attempts, and the one table of allowed transitions.

mod progress;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::action::{Class, Priority};

pub use progress::{
    Failure, Limited, LookBack, Progress, StepProgress, StepState, Watch, step_number,
};

/// How `why` of a run begins that is held until a person approves its next call.
pub const WHY_APPROVAL: &str = "approval";
/// The path of the step before the first one, in a run whose event nothing proves: it asks the account.
pub const CHECK: &str = "check";
/// How `why` of a run begins whose event says what the account does not show.
pub const WHY_FORGED: &str = "forged";
/// How `why` of a run begins whose event says what no account shows.
pub const WHY_HIDDEN: &str = "cannot be looked up";
/// How `why` of a run begins that is held because a limit was reached.
pub const WHY_BUDGET: &str = "budget";

/// How `why` of a run begins that waits until it is known who its event is about.
pub const WHY_IDENTITY: &str = "identity";

/// Where a run stands. `why` beside it says more (`until`, `connection`, `once, run …`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Can be taken, or waits behind an older run of its key.
    Ready,
    /// A worker holds it under a lease.
    Running,
    /// Sleeps until a time or an event, or waits until it is known who its event is about.
    Waiting,
    /// Tries its step again at its due time.
    Retrying,
    /// Waits for a connection, a budget, an approval, a check, a person's pause, or a rule that is gone.
    Held,
    /// An unknown outcome that only a person can settle.
    NeedsPerson,
    /// Never acted: another run has its `once` value, or its rule declined the event when it judged it again.
    Declined,
    /// Ended well.
    Done,
    /// Gave up; can be resumed from the failed step.
    Failed,
    /// Ended by a person, or because its event is not true.
    Cancelled,
}

impl State {
    /// All states, in the order in which they are listed.
    pub const ALL: [Self; 10] = [
        Self::Ready,
        Self::Running,
        Self::Waiting,
        Self::Retrying,
        Self::Held,
        Self::NeedsPerson,
        Self::Declined,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word used in the store, the API and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Held => "held",
            Self::NeedsPerson => "needs_person",
            Self::Declined => "declined",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Nothing more will happen by itself, and nobody has to do anything.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Declined | Self::Done | Self::Failed | Self::Cancelled
        )
    }

    /// Whether younger runs of the same key wait behind a run in this state.
    #[must_use]
    pub const fn keeps_key(self) -> bool {
        matches!(
            self,
            Self::Ready | Self::Running | Self::Retrying | Self::Held
        )
    }

    /// The same, knowing why: a run that waits for an approval or a budget lets the younger ones pass.
    #[must_use]
    pub fn keeps_key_while(self, why: Option<&str>) -> bool {
        let lets_pass = |why: &str| {
            [WHY_APPROVAL, WHY_BUDGET]
                .iter()
                .any(|word| why.starts_with(word))
        };
        self.keeps_key() && !(self == Self::Held && why.is_some_and(lets_pass))
    }

    /// Whether a run in this state takes its `once` value for itself.
    #[must_use]
    pub const fn takes_once(self) -> bool {
        !matches!(self, Self::Failed | Self::Cancelled | Self::Declined)
    }

    /// The table of transitions. A run that a person resumes, retries or resolves goes back to `ready`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use State::{
            Cancelled, Declined, Done, Failed, Held, NeedsPerson, Ready, Retrying, Running, Waiting,
        };
        match self {
            Ready => matches!(next, Running | Held | Cancelled | NeedsPerson),
            // Declined: when it was judged again, or proved true and another has its `once` value.
            Running => true,
            Waiting => matches!(next, Ready | Running | Held | Cancelled | NeedsPerson),
            // Failed: a person knows what is still being looked up.
            Retrying => matches!(
                next,
                Ready | Running | Held | Cancelled | NeedsPerson | Failed
            ),
            Held => matches!(next, Ready | Running | Cancelled | Failed),
            NeedsPerson => matches!(next, Ready | Failed | Cancelled),
            Failed => matches!(next, Ready),
            Done | Declined | Cancelled => false,
        }
    }
}

/// One rule carrying out its actions for one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its place in the order of all runs; given by the store, 0 before.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// The event that started it.
    pub event: Uuid,
    /// The rule's id.
    pub rule: Arc<str>,
    /// The hash of the rule's text: what the run is pinned to.
    pub rule_hash: Arc<str>,
    /// The connection its calls go to unless a step names another.
    pub connection: Arc<str>,
    /// Who goes first when runs wait to be taken: the highest of its calls.
    pub priority: Priority,
    /// Runs of one connection and key go one after another.
    pub key: Option<String>,
    /// A second unfinished or done run of this rule with this value is declined.
    pub once: Option<String>,
    /// Where it stands.
    pub state: State,
    /// More about the state.
    pub why: Option<String>,
    /// When it is to be looked at again.
    pub due_at: Option<Timestamp>,
    /// What it has made so far.
    pub progress: Progress,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Run {
    /// A run of this rule for this event, to be taken at once.
    #[must_use]
    pub fn due(
        id: Uuid,
        event: Uuid,
        (rule, rule_hash): (Arc<str>, Arc<str>),
        connection: Arc<str>,
        now: Timestamp,
    ) -> Self {
        Self {
            seq: 0,
            id,
            event,
            rule,
            rule_hash,
            connection,
            priority: Priority::default(),
            key: None,
            once: None,
            state: State::Ready,
            why: None,
            due_at: Some(now),
            progress: Progress::default(),
            created_at: now,
            updated_at: now,
        }
    }
}

/// One try of a step: the intent, then the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The step's path.
    pub step: Arc<str>,
    /// Its number within the step, from 1.
    pub number: u32,
    /// The action's key.
    pub verb: Arc<str>,
    /// What was sent.
    pub input: Value,
    /// What the application may report of it afterwards (`Catalog::trace`); only where a source reports this account.
    pub trace: Option<String>,
    /// When the intent was written.
    pub intended_at: Timestamp,
    /// It was not to be sent after this.
    pub send_by: Timestamp,
    /// When the outcome was recorded; absent while under way or after a crash.
    pub ended_at: Option<Timestamp>,
    /// What the answer meant.
    pub class: Option<Class>,
    /// What happened, for a person.
    pub message: Option<String>,
    /// The application's answer.
    pub output: Option<Value>,
    /// Kartra's own number.
    pub app_type: Option<u16>,
    /// Membrane's id of the run.
    pub action_run_id: Option<String>,
}

impl Attempt {
    /// The intent of a call: nothing has come of it yet.
    #[must_use]
    pub fn intended(
        step: Arc<str>,
        number: u32,
        verb: Arc<str>,
        input: Value,
        (intended_at, send_by): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            step,
            number,
            verb,
            input,
            trace: None,
            intended_at,
            send_by,
            ended_at: None,
            class: None,
            message: None,
            output: None,
            app_type: None,
            action_run_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_over_stays_over_unless_a_person_resumes_it() {
        for state in State::ALL {
            let leaves: Vec<_> = State::ALL
                .into_iter()
                .filter(|next| state.may_become(*next))
                .collect();
            match state {
                State::Done | State::Declined | State::Cancelled => {
                    assert_eq!(leaves, [], "{state:?}")
                }
                State::Failed => assert_eq!(leaves, [State::Ready]),
                _ => assert!(
                    leaves.contains(&State::Cancelled),
                    "{state:?} can be cancelled"
                ),
            }
        }
    }

    #[test]
    fn every_state_has_its_own_name() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.name()), Some(state));
        }
        assert_eq!(State::from_name("sleeping"), None);
    }
}
