//! `kartwheel actions list`: what a connection offers.

use serde_json::json;

use super::json_of;
use crate::cli::desk::told;
use crate::cli::screen::{Line, Table, Tone};
use crate::cli::{Desk, Exit};

/// The longest intent, in characters; Membrane's own limit.
const INTENT_CHARS_MAX: usize = 200;
/// How many are listed with an intent when the command does not say.
const RANKED: u32 = 10;

const TABLE: Table = Table::new(&[("ACTION", 31), ("NAME", 27), ("DOES", 38)]);
/// The same where an action has another key than the verb by which rules run it.
const TABLE_OF_BOTH: Table = Table::new(&[("ACTION", 31), ("KEY", 31), ("DOES", 34)]);

/// List the actions that a connection offers
///
/// Those that rules can run are shown by the verb of the rules; where Membrane has another key for one, both are shown. With an
/// intent the ten that fit best come first: Membrane ranks by meaning, so the first need not be the right one.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel actions list\n  kartwheel actions list --intent \"take somebody off a list\" --limit 3\n\nNext:\n  kartwheel actions show ACTION    what it wants"
)]
pub(super) struct Arguments {
    /// The connection [default: the only one]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// What it should do, in plain words, at most 200 characters
    #[arg(long, value_name = "TEXT", value_parser = intent)]
    intent: Option<String>,
    /// At most so many [default: 10 with an intent, else all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: Option<u32>,
    /// Print JSON, schemas and all
    #[arg(long)]
    json: bool,
}

fn intent(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("say what it should do".to_owned()),
        1..=INTENT_CHARS_MAX => Ok(text.to_owned()),
        length => Err(format!(
            "{length} characters: Membrane takes {INTENT_CHARS_MAX} at most"
        )),
    }
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let account = desk.account(arguments.connection.as_deref()).await?;
    let intent = arguments.intent.as_deref();
    let limit = arguments.limit.or(intent.map(|_| RANKED));
    let actions = account.desk.actions(&account.id, intent, limit).await;
    let actions = actions.map_err(|failed| told(&failed))?;
    if arguments.json {
        let actions: Vec<_> = actions.iter().map(json_of).collect();
        desk.screen
            .json(&json!({ "connection": account.name, "actions": actions }))?;
        return Ok(Exit::Done);
    }
    if actions.is_empty() {
        desk.screen.text(match intent {
            Some(_) => "Nothing fits. Say it in other words, or list all without --intent.",
            None => "The connection offers no actions. `kartwheel doctor` looks at it.",
        })?;
        return Ok(Exit::Done);
    }
    let both = actions.iter().any(|one| one.verb() != one.action.key);
    let table = if both { TABLE_OF_BOTH } else { TABLE };
    desk.screen.line(&table.head())?;
    for listed in &actions {
        let action = &listed.action;
        let second = if both { &action.key } else { &action.name };
        desk.screen.line(&table.row(&[
            (Tone::Bold, listed.verb().to_owned()),
            (Tone::Plain, second.clone()),
            (Tone::Plain, action.description.clone()),
        ]))?;
    }
    if limit.is_some_and(|limit| actions.len() >= limit as usize) {
        desk.screen
            .line(&Line::default().dim("There may be more: --limit N"))?;
    }
    Ok(Exit::Done)
}
