//! `kartwheel connection reconnect`: a link for a person, and waiting until it was used.

use std::time::Duration;

use serde_json::json;

use super::{Patience, Subject, Waited, length, may_pass, view};
use crate::cli::desk::told;
use crate::cli::failure::as_last_line;
use crate::cli::screen::{Line, Tone, span};
use crate::cli::{Desk, Exit, Failure};
use crate::clock::after;
use crate::membrane::ConnectRequest;

/// Log a connection in again
///
/// It gets a link from Membrane by which a person logs in to Kartra, waits until that was done, checks that the connection is
/// READY, and proves it with a cheap read. The connection and its id stay the same. A running daemon notices by itself. Where a login
/// cannot help, for Membrane is building the connector or could not, it says so.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel connection reconnect main --wait 10m\n\nNext:\n  kartwheel runs list --state held    what still waits"
)]
pub(super) struct Arguments {
    /// The connection's local name [default: the only one]
    name: Option<String>,
    /// How long to wait for the person
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = length)]
    wait: Duration,
    /// Print every change as a line of JSON; the last has `works`
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let ended = carry_out(arguments, desk).await;
    if let (true, Err(error)) = (arguments.json, &ended) {
        desk.screen.json_line(&as_last_line(error))?;
    }
    ended
}

async fn carry_out(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let subject = Subject::named(arguments.name.as_deref(), "reconnect", &config, desk).await?;
    let found = subject.membrane.connection(&subject.id).await;
    let found = found.map_err(|failed| told(&failed))?;
    // One that works may be wanted with another login.
    if !found.help().is_login() {
        return Err(view::broken(&found, &subject.name).into());
    }
    let request = subject.membrane.reconnect(&subject.id).await;
    let request = request.map_err(|failed| told(&failed))?;
    ask(arguments, &subject, &request, desk)?;
    let patience = Patience {
        membrane: &subject.membrane,
        until: after(desk.clock.now(), arguments.wait),
        json: arguments.json,
    };
    let request = answered(&patience, request, desk).await?;
    if request.status != "success" {
        return not_done(arguments, &subject, &request, desk);
    }
    let connection = patience.connection(&subject.id, &desk.clock).await;
    let connection = connection.map_err(|failed| told(&failed))?;
    if connection.state() != "READY" {
        patience.tell(&connection, desk)?;
    }
    let waited = patience.ready(connection, desk).await?;
    let state = match waited.map_err(|failed| told(&failed))? {
        Waited::Ready(_) => None,
        Waited::Broken(connection) | Waited::NotYet(connection) => Some(connection),
    };
    let read = match &state {
        None => Some(subject.membrane.probe().await),
        Some(_) => None,
    };
    let works = read.as_ref().is_some_and(|read| read.is_success());
    if arguments.json {
        let message = read.map(|read| read.message);
        desk.screen.json_line(&json!({
            "request": request.status, "works": works, "read": message,
            "connection": state.as_ref().map(view::json_of),
        }))?;
    } else if works {
        tell_success(&subject.name, desk)?;
    } else if let Some(read) = read {
        let why = format!(
            "It is READY, but a cheap read did not succeed: {}",
            read.message
        );
        desk.screen.line(&Line::default().add(Tone::Bad, why))?;
    } else if let Some(connection) = state {
        let told = format!(
            "The login was made, but the connection is {}.",
            connection.state()
        );
        desk.screen.line(&Line::default().add(Tone::Bad, told))?;
        desk.screen
            .text(&view::remedy(&connection, &subject.name))?;
    }
    Ok(if works { Exit::Done } else { Exit::Problems })
}

/// Shows the link.
fn ask(
    arguments: &Arguments,
    subject: &Subject,
    request: &ConnectRequest,
    desk: &mut Desk,
) -> anyhow::Result<()> {
    if arguments.json {
        let told = json!({ "request": request.status, "id": request.id, "link": request.url });
        return Ok(desk.screen.json_line(&told)?);
    }
    let Some(url) = &request.url else {
        return Err(Failure::new("Membrane gave no https link to log in by")
            .remedy("Reconnect it in Membrane's console; the daemon notices by itself.")
            .into());
    };
    let screen = &mut desk.screen;
    screen.line(
        &Line::new("Connection ")
            .bold(&subject.name)
            .dim(format!("  {}", subject.id)),
    )?;
    screen.line(&Line::new(
        "  Open this link and log in to the Kartra account:",
    ))?;
    screen.line(&Line::new("  ").bold(url))?;
    let most = span(arguments.wait);
    screen.line(&Line::default().dim(format!(
        "  Waiting until that is done, at most {most}. The link is for you alone: it may carry a key."
    )))?;
    Ok(screen.flush()?)
}

/// The request once it is no longer pending, or when the time is up.
async fn answered(
    patience: &Patience<'_>,
    mut request: ConnectRequest,
    desk: &Desk,
) -> Result<ConnectRequest, Failure> {
    while request.status == "pending" && desk.clock.now() < patience.until {
        patience.pause(&desk.clock).await;
        match patience.membrane.request_state(&request.id).await {
            Ok(now) => request = now,
            Err(failed) if may_pass(&failed) => {}
            Err(failed) => return Err(told(&failed)),
        }
    }
    Ok(request)
}

fn not_done(
    arguments: &Arguments,
    subject: &Subject,
    request: &ConnectRequest,
    desk: &mut Desk,
) -> anyhow::Result<Exit> {
    if arguments.json {
        let told = json!({ "request": request.status, "works": false, "error": request.error });
        desk.screen.json_line(&told)?;
        return Ok(Exit::Problems);
    }
    let again = format!("kartwheel connection reconnect {}", subject.name);
    let (what, more) = match request.status.as_str() {
        "pending" => (
            "The time is up, and nobody logged in.".to_owned(),
            "The link may still be used; then see",
        ),
        "cancelled" => ("The login was cancelled.".to_owned(), "Again:"),
        _ => (
            format!(
                "The login failed: {}",
                request
                    .error
                    .as_deref()
                    .unwrap_or("Membrane gives no reason")
            ),
            "Again:",
        ),
    };
    desk.screen.line(&Line::default().add(Tone::Bad, what))?;
    let next = if request.status == "pending" {
        format!("kartwheel connection status {}", subject.name)
    } else {
        again
    };
    desk.screen
        .line(&Line::new(format!("  {more} ")).bold(next))?;
    Ok(Exit::Problems)
}

fn tell_success(name: &str, desk: &mut Desk) -> std::io::Result<()> {
    desk.screen.line(
        &Line::default()
            .add(Tone::Good, "READY")
            .plain(", and a cheap read of the account succeeded."),
    )?;
    desk.screen.text(
        "A running daemon notices within minutes and takes its held runs up in order, by itself.",
    )?;
    let status = format!("kartwheel connection status {name}");
    desk.screen.line(
        &Line::new("  ")
            .bold(status)
            .dim("    whether it is still held"),
    )
}
