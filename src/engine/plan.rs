//! What a run does next. Pure: rule text, run and time in, a decision out.

mod call;
mod time;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::action::{Catalog, Limit, Priority, Safety};
use crate::event::Unproven;
use crate::rule::{Effect, Rule, RuleError, Scope, Step};
use crate::run::{
    CHECK, Failure, Progress, Run, State, StepProgress, StepState, WHY_APPROVAL, step_number,
};
use crate::store::Budget;

use super::look;

use call::planned;
use time::{over_time, until_calm, wait};

pub(super) use call::turn;
pub use call::{planned_again, priority};

/// Attempts in a row that may end with the process before a person must look.
pub const CRASHES_MAX: u32 = 3;
/// A run that was under way at two crashes in a row is tried again only by a process that has lived so long: then a third
/// crash is its own doing, and not that of whatever ended the others.
pub const CALM: Duration = Duration::from_secs(15);

/// The most of a call's input that a run shows that waits for its approval.
const SHOWN_BYTES_MAX: usize = 500;

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Todo {
    /// Make this call.
    Call(Box<PlannedCall>),
    /// Look up what became of the last call of this step, whose answer was lost.
    Look {
        /// The step's path.
        step: Arc<str>,
    },
    /// Take this `once` value, which the run waited with until its event had proved true.
    Once(String),
    /// Give up the lease and stand in this state.
    Rest {
        /// The state.
        state: State,
        /// More about it.
        why: Option<String>,
        /// When to look again.
        due_at: Option<Timestamp>,
    },
}

/// A call that a step wants now.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCall {
    /// The step's path.
    pub step: Arc<str>,
    /// The number of this attempt of the step, from 1.
    pub number: u32,
    /// The action's key.
    pub verb: Arc<str>,
    /// The action's input.
    pub input: Arc<Value>,
    /// Where it goes.
    pub connection: Arc<str>,
    /// The longest it may take, when the step says so.
    pub timeout: Option<Duration>,
    /// It only reads.
    pub reads: bool,
    /// May its intent ride in another commit, and may it be repeated?
    pub safety: Safety,
    /// Who goes first.
    pub priority: Priority,
    /// What the account may report of it afterwards.
    pub trace: Option<String>,
    /// The limits it counts against.
    pub budgets: Vec<Budget>,
    /// Not to be sent: a rule or connection in `mode: observe`, and the call is more than a read.
    pub observed: bool,
}

/// What the plan looks at beside the run itself.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The rule the run is pinned to.
    pub rule: &'a Rule,
    /// The event's tree.
    pub tree: &'a Arc<Value>,
    /// What can be called.
    pub catalog: &'a Catalog,
    /// Now.
    pub now: Timestamp,
    /// When this process started.
    pub started: Timestamp,
    /// How far the clock was set since.
    pub set_by: SignedDuration,
    /// Connections in `mode: observe`.
    pub observed: &'a HashSet<Arc<str>>,
    /// Limits on the calls of each connection.
    pub limits: &'a HashMap<Arc<str>, Vec<Limit>>,
    /// Whether a source reports what happens in the account, so that calls leave a trace to know it by.
    pub traced: bool,
}

/// Walks the steps from the first unsettled one, settles what needs no call, and says what comes next.
#[must_use]
pub fn next(run: &Run, mut progress: Progress, sight: &Sight<'_>) -> (Progress, Todo) {
    let is_checked = progress.steps.contains_key(CHECK);
    let check = is_checked.then_some(&sight.rule.check);
    for step in check.into_iter().chain(&sight.rule.steps) {
        if &*step.path != CHECK
            && let Some(once) = &progress.once
        {
            let todo = Todo::Once(once.clone());
            return (progress, todo);
        }
        let mut known = progress.steps.get(&step.path).cloned().unwrap_or_default();
        if known.state.is_settled() {
            continue;
        }
        if known.state == StepState::Unknown {
            if let Some(look) = &mut known.look
                && look::follow_clock(look, sight)
            {
                progress.steps.insert(step.path.clone(), known.clone());
            }
            return (progress, in_doubt(step, &known, sight.now));
        }
        if let Some(todo) = over_time(run, &mut progress, sight) {
            return (progress, todo);
        }
        if let Some(todo) = until_calm(&known, sight) {
            return (progress, todo);
        }
        let wanted = {
            let scope = Scope {
                tree: sight.tree,
                progress: &progress,
                now: sight.now,
            };
            step.effect(&scope, known.stage)
        };
        if let Some(todo) = take(run, step, known, wanted, &mut progress, sight) {
            return (progress, todo);
        }
    }
    (progress, rest(State::Done, None, None))
}

