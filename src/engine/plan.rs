//! What a run does next. Pure: rule text, run and time in, a decision out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::action::{Catalog, Effects, Priority, Safety, Turn};
use crate::clock;
use crate::rule::{Effect, Rule, RuleError, Scope, Step};
use crate::run::{Attempt, Failure, Progress, Run, State, StepProgress, StepState};

/// Attempts in a row that may end with the process before a person must look.
pub const CRASHES_MAX: u32 = 3;
/// A run that was under way at two crashes in a row is tried again only by a process that has lived so long: then a third
/// crash is its own doing, and not that of whatever ended the others.
pub const CALM: Duration = Duration::from_secs(15);

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Todo {
    /// Make this call.
    Call(Box<PlannedCall>),
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
    /// May its intent ride in another commit, and may it be repeated?
    pub safety: Safety,
    /// Who goes first.
    pub priority: Priority,
    /// What the account may report of it afterwards.
    pub trace: Option<String>,
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
    /// How long the run's connection has been held in all.
    pub held: Duration,
    /// When this process started.
    pub started: Timestamp,
    /// Connections in `mode: observe`.
    pub observed: &'a HashSet<Arc<str>>,
}

/// Walks the steps from the first unsettled one, settles what needs no call, and says what comes next.
#[must_use]
pub fn next(run: &Run, mut progress: Progress, sight: &Sight<'_>) -> (Progress, Todo) {
    for step in &sight.rule.steps {
        let known = progress.steps.get(&step.path).cloned().unwrap_or_default();
        if known.state.is_settled() {
            continue;
        }
        if known.state == StepState::Unknown {
            return (progress, needs_person(step, &known));
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

/// A step that met two crashes in a row is left alone while this process is young.
fn until_calm(known: &StepProgress, sight: &Sight<'_>) -> Option<Todo> {
    let calm = clock::after(sight.started, CALM);
    let wait = known.crashes + 1 >= CRASHES_MAX && sight.now < calm;
    let why = "two processes ended during its last attempts; waits until this one has proved calm";
    wait.then(|| rest(State::Retrying, Some(why.to_owned()), Some(calm)))
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
        Ok(Effect::Wait { until }) => wait(&mut known, until, progress, sight),
        Ok(Effect::Call { verb, input }) => Some(Todo::Call(Box::new(planned(
            run,
            step,
            known.attempts + 1,
            verb,
            input,
            sight,
        )))),
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

/// A wait: its end is fixed when it is reached, so a restart or a changed clock does not move it.
fn wait(
    known: &mut StepProgress,
    until: Timestamp,
    progress: &mut Progress,
    sight: &Sight<'_>,
) -> Option<Todo> {
    let until = *known.until.get_or_insert(until);
    let since = *known.first_at.get_or_insert(sight.now);
    if sight.now >= until {
        progress.waited_micros +=
            u64::try_from(clock::between(since, sight.now).as_micros()).unwrap_or(0);
        return settle(known, StepState::Ok, None);
    }
    known.state = StepState::Waiting;
    Some(rest(
        State::Waiting,
        Some(format!("until {until}")),
        Some(until),
    ))
}

/// The call that an intent without an outcome stands for; `None` when the rule has no such step.
#[must_use]
pub fn planned_again(run: &Run, attempt: &Attempt, sight: &Sight<'_>) -> Option<PlannedCall> {
    let step = sight
        .rule
        .steps
        .iter()
        .find(|step| step.path == attempt.step)?;
    Some(planned(
        run,
        step,
        attempt.number,
        attempt.verb.clone(),
        attempt.input.clone(),
        sight,
    ))
}

/// Who goes first when runs of this rule wait to be taken: the highest of its calls.
#[must_use]
pub fn priority(rule: &Rule, catalog: &Catalog) -> Priority {
    rule.priority.unwrap_or_else(|| {
        rule.steps
            .iter()
            .filter_map(|step| catalog.get(&step.verb))
            .map(|spec| spec.priority)
            .max()
            .unwrap_or_default()
    })
}

/// The place of a call in the order of its connection's pace.
pub(super) fn turn(call: &PlannedCall, run: &Run, place: i64) -> Turn {
    Turn {
        priority: call.priority,
        rule: run.rule.clone(),
        place,
    }
}

fn planned(
    run: &Run,
    step: &Step,
    number: u32,
    verb: Arc<str>,
    input: Value,
    sight: &Sight<'_>,
) -> PlannedCall {
    let spec = sight.catalog.get(&verb);
    let effects = spec.map_or(Effects::Write, |spec| spec.effects);
    let new_email = input.get("new_email").is_some();
    let safety = match spec.map_or(Safety::Never, |spec| spec.safety) {
        Safety::Safe if new_email => Safety::Noticeable,
        safety => safety,
    };
    let priority = sight
        .rule
        .priority
        .unwrap_or_else(|| spec.map_or(Priority::Normal, |spec| spec.priority));
    let connection = step
        .connection
        .clone()
        .unwrap_or_else(|| run.connection.clone());
    let observe = sight.rule.observe || sight.observed.contains(&connection);
    PlannedCall {
        step: step.path.clone(),
        number,
        verb,
        input: Arc::new(input),
        connection,
        timeout: step.timeout,
        safety,
        priority,
        trace: None,
        observed: observe && effects != Effects::Read,
    }
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

fn give_up(step: &Step, class: &str, message: String, progress: &mut Progress) -> Todo {
    let why = format!("{}: {message}", label(step));
    progress.failure = Some(Failure {
        step: step.id.as_deref().unwrap_or(&step.path).to_owned(),
        class: class.to_owned(),
        message,
    });
    rest(State::Failed, Some(why), None)
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
        None => format!("step {} ({})", step.path, step.verb),
    }
}

/// `timeout:` of the run, its waits and the holds of its connection not counted.
fn over_time(run: &Run, progress: &mut Progress, sight: &Sight<'_>) -> Option<Todo> {
    let limit = sight.rule.timeout?;
    let held = sight
        .held
        .saturating_sub(Duration::from_micros(progress.held_micros));
    let spent = clock::between(run.created_at, sight.now)
        .saturating_sub(held)
        .saturating_sub(Duration::from_micros(progress.waited_micros))
        .saturating_sub(sleeping(progress, sight.now));
    if spent <= limit {
        return None;
    }
    let message = format!(
        "the run took longer than its timeout of {}",
        crate::rule::duration::write(limit)
    );
    progress.failure = Some(Failure {
        step: String::new(),
        class: "timeout".into(),
        message: message.clone(),
    });
    Some(rest(State::Failed, Some(message), None))
}

/// How long the wait under way has lasted.
fn sleeping(progress: &Progress, now: Timestamp) -> Duration {
    let waiting = progress
        .steps
        .values()
        .find(|step| step.state == StepState::Waiting);
    waiting
        .and_then(|step| step.first_at)
        .map_or(Duration::ZERO, |since| clock::between(since, now))
}

/// The decision to stand in a state.
pub(super) const fn rest(state: State, why: Option<String>, due_at: Option<Timestamp>) -> Todo {
    Todo::Rest { state, why, due_at }
}

/// The progress a run begins with.
#[must_use]
pub fn beginning(vars: Map<String, Value>, held: Duration) -> Progress {
    Progress {
        vars,
        held_micros: u64::try_from(held.as_micros()).unwrap_or(0),
        ..Progress::default()
    }
}
