//! `kartwheel runs show`: the whole story of one run on one screen.

use std::io;

use jiff::Timestamp;
use serde_json::Value;

use crate::action::Class;
use crate::cli::screen::{self, COLUMNS, Line, Screen, Tone, cut, wrap};
use crate::cli::{Desk, Exit, Failure};
use crate::kartra;
use crate::run::{Attempt, StepState, step_number};
use crate::store::StoredEvent;

use crate::web::api::advice;
use crate::web::api::ids::{self, short};
use crate::web::api::story::{StepStory, Story};
use crate::web::api::view;

/// Width of a step's state.
const STATE_WIDTH: usize = 8;
/// Where the lines below a step begin.
const INDENT: &str = "               ";

/// Where the lines below a verdict begin.
const VERDICT: &str = "         ";

/// Show the whole story of one run
///
/// The event that started it, what the rule made of it, every step with every attempt (what was sent, what the answer meant),
/// and what happens next.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel runs show 5f0c9a1e\n  kartwheel runs show 5f0c9a1e --json    inputs and answers whole\n\nNext:\n  kartwheel events show EVENT    what arrived, with its body"
)]
pub(super) struct Arguments {
    /// The run: eight digits, or the whole id
    run: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let run = ids::run(&*project.reader, &arguments.run)
        .await
        .map_err(Failure::from)?;
    let story = Story::load(&*project.reader, kartra::catalog(), run)
        .await
        .map_err(Failure::from)?;
    if arguments.json {
        desk.screen.json(&view::run_whole(&story))?;
    } else {
        let now = desk.clock.now();
        print(&mut desk.screen, &story, now)?;
    }
    Ok(Exit::Done)
}

/// Prints the story.
///
/// # Errors
/// Whoever reads has gone away.
pub(crate) fn print(screen: &mut Screen, story: &Story, now: Timestamp) -> io::Result<()> {
    head(screen, story, now)?;
    screen.gap()?;
    print_story(screen, story)?;
    screen.gap()?;
    next(screen, story, now)
}

/// Prints what happened so far: event, verdict, vars, steps.
pub(crate) fn print_story(screen: &mut Screen, story: &Story) -> io::Result<()> {
    if let Some(event) = &story.event {
        print_event(screen, event)?;
        screen.gap()?;
    }
    verdict(screen, story)?;
    if !story.run.progress.vars.is_empty() {
        screen.gap()?;
        screen.line(&Line::default().bold("Vars"))?;
        for (name, value) in &story.run.progress.vars {
            let value = cut(
                &compact(value),
                COLUMNS.saturating_sub(name.chars().count() + 6),
            );
            screen.line(&Line::new(format!("  {name}: ")).dim(value))?;
        }
    }
    screen.gap()?;
    screen.line(&Line::default().bold("Steps"))?;
    let steps = story.steps();
    if steps.is_empty() {
        screen.line(&Line::new("  ").dim("none was reached"))?;
    }
    let mut in_failure = false;
    for step in &steps {
        if step.path.starts_with('f') && !std::mem::replace(&mut in_failure, true) {
            screen.line(&Line::new("  ").bold("on_failure"))?;
        }
        print_step(screen, step, story)?;
    }
    Ok(())
}

fn head(screen: &mut Screen, story: &Story, now: Timestamp) -> io::Result<()> {
    let run = &story.run;
    screen.line(
        &Line::default()
            .bold(format!("Run {}", short(run.id)))
            .plain("  ")
            .add(screen::tone(run.state), run.state.name())
            .plain(format!("  rule {}", run.rule))
            .dim(
                story
                    .rule
                    .as_ref()
                    .map(|rule| format!("  ({})", rule.file))
                    .unwrap_or_default(),
            ),
    )?;
    let mut facts = vec![format!("  started {}", screen.whole(run.created_at))];
    facts.push(format!("changed {}", screen::relative(run.updated_at, now)));
    facts.push(format!("connection {}", run.connection));
    screen.line(&Line::default().dim(facts.join(" · ")))?;
    let mut names = Vec::new();
    names.extend(run.key.as_ref().map(|key| format!("key {key}")));
    names.extend(run.once.as_ref().map(|once| format!("once {once}")));
    names.push(format!("id {}", run.id));
    screen.line(&Line::default().dim(format!("  {}", names.join(" · "))))
}

