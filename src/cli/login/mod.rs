//! `kartwheel login`: credentials of Membrane, tried, and kept only if that is wanted.

mod given;
mod keep;

use serde_json::{Value, json};

use self::given::{Given, Origin};
use self::keep::Plan;
use super::connection::view;
use super::desk::check_name;
use super::screen::{Line, Screen, Tone};
use super::{Desk, Exit, Failure};
use crate::action::Class;
use crate::kartra;
use crate::membrane::{self, Connection, Failed, Settings, Tenant};

/// Try Membrane's credentials, and keep them if asked
///
/// Three kinds are taken: a workspace's key and secret with a tenant's key (the best for a daemon: it signs short-lived tokens
/// itself), a fixed token, or what `membrane credentials --json` prints. A secret comes through a pipe or the environment, never as
/// an argument, and is never shown. Without any, those that the project has are tried. Nothing is stored without --save.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel login --workspace-key KEY --tenant shop --secret-stdin < secret.txt --save\n  kartwheel login --token-stdin < token.txt\n  \
                  membrane credentials --json | kartwheel login --credentials-stdin --tenant shop --save\n  kartwheel login    try what the project has\n\n\
                  From the environment: MEMBRANE_WORKSPACE_KEY, MEMBRANE_WORKSPACE_SECRET, MEMBRANE_TENANT_KEY; or MEMBRANE_ACCESS_TOKEN;\n\
                  MEMBRANE_API_URI for another host. For --connection client_b the same with CLIENT_B_ before them.\n\n\
                  Next:\n  kartwheel connect    the connection to Kartra"
)]
pub(super) struct Arguments {
    /// The workspace's key, from Membrane's console
    #[arg(long, value_name = "KEY", conflicts_with_all = ["token_stdin", "credentials_stdin"])]
    workspace_key: Option<String>,
    /// The tenant under which the connection is, or will be, made
    #[arg(
        long,
        alias = "tenant-key",
        value_name = "KEY",
        conflicts_with = "token_stdin"
    )]
    tenant: Option<String>,
    /// Read the workspace's secret from standard input
    #[arg(long, conflicts_with_all = ["token_stdin", "credentials_stdin"])]
    secret_stdin: bool,
    /// Read a fixed token from standard input
    #[arg(long, conflicts_with = "credentials_stdin")]
    token_stdin: bool,
    /// Read what `membrane credentials --json` prints from standard input
    #[arg(long)]
    credentials_stdin: bool,
    /// For this connection alone, as an agency's customer has it
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Another Membrane than `https://api.getmembrane.com`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write them into the project's .env, and name them in kartwheel.yaml
    #[arg(long)]
    save: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What Membrane answered.
struct Known {
    tenant: Tenant,
    connections: Vec<Connection>,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    if let Some(name) = &arguments.connection {
        check_name(name)?;
    }
    let given = given::find(&arguments, desk)?;
    let known = try_out(&given, desk).await?;
    let plan = Plan::of(&given, arguments.connection.as_deref(), &desk.project)?;
    let saved = arguments.save && given.origin != Origin::Project;
    let elsewhere = elsewhere(&arguments, &given, desk);
    if let (true, Some(project)) = (saved, &elsewhere) {
        return Err(not_here(&given, project).into());
    }
    let was_written = saved && plan.write(&desk.project)?;
    if arguments.json {
        desk.screen.json(&json!({
            "url": given.url,
            "project_url": elsewhere,
            "tenant": view::json_of_tenant(&known.tenant),
            "connections": known.connections.iter().map(view::json_of).collect::<Vec<Value>>(),
            "is_empty": known.connections.is_empty(),
            "saved": was_written,
            "variables": plan.names(),
        }))?;
        return Ok(plan.exit(saved));
    }
    tell(&given, &known, desk)?;
    if given.origin == Origin::Project {
        desk.screen
            .text("These are the project's own credentials.")?;
    }
    if let Some(project) = &elsewhere {
        tell_elsewhere(project, &given, &mut desk.screen)?;
        return Ok(Exit::Done);
    }
    if given.origin == Origin::Project {
        return Ok(Exit::Done);
    }
    plan.tell(saved, &mut desk.screen)?;
    Ok(plan.exit(saved))
}

