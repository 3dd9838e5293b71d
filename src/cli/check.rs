//! `kartwheel check`: every mistake in settings and rules, with its line and its fix.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Desk, Exit, Failure};

/// Find every mistake in kartwheel.yaml and the rules
///
/// All problems of all files are shown at once, each with its line, the reason and what to write instead. Nothing is started and
/// nothing is sent. Exit code 0: no errors (there may be warnings); 1: errors; 2: it could not look.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel check\n  kartwheel check shop --deny-warnings    in a build\n  kartwheel check --json | jq '.problems[].message'"
)]
pub(super) struct Arguments {
    /// A project's folder, or one file of rules [default: the project's folder]
    path: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Drawn for people
    Text,
    /// One object for programs
    Json,
}

pub(super) fn run(_arguments: &Arguments, _desk: &mut Desk) -> anyhow::Result<Exit> {
    Err(Failure::new("not in this version").into())
}
