//! `kartwheel restore`: a backup in the place of the database, with all sending paused.

use std::path::PathBuf;

use serde_json::json;

use super::backup::{content, told_of};
use super::desk::{Bar, database_file};
use super::screen::{Line, Tone};
use super::{Desk, Exit, Failure};
use crate::store::{self, StoreError};

/// Put a backup in the place of the database
///
/// The daemon must be stopped. The backup is read to its end before anything is replaced, and the database that was there is kept
/// beside it. What was done after the backup is not known to it, so all sending is paused until you say `kartwheel resume`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel restore kartwheel-2026-11-25.db\n\n\
                  Next:\n  kartwheel serve                     deliveries are accepted, nothing is sent\n  kartwheel runs list --state held    what would go on\n  kartwheel resume                    let it"
)]
pub(super) struct Arguments {
    /// The backup, as `kartwheel backup` wrote it
    file: PathBuf,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let reason = format!(
        "the database was restored from {}: look at what is unfinished, then `kartwheel resume`",
        arguments.file.display()
    );
    let bar = Bar::default();
    let told = |step| bar.show(step);
    let clock = desk.clock.clone();
    let restored = store::restore(&config.database, &arguments.file, &reason, clock, &told).await;
    bar.end();
    let restored = restored.map_err(|error| match error {
        StoreError::Locked(text) => Failure::new(text)
            .means("Nothing was changed.")
            .remedy("Stop the daemon, restore, start it again."),
        other => Failure::from(other).means("Nothing was replaced."),
    })?;
    let database = database_file(&config);
    if arguments.json {
        let mut answer = told_of(&restored);
        answer["database"] = json!(database);
        answer["kept"] = json!(restored.kept);
        answer["paused"] = json!(true);
        desk.screen.json(&answer)?;
        return Ok(Exit::Done);
    }
    let screen = &mut desk.screen;
    let file = arguments.file.display();
    screen.line(&Line::default().add(
        Tone::Good,
        format!("{} is what {file} holds.", database.display()),
    ))?;
    content(screen, &restored)?;
    if let Some(kept) = &restored.kept {
        screen.line(&Line::new(format!(
            "What was there is kept: {}",
            kept.display()
        )))?;
    }
    screen.gap()?;
    screen.line(&Line::default().add(Tone::Warn, "All sending is paused."))?;
    let unfinished = restored.content.unfinished;
    screen.text(&format!(
        "What happened after the backup is not known to it: deliveries of that time are missing unless their senders send them \
         again,\nand what its {unfinished} unfinished runs do next may have been done already. Start the daemon, look at them, cancel what\nwas done:"
    ))?;
    screen.line(&Line::new("  ").bold("kartwheel runs list --state held"))?;
    screen.line(&Line::new("Then let the rest go on: ").bold("kartwheel resume"))?;
    Ok(Exit::Done)
}
