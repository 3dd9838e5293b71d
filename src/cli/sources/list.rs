//! `kartwheel sources list`: the project's sources, or all presets.

use serde_json::json;

use super::door::{self, Door};
use super::preset;
use crate::cli::screen::{Line, Table, Tone};
use crate::cli::{Desk, Exit};
use crate::trigger::preset::PRESETS;

const SOURCES: Table = Table::new(&[
    ("SOURCE", 24),
    ("VERIFIED BY", 27),
    ("LAST EVENT", 15),
    ("REFUSED", 8),
    ("ANSWERED", 8),
]);
const ALL: Table = Table::new(&[
    ("PRESET", 18),
    ("SENDER", 30),
    ("AN OUTAGE LOSES EVENTS AFTER", 46),
]);

/// List the project's sources, or all presets
///
/// REFUSED counts the deliveries of the last 30 days that were turned away, ANSWERED the senders' questions that are no events, such as
/// whether the URL is there.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel sources list\n  kartwheel sources list --all    every sender that Kartwheel knows\n\nNext:\n  kartwheel sources show SOURCE"
)]
pub(super) struct Arguments {
    /// All presets instead
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    if arguments.all {
        return presets(arguments.json, desk);
    }
    let config = desk.settings()?;
    let door = Door::read(&config, &desk.clock).await?;
    let door = door.as_ref();
    if arguments.json {
        let sources = config.sources.values();
        let sources: Vec<_> = sources
            .map(|source| door::json(&config, source, door))
            .collect();
        desk.screen.json(&json!({ "sources": sources }))?;
        return Ok(Exit::Done);
    }
    if config.sources.is_empty() {
        desk.screen.text(
            "kartwheel.yaml declares no sources. Every sender that Kartwheel knows: kartwheel sources list --all",
        )?;
        return Ok(Exit::Done);
    }
    desk.screen.line(&SOURCES.head())?;
    for (name, source) in &config.sources {
        let last = door.and_then(|door| door.last_event(name));
        let refused = door.map_or(0, |door| door.refused(name));
        let answered: u64 = door
            .into_iter()
            .flat_map(|door| door.handshakes(name))
            .map(|sum| sum.count)
            .sum();
        let number = |count: u64| match count {
            0 => "-".to_owned(),
            count => count.to_string(),
        };
        let tone = if refused > 0 { Tone::Warn } else { Tone::Plain };
        desk.screen.line(&SOURCES.row(&[
            (Tone::Bold, name.to_string()),
            (Tone::Plain, door::verified_by(source)),
            (
                Tone::Plain,
                last.map_or_else(|| "never".to_owned(), |last| desk.screen.moment(last)),
            ),
            (tone, number(refused)),
            (Tone::Plain, number(answered)),
        ]))?;
        let address = format!("  {}", door::address(&config, source));
        desk.screen.line(&Line::default().dim(address))?;
    }
    let nowhere = door.map_or(0, |door| door.refused(door::NOBODY));
    if nowhere > 0 {
        desk.screen.line(&Line::default().add(
            Tone::Warn,
            format!(
                "{nowhere} more came to paths that no source has: is a sender given a wrong URL?"
            ),
        ))?;
    }
    Ok(Exit::Done)
}

fn presets(as_json: bool, desk: &mut Desk) -> anyhow::Result<Exit> {
    if as_json {
        let presets: Vec<_> = PRESETS.iter().map(|known| preset::json(known)).collect();
        desk.screen.json(&json!({ "presets": presets }))?;
        return Ok(Exit::Done);
    }
    desk.screen.line(&ALL.head())?;
    for preset in PRESETS {
        desk.screen.line(&ALL.row(&[
            (Tone::Bold, preset.name.to_owned()),
            (Tone::Plain, preset.title.to_owned()),
            (Tone::Plain, preset::lost_after(preset).to_owned()),
        ]))?;
    }
    desk.screen.gap()?;
    let more = "Any other sender: `verify:` with its parts, see docs/rules.md. More of one: kartwheel sources show PRESET";
    desk.screen.line(&Line::default().dim(more))?;
    Ok(Exit::Done)
}
