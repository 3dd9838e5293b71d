//! How far a run has come: its steps, its values, what made it give up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
    /// How long the run had waited in all when this was first tried, in microseconds: `within` leaves out what it waited since.
    #[serde(rename = "w", default, skip_serializing_if = "is_zero_u64")]
    pub waited_micros: u64,
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
    /// Who has seen the time pass since.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

/// The watch of one process over the time that a search takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// When the process started, by which it is known.
    #[serde(rename = "p")]
    pub process: Timestamp,
    /// When it began to watch; the call had been sent by then.
    #[serde(rename = "s")]
    pub since: Timestamp,
    /// How far its clock had been set until then, in microseconds.
    #[serde(rename = "m", default)]
    pub set_by_micros: i64,
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
    /// How long it could not go on through no fault of its rule, or had passed when a person started it anew, in
    /// microseconds: `timeout` and `within` leave it out.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub waited_micros: u64,
    /// Since when it waits so; after a call, from the end of the pause that its policy makes. Nothing while a call is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_from: Option<Timestamp>,
    /// The limit that holds it, while one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Limited>,
    /// Limits that a person lets its next call go beyond. It is counted all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Limited>,
    /// It waits until it is known who its event is about; then, or when that takes too long, its rule judges the event again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unjudged: bool,
    /// Values of `vars` and `set`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub vars: Map<String, Value>,
    /// The `once` value that it takes when the account has shown its event to be true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
    /// By step path (`0`, `1`, … ; `on_failure` has `f0`, `f1`, …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<Arc<str>, StepProgress>,
    /// What made the run give up: `failure.step`, `.class`, `.message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Progress {
    /// Its own time stands still from then on. What was said first stays.
    pub fn wait_from(&mut self, from: Timestamp) {
        self.waits_from.get_or_insert(from);
    }

    /// Its own time goes on.
    pub fn go_on(&mut self, now: Timestamp) {
        self.waited_micros = micros(self.waited(now));
        self.waits_from = None;
    }

    /// Its own time stood still from then until now, and goes on as before.
    pub fn leave_out(&mut self, from: Timestamp, now: Timestamp) {
        let until = self.waits_from.unwrap_or(now);
        let more = Duration::try_from(until.duration_since(from)).unwrap_or_default();
        self.waited_micros = self.waited_micros.saturating_add(micros(more));
    }

    /// How long its own time stood still until now.
    #[must_use]
    pub fn waited(&self, now: Timestamp) -> Duration {
        let waiting = self.waits_from.map(|from| now.duration_since(from));
        let waiting = waiting.and_then(|length| Duration::try_from(length).ok());
        Duration::from_micros(self.waited_micros).saturating_add(waiting.unwrap_or_default())
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// What is counted against a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limited {
    /// The limit's name, such as `connection main refund-transaction`.
    #[serde(rename = "s")]
    pub scope: String,
    /// The step that counts; empty where the run as a whole does.
    #[serde(rename = "p", default)]
    pub step: Arc<str>,
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

/// A path as people count: `0` is step 1, `2.0` is step 3.1, `f0` is on_failure 1. The check before them is step 0.
#[must_use]
pub fn step_number(path: &str) -> String {
    let counted = |path: &str| {
        path.split('.')
            .map(|part| {
                part.parse::<u32>()
                    .map_or_else(|_| part.to_owned(), |number| (number + 1).to_string())
            })
            .collect::<Vec<_>>()
            .join(".")
    };
    if path == super::CHECK {
        return "0".to_owned();
    }
    match path.strip_prefix('f') {
        Some(rest) => format!("on_failure {}", counted(rest)),
        None => counted(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_from_what_was_said_first_until_it_goes_on() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut progress = Progress::default();
        assert_eq!(progress.waited(at(5)), Duration::ZERO);
        progress.wait_from(at(20));
        progress.wait_from(at(10));
        assert_eq!(progress.waited(at(15)), Duration::ZERO, "not yet");
        progress.go_on(at(15));
        assert_eq!(progress.waited(at(30)), Duration::ZERO);
        progress.wait_from(at(30));
        progress.go_on(at(37));
        progress.wait_from(at(40));
        assert_eq!(progress.waited(at(43)), Duration::from_secs(10));
    }

    #[test]
    fn what_an_earlier_version_stored_is_read() {
        let stored = r#"{"beyond_limits":true,"steps":{"0":{"s":"unknown","l":{"s":"2026-11-01T08:00:05Z"}}}}"#;
        let progress: Progress = serde_json::from_str(stored).unwrap();
        assert_eq!((progress.over, progress.beyond), (None, Vec::new()));
        assert!(progress.steps["0"].look.is_some());
    }

    #[test]
    fn people_count_steps_from_one() {
        assert_eq!(step_number("0"), "1");
        assert_eq!(step_number("2.0"), "3.1");
        assert_eq!(step_number("f0"), "on_failure 1");
        assert_eq!(step_number(super::super::CHECK), "0");
    }
}
