//! `kartwheel doctor`: looks at everything the daemon needs, and says what is wrong and what to do.
//!
//! To add a check: a function in the file of what it looks at that pushes a [`Finding`], and its call there.

mod connection;
mod finding;
mod identity;
mod live;
mod project;
mod rules;

use std::sync::Arc;

use serde_json::json;

use finding::{Finding, Level};

use super::desk::all_or;
use super::{Desk, Exit};

/// Look at everything the daemon needs: settings, database, disk, clock, credentials, connections, live answers
///
/// Nothing is changed, neither here nor in the account: the one lead that it asks for cannot exist. What the real account answers is
/// compared with what this program takes for granted. Exit code 0: no problem (there may be warnings); 1: problems.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel doctor\n  kartwheel doctor --connection client_b\n  kartwheel doctor --json | jq '.findings[] | select(.level == \"problem\")'"
)]
pub(super) struct Arguments {
    /// Only this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let mut found = Vec::new();
    let usable = project::look(desk, &mut found).await?;
    if let Some(config) = usable {
        let config = Arc::new(config);
        let connections = all_or(&config, arguments.connection.as_deref())?;
        let known = identity::look(&config, &connections, &desk.clock, &mut found).await;
        if known {
            for name in &connections {
                connection::look(&config, name, desk, &mut found).await;
            }
        }
    }
    let count = |level: Level| found.iter().filter(|one| one.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    if arguments.json {
        let findings: Vec<_> = found.iter().map(Finding::view).collect();
        desk.screen
            .json(&json!({ "findings": findings, "problems": problems, "warnings": warnings }))?;
    } else {
        finding::print(&found, &mut desk.screen)?;
    }
    Ok(match problems {
        0 => Exit::Done,
        _ => Exit::Problems,
    })
}
