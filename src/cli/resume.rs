//! `kartwheel resume`: ends a pause.

use serde_json::json;

use super::screen::{Line, Tone};
use super::{Desk, Exit, Failure};

/// Go on sending after a pause
///
/// Without --connection it ends the pause of everything; with it, that connection's pause, and a hold that waits for a
/// person because the account did not allow a call. Runs go on where they stopped. Works with and without a running daemon.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel resume\n  kartwheel resume --connection client_b\n\nNext:\n  kartwheel runs follow    watch them go on"
)]
pub(super) struct Arguments {
    /// Only this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Print the holds that are left as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// For one connection.
    pub(super) fn of(connection: String, json: bool) -> Self {
        Self {
            connection: Some(connection),
            json,
        }
    }
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let connection = arguments.connection.as_deref();
    project
        .control()
        .await?
        .unpause(connection)
        .await
        .map_err(Failure::from)?;
    let holds = project.reader.holds().await.map_err(Failure::from)?;
    if arguments.json {
        desk.screen.json(&json!({ "holds": holds }))?;
        return Ok(Exit::Done);
    }
    let what = connection.map_or_else(
        || "Sending".to_owned(),
        |name| format!("Sending on connection {name}"),
    );
    let still = connection.is_some_and(|name| {
        let mut holds = holds.iter();
        holds.any(|hold| *hold.connection == *name)
    });
    let told = match still {
        true => Line::default().add(Tone::Warn, format!("{what} does not go on yet.")),
        false => Line::default().add(Tone::Good, format!("{what} goes on.")),
    };
    desk.screen.line(&told)?;
    for hold in holds {
        let is_of_it = connection.is_some_and(|name| *hold.connection == *name);
        let name = if hold.connection.is_empty() {
            "everything"
        } else {
            &hold.connection
        };
        desk.screen.line(
            &Line::new("Still held: ")
                .add(Tone::Warn, name)
                .dim(format!("  {}", hold.reason)),
        )?;
        if is_of_it {
            let way_out = format!("  {}", hold.kind.way_out(name));
            desk.screen.line(&Line::new(way_out))?;
        }
    }
    Ok(Exit::Done)
}