/// The project's Membrane, where the credentials were tried at another one and cannot be kept for that: a connection has no address
/// of its own, and the project's own credentials are kept already.
fn elsewhere(arguments: &Arguments, given: &Given, desk: &Desk) -> Option<String> {
    if arguments.connection.is_none() && given.origin != Origin::Project {
        return None;
    }
    let url = given::project_url(&desk.project)?;
    (url.trim_end_matches('/') != given.url.trim_end_matches('/')).then_some(url)
}

const ONE_PLACE: &str = "Set `membrane.url` in kartwheel.yaml if that is the right one for all; else a project of its own is needed.";

fn not_here(given: &Given, project: &str) -> Failure {
    Failure::new(format!(
        "all connections are at one Membrane, and kartwheel.yaml says {project}"
    ))
    .means(format!(
        "These credentials are good at {}, and were not stored.",
        given.url
    ))
    .remedy(ONE_PLACE)
}

fn tell_elsewhere(project: &str, given: &Given, screen: &mut Screen) -> std::io::Result<()> {
    let told = format!(
        "They were tried at {}, and the project's Membrane is {project}.",
        given.url
    );
    screen.line(&Line::default().add(Tone::Warn, told))?;
    if given.origin != Origin::Project {
        screen.text("Nothing was stored, and --save would store nothing: all connections are at one Membrane.")?;
    }
    screen.text(ONE_PLACE)
}

async fn try_out(given: &Given, desk: &Desk) -> anyhow::Result<Known> {
    let settings = Settings {
        url: given.url.clone(),
        ..Settings::new(given.auth.clone())
    };
    let made = membrane::Desk::new(&settings, None, desk.clock.clone(), kartra::catalog());
    let membrane = made.map_err(|error| {
        Failure::new(format!("these credentials cannot be used: {error:#}"))
            .remedy("`kartwheel login --help` names what is needed.")
    })?;
    let tenant = membrane
        .whoami()
        .await
        .map_err(|failed| refused(&failed, &given.url))?;
    let connections = membrane.connections().await;
    Ok(Known {
        tenant,
        connections: connections.map_err(|failed| refused(&failed, &given.url))?,
    })
}

fn refused(failed: &Failed, url: &str) -> Failure {
    let failure = Failure::new(failed.message.clone());
    match failed.class {
        Class::OurToken => failure
            .means("Nothing was stored.")
            .remedy(
                "Compare key and secret with Membrane's console, as they are: the secret's text is used even where it looks like hexadecimal.\n\
                 A token that we sign is refused as well when this machine's clock is wrong.",
            ),
        _ => failure
            .means("Nothing was stored, and nothing is known about the credentials.")
            .remedy(format!(
                "They were tried at {url}: look at that address (--url), the network and the firewall, or try again in a while."
            )),
    }
}

fn tell(given: &Given, known: &Known, desk: &mut Desk) -> std::io::Result<()> {
    let Tenant {
        id,
        name,
        internal_id,
    } = &known.tenant;
    let screen = &mut desk.screen;
    screen.line(
        &Line::default()
            .add(Tone::Good, "Membrane knows these credentials")
            .plain(format!("  {}", given.url)),
    )?;
    for (what, fact) in [("tenant", internal_id), ("its name", name), ("its id", id)] {
        screen.line(&Line::new(format!("  {what:<13}")).plain(fact))?;
    }
    for connection in &known.connections {
        let state = connection.state();
        screen.line(
            &Line::new(format!("  {:<13}", "connection"))
                .add(view::tone(state), state)
                .plain(format!("  {}  {}", connection.id(), connection.name())),
        )?;
    }
    if known.connections.is_empty() {
        screen.line(&Line::default().add(
            Tone::Warn,
            "This tenant has no connection at all. It is new and empty: a typed-wrong tenant key looks just so, for",
        ))?;
        screen.line(&Line::default().add(
            Tone::Warn,
            "Membrane makes a tenant of any key. If Kartra was connected before, compare the key with Membrane's console.",
        ))?;
    }
    Ok(())
}
