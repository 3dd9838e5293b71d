//! `kartwheel actions show`: what an action does and wants.

use serde_json::Value;

use super::{again, does, json_of, not_offered, schema};
use crate::cli::desk::told;
use crate::cli::screen::{COLUMNS, Line, wrap};
use crate::cli::{Desk, Exit};

/// Show what an action does and what it wants
///
/// The fields are those of the connection's own schema, as Membrane tells it now.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel actions show assign-tag\n  kartwheel actions show create-lead --json\n\nNext:\n  kartwheel actions run assign-tag --input '{…}'    try it"
)]
pub(super) struct Arguments {
    /// The action, as `actions list` shows it: the verb of the rules, its key, or its id
    #[arg(value_name = "ACTION")]
    key: String,
    /// The connection [default: the only one]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Print JSON: the schemas whole
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let account = desk.account(arguments.connection.as_deref()).await?;
    let found = account.desk.action(&account.id, &arguments.key).await;
    let Some(listed) = found.map_err(|failed| told(&failed))? else {
        return Err(not_offered(&account, &arguments.key).await.into());
    };
    if arguments.json {
        desk.screen.json(&json_of(&listed))?;
        return Ok(Exit::Done);
    }
    let (action, spec) = (&listed.action, listed.spec);
    let screen = &mut desk.screen;
    screen.line(
        &Line::default()
            .bold(&action.name)
            .dim(format!("  {}", listed.verb())),
    )?;
    for line in wrap(&action.description, COLUMNS) {
        screen.line(&Line::new(line))?;
    }
    screen.gap()?;
    let key = (listed.verb() != action.key).then_some(&*action.key);
    let not_known = "not known: it is none of the twenty of our table";
    let rows = [
        ("key", key),
        ("id", Some(&*action.id)),
        ("does", Some(spec.map_or(not_known, does))),
        ("a repeat", spec.map(again)),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            screen.line(&Line::default().dim(format!("{name:<10}")).plain(value))?;
        }
    }
    screen.gap()?;
    screen.line(&Line::default().bold("Input"))?;
    schema::print(&action.input_schema, screen)?;
    screen.gap()?;
    screen.line(&Line::default().bold("Output"))?;
    schema::print(&top(&action.output_schema), screen)?;
    Ok(Exit::Done)
}

/// The schema without what is inside its fields.
fn top(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for field in fields.values_mut().filter_map(Value::as_object_mut) {
            field.shift_remove("properties");
            if let Some(items) = field.get_mut("items").and_then(Value::as_object_mut) {
                items.shift_remove("properties");
                items.entry("type").or_insert_with(|| "object".into());
            }
        }
    }
    schema
}
