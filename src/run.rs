//! Run: one rule carrying out its actions for one event; its progress, its attempts, and the one table of allowed transitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::action::{Class, Priority};

/// How `why` of a run begins that is held until a person approves its next call.
pub const WHY_APPROVAL: &str = "approval";
/// How `why` of a run begins that is held because a limit was reached.
pub const WHY_BUDGET: &str = "budget";

/// Where a run stands. `why` beside it says more (`until`, `connection`, `once, run …`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Can be taken, or waits behind an older run of its key.
    Ready,
    /// A worker holds it under a lease.
    Running,
    /// Sleeps until a time or an event.
    Waiting,
    /// Tries its step again at its due time.
    Retrying,
    /// Waits for a connection, a budget, an approval, a check, a person's pause, or a rule that is gone.
    Held,
    /// An unknown outcome that only a person can settle.
    NeedsPerson,
    /// Never started: another run has its `once` value.
    Declined,
    /// Ended well.
    Done,
    /// Gave up; can be resumed from the failed step.
    Failed,
    /// Ended by a person.
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
            Running => !matches!(next, Declined),
            Waiting | Retrying => matches!(next, Ready | Running | Held | Cancelled | NeedsPerson),
            Held => matches!(next, Ready | Running | Cancelled | Failed),
            NeedsPerson => matches!(next, Ready | Failed | Cancelled),
            Failed => matches!(next, Ready),
            Done | Declined | Cancelled => false,
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not reached, or to be tried again.
    #[default]
    Pending,
    /// An attempt is under way.
    Running,
    /// Sleeps.
    Waiting,
    /// Done.
    Ok,
    /// Had been done before.
    Already,
    /// Its `if` did not hold, or the run stopped before it.
    Skipped,
    /// Gave up.
    Failed,
    /// Nobody knows whether it was done.
    Unknown,
}

impl StepState {
    /// The run goes on after a step in this state (a failed one only with `on_error: continue`).
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Ok | Self::Already | Self::Skipped | Self::Failed
        )
    }

    /// The word used in `steps.<id>.state` and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Ok => "ok",
            Self::Already => "already",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of one step of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepProgress {
    /// Where it stands.
    #[serde(rename = "s", default)]
    pub state: StepState,
    /// Its id in the rule, when it has one.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Arc<str>>,
    /// Attempts made in all: the last one's number.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Attempts that count against the retry policy.
    #[serde(rename = "c", default, skip_serializing_if = "is_zero")]
    pub counted: u32,
    /// Attempts in a row that ended with the process.
    #[serde(rename = "k", default, skip_serializing_if = "is_zero")]
    pub crashes: u32,
    /// Which of its calls a step of several calls is at (`ensure-lead`: 0 looks, 1 creates).
    #[serde(rename = "g", default, skip_serializing_if = "is_zero_u8")]
    pub stage: u8,
    /// When it was first tried: `within` counts from here.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Timestamp>,
    /// How long its connection had been held in all when it was first tried, in microseconds: `within` leaves holds out.
    #[serde(rename = "h", default, skip_serializing_if = "is_zero_u64")]
    pub held_micros: u64,
    /// A person allowed its call (`approve: true`).
    #[serde(rename = "a", default, skip_serializing_if = "is_false")]
    pub approved: bool,
    /// Its last call's answer was lost, and is being looked up.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub look: Option<LookBack>,
    /// When its wait ends.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The last thing said about it.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its output, kept only for a step with an id: nobody else can be named.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// How far the search for a lost answer has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookBack {
    /// The call was not sent after this instant.
    #[serde(rename = "s")]
    pub send_by: Timestamp,
    /// Looks that were made and could tell something.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub looks: u32,
    /// Looks in a row that could not be made.
    #[serde(rename = "f", default, skip_serializing_if = "is_zero")]
    pub failed: u32,
    /// When the first look that counts saw nothing of the call.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub missed_at: Option<Timestamp>,
    /// After a look that could not be made: no look before this.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero_u8(number: &u8) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero_u64(number: &u64) -> bool {
    *number == 0
}

/// What a run has made so far. Stored whole with every recorded outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// How long it has slept in its own waits, or had passed when a person started it anew, in microseconds: its `timeout` leaves it out.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub waited_micros: u64,
    /// How long its connection had been held in all when it was stored, in microseconds: `timeout` leaves holds out.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub held_micros: u64,
    /// A person let it go on although a limit was reached: its calls are counted, and not stopped again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub beyond_limits: bool,
    /// Values of `vars` and `set`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub vars: Map<String, Value>,
    /// By step path (`0`, `1`, … ; `on_failure` has `f0`, `f1`, …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<Arc<str>, StepProgress>,
    /// What made the run give up: `failure.step`, `.class`, `.message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Why a run gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The step's path or id.
    pub step: String,
    /// The class of its last outcome, or `rule` when the rule itself failed.
    pub class: String,
    /// What happened and what to do.
    pub message: String,
}

impl Failure {
    /// Whether the rule failed before the run had its `vars`, `key` and `once`.
    #[must_use]
    pub fn is_of_the_start(&self) -> bool {
        self.step.is_empty() && self.class == "rule"
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
