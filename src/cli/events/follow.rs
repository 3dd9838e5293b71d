//! `kartwheel events follow`: events as they arrive.

use std::time::Duration;

use super::list::{self, Which};
use crate::cli::{Desk, Exit, Failure};
use crate::store::EventFilter;
use crate::web::api::{LIST_ENTRIES_MAX, view};

/// How often the database is asked.
const POLL: Duration = Duration::from_millis(250);
/// How many of the latest events are shown before the first new one.
const LATEST: u32 = 5;

/// Show events as they arrive, until Ctrl-C
///
/// It begins with the latest ones.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel events follow\n  kartwheel events follow --source stripe --json | jq .type"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let which = arguments.which;
    let filter = |after: Option<i64>, limit: u32| EventFilter {
        source: which.source.clone(),
        kind: which.kind.clone(),
        email: which.email.clone(),
        after,
        limit,
        ..EventFilter::default()
    };
    if !arguments.json {
        list::print_head(&mut desk.screen)?;
    }
    let latest = project.reader.events(&filter(None, LATEST), false).await;
    let mut events = latest.map_err(Failure::from)?;
    events.reverse();
    let mut after = 0;
    loop {
        for stored in &events {
            after = after.max(stored.seq);
            if arguments.json {
                desk.screen.json_line(&view::event(stored))?;
            } else {
                list::print_row(&mut desk.screen, stored)?;
            }
        }
        desk.screen.flush()?;
        if events.len() < LIST_ENTRIES_MAX as usize {
            tokio::time::sleep(POLL).await;
        }
        let fresh = project
            .reader
            .events(&filter(Some(after), LIST_ENTRIES_MAX), false)
            .await;
        events = fresh.map_err(Failure::from)?;
    }
}
