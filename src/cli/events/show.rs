//! `kartwheel events show`: one event with its verdicts, its runs and its body.

use std::io;

use serde_json::Value;

use crate::cli::screen::{self, COLUMNS, Line, Screen, Tone, cut, wrap};
use crate::cli::{Desk, Exit, Failure, runs};
use crate::run::{Run, State};
use crate::store::{RunFilter, StoredEvent, StoredVerdict};
use crate::web::api::ids::{self, short};
use crate::web::api::{LIST_ENTRIES_MAX, view};

/// Show one event: verdicts, runs, body
///
/// For every rule of its source: whether it matched and, if not, the first part of `match` that did not hold. The body is
/// shown as it was stored, and holds personal data.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel events show 1c2d3e4f\n\nNext:\n  kartwheel runs show RUN    what a rule did for it"
)]
pub(super) struct Arguments {
    /// The event: eight digits, or the whole id
    event: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let reader = &*project.reader;
    let stored = ids::event(reader, &arguments.event)
        .await
        .map_err(Failure::from)?;
    let filter = RunFilter {
        event: Some(stored.event.id),
        limit: LIST_ENTRIES_MAX,
        ..RunFilter::default()
    };
    let runs = reader.runs(&filter).await.map_err(Failure::from)?;
    if arguments.json {
        desk.screen.json(&view::event_whole(&stored, &runs))?;
    } else {
        print(&mut desk.screen, &stored, &runs)?;
    }
    Ok(Exit::Done)
}

/// Prints the event.
///
/// # Errors
/// Whoever reads has gone away.
fn print(screen: &mut Screen, stored: &StoredEvent, of_it: &[Run]) -> io::Result<()> {
    runs::print_event(screen, stored)?;
    screen.line(&Line::default().dim(format!("  id {}", stored.event.id)))?;
    screen.gap()?;
    screen.line(&Line::default().bold("Verdicts"))?;
    if stored.verdicts.is_empty() {
        screen.line(&Line::new("  ").dim("no rule of this source takes events of this type"))?;
    }
    for verdict in &stored.verdicts {
        print_verdict(screen, verdict)?;
    }
    screen.gap()?;
    screen.line(&Line::default().bold("Runs"))?;
    if of_it.is_empty() {
        screen.line(&Line::new("  ").dim("none"))?;
    }
    for run in of_it {
        screen.line(
            &Line::new("  ")
                .bold(short(run.id))
                .plain("  ")
                .add(screen::tone(run.state), format!("{:<12}", run.state.name()))
                .plain(format!("  {}", run.rule)),
        )?;
        if let (State::Cancelled, Some(why)) = (run.state, &run.why) {
            for line in wrap(why, COLUMNS - 12) {
                screen.line(&Line::new("            ").dim(line))?;
            }
        }
    }
    if let Some(run) = of_it.first() {
        let command = format!("  kartwheel runs show {}", short(run.id));
        screen.line(&Line::default().dim(command))?;
    }
    screen.gap()?;
    headers(screen, stored)?;
    if let Some(at) = stored.thinned_at {
        let at = screen.whole(at);
        screen.line(&Line::default().bold("Body"))?;
        let gone = format!("  removed on {at}, with the headers: `retention` in kartwheel.yaml");
        return screen.line(&Line::default().dim(gone));
    }
    screen.line(
        &Line::default()
            .bold("Body")
            .dim(format!("  {} bytes", stored.event.raw.len())),
    )?;
    match view::body(stored) {
        Value::Null => screen.line(&Line::new("  ").dim("none")),
        Value::String(text) => screen.text(&indented(&text)),
        other => screen.text(&indented(&format!("{other:#}"))),
    }
}

fn print_verdict(screen: &mut Screen, verdict: &StoredVerdict) -> io::Result<()> {
    let tone = match verdict.decision.as_str() {
        "matched" => Tone::Good,
        "error" => Tone::Bad,
        "waiting" => Tone::Warn,
        _ => Tone::Dim,
    };
    screen.line(
        &Line::new("  ")
            .add(tone, format!("{:<9}", verdict.decision))
            .plain(format!("  {}", verdict.rule)),
    )?;
    let why = match (&verdict.path, &verdict.expected, &verdict.actual) {
        (Some(path), Some(expected), Some(actual)) => {
            Some(format!("{path}: expected {expected}, got {actual}"))
        }
        _ => verdict.actual.clone(),
    };
    why.iter()
        .chain(&verdict.note)
        .flat_map(|text| wrap(text, COLUMNS - 13))
        .try_for_each(|line| screen.line(&Line::new("             ").dim(line)))
}

fn headers(screen: &mut Screen, stored: &StoredEvent) -> io::Result<()> {
    let envelope = &stored.envelope;
    for (title, map) in [("Headers", &envelope.headers), ("Query", &envelope.query)] {
        if map.is_empty() {
            continue;
        }
        screen.line(&Line::default().bold(title))?;
        for (name, value) in map {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let text = cut(&format!("  {name}: {value}"), COLUMNS);
            screen.line(&Line::default().dim(text))?;
        }
        screen.gap()?;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
