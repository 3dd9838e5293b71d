//! `kartwheel backup`: a verified copy of the database, beside the running daemon.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::desk::Bar;
use super::screen::{Line, Screen, Tone, bytes};
use super::{Desk, Exit, Failure};
use crate::store::{self, BackedUp};

/// Write a verified copy of the database, while the daemon runs
///
/// The copy is of one moment and whole: events, runs, holds, what is known of people. It is read back to its end before it gets
/// its name, and refused where that name is taken. It holds personal data, and only its owner can read it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel backup kartwheel-2026-11-25.db\n\nNext:\n  kartwheel restore kartwheel-2026-11-25.db    put it in the database's place"
)]
pub(super) struct Arguments {
    /// The file to write; it must not be there yet
    file: PathBuf,
    /// Print what it holds as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let bar = Bar::default();
    let told = |step| bar.show(step);
    let written = store::backup(&config.database, &arguments.file, &told).await;
    bar.end();
    let written = written.map_err(Failure::from)?;
    let shown = arguments.file.display();
    if arguments.json {
        let mut answer = told_of(&written);
        answer["file"] = json!(arguments.file);
        desk.screen.json(&answer)?;
        return Ok(Exit::Done);
    }
    let done = Line::default().add(Tone::Good, format!("Backed up to {shown}."));
    desk.screen.line(&done)?;
    content(&mut desk.screen, &written)?;
    desk.screen
        .line(&Line::new("Put it where this machine's disk is not."))?;
    Ok(Exit::Done)
}

/// What a backup holds, for programs.
pub(super) fn told_of(backup: &BackedUp) -> Value {
    let content = &backup.content;
    json!({
        "bytes": backup.bytes,
        "version": content.version,
        "events": content.events,
        "runs": content.runs,
        "unfinished_runs": content.unfinished,
        "calls": content.calls,
        "last_event_at": content.last_event,
    })
}

/// What a backup holds, for people.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn content(screen: &mut Screen, backup: &BackedUp) -> std::io::Result<()> {
    let content = &backup.content;
    let counted = format!(
        "  {}, verified: {} events, {} runs ({} unfinished), {} calls",
        bytes(backup.bytes),
        content.events,
        content.runs,
        content.unfinished,
        content.calls
    );
    screen.line(&Line::default().dim(counted))?;
    match content.last_event {
        None => Ok(()),
        Some(at) => {
            let last = format!("  its last event came on {}", screen.whole(at));
            screen.line(&Line::default().dim(last))
        }
    }
}
