//! `kartwheel connection test`: whether a connection works, now.

use serde_json::json;

use super::Subject;
use crate::cli::desk::told;
use crate::cli::screen::{Line, Tone};
use crate::cli::{Desk, Exit};

/// Try a connection: Membrane's own test, then a cheap read
///
/// Nothing in the account is changed. Exit code 0 when both succeed, else 1.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel connection test main\n\nNext:\n  kartwheel connection reconnect main    when it does not work"
)]
pub(super) struct Arguments {
    /// The connection's local name [default: the only one]
    name: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let subject = Subject::named(arguments.name.as_deref(), "test", &config, desk).await?;
    let connection = subject.membrane.connection(&subject.id).await;
    let connection = connection.map_err(|failed| told(&failed))?;
    let state = connection.state();
    let tested = subject.membrane.test(&subject.id).await;
    let tested = tested.map_err(|failed| told(&failed))?;
    let read = subject.membrane.probe().await;
    let works = tested && read.is_success();
    let (name, id) = (&subject.name, &subject.id);
    if arguments.json {
        desk.screen.json(&json!({
            "name": name, "id": id, "state": state, "test": tested, "works": works,
            "read": { "class": read.class.name(), "message": read.message },
        }))?;
    } else {
        let screen = &mut desk.screen;
        screen.line(&Line::new("Connection ").bold(name).dim(format!("  {id}")))?;
        if state != "READY" {
            screen.line(&Line::new("  its state        ").add(super::view::tone(state), state))?;
        }
        let membranes = match tested {
            true => (Tone::Good, "passed"),
            false if state == "READY" => (Tone::Bad, "failed: Kartra did not accept its login"),
            false => (Tone::Bad, "failed"),
        };
        screen.line(&Line::new("  Membrane's test  ").add(membranes.0, membranes.1))?;
        if read.is_success() {
            screen.line(&Line::new("  a cheap read     ").add(Tone::Good, "succeeded"))?;
        } else {
            screen.line(&Line::new("  a cheap read     ").add(Tone::Bad, "failed"))?;
            super::view::words(&read.message, screen)?;
        }
        if state != "READY" {
            screen.line(&Line::new("  To do: ").plain(super::view::remedy(&connection, name)))?;
        }
        if !works {
            screen.gap()?;
            let next = format!("kartwheel connection status {name}");
            screen.line(
                &Line::new("Next  ")
                    .bold(next)
                    .dim("    why, and what to do"),
            )?;
        }
    }
    Ok(if works { Exit::Done } else { Exit::Problems })
}
