//! `kartwheel catalog diff`: how the accounts differ from what is kept of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::print_drift;
use crate::action::Actions;
use crate::cli::desk::all_or;
use crate::cli::screen::{Line, Tone};
use crate::cli::{Desk, Exit, Failure};
use crate::engine::catalog::drift;
use crate::kartra;
use crate::membrane;
use crate::store::Snapshot;

/// Show how the accounts differ from what is kept of them
///
/// Reads the accounts and changes nothing, neither there nor here. Exit code 0: all is as it was kept; 1: something differs.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel catalog diff\n\nNext:\n  kartwheel catalog sync    keep it as it is now"
)]
pub(super) struct Arguments {
    /// Only this connection's account
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let connections = all_or(&project.config, arguments.connection.as_deref())?;
    let kept = project.reader.snapshots().await.map_err(Failure::from)?;
    let clock = Arc::clone(&desk.clock);
    let settings = project.config.membrane.clone();
    let client = membrane::Client::new(settings, kartra::catalog(), clock)?;
    let mut found: Vec<Value> = Vec::new();
    let mut differs = false;
    for connection in &connections {
        let place = project.config.membrane.place(connection);
        let is_theirs =
            |kept: &&Snapshot| kept.connection == *connection && kept.from.may_be(&place);
        let Some(before) = kept.iter().find(is_theirs) else {
            return Err(nothing_kept(connection).into());
        };
        let now = client.survey(connection).await.map_err(|failed| {
            Failure::new(format!(
                "the account of {connection} could not be read: {}",
                failed.message
            ))
            .remedy("`kartwheel doctor` looks at the connection.")
        })?;
        let drift = drift(&before.account, &now);
        differs |= !drift.is_empty();
        let drift = json!(drift);
        if !arguments.json {
            let kept = desk.screen.whole(before.synced_at);
            desk.screen.line(
                &Line::default()
                    .bold(&**connection)
                    .plain(format!(", against what was kept on {kept}")),
            )?;
            if !print_drift(&drift, &mut desk.screen)? {
                desk.screen
                    .line(&Line::new("  ").add(Tone::Good, "no difference"))?;
            }
        }
        found.push(
            json!({ "connection": connection, "synced_at": before.synced_at, "drift": drift }),
        );
    }
    if arguments.json {
        desk.screen.json(&json!({ "connections": found }))?;
    }
    Ok(if differs { Exit::Problems } else { Exit::Done })
}

/// What is said where an account was never read.
pub(super) fn nothing_kept(connection: &str) -> Failure {
    Failure::new(format!("nothing is kept of the account of {connection}"))
        .remedy("`kartwheel catalog sync` reads it and keeps it.")
}
