//! `kartwheel pause`: stops sending; accepting goes on.

use serde_json::json;

use super::screen::{Line, Tone};
use super::{Desk, Exit};

/// Stop sending to Kartra, all of it or one connection's
///
/// Webhooks go on being accepted and judged, and runs wait where they are: nothing is lost. A call that is already on its
/// way may still arrive. Works with and without a running daemon.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel pause --reason \"tags are being renamed\"\n  kartwheel pause --connection client_b --reason \"their launch is over\"\n\n\
                  Next:\n  kartwheel runs list --state held    what waits\n  kartwheel resume                    go on"
)]
pub(super) struct Arguments {
    /// Only this connection
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Why, for whoever looks next
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print the holds in force as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let connection = arguments.connection.as_deref();
    project
        .control()
        .await?
        .pause(connection, &arguments.reason)
        .await
        .map_err(super::Failure::from)?;
    if arguments.json {
        let holds = project.reader.holds().await.map_err(super::Failure::from)?;
        desk.screen.json(&json!({ "holds": holds }))?;
        return Ok(Exit::Done);
    }
    let what = connection.map_or_else(
        || "All sending".to_owned(),
        |name| format!("Sending on connection {name}"),
    );
    desk.screen
        .line(&Line::default().add(Tone::Warn, format!("{what} is paused.")))?;
    let flag = connection
        .map(|name| format!(" --connection {name}"))
        .unwrap_or_default();
    desk.screen.line(
        &Line::new("Webhooks are still accepted. To go on: ")
            .bold(format!("kartwheel resume{flag}")),
    )?;
    Ok(Exit::Done)
}