/// Takes one effect into the progress; `Some` when the run cannot go on by itself.
fn take(
    run: &Run,
    step: &Step,
    mut known: StepProgress,
    wanted: Result<Effect, RuleError>,
    progress: &mut Progress,
    sight: &Sight<'_>,
) -> Option<Todo> {
    known.id.clone_from(&step.id);
    let todo = match wanted {
        Ok(Effect::Skip) => settle(&mut known, StepState::Skipped, None),
        Ok(Effect::Keep { values }) => {
            progress.vars.extend(values);
            settle(&mut known, StepState::Ok, None)
        }
        Ok(Effect::Wait { until }) => wait(&mut known, until, sight),
        Ok(Effect::Call { verb, input }) => {
            if let Some(refused) = (sight.catalog.refuse)(&verb, &input) {
                let class = refused.class.name();
                let todo = fail_step(step, &mut known, class, refused.message, progress);
                progress.steps.insert(step.path.clone(), known);
                return todo;
            }
            let call = planned(run, step, known.attempts + 1, verb, input, sight);
            match unless_approved(step, &mut known, &call) {
                Some(held) => Some(held),
                None => Some(Todo::Call(Box::new(call))),
            }
        }
        Ok(Effect::Stop { reason }) => {
            known.state = StepState::Ok;
            known.message.clone_from(&reason);
            Some(rest(
                State::Done,
                Some(
                    reason.map_or_else(|| "stopped".into(), |reason| format!("stopped: {reason}")),
                ),
                None,
            ))
        }
        Ok(Effect::Fail { reason }) => {
            known.state = StepState::Failed;
            known.message = Some(reason.clone());
            Some(give_up(step, "fail", reason, progress))
        }
        Ok(Effect::Cancel { reason }) => Some(cancel(&mut known, reason)),
        Err(error) => fail_step(
            step,
            &mut known,
            "rule",
            format!("{} ({})", error.message, error.place),
            progress,
        ),
    };
    progress.steps.insert(step.path.clone(), known);
    todo
}

fn settle(known: &mut StepProgress, state: StepState, message: Option<String>) -> Option<Todo> {
    known.state = state;
    known.message = message;
    None
}

/// A failed step ends the run, unless it says `on_error: continue`.
pub(super) fn fail_step(
    step: &Step,
    known: &mut StepProgress,
    class: &str,
    message: String,
    progress: &mut Progress,
) -> Option<Todo> {
    known.state = StepState::Failed;
    known.message = Some(message.clone());
    if step.continue_on_error {
        return None;
    }
    Some(give_up(step, class, message, progress))
}

/// What started the run is not so.
pub(super) fn cancel(known: &mut StepProgress, reason: String) -> Todo {
    known.state = StepState::Failed;
    known.message = Some(reason.clone());
    rest(State::Cancelled, Some(reason), None)
}

fn give_up(step: &Step, class: &str, message: String, progress: &mut Progress) -> Todo {
    let why = format!("{}: {message}", label(step));
    progress.failure = Some(Failure {
        step: step.id.as_deref().unwrap_or(&step.path).to_owned(),
        class: class.to_owned(),
        message,
    });
    rest(State::Failed, Some(why), None)
}

/// `approve: true`: the call waits until a person has seen what it would do.
fn unless_approved(step: &Step, known: &mut StepProgress, call: &PlannedCall) -> Option<Todo> {
    if !step.approve || known.approved || call.reads || call.observed {
        return None;
    }
    known.state = StepState::Waiting;
    let mut input = call.input.to_string();
    if input.len() > SHOWN_BYTES_MAX {
        input.truncate(input.floor_char_boundary(SHOWN_BYTES_MAX));
        input.push('…');
    }
    let why = format!("{WHY_APPROVAL}: {} would send {input}", label(step));
    known.message = Some(why.clone());
    Some(rest(State::Held, Some(why), None))
}

/// An answer was lost: it is looked up while that can help, and then a person must.
fn in_doubt(step: &Step, known: &StepProgress, now: Timestamp) -> Todo {
    let Some(look) = &known.look else {
        return needs_person(step, known);
    };
    let due = look::due(look);
    if now >= due {
        return Todo::Look {
            step: step.path.clone(),
        };
    }
    let said = known.message.as_deref().unwrap_or_default();
    let why = format!("{}: {said}; looking up whether it was done", label(step));
    rest(State::Retrying, Some(why), Some(due))
}

fn needs_person(step: &Step, known: &StepProgress) -> Todo {
    let said = known
        .message
        .as_deref()
        .unwrap_or("the outcome is not known");
    let why = format!(
        "{}: {said}. Look in Kartra whether it was done, then `kartwheel runs resolve`",
        label(step)
    );
    rest(State::NeedsPerson, Some(why), None)
}

/// How a step is called in a sentence: its id or place, and its verb.
pub(super) fn label(step: &Step) -> String {
    match &step.id {
        Some(id) => format!("step {id} ({})", step.verb),
        None => format!("step {} ({})", step_number(&step.path), step.verb),
    }
}

/// The decision to stand in a state.
pub(super) const fn rest(state: State, why: Option<String>, due_at: Option<Timestamp>) -> Todo {
    Todo::Rest { state, why, due_at }
}

/// A run whose event nothing proves: it asks the account before it acts, and takes its `once` value only then, so that a forged
/// event never stands in the way of the true one. Without a `once` of its own it is the sender's id that is taken.
pub fn unproven(run: &mut Run, event: &Unproven) {
    run.progress
        .steps
        .insert(CHECK.into(), StepProgress::default());
    run.progress.once = run.once.take().or_else(|| event.id.clone());
}

/// The progress a run begins with: it waits for its turn.
#[must_use]
pub fn beginning(vars: Map<String, Value>, now: Timestamp) -> Progress {
    Progress {
        vars,
        waits_from: Some(now),
        ..Progress::default()
    }
}
