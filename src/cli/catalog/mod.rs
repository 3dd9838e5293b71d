//! `kartwheel catalog`: what is kept of the accounts, to check rules against.

mod diff;
mod show;
mod sync;

use std::io;

use clap::Subcommand;
use serde_json::Value;

use super::screen::{Line, Screen, Tone};
use super::{Desk, Exit};

/// Names that are shown of one part's drift.
const NAMES_SHOWN: usize = 20;

/// The account's tags, lists, sequences, pages, custom fields and actions: sync, diff, show
///
/// They are read from the account and kept in the database; `kartwheel check` holds the rules against what is kept. The daemon reads
/// them again by itself from time to time.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  kartwheel catalog sync\n  kartwheel catalog diff\n  kartwheel catalog show tags"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sync(sync::Arguments),
    Diff(diff::Arguments),
    Show(show::Arguments),
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::Sync(arguments) => sync::run(&arguments, desk).await,
        Command::Diff(arguments) => diff::run(&arguments, desk).await,
        Command::Show(arguments) => show::run(&arguments, desk).await,
    }
}

/// Prints what differs, part by part. Whether anything does.
fn print_drift(drift: &Value, screen: &mut Screen) -> io::Result<bool> {
    let mut any = false;
    for (part, names) in drift.as_object().into_iter().flatten() {
        for (word, tone) in [
            ("gone", Tone::Bad),
            ("new", Tone::Good),
            ("changed", Tone::Warn),
        ] {
            let all: Vec<&str> = names[word]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            if all.is_empty() {
                continue;
            }
            any = true;
            let line = Line::new("  ")
                .add(tone, format!("{word:<8}"))
                .dim(format!("{:<14}", part.replace('_', " ")))
                .plain(all[..all.len().min(NAMES_SHOWN)].join(", "));
            let more = all.len().saturating_sub(NAMES_SHOWN);
            screen.line(&match more {
                0 => line,
                more => line.dim(format!(" and {more} more")),
            })?;
        }
    }
    Ok(any)
}

/// `20 actions, 12 tags, no lists`; a part that is not known is left out.
fn counted(counts: &Value) -> String {
    let parts: Vec<String> = counts
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(part, number)| Some((part.replace('_', " "), number.as_u64()?)))
        .map(|(part, number)| match number {
            0 => format!("no {part}"),
            1 => format!("1 {}", part.trim_end_matches('s')),
            _ => format!("{number} {part}"),
        })
        .collect();
    parts.join(", ")
}
