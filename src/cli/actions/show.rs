//! `kartwheel actions show`: what an action does and wants.

use serde_json::{Value, json};

use super::{again, does, known, not_offered, schema};
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
    /// The action's key, as `actions list` shows it, or its id
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
    let Some(action) = found.map_err(|failed| told(&failed))? else {
        return Err(not_offered(&account, &arguments.key).await.into());
    };
    let spec = known(&action.key);
    if arguments.json {
        let mut shown = json!(action);
        shown["effects"] = json!(spec.map(|spec| spec.effects));
        shown["safety"] = json!(spec.map(|spec| spec.safety));
        desk.screen.json(&shown)?;
        return Ok(Exit::Done);
    }
    let screen = &mut desk.screen;
    screen.line(
        &Line::default()
            .bold(&action.name)
            .dim(format!("  {}", action.key)),
    )?;
    for line in wrap(&action.description, COLUMNS) {
        screen.line(&Line::new(line))?;
    }
    screen.gap()?;
    let rows = [
        ("id", Some(action.id.as_str())),
        ("does", spec.map(does)),
        ("a repeat", spec.map(again)),
    ];
    for (name, value) in rows {
        let value = value.unwrap_or("not known: it is none of the twenty of our table");
        if name == "a repeat" && spec.is_none() {
            continue;
        }
        screen.line(&Line::default().dim(format!("{name:<10}")).plain(value))?;
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
