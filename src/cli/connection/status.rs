//! `kartwheel connection status`: one connection whole: Membrane's state, what a person must do, whose it is, its pace, its holds.

use std::path::Path;

use serde_json::{Value, json};

use super::{Subject, view};
use crate::cli::desk::{Daemon, Whose, all_or, told};
use crate::cli::screen::{Line, Screen, Tone, wrap};
use crate::cli::{Desk, Exit};
use crate::config::Config;
use crate::membrane::{Connection, ConnectionSettings, Tenant};
use crate::store::{self, Hold};

/// A hold's reason is broken to this width.
const REASON_WIDTH: usize = 84;

/// Show how a connection stands
///
/// Membrane's state of it with reasons and what a person must do, whose token we show, its pace, and whether the daemon holds its
/// runs. Exit code 1 when it is not READY or is held.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel connection status\n  kartwheel connection status client_b --json\n\nNext:\n  kartwheel connection reconnect NAME    when its login lapsed"
)]
pub(super) struct Arguments {
    /// The connection's local name [default: all of them]
    name: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// What is known of one connection.
struct Known {
    subject: Subject,
    connection: Connection,
    tenant: Tenant,
    holds: Vec<Hold>,
    /// The pace of now, where the daemon has slowed it down.
    slowed: Option<Value>,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let kept = holds(&config, desk).await;
    let holds: &[Hold] = match &kept {
        Kept::Holds(holds) => holds,
        _ => &[],
    };
    let mut exit = match &kept {
        Kept::Unreadable(_) => Exit::Problems,
        _ => Exit::Done,
    };
    let daemon = Daemon::ask(&config, &desk.clock).await.ok();
    let daemon = daemon.filter(|daemon| daemon.whose == Whose::Ours);
    let mut shown = Vec::new();
    let names = all_or(&config, arguments.name.as_deref())?;
    for (place, name) in names.iter().enumerate() {
        let known = match look(name, &config, holds, desk).await {
            Ok(known) => Known {
                slowed: daemon
                    .as_ref()
                    .and_then(|daemon| daemon.slowed(name))
                    .cloned(),
                ..known
            },
            Err(error) if names.len() == 1 => return Err(error),
            // The others are still of interest.
            Err(error) => {
                exit = Exit::Problems;
                shown.push(json!({ "name": name, "trouble": error.to_string() }));
                if !arguments.json {
                    trouble(place, name, &error, desk)?;
                }
                continue;
            }
        };
        if known.connection.state() != "READY" || !known.holds.is_empty() {
            exit = Exit::Problems;
        }
        if arguments.json {
            shown.push(json_of(&known, &config));
            continue;
        }
        if place > 0 {
            desk.screen.gap()?;
        }
        tell(&known, &config, &kept, desk)?;
    }
    if arguments.json {
        desk.screen.json(&json!({ "connections": shown }))?;
    }
    Ok(exit)
}

fn trouble(
    place: usize,
    name: &str,
    error: &anyhow::Error,
    desk: &mut Desk,
) -> std::io::Result<()> {
    if place > 0 {
        desk.screen.gap()?;
    }
    let line = Line::new("Connection ")
        .bold(name)
        .add(Tone::Bad, "  not known");
    desk.screen.line(&line)?;
    view::words(&error.to_string(), &mut desk.screen)
}

/// What the database knows of holds.
enum Kept {
    /// These.
    Holds(Vec<Hold>),
    /// No daemon ever ran here.
    NoDatabase,
    /// It cannot be read; why.
    Unreadable(String),
}

/// The daemon's holds, as the database has them.
async fn holds(config: &Config, desk: &Desk) -> Kept {
    let url = &config.database;
    if !Path::new(url.strip_prefix("sqlite://").unwrap_or(url)).exists() {
        return Kept::NoDatabase;
    }
    let read = async {
        let reader = store::open_read_only(url, desk.clock.clone()).await?;
        reader.holds().await
    };
    match read.await {
        Ok(holds) => Kept::Holds(holds),
        Err(error) => Kept::Unreadable(error.to_string()),
    }
}

async fn look(name: &str, config: &Config, holds: &[Hold], desk: &Desk) -> anyhow::Result<Known> {
    let subject = Subject::named(Some(name), "status", config, desk).await?;
    let tenant = subject.membrane.whoami().await;
    let connection = subject.membrane.connection(&subject.id).await;
    let of_it = |hold: &&Hold| hold.connection.is_empty() || *hold.connection == *name;
    Ok(Known {
        tenant: tenant.map_err(|failed| told(&failed))?,
        connection: connection.map_err(|failed| told(&failed))?,
        holds: holds.iter().filter(of_it).cloned().collect(),
        subject,
        slowed: None,
    })
}

fn tell(known: &Known, config: &Config, kept: &Kept, desk: &mut Desk) -> std::io::Result<()> {
    let name = &known.subject.name;
    let own = &config.membrane.connections[name.as_str()];
    let state = known.connection.state();
    desk.screen.line(
        &Line::new("Connection ")
            .bold(name)
            .plain("  ")
            .add(view::tone(state), state),
    )?;
    view::tell_reasons(&known.connection, &mut desk.screen)?;
    if state != "READY" {
        let remedy = view::remedy(&known.connection, name);
        desk.screen.line(&Line::new("  To do: ").plain(remedy))?;
    }
    let pinned = if own.id.is_some() {
        ""
    } else {
        "  (not pinned in kartwheel.yaml)"
    };
    let known_as = known.connection.name();
    let facts = [
        ("id", format!("{}  {known_as}{pinned}", known.subject.id)),
        (
            "tenant",
            format!("{}  {}", known.tenant.internal_id, known.tenant.id),
        ),
        (
            "credentials",
            if own.auth.is_some() {
                "its own"
            } else {
                "those that all share"
            }
            .to_owned(),
        ),
        ("pace", pace(own, known.slowed.as_ref(), &desk.screen)),
    ];
    for (what, fact) in facts {
        desk.screen
            .line(&Line::new(format!("  {what:<13}{fact}")))?;
    }
    if known.holds.is_empty() {
        let held = match kept {
            Kept::Holds(_) => "no",
            Kept::NoDatabase => "no daemon ran here yet",
            Kept::Unreadable(why) => {
                let told = format!("not known: the database cannot be read: {why}");
                let line = Line::new(format!("  {:<13}", "held")).add(Tone::Bad, told);
                return desk.screen.line(&line);
            }
        };
        return desk
            .screen
            .line(&Line::new(format!("  {:<13}{held}", "held")));
    }
    for hold in &known.holds {
        let since = desk.screen.moment(hold.since);
        desk.screen.line(
            &Line::new(format!("  {:<13}", "held"))
                .add(Tone::Warn, hold.kind.name())
                .dim(format!("  since {since}")),
        )?;
        let way_out = hold.kind.way_out(&hold.connection);
        let lines = [&*hold.reason, &*way_out];
        for line in lines.iter().flat_map(|text| wrap(text, REASON_WIDTH)) {
            desk.screen.line(&Line::new(format!("{:15}{line}", "")))?;
        }
    }
    Ok(())
}

/// As it is set, and as it is now where it is slower.
fn pace(own: &ConnectionSettings, slowed: Option<&Value>, screen: &Screen) -> String {
    let set = format!("{} calls a second, {} at once", own.per_second, own.at_once);
    let Some(slowed) = slowed else {
        return set;
    };
    let now = slowed["per_second"].as_f64().unwrap_or_default();
    let until = slowed["until"].as_str().and_then(|text| text.parse().ok());
    let rest = match until {
        Some(until) => format!("nothing until {}", screen.moment(until)),
        None => format!("{} a second", (now * 10.0).round() / 10.0),
    };
    format!("{set}; now, after too many calls, {rest}")
}

fn json_of(known: &Known, config: &Config) -> serde_json::Value {
    let own = &config.membrane.connections[known.subject.name.as_str()];
    json!({
        "name": known.subject.name,
        "pinned": own.id.is_some(),
        "own_credentials": own.auth.is_some(),
        "per_second": own.per_second,
        "at_once": own.at_once,
        "slowed": known.slowed,
        "tenant": view::json_of_tenant(&known.tenant),
        "connection": view::json_of(&known.connection),
        "holds": known.holds,
    })
}
