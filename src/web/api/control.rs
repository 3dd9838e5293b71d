//! What a person can do to runs and connections: one contract, carried out by the daemon's engine, through its API, or by a command that holds the
//! database itself.

use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CANCEL_RUNS_MAX, Refusal};
use crate::engine::{ControlError, Controls, Engine, Resolution};
use crate::run::{Run, State};
use crate::store::{Reader, RunFilter};

/// How a person settles an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum As {
    /// It was done: go on after the step.
    Done,
    /// It was not done: make the call again.
    Repeat,
    /// Give the run up.
    Fail,
}

impl As {
    /// The word used by the command and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Repeat => "repeat",
            Self::Fail => "fail",
        }
    }
}

impl FromStr for As {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Done, Self::Repeat, Self::Fail]
            .into_iter()
            .find(|verdict| verdict.name() == word)
            .ok_or_else(|| format!("`{word}` is not one of done, repeat, fail"))
    }
}

/// Carries out what a person asks for. The change is on disk when it returns.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// Ends an unfinished run. A safe call that is already on its way may still arrive.
    async fn cancel(&self, run: Uuid, reason: &str) -> Result<(), Refusal>;
    /// Tries a run that failed, or waits for its next try, now.
    async fn retry(&self, run: Uuid, reason: &str) -> Result<(), Refusal>;
    /// Lets a failed or held run go on from where it stopped.
    async fn resume(&self, run: Uuid, reason: &str) -> Result<(), Refusal>;
    /// Allows the call that a run waits to make.
    async fn approve(&self, run: Uuid, reason: &str) -> Result<(), Refusal>;
    /// Settles an unknown outcome.
    async fn resolve(&self, run: Uuid, outcome: As, reason: &str) -> Result<(), Refusal>;
    /// Stops all sending, or that of one connection. Accepting goes on.
    async fn pause(&self, connection: Option<&str>, reason: &str) -> Result<(), Refusal>;
    /// Ends a pause, or a hold of the connection that waits for a person.
    async fn unpause(&self, connection: Option<&str>) -> Result<(), Refusal>;
}

/// The engine has these by name, and so has the store's side alone: one impl for both.
macro_rules! control_by_name {
    ($($who:ty),+) => {
        $(
            #[async_trait]
            impl Control for $who {
                async fn cancel(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
                    Ok(Self::cancel(self, run, reason).await.map(drop)?)
                }

                async fn retry(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
                    Ok(Self::retry(self, run, reason).await.map(drop)?)
                }

                async fn resume(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
                    Ok(Self::resume(self, run, reason).await.map(drop)?)
                }

                async fn approve(&self, run: Uuid, reason: &str) -> Result<(), Refusal> {
                    Ok(Self::approve(self, run, reason).await.map(drop)?)
                }

                async fn resolve(&self, run: Uuid, outcome: As, reason: &str) -> Result<(), Refusal> {
                    Ok(Self::resolve(self, run, outcome.into(), reason)
                        .await
                        .map(drop)?)
                }

                async fn pause(&self, connection: Option<&str>, reason: &str) -> Result<(), Refusal> {
                    Ok(Self::pause(self, connection, reason).await?)
                }

                async fn unpause(&self, connection: Option<&str>) -> Result<(), Refusal> {
                    Ok(Self::unpause(self, connection).await?)
                }
            }
        )+
    };
}

control_by_name!(Engine, Controls);

impl From<As> for Resolution {
    fn from(outcome: As) -> Self {
        match outcome {
            As::Done => Self::Done,
            As::Repeat => Self::Repeat,
            As::Fail => Self::Fail,
        }
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let (status, code) = match error {
            ControlError::Unknown(_) => (404, "not_found"),
            ControlError::State { .. } => (409, "state"),
            ControlError::Held { .. } => (409, "held"),
            ControlError::Moving(_) => (409, "moving"),
            ControlError::NotHeld(_) => (409, "not_held"),
            ControlError::Store(error) => return error.into(),
        };
        Self::new(status, code, error.to_string())
    }
}

/// Cancels the unfinished runs of a rule, up to `CANCEL_RUNS_MAX`. Gives the cancelled ones and whether more are left.
///
/// # Errors
/// The store cannot be read, or a cancel failed for another reason than that the run has ended meanwhile.
pub async fn cancel_rule(
    reader: &dyn Reader,
    control: &dyn Control,
    rule: &str,
    reason: &str,
) -> Result<(Vec<Uuid>, bool), Refusal> {
    let (runs, more) = unfinished(reader, rule).await?;
    let mut cancelled = Vec::new();
    for run in runs {
        match control.cancel(run.id, reason).await {
            Ok(()) => cancelled.push(run.id),
            Err(refusal) if refusal.status == 409 => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok((cancelled, more))
}

async fn unfinished(reader: &dyn Reader, rule: &str) -> Result<(Vec<Run>, bool), Refusal> {
    let mut found: Vec<Run> = Vec::new();
    for state in State::ALL.into_iter().filter(|state| !state.is_over()) {
        let filter = RunFilter {
            state: Some(state),
            rule: Some(rule.to_owned()),
            limit: CANCEL_RUNS_MAX + 1,
            ..RunFilter::default()
        };
        for run in reader.runs(&filter).await? {
            if !found.iter().any(|known| known.id == run.id) {
                found.push(run);
            }
        }
    }
    let more = found.len() > CANCEL_RUNS_MAX as usize;
    found.truncate(CANCEL_RUNS_MAX as usize);
    Ok((found, more))
}
