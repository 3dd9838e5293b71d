//! `kartwheel catalog show`: what is kept of the accounts.

use std::io;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::counted;
use super::diff::nothing_kept;
use crate::account::Account;
use crate::cli::desk::all_or;
use crate::cli::screen::{Line, Screen, Table, Tone};
use crate::cli::{Desk, Exit, Failure};
use crate::config::Config;
use crate::kartra;
use crate::store::Snapshot;
use crate::web::api::catalog::kept_view;

const ACTIONS: Table = Table::new(&[("ACTION", 34), ("NAME", 64)]);
const FIELDS: Table = Table::new(&[("FIELD", 24), ("KIND", 14), ("OPTIONS", 58)]);

/// Show what is kept of the accounts
///
/// Without a part: how much there is of each, and since when. Nothing is read from the accounts.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel catalog show\n  kartwheel catalog show tags\n  kartwheel catalog show custom-fields --json\n\nNext:\n  kartwheel catalog sync    read them again"
)]
pub(super) struct Arguments {
    /// Which part
    #[arg(value_enum)]
    part: Option<Part>,
    /// Only of this connection's account
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Tags,
    Lists,
    Sequences,
    Pages,
    CustomFields,
    Actions,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let connections = all_or(&project.config, arguments.connection.as_deref())?;
    let kept = project.reader.snapshots().await.map_err(Failure::from)?;
    let now = desk.clock.now();
    let of = |name: &str| kept.iter().find(|kept| *kept.connection == *name);
    let Some(part) = arguments.part else {
        let views: Vec<Value> = connections
            .iter()
            .map(|name| kept_view(name, of(name), &kartra::catalog(), now))
            .collect();
        if arguments.json {
            desk.screen.json(&json!({ "connections": views }))?;
            return Ok(Exit::Done);
        }
        for (name, view) in connections.iter().zip(&views) {
            match of(name) {
                Some(kept) => print_counts(kept, view, &project.config, &mut desk.screen)?,
                None => desk.screen.line(
                    &Line::default()
                        .bold(&**name)
                        .plain(": nothing yet; `kartwheel catalog sync` reads it"),
                )?,
            }
        }
        return Ok(Exit::Done);
    };
    let mut found = Vec::new();
    for name in &connections {
        found.push(of(name).ok_or_else(|| nothing_kept(name))?);
    }
    if arguments.json {
        let views: Vec<Value> = found.iter().map(|kept| whole(kept, part)).collect();
        desk.screen.json(&json!({ "connections": views }))?;
        return Ok(Exit::Done);
    }
    for kept in &found {
        if found.len() > 1 {
            desk.screen
                .line(&Line::default().bold(format!("{}:", kept.connection)))?;
        }
        warn_of_place(kept, &project.config, &mut desk.screen)?;
        print(&kept.account, part, &mut desk.screen)?;
    }
    Ok(Exit::Done)
}

/// How much there is of each part, since when, and what is missing.
fn print_counts(
    kept: &Snapshot,
    view: &Value,
    config: &Config,
    screen: &mut Screen,
) -> io::Result<()> {
    let line = Line::default()
        .bold(&*kept.connection)
        .plain(format!(": {}", counted(&view["counts"])))
        .dim(format!(" (read {})", screen.whole(kept.synced_at)));
    screen.line(&line)?;
    let listed = |key: &str| {
        let names = view[key].as_array().into_iter().flatten();
        names
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    warn_of_place(kept, config, screen)?;
    let mut warn = |text: String| screen.line(&Line::new("  ").add(Tone::Warn, text));
    let unread = listed("unread").replace('_', " ");
    if !unread.is_empty() {
        warn(format!("not read: {unread}"))?;
    }
    let mute = listed("without_schema");
    if !mute.is_empty() {
        warn(format!("no schema, so the built-in table is used: {mute}"))?;
    }
    Ok(())
}

/// Says where the name led elsewhere when the account was read.
fn warn_of_place(kept: &Snapshot, config: &Config, screen: &mut Screen) -> io::Result<()> {
    if kept.from.may_be(&config.membrane.place(&kept.connection)) {
        return Ok(());
    }
    let text = "kept from another connection; run `kartwheel catalog sync`";
    screen.line(&Line::new("  ").add(Tone::Warn, text))
}

fn whole(kept: &Snapshot, part: Part) -> Value {
    let account = &kept.account;
    let (name, content) = match part {
        Part::Tags => ("tags", json!(account.tags)),
        Part::Lists => ("lists", json!(account.lists)),
        Part::Sequences => ("sequences", json!(account.sequences)),
        Part::Pages => ("pages", json!(account.pages)),
        Part::CustomFields => ("custom_fields", json!(account.custom_fields)),
        Part::Actions => ("actions", json!(account.actions)),
    };
    json!({ "connection": kept.connection, "synced_at": kept.synced_at, name: content })
}

fn print(account: &Account, part: Part, screen: &mut Screen) -> io::Result<()> {
    let names = match part {
        Part::Tags => &account.tags,
        Part::Lists => &account.lists,
        Part::Sequences => &account.sequences,
        Part::Pages => &account.pages,
        Part::CustomFields => return print_fields(account, screen),
        Part::Actions => return print_actions(account, screen),
    };
    let Some(names) = names else {
        return unknown(screen);
    };
    if names.is_empty() {
        return none(screen);
    }
    names
        .iter()
        .try_for_each(|name| screen.line(&Line::new(name)))
}

fn print_actions(account: &Account, screen: &mut Screen) -> io::Result<()> {
    let Some(actions) = &account.actions else {
        return unknown(screen);
    };
    if actions.is_empty() {
        return none(screen);
    }
    screen.line(&ACTIONS.head())?;
    for action in actions {
        screen.line(&ACTIONS.row(&[
            (Tone::Bold, action.key.clone()),
            (Tone::Plain, action.name.clone()),
        ]))?;
    }
    Ok(())
}

fn print_fields(account: &Account, screen: &mut Screen) -> io::Result<()> {
    let Some(fields) = &account.custom_fields else {
        return unknown(screen);
    };
    if fields.is_empty() {
        return none(screen);
    }
    screen.line(&FIELDS.head())?;
    for field in fields {
        let options: Vec<String> = field
            .options
            .iter()
            .map(|(id, label)| format!("{id} = {label}"))
            .collect();
        screen.line(&FIELDS.row(&[
            (Tone::Bold, field.identifier.clone()),
            (Tone::Plain, field.kind.clone()),
            (Tone::Plain, options.join(", ")),
        ]))?;
    }
    Ok(())
}

fn unknown(screen: &mut Screen) -> io::Result<()> {
    screen.line(&Line::default().dim("It could not be read when the account was read."))
}

fn none(screen: &mut Screen) -> io::Result<()> {
    screen.line(&Line::default().dim("There are none."))
}
