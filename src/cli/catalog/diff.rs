//! `kartwheel catalog diff`: how the accounts differ from what is kept of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::print_drift;
use crate::action::Actions;
use crate::cli::connection::view;
use crate::cli::desk::{all_or, database_file};
use crate::cli::screen::{Line, Screen, Tone};
use crate::cli::{Desk, Exit, Failure};
use crate::engine::catalog::{Drift, drift};
use crate::kartra;
use crate::membrane;
use crate::store::Snapshot;

/// Show how the accounts differ from what is kept of them
///
/// Reads the accounts and changes nothing, neither there nor here. Exit code 0: all is as it was kept; 1: something differs; 2: an
/// account could not be compared. The others are shown all the same.
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
    let config = desk.settings()?;
    let connections = all_or(&config, arguments.connection.as_deref())?;
    // Before the first sync there may be no database.
    let kept = match database_file(&config).exists() {
        true => desk.open().await?.reader.snapshots().await,
        false => Ok(Vec::new()),
    };
    let kept = kept.map_err(Failure::from)?;
    let clock = Arc::clone(&desk.clock);
    let settings = config.membrane.clone();
    let client = membrane::Client::new(settings, kartra::catalog(), clock)?;
    let mut found = Vec::new();
    let mut failed = 0;
    let mut differs = false;
    for connection in &connections {
        let place = config.membrane.place(connection);
        let is_theirs =
            |kept: &&Snapshot| kept.connection == *connection && kept.from.may_be(&place);
        let before = kept.iter().find(is_theirs);
        match compare(&client, connection, before).await {
            Ok((before, drift)) => {
                differs |= !drift.is_empty();
                let drift = json!(drift);
                if !arguments.json {
                    print(before, &drift, &mut desk.screen)?;
                }
                found.push(json!({ "connection": connection, "synced_at": before.synced_at, "drift": drift }));
            }
            Err(failure) if connections.len() == 1 => return Err(failure.into()),
            // The others are still of interest.
            Err(failure) => {
                failed += 1;
                if !arguments.json {
                    let name = Line::default().bold(&**connection);
                    let told = name.add(Tone::Bad, ": not compared");
                    desk.screen.line(&told)?;
                    view::words(&failure.to_string(), &mut desk.screen)?;
                }
                found.push(json!({ "connection": connection, "error": failure.to_string() }));
            }
        }
    }
    if arguments.json {
        desk.screen.json(&json!({ "connections": found }))?;
    }
    match (failed, differs) {
        (0, false) => Ok(Exit::Done),
        (0, true) => Ok(Exit::Problems),
        _ => Err(Failure::new(format!(
            "{failed} of {} accounts could not be compared",
            connections.len()
        ))
        .into()),
    }
}

/// What was kept of an account, and how it differs from that now.
async fn compare<'k>(
    client: &membrane::Client,
    connection: &Arc<str>,
    kept: Option<&'k Snapshot>,
) -> Result<(&'k Snapshot, Drift), Failure> {
    let kept = kept.ok_or_else(|| nothing_kept(connection))?;
    let now = client.survey(connection).await.map_err(|failed| {
        let what = format!(
            "the account of {connection} could not be read: {}",
            failed.message
        );
        Failure::new(what).remedy("`kartwheel doctor` looks at the connection.")
    })?;
    Ok((kept, drift(&kept.account, &now)))
}

fn print(kept: &Snapshot, drift: &Value, screen: &mut Screen) -> std::io::Result<()> {
    let at = screen.whole(kept.synced_at);
    screen.line(
        &Line::default()
            .bold(&*kept.connection)
            .plain(format!(", against what was kept on {at}")),
    )?;
    if !print_drift(drift, screen)? {
        screen.line(&Line::new("  ").add(Tone::Good, "no difference"))?;
    }
    Ok(())
}

/// What is said where an account was never read.
pub(super) fn nothing_kept(connection: &str) -> Failure {
    Failure::new(format!("nothing is kept of the account of {connection}"))
        .remedy("`kartwheel catalog sync` reads it and keeps it.")
}
