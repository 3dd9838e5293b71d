//! `kartwheel connection list`: the connections by their local names, and those of the tenant that the project does not name.

use std::collections::BTreeSet;

use serde_json::json;

use super::view;
use crate::cli::desk::{membrane_desk, told};
use crate::cli::screen::{Line, Table, Tone};
use crate::cli::{Desk, Exit};
use crate::config::Config;
use crate::membrane::{Connection, find};

const TABLE: Table = Table::new(&[("NAME", 16), ("STATE", 22), ("ID", 28), ("AT MEMBRANE", 26)]);
/// What stands in the place of a state where there is none.
const NOT_THERE: &str = "not there";

/// List the connections
///
/// Those of kartwheel.yaml with Membrane's state, and those of the tenant that kartwheel.yaml does not name. Each connection with
/// credentials of its own is asked about with these. Exit code 1 when one of kartwheel.yaml is not READY.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel connection list\n\nNext:\n  kartwheel connection status NAME    what is the matter with one"
)]
pub(super) struct Arguments {
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// One line of the list.
struct Row {
    name: Option<String>,
    has_own: bool,
    id: Option<String>,
    found: Option<Connection>,
    trouble: Option<String>,
}

impl Row {
    fn state(&self) -> &str {
        match &self.found {
            Some(found) => found.state(),
            None if self.trouble.is_some() => "not known",
            None => NOT_THERE,
        }
    }

    /// The id that is pinned, else the one that was found.
    fn shown_id(&self) -> (Tone, String) {
        match (&self.id, &self.found) {
            (Some(id), _) => (Tone::Plain, id.clone()),
            (None, Some(found)) => (Tone::Dim, found.id().to_owned()),
            (None, None) => (Tone::Dim, "(no id pinned)".to_owned()),
        }
    }
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let rows = rows(&config, desk).await?;
    let named = rows.iter().filter(|row| row.name.is_some());
    let all_ready = named.clone().all(|row| row.state() == "READY");
    let exit = if all_ready {
        Exit::Done
    } else {
        Exit::Problems
    };
    if arguments.json {
        let shown: Vec<_> = rows.iter().map(json_of).collect();
        desk.screen.json(&json!({ "connections": shown }))?;
        return Ok(exit);
    }
    let screen = &mut desk.screen;
    screen.line(&TABLE.head())?;
    for row in &rows {
        let tone = view::tone(row.state());
        screen.line(
            &TABLE.row(&[
                match &row.name {
                    Some(name) => (Tone::Bold, name.clone()),
                    None => (Tone::Dim, "(not named)".to_owned()),
                },
                (tone, row.state().to_owned()),
                row.shown_id(),
                (
                    Tone::Dim,
                    row.found
                        .as_ref()
                        .map(|found| found.name().to_owned())
                        .unwrap_or_default(),
                ),
            ]),
        )?;
    }
    for row in rows.iter().filter(|row| row.trouble.is_some()) {
        let (name, trouble) = (row.name.as_deref().unwrap_or("-"), row.trouble.as_deref());
        screen.line(&Line::new(format!("{name}:")))?;
        view::words(trouble.unwrap_or_default(), screen)?;
    }
    hints(&rows, desk)?;
    Ok(exit)
}

/// What to do about what the table shows.
fn hints(rows: &[Row], desk: &mut Desk) -> std::io::Result<()> {
    let mut hints = Vec::new();
    for row in rows {
        let named = row.name.as_deref();
        match (named, row.state()) {
            (Some(name), NOT_THERE) if row.id.is_some() => {
                let of_it = format!("kartwheel login --connection {name}");
                let login = if row.has_own {
                    of_it
                } else {
                    "kartwheel login".to_owned()
                };
                hints.push((
                    login,
                    "this tenant has no such id: is the tenant key right?",
                ));
            }
            (Some(name), NOT_THERE) => {
                hints.push((
                    format!("kartwheel connect --connection {name}"),
                    "make it, and pin its id",
                ));
            }
            (Some(name), "READY") if row.id.is_none() => {
                hints.push((
                    format!("kartwheel connect --connection {name}"),
                    "found by its name: this pins its id",
                ));
            }
            (Some(name), state) if state != "READY" => {
                hints.push((
                    format!("kartwheel connection status {name}"),
                    "why, and what to do",
                ));
            }
            _ => {}
        }
    }
    if hints.is_empty() {
        return Ok(());
    }
    desk.screen.gap()?;
    for (command, why) in hints {
        let line = Line::new("  ")
            .bold(format!("{command:<40}"))
            .dim(format!("  {why}"));
        desk.screen.line(&line)?;
    }
    Ok(())
}

/// The project's connections, then the others of each tenant that was asked.
async fn rows(config: &Config, desk: &Desk) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut shared: Option<Result<Vec<Connection>, String>> = None;
    let mut all: Vec<Connection> = Vec::new();
    for (name, own) in &config.membrane.connections {
        let theirs = match &shared {
            Some(theirs) if own.auth.is_none() => theirs.clone(),
            _ => match membrane_desk(config, name, None, &desk.clock) {
                Ok(membrane) => {
                    let asked = membrane.connections().await;
                    asked.map_err(|failed| told(&failed).to_string())
                }
                Err(error) => Err(error.to_string()),
            },
        };
        if own.auth.is_none() {
            shared.get_or_insert_with(|| theirs.clone());
        }
        let (theirs, mut trouble) = match theirs {
            Ok(theirs) => (theirs, None),
            Err(trouble) => (Vec::new(), Some(trouble)),
        };
        let found = match &own.id {
            Some(id) => theirs.iter().find(|one| one.id() == id).cloned(),
            None => match find(&theirs, name, own.app.as_deref()) {
                Ok(found) => Some(found.clone()),
                Err(several) if several.candidates > 0 => {
                    trouble = Some(format!(
                        "{}\n{}\n{}",
                        several.what, several.means, several.to_do
                    ));
                    None
                }
                Err(_) => None,
            },
        };
        all.extend(theirs);
        rows.push(Row {
            name: Some(name.to_string()),
            has_own: own.auth.is_some(),
            id: own.id.clone(),
            found,
            trouble,
        });
    }
    let mut known: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| Some(row.found.as_ref()?.id().to_owned()))
        .collect();
    for one in all {
        if known.insert(one.id().to_owned()) {
            rows.push(Row {
                name: None,
                has_own: false,
                id: Some(one.id().to_owned()),
                found: Some(one),
                trouble: None,
            });
        }
    }
    Ok(rows)
}

fn json_of(row: &Row) -> serde_json::Value {
    json!({
        "name": row.name,
        "pinned": row.name.is_some() && row.id.is_some(),
        "id": row.id,
        "state": row.state(),
        "connection": row.found.as_ref().map(view::json_of),
        "trouble": row.trouble,
    })
}
