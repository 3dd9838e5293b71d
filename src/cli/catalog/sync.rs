//! `kartwheel catalog sync`: reads the accounts and keeps what was read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{counted, print_drift};
use crate::cli::desk::{Keeper, all_or, keeper};
use crate::cli::screen::{Line, Screen, Tone};
use crate::cli::{Desk, Exit, Failure};
use crate::engine::catalog;
use crate::kartra;
use crate::membrane;
use crate::web::api::catalog::{failed_view, synced_view};

/// How long the daemon may take: it reads at the connection's pace, with everything else that waits.
const SYNC_WITHIN: Duration = Duration::from_secs(300);

/// Read the accounts and keep what was read
///
/// Reads what the connection offers and what the account holds, each part by a call of its own that changes nothing. Through the
/// daemon when one runs.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel catalog sync\n  kartwheel catalog sync --connection client_b --json\n\nNext:\n  kartwheel check           hold the rules against it\n  kartwheel catalog show    what is kept"
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
    let done = match keeper(&config, &desk.clock).await? {
        Keeper::Daemon(client) => {
            let body = json!({ "connection": arguments.connection });
            client
                .post_within(SYNC_WITHIN, "/catalog/sync", &body)
                .await
                .map_err(Failure::from)?
        }
        Keeper::Us(store) => {
            let (mut synced, mut failed) = (Vec::new(), Vec::new());
            let settings = config.membrane.clone();
            let clock = Arc::clone(&desk.clock);
            let client = membrane::Client::new(settings, kartra::catalog(), clock)?;
            for connection in &connections {
                let now = desk.clock.now();
                match catalog::sync(&client, &store, connection, now).await {
                    Ok(one) => synced.push(synced_view(&one)),
                    Err(error) => failed.push(failed_view(connection, &error.to_string())),
                }
            }
            store.close().await;
            json!({ "synced": synced, "failed": failed })
        }
    };
    if arguments.json {
        desk.screen.json(&done)?;
    } else {
        print(&done, &mut desk.screen)?;
    }
    let some = |name: &str| done[name].as_array().is_some_and(|all| !all.is_empty());
    match (some("synced"), some("failed")) {
        (_, false) => Ok(Exit::Done),
        (true, true) => Ok(Exit::Problems),
        (false, true) => Err(Failure::new("no account could be read")
            .means("What was kept stays.")
            .remedy("`kartwheel doctor` says what is wrong.")
            .into()),
    }
}

fn print(done: &Value, screen: &mut Screen) -> io::Result<()> {
    for one in done["synced"].as_array().into_iter().flatten() {
        let name = one["connection"].as_str().unwrap_or_default();
        screen.line(
            &Line::default()
                .bold(name)
                .plain(format!(": {}", counted(&one["counts"]))),
        )?;
        let unread: Vec<&str> = one["unread"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if !unread.is_empty() {
            let parts = unread.join(", ").replace('_', " ");
            screen.line(&Line::new("  ").add(
                Tone::Warn,
                format!("not read: {parts}; what was kept of it stays"),
            ))?;
        }
        if one["before"].is_null() {
            screen.line(&Line::new("  ").dim("kept for the first time"))?;
        } else if !print_drift(&one["drift"], screen)? {
            screen.line(&Line::new("  ").dim("as it was"))?;
        }
    }
    for one in done["failed"].as_array().into_iter().flatten() {
        let name = one["connection"].as_str().unwrap_or_default();
        let error = one["error"].as_str().unwrap_or_default();
        screen.line(
            &Line::default()
                .bold(name)
                .plain(": ")
                .add(Tone::Bad, "could not be read")
                .plain(format!(": {error}")),
        )?;
    }
    Ok(())
}
