//! What happens next with a run, in words for whoever looks at it at night, and the commands that change it.

use jiff::Timestamp;

use super::ids;
use super::story::Story;
use crate::run::{
    Run, State, StepState, WHY_APPROVAL, WHY_BUDGET, WHY_FORGED, WHY_HIDDEN, step_number,
};
use crate::store::HoldKind;

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// One or two sentences, without the time.
    pub text: String,
    /// When it happens by itself, if it does.
    pub at: Option<Timestamp>,
    /// Commands that a person may want now, each with what it does.
    pub commands: Vec<(String, &'static str)>,
}

/// What happens next with this run.
#[must_use]
pub fn next(story: &Story) -> Advice {
    let run = &story.run;
    let id = ids::short(run.id);
    let command = |rest: &str, does: &'static str| (format!("kartwheel runs {rest}"), does);
    let cancel = command(&format!("cancel {id} --reason …"), "end it here");
    let (text, commands) = match run.state {
        State::Ready => (ready(story), vec![cancel]),
        State::Running => ("A worker is at it.".to_owned(), vec![cancel]),
        State::Waiting if run.progress.unjudged => (
            "Its event has a customer's id and no address, which the rule needs. As soon as an event tells it, or when the time is up, the rule judges again."
                .to_owned(),
            vec![cancel],
        ),
        State::Waiting => (
            "It sleeps and goes on by itself; a restart changes nothing.".to_owned(),
            vec![cancel],
        ),
        State::Retrying if in_doubt(story) => looked_up(story, &id),
        State::Retrying => (
            format!("{} is tried again by itself.", current(story)),
            vec![command(&format!("retry {id}"), "try now"), cancel],
        ),
        State::Held => held(story),
        State::NeedsPerson => needs_person(story, &id),
        State::Declined => (declined(run), Vec::new()),
        State::Done => ("Nothing: it is done.".to_owned(), Vec::new()),
        State::Failed => (
            failed(story),
            vec![command(&format!("resume {id}"), "go on from the failed step")],
        ),
        State::Cancelled => (cancelled(run.why.as_deref().unwrap_or_default()).to_owned(), Vec::new()),
    };
    let at = match run.state {
        State::Ready | State::Waiting | State::Retrying => run.due_at,
        _ => None,
    };
    Advice { text, at, commands }
}

fn declined(run: &Run) -> String {
    let by_once = run
        .why
        .as_deref()
        .is_some_and(|why| why.starts_with("once"));
    if by_once {
        "Nothing: another run of this rule has the same `once` value, so this one never started."
    } else {
        "Nothing: the rule declined the event when it judged it again, so this one never started."
    }
    .to_owned()
}

fn cancelled(why: &str) -> &'static str {
    if why.starts_with(WHY_FORGED) {
        "Nothing: it ended before its first step. Whoever knows the source's URL can make events up: if this one is not the sender's, give the source a new secret."
    } else if why.starts_with(WHY_HIDDEN) {
        "Nothing: it ended before its first step. Take such events in by a source of their own with a secret in its URL and without `trust: lookup`."
    } else {
        "Nothing: a person ended it."
    }
}

fn failed(story: &Story) -> String {
    let nearest = story.nearest.as_ref();
    let nearest = nearest.map_or_else(String::new, |nearest| format!(" ({nearest})"));
    format!(
        "Nothing by itself: it gave up. Mend the cause{nearest}; resuming goes on from the failed step, with the rule's text of that time."
    )
}

fn ready(story: &Story) -> String {
    match &story.run.key {
        Some(key) => format!(
            "It is taken as soon as a worker is free and no older run with the key `{key}` is unfinished."
        ),
        None => "It is taken as soon as a worker is free.".to_owned(),
    }
}