/// The lines about the event that started a run.
pub(crate) fn print_event(screen: &mut Screen, stored: &StoredEvent) -> io::Result<()> {
    let event = &stored.event;
    screen.line(
        &Line::default()
            .bold(format!("Event {}", short(event.id)))
            .plain(format!("  {} from {}", named(&event.kind), event.source)),
    )?;
    let mut facts = vec![screen.whole(event.received_at)];
    facts.extend(match event.live {
        Some(true) => Some("live".to_owned()),
        Some(false) => Some("the sender's test mode".to_owned()),
        None => None,
    });
    facts.push(format!("sender's id {}", event.sender_id));
    match stored.duplicates {
        0 => {}
        1 => facts.push("came once more, counted once".to_owned()),
        more => facts.push(format!("came {more} more times, counted once")),
    }
    screen.line(&Line::default().dim(format!("  {}", facts.join(" · "))))?;
    let person = &event.person;
    let name = [&person.first_name, &person.last_name]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    let who = match (&person.email, name.is_empty()) {
        (Some(email), false) => format!("{name} <{email}>"),
        (Some(email), true) => email.clone(),
        (None, false) => name,
        (None, true) => return Ok(()),
    };
    screen.line(&Line::new(format!("  {who}")))
}

fn verdict(screen: &mut Screen, story: &Story) -> io::Result<()> {
    let line = Line::default().bold("Verdict").plain("  ");
    let Some(verdict) = &story.verdict else {
        return screen.line(&line.dim("not kept"));
    };
    let why = match verdict.decision.as_str() {
        "matched" => "every leaf of `match` held".to_owned(),
        _ => verdict.actual.clone().unwrap_or_default(),
    };
    screen.line(&line.plain(format!("{}  ", verdict.decision)).dim(why))?;
    let notes = verdict.note.iter();
    notes
        .flat_map(|note| wrap(note, COLUMNS - VERDICT.len()))
        .try_for_each(|note| screen.line(&Line::new(VERDICT).dim(note)))
}

fn print_step(screen: &mut Screen, step: &StepStory<'_>, story: &Story) -> io::Result<()> {
    let (mark, tone) = mark(step.progress.state);
    let mut line = Line::new(format!(
        "  {:<4}",
        step_number(step.path.trim_start_matches('f'))
    ))
    .add(
        tone,
        format!("{mark} {:<STATE_WIDTH$}", step.progress.state.name()),
    )
    .plain(" ")
    .bold(step.verb.as_deref().unwrap_or("?"));
    if let Some(id) = step.id.as_deref().or(step.name.as_deref()) {
        line = line.dim(format!("  {id}"));
    }
    screen.line(&line)?;
    let mut shown = None;
    for attempt in &step.attempts {
        print_attempt(screen, step, attempt, &mut shown)?;
    }
    if step.attempts.is_empty()
        && let Some(message) = &step.progress.message
    {
        below(screen, Tone::Dim, message)?;
    }
    if let Some(until) = step.progress.until
        && step.progress.state == StepState::Waiting
    {
        below(
            screen,
            Tone::Warn,
            &format!("until {}", screen.whole(until)),
        )?;
    }
    let run = &story.run;
    let is_next = step.progress.state == StepState::Pending && !step.attempts.is_empty();
    if let (true, Some(due)) = (is_next, run.due_at) {
        let text = format!(
            "try {} at {}",
            step.progress.attempts + 1,
            screen.whole(due)
        );
        below(screen, Tone::Warn, &text)?;
    }
    Ok(())
}

fn print_attempt<'a>(
    screen: &mut Screen,
    step: &StepStory<'a>,
    attempt: &'a Attempt,
    shown: &mut Option<&'a Value>,
) -> io::Result<()> {
    if shown.replace(&attempt.input) != Some(&attempt.input) {
        below(
            screen,
            Tone::Dim,
            &cut(&flat(&attempt.input), COLUMNS - INDENT.len()),
        )?;
    }
    let looked = looked_in_vain(step, attempt);
    let said = match (&attempt.class, attempt.ended_at) {
        _ if looked => "not there yet",
        (Some(class), _) => class_name(*class),
        (None, Some(_)) => "ended",
        (None, None) => "no answer yet",
    };
    let tone = match attempt.class {
        Some(Class::Done | Class::Already) => Tone::Good,
        Some(Class::Transient | Class::RateLimited) | None => Tone::Warn,
        Some(_) if looked => Tone::Plain,
        Some(_) => Tone::Bad,
    };
    let mut line = Line::new(INDENT).plain(format!(
        "{}  try {}  ",
        screen.clock(attempt.intended_at),
        attempt.number
    ));
    if step.verb.as_ref() != Some(&attempt.verb) {
        line = line.plain(format!("{}  ", attempt.verb));
    }
    screen.line(&line.add(tone, said).dim(after(attempt)))?;
    if looked {
        return Ok(());
    }
    let message = attempt.message.as_deref().filter(|text| *text != said);
    let number = attempt
        .app_type
        .filter(|number| !message.unwrap_or_default().contains(&format!("({number})")))
        .map(|number| format!(" (Kartra {number})"))
        .unwrap_or_default();
    if let Some(message) = message {
        below(screen, Tone::Plain, &format!("{message}{number}"))?;
    }
    if let Some(output) = attempt.output.as_ref().filter(|output| !output.is_null()) {
        let text = format!("answer: {}", compact(output));
        below(screen, Tone::Dim, &cut(&text, COLUMNS - INDENT.len()))?;
    }
    Ok(())
}

