//! `kartwheel runs follow`: runs as they change, or one run to its end.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::list;
use crate::cli::desk::Opened;
use crate::cli::{Desk, Exit, Failure};
use crate::run::{Run, State};
use crate::store::RunFilter;
use crate::web::api::{LIST_ENTRIES_MAX, ids, view};

/// How often the database is asked.
const POLL: Duration = Duration::from_millis(250);

/// Show runs as they change, or wait for the end of one
///
/// Without a run it shows every change until Ctrl-C. With a run it shows that run's changes and ends when the run ends or needs
/// a person: exit code 0 when it is done or declined, 1 otherwise.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel runs follow\n  kartwheel runs follow 5f0c9a1e && echo done\n  kartwheel runs follow --json | jq .state"
)]
pub(super) struct Arguments {
    /// The run: eight digits, or the whole id
    run: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    if !arguments.json {
        list::print_head(&mut desk.screen)?;
    }
    match arguments.run {
        Some(text) => one(&project, &text, arguments.json, desk).await,
        None => all(&project, arguments.json, desk).await,
    }
}

async fn one(project: &Opened, text: &str, json: bool, desk: &mut Desk) -> anyhow::Result<Exit> {
    let mut run = ids::run(&*project.reader, text)
        .await
        .map_err(Failure::from)?;
    let mut shown = None;
    loop {
        let stands = (run.state, run.why.clone(), run.due_at);
        if shown.as_ref() != Some(&stands) {
            print(desk, &run, json)?;
            shown = Some(stands);
        }
        match run.state {
            State::Done | State::Declined => return Ok(Exit::Done),
            State::Failed | State::Cancelled | State::NeedsPerson => return Ok(Exit::Problems),
            _ => tokio::time::sleep(POLL).await,
        }
        let now = project.reader.run(run.id).await.map_err(Failure::from)?;
        run = now.ok_or_else(|| Failure::new("the run is gone"))?;
    }
}

async fn all(project: &Opened, json: bool, desk: &mut Desk) -> anyhow::Result<Exit> {
    let mut changes = Changes {
        since: desk.clock.now(),
        seen: HashSet::new(),
    };
    loop {
        let filter = RunFilter {
            changed_since: Some(changes.since),
            limit: LIST_ENTRIES_MAX,
            ..RunFilter::default()
        };
        let runs = project.reader.runs(&filter).await.map_err(Failure::from)?;
        let full = runs.len() == LIST_ENTRIES_MAX as usize;
        for run in changes.fresh(runs) {
            print(desk, &run, json)?;
        }
        if !full {
            tokio::time::sleep(POLL).await;
        }
    }
}

fn print(desk: &mut Desk, run: &Run, json: bool) -> std::io::Result<()> {
    if json {
        return desk.screen.json_line(&view::run(run));
    }
    list::print_row(&mut desk.screen, run)?;
    desk.screen.flush()
}

/// Which changes were shown: everything before `since`, and those at `since` that are in `seen`.
struct Changes {
    since: Timestamp,
    seen: HashSet<(Uuid, Timestamp)>,
}

impl Changes {
    /// Those of the runs whose change was not shown yet.
    fn fresh(&mut self, runs: Vec<Run>) -> Vec<Run> {
        let mut fresh = Vec::new();
        for run in runs {
            if run.updated_at < self.since || !self.seen.insert((run.id, run.updated_at)) {
                continue;
            }
            self.since = run.updated_at;
            fresh.push(run);
        }
        let since = self.since;
        self.seen.retain(|(_, changed)| *changed >= since);
        fresh
    }
}
