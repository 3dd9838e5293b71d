//! `kartwheel runs list`: runs as a table, trouble spelled out below its row.

use std::io;

use serde_json::json;

use crate::cli::screen::{self, COLUMNS, Line, Screen, Table, Tone, wrap};
use crate::cli::{Desk, Exit, Failure};
use crate::run::{Run, State, WHY_IDENTITY};
use crate::store::RunFilter;
use crate::web::api::ids::short;
use crate::web::api::{LIST_ENTRIES_MAX, ids, view};

const TABLE: Table = Table::new(&[
    ("RUN", 8),
    ("CHANGED", 15),
    ("STATE", 12),
    ("RULE", 28),
    ("FOR", 28),
]);
/// Where a row's reason begins.
const INDENT: &str = "          ";

/// List runs, newest first
///
/// FOR is the run's key, by default the e-mail address it is about: runs with the same key go one after another. Below a run
/// that is not done stands why.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel runs list\n  kartwheel runs list --state needs_person     what waits for you\n  kartwheel runs list --key ada@example.com    all of one person\n\n\
                  States: ready, running, waiting, retrying, held, needs_person, declined, done, failed, cancelled.\n\nNext:\n  kartwheel runs show RUN"
)]
pub(super) struct Arguments {
    /// Only in this state
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<State>,
    /// Only of this rule
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Only on this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Only with this key: an e-mail address, unless the rule says otherwise
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only of this event
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIST_ENTRIES_MAX)))]
    limit: u32,
    /// Those before this run: the next page
    #[arg(long, value_name = "RUN")]
    before: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let reader = &*project.reader;
    let event = match &arguments.event {
        Some(text) => Some(
            ids::event(reader, text)
                .await
                .map_err(Failure::from)?
                .event
                .id,
        ),
        None => None,
    };
    let before = match &arguments.before {
        Some(text) => Some(ids::run(reader, text).await.map_err(Failure::from)?.seq),
        None => None,
    };
    let filter = RunFilter {
        state: arguments.state,
        rule: arguments.rule,
        connection: arguments.connection,
        key: arguments.key,
        event,
        before,
        changed_since: None,
        limit: arguments.limit,
    };
    let runs = reader.runs(&filter).await.map_err(Failure::from)?;
    if arguments.json {
        let runs: Vec<_> = runs.iter().map(view::run).collect();
        desk.screen.json(&json!({ "runs": runs }))?;
        return Ok(Exit::Done);
    }
    if runs.is_empty() {
        desk.screen.text("No such runs.")?;
        return Ok(Exit::Done);
    }
    print_head(&mut desk.screen)?;
    for run in &runs {
        print_row(&mut desk.screen, run)?;
    }
    if let Some(last) = runs
        .last()
        .filter(|_| runs.len() == arguments.limit as usize)
    {
        let more = format!("Older ones: add --before {}", short(last.id));
        desk.screen.line(&Line::default().dim(more))?;
    }
    Ok(Exit::Done)
}

/// Prints the heading.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print_head(screen: &mut Screen) -> io::Result<()> {
    screen.line(&TABLE.head())
}

/// Prints one run.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print_row(screen: &mut Screen, run: &Run) -> io::Result<()> {
    screen.line(&TABLE.row(&[
        (Tone::Bold, short(run.id)),
        (Tone::Plain, screen.moment(run.updated_at)),
        (screen::tone(run.state), run.state.name().to_owned()),
        (Tone::Plain, run.rule.to_string()),
        (Tone::Plain, run.key.clone().unwrap_or_default()),
    ]))?;
    let reason = reason(screen, run);
    if run.state == State::Done || reason.is_empty() {
        return Ok(());
    }
    wrap(&reason, COLUMNS - INDENT.len())
        .into_iter()
        .try_for_each(|line| screen.line(&Line::new(INDENT).dim(line)))
}

/// Why a run stands where it does, and until when.
fn reason(screen: &Screen, run: &Run) -> String {
    let due = run
        .due_at
        .filter(|_| matches!(run.state, State::Waiting | State::Retrying))
        .map(|due| screen.moment(due));
    let failure = run.progress.failure.as_ref();
    let why = failure.map(|failure| &failure.message).or(run.why.as_ref());
    match (why, due) {
        (Some(why), Some(due)) if run.progress.unjudged => {
            why.replacen(WHY_IDENTITY, &format!("{WHY_IDENTITY}, until {due}"), 1)
        }
        (Some(why), Some(due)) => format!("{why} · next at {due}"),
        (Some(why), None) => why.clone(),
        (None, Some(due)) => format!("next at {due}"),
        (None, None) => String::new(),
    }
}

fn state(word: &str) -> Result<State, String> {
    State::from_name(word).ok_or_else(|| {
        let names: Vec<_> = State::ALL.iter().map(|state| state.name()).collect();
        format!("the states are {}", names.join(", "))
    })
}