/// A step of several calls looked for a lead, found none, and went on to make it: no trouble.
fn looked_in_vain(step: &StepStory<'_>, attempt: &Attempt) -> bool {
    let went_on = step.progress.stage > 0 || step.progress.state.is_settled();
    attempt.class == Some(Class::TargetMissing)
        && step.verb.as_ref() != Some(&attempt.verb)
        && step.progress.state != StepState::Failed
        && went_on
}

fn next(screen: &mut Screen, story: &Story, now: Timestamp) -> io::Result<()> {
    if let Some(failure) = &story.run.progress.failure {
        screen.line(&Line::default().bold("Why it gave up"))?;
        for line in wrap(&failure.message, COLUMNS - 2) {
            screen.line(&Line::new("  ").add(Tone::Bad, line))?;
        }
        screen.gap()?;
    } else if let Some(why) = &story.run.why {
        screen.line(&Line::default().bold("Why it stands there"))?;
        for line in wrap(why, COLUMNS - 2) {
            screen.line(&Line::new("  ").plain(line))?;
        }
        screen.gap()?;
    }
    let advice = advice::next(story);
    screen.line(&Line::default().bold("What happens next"))?;
    if let Some(at) = advice.at {
        screen.line(&Line::new(format!(
            "  At {} ({}).",
            screen.whole(at),
            screen::relative(at, now)
        )))?;
    }
    for line in wrap(&advice.text, COLUMNS - 2) {
        screen.line(&Line::new(format!("  {line}")))?;
    }
    for (command, does) in &advice.commands {
        screen.line(
            &Line::new("    ")
                .bold(format!("{command:<56}"))
                .dim(format!("  {does}")),
        )?;
    }
    Ok(())
}

fn below(screen: &mut Screen, tone: Tone, text: &str) -> io::Result<()> {
    wrap(text, COLUMNS - INDENT.len())
        .into_iter()
        .try_for_each(|line| screen.line(&Line::new(INDENT).add(tone, line)))
}

/// How long the call took.
fn after(attempt: &Attempt) -> String {
    attempt.ended_at.map_or_else(String::new, |ended| {
        let millis = ended.duration_since(attempt.intended_at).as_millis();
        format!("  after {millis} ms")
    })
}

/// An event's type, or what to call one without.
pub(super) fn named(kind: &str) -> &str {
    if kind.is_empty() { "an event" } else { kind }
}

/// A call's input as `name: value, …`.
fn flat(input: &Value) -> String {
    match input {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| format!("{name}: {}", compact(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null => String::new(),
        other => compact(other),
    }
}

fn compact(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn mark(state: StepState) -> (&'static str, Tone) {
    match state {
        StepState::Ok | StepState::Already => ("✓", Tone::Good),
        StepState::Failed => ("✗", Tone::Bad),
        StepState::Unknown => ("?", Tone::Bad),
        StepState::Running | StepState::Waiting => ("…", Tone::Warn),
        StepState::Skipped => ("-", Tone::Dim),
        StepState::Pending => (" ", Tone::Dim),
    }
}

/// A class as people say it.
fn class_name(class: Class) -> &'static str {
    match class {
        Class::Done => "done",
        Class::Already => "had been done already",
        Class::Transient => "not done, tried again",
        Class::RateLimited => "too many calls, tried again",
        Class::ConnectionDown => "connection down",
        Class::OurToken => "credentials refused",
        Class::NotAllowed => "not allowed",
        Class::RuleWrong => "the rule is wrong",
        Class::NotOffered => "the connection does not offer it",
        Class::TargetMissing => "no such lead",
        Class::Refused => "refused",
        Class::Unknown => "sent, answer unknown",
    }
}
