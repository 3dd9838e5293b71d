//! `kartwheel connect`: from an app's address to a connection that works, pinned in kartwheel.yaml.

mod address;
mod pin;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use self::pin::Pinned;
use super::connection::{Patience, Waited, length, view};
use super::desk::{check_name, membrane_desk, only_or, told};
use super::failure::as_last_line;
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
                  Exit codes: 1 when it is not READY in time, another id is pinned or the id could not be written; run it again when that is done.\n\n\
                  Next:\n  kartwheel connection status    how it stands"
)]
pub(super) struct Arguments {
    /// The app's address [default: the connection's `app`, else `https://kartra.com/`]
    url: Option<String>,
    /// The local name, under `connections:` of kartwheel.yaml [default: the only one there, else main]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// What Membrane is to call it; used only when it is made
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// How long to wait until it is READY
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = length)]
    timeout: Duration,
    /// Connect another app than Kartra: Membrane builds a connector where it has none, which may use credits
    #[arg(long)]
    other_app: bool,
    /// Put the id in the place of another one that is pinned
    #[arg(long)]
    replace: bool,
    /// Change no file: print what to write
    #[arg(long)]
    print: bool,
    /// Print every change as a line of JSON; the last says `works` and `pinned`
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let ended = carry_out(&arguments, desk).await;
    if let (true, Err(error)) = (arguments.json, &ended) {
        desk.screen.json_line(&as_last_line(error))?;
    }
    ended
}

async fn carry_out(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let name = &*name_of(arguments, &config)?;
    let url = &*url_of(arguments, &config, name)?;
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
            match reads {
                Ok(proof) => pinned(arguments, (&config, name), &connection, proof, desk),
                Err(why) => does_not_read(arguments, &connection, &why, desk),
            }
        }
        Waited::Broken(connection) => Err(view::broken(&connection, name).into()),
        Waited::NotYet(connection) => not_yet(arguments, &connection, desk),
    }
}

/// The connection that was named; else the only one, or `main` among several.
fn name_of(arguments: &Arguments, config: &Config) -> Result<Arc<str>, Failure> {
    if let Some(name) = &arguments.connection {
        check_name(name)?;
        return Ok(name.as_str().into());
    }
    let known = &config.membrane.connections;
    match known.get_key_value("main") {
        Some((main, _)) => Ok(Arc::clone(main)),
        None => only_or(config, None),
    }
}

/// The address that was given, else the connection's `app`, else Kartra's. Another app's must be meant.
fn url_of(arguments: &Arguments, config: &Config, name: &str) -> Result<String, Failure> {
    let own = config.membrane.connections.get(name);
    let app = own.and_then(|own| own.app.clone());
    let url = arguments.url.clone().or(app);
    let url = address::check(url.as_deref().unwrap_or(KARTRA))?;
    if arguments.other_app || address::is_kartra(&url) {
        return Ok(url);
    }
    Err(Failure::new(format!("`{url}` is not Kartra's address"))
        .means("Membrane would build a connector for another app there. That takes minutes, may use the workspace's credits, and the verbs of the rules are Kartra's.")
        .remedy("Kartra's is https://kartra.com/\nIf another app is meant, the same with --other-app"))
}

/// By what it was found out that a connection works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// A cheap read of the account.
    Read,
    /// Membrane's own test alone.
    Test,
}

/// A cheap read of the account; another app is asked through Membrane's own test. The inner error says what went wrong.
async fn proves(
    config: &Config,
    name: &str,
    connection: &Connection,
    is_kartra: bool,
    desk: &mut Desk,
) -> anyhow::Result<Result<Proof, String>> {
    let id = connection.id();
    let membrane: membrane::Desk = membrane_desk(config, name, Some(id), &desk.clock)?;
    if is_kartra {
        let outcome = membrane.probe().await;
        return Ok(match outcome.is_success() {
            true => Ok(Proof::Read),
            false => Err(outcome.message),
        });
    }
    Ok(match membrane.test(id).await {
        Ok(true) => Ok(Proof::Test),
        Ok(false) => Err("Membrane's test of it failed".to_owned()),
        Err(failed) => Err(failed.message),
    })
}

fn not_yet(
    arguments: &Arguments,
    connection: &Connection,
    desk: &mut Desk,
) -> anyhow::Result<Exit> {
    if arguments.json {
        desk.screen.json_line(&json!({
            "connection": view::json_of(connection), "works": false, "pinned": false,
            "why": format!("it is {} and not READY yet", connection.state()),
            "to_do": format!("run it again: {}", again(arguments)),
        }))?;
        return Ok(Exit::Problems);
    }
    let state = connection.state();
    desk.screen.line(
        &Line::default()
            .add(Tone::Warn, "Not READY yet.")
            .plain(" Nothing was written; the connection stays, and this finds it again:"),
    )?;
    desk.screen.line(&Line::new("  ").bold(again(arguments)))?;
    if state == "CLIENT_ACTION_REQUIRED" {
        desk.screen.line(
            &Line::default().dim("  once what stands above is done, or while somebody does it"),
        )?;
    }
    Ok(Exit::Problems)
}

/// The same command, as far as it decides which connection is found.
fn again(arguments: &Arguments) -> String {
    let mut command = "kartwheel connect".to_owned();
    if let Some(url) = &arguments.url {
        command.push_str(&format!(" {url}"));
    }
    if arguments.other_app {
        command.push_str(" --other-app");
    }
    if let Some(name) = &arguments.connection {
        command.push_str(&format!(" --connection {name}"));
    }
    for (flag, is_set) in [
        ("--replace", arguments.replace),
        ("--print", arguments.print),
    ] {
        if is_set {
            command.push_str(&format!(" {flag}"));
        }
    }
    command
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
    (config, name): (&Config, &str),
    connection: &Connection,
    proof: Proof,
    desk: &mut Desk,
) -> anyhow::Result<Exit> {
    let id = connection.id();
    let own = config.membrane.connections.get(name);
    let there = own.and_then(|own| own.id.as_deref());
    let pinned = if arguments.print {
        Pinned::Printed
    } else if there == Some(id) {
        // It may stand in a variable or a file.
        Pinned::Already
    } else {
        pin::write(&config.dir, name, id, arguments.replace)
    };
    let good = !matches!(pinned, Pinned::Other(_) | Pinned::ByHand(_));
    if arguments.json {
        desk.screen.json_line(&json!({
            "connection": view::json_of(connection),
            "works": true,
            "proof": match proof { Proof::Read => "read", Proof::Test => "test" },
            "pinned": matches!(pinned, Pinned::Written | Pinned::Already),
            "written": pinned == Pinned::Written,
            "other": match &pinned { Pinned::Other(id) => Value::from(id.as_str()), _ => Value::Null },
            "to_write": { "connections": { name: { "id": id } } },
        }))?;
    } else {
        let (works, by) = match proof {
            Proof::Read => ("It works:", " a cheap read of the account succeeded."),
            Proof::Test => (
                "Membrane's own test of it succeeded.",
                " No read was made; what it offers: kartwheel actions list",
            ),
        };
        desk.screen
            .line(&Line::default().add(Tone::Good, works).plain(by))?;
        pin::tell(&pinned, (name, id, there), &mut desk.screen)?;
    }
    Ok(if good { Exit::Done } else { Exit::Problems })
}
