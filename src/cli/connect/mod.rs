//! `kartwheel connect`: from an app's address to a connection that works, pinned in kartwheel.yaml.

mod address;
mod pin;

use std::time::Duration;

use serde_json::{Value, json};

use self::pin::Pinned;
use super::connection::{Patience, Waited, length, view};
use super::desk::{membrane_desk, told};
use super::screen::{Line, Tone};
use super::{Desk, Exit, Failure};
use crate::clock::after;
use crate::config::Config;
use crate::membrane::{self, Connection};

/// Kartra's own address.
const KARTRA: &str = "https://kartra.com/";

/// Connect a Kartra account
///
/// It finds the tenant's connection to the app, or has Membrane make one; waits while it is built; shows what a person must do and
/// waits until that is done; proves with a cheap read that it works; and writes its id into kartwheel.yaml. It may be run again at
/// any time: it finds what it made before.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel connect\n  kartwheel connect https://kartra.com/ --connection client_b --timeout 1h\n\n\
                  Exit codes: 1 when it is not READY in time or another id is pinned; run it again when that is done.\n\n\
                  Next:\n  kartwheel connection status    how it stands"
)]
pub(super) struct Arguments {
    /// The app's address [default: the connection's `app`, else `https://kartra.com/`]
    url: Option<String>,
    /// The local name, under `connections:` of kartwheel.yaml
    #[arg(long, value_name = "NAME", default_value = "main")]
    connection: String,
    /// What Membrane is to call it; used only when it is made
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// How long to wait until it is READY
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = length)]
    timeout: Duration,
    /// Put the id in the place of another one that is pinned
    #[arg(long)]
    replace: bool,
    /// Change no file: print what to write
    #[arg(long)]
    print: bool,
    /// Print every change as a line of JSON; the last has `pinned`
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let name = arguments.connection.as_str();
    pin::check_name(name)?;
    let own = config.membrane.connections.get(name);
    let app = own.and_then(|own| own.app.clone());
    let url = arguments.url.clone().or(app);
    let url = url.unwrap_or_else(|| KARTRA.to_owned());
    let url = address::check(&url)?;
    let membrane = membrane_desk(&config, name, None, &desk.clock)?;
    let tenant = membrane.whoami().await.map_err(|failed| told(&failed))?;
    if !arguments.json {
        let whose = Line::new("Tenant ")
            .bold(&tenant.internal_id)
            .plain(format!(" at {}", config.membrane.url));
        desk.screen.line(&whose)?;
    }
    let connection = membrane.ensure(url, arguments.name.as_deref());
    let connection = connection.await.map_err(|failed| told(&failed))?;
    if !arguments.json {
        let found = Line::new("Connection ")
            .bold(connection.id())
            .plain(format!("  {}", connection.name()));
        desk.screen.line(&found)?;
    }
    let patience = Patience {
        membrane: &membrane,
        until: after(desk.clock.now(), arguments.timeout),
        json: arguments.json,
    };
    patience.tell(&connection, desk)?;
    match patience
        .ready(connection, desk)
        .await?
        .map_err(|failed| told(&failed))?
    {
        Waited::Ready(connection) => {
            let reads = proves(&config, name, &connection, address::is_kartra(url), desk).await?;
            if let Err(why) = reads {
                return does_not_read(&arguments, &connection, &why, desk);
            }
            pinned(&arguments, &config, &connection, desk)
        }
        Waited::Broken(connection) => Err(broken(&connection, name).into()),
        Waited::NotYet(connection) => not_yet(&arguments, &connection, desk),
    }
}

/// A cheap read of the account; another app is asked through Membrane's own test. The inner error says what went wrong.
async fn proves(
    config: &Config,
    name: &str,
    connection: &Connection,
    is_kartra: bool,
    desk: &mut Desk,
) -> anyhow::Result<Result<(), String>> {
    let id = connection.id();
    let membrane: membrane::Desk = membrane_desk(config, name, Some(id), &desk.clock)?;
    if is_kartra {
        let outcome = membrane.probe().await;
        return Ok(match outcome.is_success() {
            true => Ok(()),
            false => Err(outcome.message),
        });
    }
    Ok(match membrane.test(id).await {
        Ok(true) => Ok(()),
        Ok(false) => Err("Membrane's test of it failed".to_owned()),
        Err(failed) => Err(failed.message),
    })
}

fn broken(connection: &Connection, name: &str) -> Failure {
    let state = connection.state();
    let failure = Failure::new(format!("connection {} is {state}", connection.id()));
    let failure = if connection.errors().is_empty() {
        failure.means("Membrane gives no reason.")
    } else {
        failure.means(connection.errors().join("\n"))
    };
    failure.remedy(view::remedy(state, name))
}

fn not_yet(
    arguments: &Arguments,
    connection: &Connection,
    desk: &mut Desk,
) -> anyhow::Result<Exit> {
    if arguments.json {
        desk.screen
            .json_line(&json!({ "connection": view::json_of(connection), "pinned": false }))?;
        return Ok(Exit::Problems);
    }
    let state = connection.state();
    desk.screen.line(
        &Line::default()
            .add(Tone::Warn, "Not READY yet.")
            .plain(" Nothing was written; the connection stays, and this finds it again:"),
    )?;
    let again = match arguments.connection.as_str() {
        "main" => String::new(),
        name => format!(" --connection {name}"),
    };
    desk.screen
        .line(&Line::new("  ").bold(format!("kartwheel connect{again}")))?;
    if state == "CLIENT_ACTION_REQUIRED" {
        desk.screen.line(
            &Line::default().dim("  once what stands above is done, or while somebody does it"),
        )?;
    }
    Ok(Exit::Problems)
}

fn does_not_read(
    arguments: &Arguments,
    connection: &Connection,
    why: &str,
    desk: &mut Desk,
) -> anyhow::Result<Exit> {
    if arguments.json {
        desk.screen.json_line(&json!({
            "connection": view::json_of(connection), "works": false, "why": why, "pinned": false,
        }))?;
        return Ok(Exit::Problems);
    }
    desk.screen
        .line(&Line::default().add(Tone::Bad, "It is READY, but a cheap read did not succeed:"))?;
    view::words(why, &mut desk.screen)?;
    desk.screen
        .text("Nothing was written. Mend that and run it again.")?;
    Ok(Exit::Problems)
}

/// Writes the id down, and tells where.
fn pinned(
    arguments: &Arguments,
    config: &Config,
    connection: &Connection,
    desk: &mut Desk,
) -> anyhow::Result<Exit> {
    let (name, id) = (arguments.connection.as_str(), connection.id());
    let pinned = if arguments.print {
        Pinned::Printed
    } else {
        pin::write(&config.dir, name, id, arguments.replace)?
    };
    let good = !matches!(pinned, Pinned::Other(_));
    if arguments.json {
        desk.screen.json_line(&json!({
            "connection": view::json_of(connection),
            "works": true,
            "pinned": matches!(pinned, Pinned::Written | Pinned::Already),
            "written": pinned == Pinned::Written,
            "other": match &pinned { Pinned::Other(id) => Value::from(id.as_str()), _ => Value::Null },
            "to_write": { "connections": { name: { "id": id } } },
        }))?;
    } else {
        desk.screen.line(
            &Line::default()
                .add(Tone::Good, "It works:")
                .plain(" a cheap read of the account succeeded."),
        )?;
        pin::tell(&pinned, name, id, &mut desk.screen)?;
    }
    Ok(if good { Exit::Done } else { Exit::Problems })
}