fn held(story: &Story) -> (String, Vec<(String, &'static str)>) {
    let run = &story.run;
    let id = ids::short(run.id);
    let cancel = (
        format!("kartwheel runs cancel {id} --reason …"),
        "end it here",
    );
    let why = run.why.as_deref().unwrap_or("held");
    let reasons: Vec<_> = story.holds.iter().map(|hold| &*hold.reason).collect();
    let said = match &*reasons.join("; ") {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let Some(kind) = HoldKind::from_name(why) else {
        return held_by_itself(why, &said, &id, cancel);
    };
    let all = story.holds.iter().any(|hold| hold.connection.is_empty());
    let connection = match kind {
        HoldKind::Paused if all => "",
        _ => &run.connection,
    };
    let what = match connection {
        "" => "All sending".to_owned(),
        name => format!("The connection `{name}`"),
    };
    let text = format!(
        "{what} is held: {}{said}. Nothing is lost: {}.",
        kind.means(),
        kind.way_out(connection)
    );
    let helps = match kind {
        HoldKind::Paused if all => Some(("kartwheel resume".to_owned(), "end the pause")),
        HoldKind::Paused | HoldKind::NotAllowed => {
            Some((format!("kartwheel connection resume {connection}"), "go on"))
        }
        HoldKind::Down => Some((
            format!("kartwheel connection status {connection}"),
            "how it stands, and what helps",
        )),
        HoldKind::Token => Some((
            "kartwheel doctor".to_owned(),
            "what is wrong with them: key, secret or clock",
        )),
        HoldKind::Broken => None,
    };
    (text, helps.into_iter().chain([cancel]).collect())
}

/// A run that waits for a person, whatever its connection does.
fn held_by_itself(
    why: &str,
    said: &str,
    id: &str,
    cancel: (String, &'static str),
) -> (String, Vec<(String, &'static str)>) {
    let (text, command, does) = if why.starts_with(WHY_APPROVAL) {
        (
            format!("It waits for you. {why}."),
            format!("kartwheel runs approve {id} --reason …"),
            "allow this call",
        )
    } else if why.starts_with(WHY_BUDGET) {
        (
            format!("It waits for you. {why}."),
            format!("kartwheel runs resume {id} --reason …"),
            "let this call go beyond the limit",
        )
    } else {
        (
            format!("It is held: {why}{said}. Nothing is lost."),
            format!("kartwheel runs resume {id}"),
            "go on",
        )
    };
    (text, vec![(command, does), cancel])
}

/// Whether the answer to its last call was lost.
fn in_doubt(story: &Story) -> bool {
    let mut steps = story.run.progress.steps.values();
    steps.any(|step| step.state == StepState::Unknown)
}

fn looked_up(story: &Story, id: &str) -> (String, Vec<(String, &'static str)>) {
    (
        format!(
            "The answer to {} was lost. It is looked up in Membrane's logs and in the account by itself, for two minutes and more; if you know, you can say so.",
            current(story)
        ),
        resolutions(id),
    )
}

/// What a person can say of a call in doubt.
fn resolutions(id: &str) -> Vec<(String, &'static str)> {
    let resolve = |outcome: &str| format!("kartwheel runs resolve {id} --as {outcome} --reason …");
    vec![
        (resolve("done"), "it was carried out: go on after it"),
        (resolve("repeat"), "it was not: make the call again"),
        (resolve("fail"), "give the run up"),
    ]
}

fn needs_person(story: &Story, id: &str) -> (String, Vec<(String, &'static str)>) {
    (
        format!(
            "It waits for you. {} was sent, and nobody knows whether it was carried out. Look in Kartra at {}, then say what you saw.",
            current(story),
            story
                .event
                .as_ref()
                .and_then(|stored| stored.event.person.email.as_deref())
                .unwrap_or("the lead"),
        ),
        resolutions(id),
    )
}

/// The step the run stands at, as a person would call it: `Step 3 (assign-tag)`.
fn current(story: &Story) -> String {
    let steps = story.steps();
    let step = steps
        .iter()
        .find(|step| !step.progress.state.is_settled() || step.progress.state == StepState::Failed);
    step.map_or_else(
        || "The step".to_owned(),
        |step| {
            let label = step_number(&step.path);
            match &step.verb {
                Some(verb) => format!("Step {label} ({verb})"),
                None => format!("Step {label}"),
            }
        },
    )
}
