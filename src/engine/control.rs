//! What a person can do: cancel, retry, resume, resolve a run; pause and resume sending.

mod held;
mod live;

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::SharedClock;
use crate::run::{
    Failure, Progress, Run, State, StepProgress, StepState, WHY_APPROVAL, WHY_BUDGET,
};
use crate::store::{Change, Changed, Store, StoreError};

/// How often a change is tried again when the run moves on between look and change.
const TRIES: usize = 20;

/// Said of a run that waits until it is known who its event is about.
const UNJUDGED: &str = "it waits for the event that tells who its own is about, and goes on by itself when that comes or its time is up; you can only cancel it";

/// What a person found when they looked whether a call was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It was done: the run goes on behind it.
    Done,
    /// It was not done: send it again.
    Repeat,
    /// Let the run fail.
    Fail,
}

/// Why a person's wish was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No such run.
    #[error("there is no run {0}; `kartwheel runs list` shows them")]
    Unknown(Uuid),
    /// The run's state does not allow it.
    #[error("run {run} is {state}: {advice}", state = state.name())]
    State {
        /// The run.
        run: Uuid,
        /// Where it stands.
        state: State,
        /// What would help.
        advice: &'static str,
    },
    /// Its connection is held, and it waits for nothing else.
    #[error("run {run} waits because {held}")]
    Held {
        /// The run.
        run: Uuid,
        /// Which hold it is, why, and what ends it.
        held: String,
    },
    /// It changes too fast.
    #[error("run {0} keeps moving on; try again in a moment")]
    Moving(Uuid),
    /// There is no such hold.
    #[error("{0}")]
    NotHeld(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries out what a person asks for, on the store alone. The engine does it so; and a command that holds the database itself, since no
/// daemon runs, needs no engine for it.
#[derive(Debug, Clone)]
pub struct Controls {
    /// Where runs and holds are.
    pub store: Store,
    /// Time.
    pub clock: SharedClock,
    /// Every connection of the project.
    pub connections: Vec<Arc<str>>,
}

/// What a control does with a run: its new state, and its new progress when that changes.
type Decision = Result<(State, Option<Progress>, Option<String>), &'static str>;

impl Controls {
    /// Ends a run. A call already on its way may still arrive.
    ///
    /// # Errors
    /// When there is no such run, or it is over.
    pub async fn cancel(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        let why = if reason.is_empty() {
            "by a person".to_owned()
        } else {
            reason.to_owned()
        };
        self.change(run, "cancel", reason, |run| match run.state {
            state if state.is_over() && state != State::Failed => {
                Err("it is over, there is nothing to cancel")
            }
            State::Failed => Err("it gave up already, there is nothing to cancel"),
            _ => Ok((State::Cancelled, None, Some(why.clone()))),
        })
        .await
    }

    /// Tries a failed or waiting run again now, from the step it stands at.
    ///
    /// # Errors
    /// When there is no such run, or it is neither failed nor about to be tried again.
    pub async fn retry(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        self.can_begin_anew(run).await?;
        self.change(run, "retry", reason, |run| match run.state {
            State::Failed => afresh(run),
            State::Retrying | State::Held => Ok((State::Ready, None, None)),
            State::NeedsPerson => Err("look in Kartra whether the call was done, then `kartwheel runs resolve ID --as done|repeat|fail`"),
            State::Waiting if run.progress.unjudged => Err(UNJUDGED),
            State::Waiting => Err("it sleeps, as its rule says; there is nothing to retry"),
            State::Ready | State::Running => Err("it goes on by itself"),
            State::Declined | State::Done | State::Cancelled => Err(over(run.state)),
        })
        .await
    }

    /// Lets a run that gave up or is held go on from where it stands. The next call of one that met a limit goes
    /// beyond that one limit.
    ///
    /// # Errors
    /// When there is no such run, or nothing stops it.
    pub async fn resume(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        self.can_begin_anew(run).await?;
        self.change(run, "resume", reason, |run| match run.state {
            State::Failed => afresh(run),
            State::Held if waits_for(run, WHY_APPROVAL) => Err("it waits for a person to approve its next call: `kartwheel runs approve ID`, or cancel it"),
            State::Held if waits_for(run, WHY_BUDGET) => {
                let mut progress = run.progress.clone();
                progress.beyond.extend(progress.over.take());
                Ok((State::Ready, Some(progress), None))
            }
            State::Held => Ok((State::Ready, None, None)),
            State::NeedsPerson => Err("look in Kartra whether the call was done, then `kartwheel runs resolve ID --as done|repeat|fail`"),
            State::Waiting if run.progress.unjudged => Err(UNJUDGED),
            State::Ready | State::Running | State::Retrying | State::Waiting => Err("nothing stops it but time"),
            State::Declined | State::Done | State::Cancelled => Err(over(run.state)),
        })
        .await
    }

    /// Allows the call that a run waits to make (`approve: true`).
    ///
    /// # Errors
    /// When there is no such run, or it waits for no approval.
    pub async fn approve(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        self.change(run, "approve", reason, |run| {
            if run.state != State::Held || !waits_for(run, WHY_APPROVAL) {
                return Err(
                    "it waits for no approval; `kartwheel runs show ID` says what it waits for",
                );
            }
            let mut progress = run.progress.clone();
            let waiting = progress
                .steps
                .values_mut()
                .find(|step| step.state == StepState::Waiting);
            let Some(step) = waiting else {
                return Err("none of its steps waits; cancel it, or resume it");
            };
            step.approved = true;
            step.state = StepState::Pending;
            step.message = None;
            Ok((State::Ready, Some(progress), None))
        })
        .await
    }

    /// Settles an unknown outcome, as a person found it; also while it is still being looked up.
    ///
    /// # Errors
    /// When there is no such run, or none of its calls is in doubt.
    pub async fn resolve(
        &self,
        run: Uuid,
        resolution: Resolution,
        reason: &str,
    ) -> Result<Run, ControlError> {
        self.change(run, "resolve", reason, |run| {
            if !matches!(run.state, State::NeedsPerson | State::Retrying) {
                return Err("only a run whose call got no answer has something to resolve");
            }
            let mut progress = run.progress.clone();
            let Some(step) = progress
                .steps
                .values_mut()
                .find(|step| step.state == StepState::Unknown)
            else {
                return Err("none of its calls is in doubt; cancel it, or retry it");
            };
            Ok(match resolution {
                Resolution::Done => {
                    step.state = StepState::Ok;
                    step.look = None;
                    step.message = Some("a person found that it was done".into());
                    (State::Ready, Some(progress), None)
                }
                Resolution::Repeat => {
                    *step = anew(step);
                    (State::Ready, Some(progress), None)
                }
                // The step stays unknown: whoever retries the run later is asked again before it is sent once more.
                Resolution::Fail => {
                    step.look = None;
                    (
                        State::Failed,
                        Some(progress),
                        Some(match reason {
                            "" => "a person let it fail".to_owned(),
                            given => given.to_owned(),
                        }),
                    )
                }
            })
        })
        .await
    }

    /// A run that gave up goes on only while the body of its event is there.
    async fn can_begin_anew(&self, id: Uuid) -> Result<(), ControlError> {
        let reader = self.store.reader();
        let Some(run) = reader.run_as_stored(id).await? else {
            return Ok(());
        };
        let failed = run.state == State::Failed;
        let event = if failed {
            reader.event(run.event).await?
        } else {
            None
        };
        match event {
            Some(event) if event.thinned_at.is_some() => Err(ControlError::State {
                run: id,
                state: run.state,
                advice: "the body of its event is no longer kept (`retention` in kartwheel.yaml), so it cannot go on; have the \
                    sender send it again, with a new id",
            }),
            _ => Ok(()),
        }
    }

    async fn change(
        &self,
        id: Uuid,
        action: &'static str,
        reason: &str,
        decide: impl Fn(&Run) -> Decision,
    ) -> Result<Run, ControlError> {
        for _ in 0..TRIES {
            let run = self
                .store
                .reader()
                .run_as_stored(id)
                .await?
                .ok_or(ControlError::Unknown(id))?;
            let (state, progress, why) = match decide(&run) {
                Ok(decided) => decided,
                Err(advice) => return Err(self.refused(&run, advice).await?),
            };
            let now = self.clock.now();
            let change = Change {
                run: id,
                expect: (run.state, run.updated_at),
                state,
                why,
                progress,
                due_at: (state == State::Ready).then_some(now),
                action,
                reason: reason.to_owned(),
                now,
            };
            match self.store.change(change).await? {
                Changed::Yes => {
                    return self
                        .store
                        .reader()
                        .run(id)
                        .await?
                        .ok_or(ControlError::Unknown(id));
                }
                Changed::Unknown => return Err(ControlError::Unknown(id)),
                Changed::Moved => {}
            }
        }
        Err(ControlError::Moving(id))
    }
}

/// What is true of a run that ended. The same event is answered as seen before, so only one with a new id begins another.
const fn over(state: State) -> &'static str {
    match state {
        State::Cancelled => {
            "it was ended by a person. If it should run after all: look in Kartra whether a call of it went out, then have its event \
             sent with a new id"
        }
        State::Declined => "its rule did not want its event; there is nothing to go on with",
        _ => "it carried out its rule; there is nothing to do",
    }
}

/// Whether a held run waits for this.
fn waits_for(run: &Run, word: &str) -> bool {
    run.why.as_deref().is_some_and(|why| why.starts_with(word))
}

/// A step that begins again: what a person allowed stays allowed.
fn anew(step: &StepProgress) -> StepProgress {
    StepProgress {
        attempts: step.attempts,
        id: step.id.clone(),
        approved: step.approved,
        ..StepProgress::default()
    }
}

/// A run that starts anew at the step it failed at: what is settled stays, that step counts from one, and so does the time that the
/// run may take. A step whose outcome is unknown stays so: only `resolve` may say what became of it.
fn afresh(run: &Run) -> Decision {
    let mut progress = run.progress.clone();
    let failure = progress.failure.take();
    if failure.as_ref().is_some_and(Failure::is_of_the_start) {
        return Err(
            "it failed before its first step and would again: correct the rule, then send the event with a new id",
        );
    }
    let failed = failure.map(|failure| failure.step).unwrap_or_default();
    for (path, step) in &mut progress.steps {
        let is_it = **path == *failed || step.id.as_deref() == Some(&*failed);
        let open = !step.state.is_settled() && step.state != StepState::Unknown;
        if open || (is_it && step.state == StepState::Failed) {
            *step = anew(step);
        }
    }
    progress.waited_micros = 0;
    progress.waits_from = Some(run.created_at);
    Ok((State::Ready, Some(progress), None))
}
