//! `kartwheel actions run`: one run of an action, by hand.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{again, does, input, not_offered};
use crate::action::{
    ActionSpec, Actions, Call, Class, Effects, Evidence, Outcome, WANTED_AMOUNT, amount,
};
use crate::cli::desk::{Account, told};
use crate::cli::screen::{Line, Screen, Tone};
use crate::cli::{Desk, Exit, Failure};
use crate::clock::after;
use crate::kartra;
use crate::membrane::{self, Listed};

/// The call must be on its way within this time.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// The longest input, in bytes; Membrane's own limit of a request.
const INPUT_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Run an action once
///
/// The input is held against the action's schema first: Membrane drops a field that it does not know without a word. What does more
/// than look wants --yes; what moves money wants an amount too, or --full. It is sent once, and nothing is repeated.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel actions run get-lead --input '{\"email\": \"ada@example.com\"}'\n  kartwheel actions run assign-tag --input '{\"email\": \"ada@example.com\", \"tag_name\": \"vip\"}' --yes\n  \
                  kartwheel actions run refund-transaction --input '{\"transaction_id\": 792354}' --full --yes\n\n\
                  Exit codes: 0 done, 1 not done or not known, 2 could not."
)]
pub(super) struct Arguments {
    /// The action, as `actions list` shows it: the verb of the rules, its key, or its id
    #[arg(value_name = "ACTION")]
    key: String,
    /// The input, as a JSON object [default: {}]
    #[arg(long, value_name = "JSON", conflicts_with = "input_file")]
    input: Option<String>,
    /// A file with the input; - is standard input
    #[arg(long, value_name = "FILE")]
    input_file: Option<PathBuf>,
    /// The connection [default: the only one]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Do it, also when it changes something
    #[arg(long)]
    yes: bool,
    /// A refund of the whole, for which no amount is given; refused with any other action
    #[arg(long)]
    full: bool,
    /// Send an input that does not fit the schema
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let mut input = read_input(arguments)?;
    let account = desk.account(arguments.connection.as_deref()).await?;
    let found = account.desk.action(&account.id, &arguments.key).await;
    let Some(action) = found.map_err(|failed| told(&failed))? else {
        return Err(not_offered(&account, &arguments.key).await.into());
    };
    let complaints = match arguments.force {
        true => Vec::new(),
        false => input::complaints(&action.action.input_schema, &input),
    };
    if !complaints.is_empty() {
        return refuse(arguments, &action, &complaints, true, &mut desk.screen);
    }
    let spec = action.spec;
    let schema = &action.action.input_schema;
    if let Some(reason) = amount_wrong(spec, schema, &mut input, arguments.full) {
        return refuse(arguments, &action, &[reason], false, &mut desk.screen);
    }
    let looks = spec.is_some_and(|spec| spec.effects == Effects::Read);
    if !looks && !arguments.yes {
        return would(arguments, &action, &input, &account, &mut desk.screen);
    }
    let call = Call {
        run: desk.clock.new_id(),
        step: "by-hand".into(),
        attempt: 1,
        connection: Arc::clone(&account.name),
        verb: action.verb().into(),
        input: Arc::new(input),
        timeout: None,
        send_by: after(desk.clock.now(), SEND_WITHIN),
    };
    let mut outcome = account.desk.act(&call).await;
    let mut seen = None;
    if outcome.class == Class::Unknown {
        match look(&account, &call, desk).await {
            Looked::Found(found) => outcome = *found,
            Looked::Text(text) => seen = Some(text),
        }
    }
    if arguments.json {
        desk.screen.json(&view(&call, &outcome, seen.as_deref()))?;
    } else {
        print(&call, &outcome, seen.as_deref(), &mut desk.screen)?;
    }
    Ok(match outcome.is_success() {
        true => Exit::Done,
        false => Exit::Problems,
    })
}

fn read_input(arguments: &Arguments) -> Result<Value, Failure> {
    let text = match (&arguments.input, &arguments.input_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => read_file(path)?,
        (None, None) => return Ok(json!({})),
    };
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!("the input is not JSON: {error}")).remedy(
            "Write an object, in single quotes so that the shell leaves it alone: '{\"email\": \"ada@example.com\"}'",
        )
    })
}

fn read_file(path: &PathBuf) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin()
            .take(INPUT_BYTES_MAX)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(INPUT_BYTES_MAX).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::new(format!(
            "{} cannot be read: {error}",
            path.display()
        ))),
    }
}

/// Money says how much, or that all of it is meant: an amount that is empty would be all of it, and one under a name that the action
/// does not have would be dropped.
fn amount_wrong(
    spec: Option<&ActionSpec>,
    schema: &Value,
    input: &mut Value,
    full: bool,
) -> Option<String> {
    let Some(name) = spec.and_then(|spec| amount_name(spec, schema)) else {
        let why = "--full says that all of an amount is meant, and this action has no amount: leave it out";
        return full.then(|| why.to_owned());
    };
    match (input.get_mut(&name), full) {
        (None, true) => None,
        (None, false) => Some(format!(
            "it does not say how much: give `{name}`, or --full if all of it is meant"
        )),
        (Some(_), true) => Some(format!(
            "`{name}` and --full contradict each other: keep one of the two"
        )),
        (Some(value), false) => match amount(value) {
            Some(plain) => {
                *value = plain;
                None
            }
            None => Some(format!("`{name}` must be {WANTED_AMOUNT}, not {value}")),
        },
    }
}

/// What the action calls its amount: by its own schema, or by the built-in table where that does not say. `None` where it has none.
fn amount_name(spec: &ActionSpec, schema: &Value) -> Option<String> {
    let is_amount = |name: &str| name.to_ascii_lowercase().ends_with("amount");
    let table = spec.fields.iter().find(|field| is_amount(field.name))?.name;
    let own = schema.get("properties").and_then(Value::as_object);
    let own = own.into_iter().flat_map(|own| own.keys());
    let mut own: Vec<&String> = own.filter(|name| is_amount(name)).collect();
    own.sort_by_key(|name| strsim::damerau_levenshtein(name, table));
    Some(
        own.first()
            .map_or_else(|| table.to_owned(), |name| (*name).clone()),
    )
}

/// Nothing was sent, for the input does not fit. What only the schema is against may be forced.
fn refuse(
    arguments: &Arguments,
    action: &Listed,
    complaints: &[String],
    may_force: bool,
    screen: &mut Screen,
) -> anyhow::Result<Exit> {
    if arguments.json {
        screen.json(&json!({ "sent": false, "action": action.verb(), "problems": complaints }))?;
        return Ok(Exit::Problems);
    }
    screen.line(
        &Line::default()
            .add(Tone::Bad, "Not sent")
            .plain(format!(": the input does not fit {}.", action.verb())),
    )?;
    for complaint in complaints {
        screen.line(&Line::new(format!("  {complaint}")))?;
    }
    let force = if may_force {
        "; --force sends it all the same"
    } else {
        ""
    };
    screen.line(&Line::default().dim(format!(
        "`kartwheel actions show {}` shows its fields{force}.",
        action.verb()
    )))?;
    Ok(Exit::Problems)
}

/// Nothing was sent, for nobody said yes.
fn would(
    arguments: &Arguments,
    action: &Listed,
    input: &Value,
    account: &Account,
    screen: &mut Screen,
) -> anyhow::Result<Exit> {
    let spec = action.spec;
    if arguments.json {
        let effects = spec.map(|spec| spec.effects);
        screen.json(&json!({ "sent": false, "action": action.verb(), "connection": account.name, "input": input, "effects": effects }))?;
        return Ok(Exit::Problems);
    }
    screen.line(
        &Line::default()
            .add(Tone::Warn, "Not sent")
            .plain(format!(": {} ", action.verb()))
            .plain(spec.map_or("is none that we know; it may change something", does))
            .plain(format!(", in the account of {}.", account.name)),
    )?;
    screen.line(&Line::new(format!("  {input}")))?;
    if let Some(spec) = spec {
        screen.line(&Line::default().dim(format!("A repeat {}.", again(spec))))?;
    }
    screen.line(&Line::new("Add ").bold("--yes").plain(" to do it."))?;
    Ok(Exit::Problems)
}

/// What was seen of a call whose answer was lost.
enum Looked {
    /// This became of it after all.
    Found(Box<Outcome>),
    /// It stays unknown.
    Text(String),
}

/// What the run log and the account show of a call whose answer was lost.
async fn look(account: &Account, call: &Call, desk: &Desk) -> Looked {
    let settings = account.config.membrane.clone();
    let client = membrane::Client::new(settings, kartra::catalog(), Arc::clone(&desk.clock));
    let Ok(client) = client else {
        return Looked::Text("it could not be looked up".to_owned());
    };
    Looked::Text(match client.look_back(call).await {
        Evidence::Outcome(outcome) => return Looked::Found(Box::new(outcome)),
        Evidence::NotDone(text) => {
            format!("nothing of it is to be seen yet ({text}), and that may come late")
        }
        Evidence::Unclear(text) => text,
        Evidence::Failed(outcome) => format!("it could not be looked up: {}", outcome.message),
    })
}

fn view(call: &Call, outcome: &Outcome, seen: Option<&str>) -> Value {
    json!({
        "sent": true,
        "action": &*call.verb,
        "connection": &*call.connection,
        "run": call.run,
        "class": outcome.class,
        "message": outcome.message,
        "status": outcome.status,
        "app_type": outcome.app_type,
        "action_run_id": outcome.action_run_id,
        "seen": seen,
        "output": outcome.output,
    })
}

fn print(
    call: &Call,
    outcome: &Outcome,
    seen: Option<&str>,
    screen: &mut Screen,
) -> anyhow::Result<()> {
    let tone = match outcome.class {
        Class::Done | Class::Already => Tone::Good,
        Class::Transient | Class::RateLimited => Tone::Warn,
        _ => Tone::Bad,
    };
    let line = Line::default()
        .add(tone, outcome.class.name())
        .plain(format!("  {}", call.verb));
    screen.line(&match outcome.class {
        Class::Done if outcome.message == "done" => line,
        _ => {
            let prefix = format!("{}: ", call.verb);
            line.plain(format!(
                ": {}",
                outcome.message.trim_start_matches(&*prefix)
            ))
        }
    })?;
    if let Some(id) = &outcome.action_run_id {
        screen.line(&Line::default().dim(format!("Membrane's run log has it as {id}")))?;
    }
    if outcome.class == Class::Unknown {
        if let Some(seen) = seen {
            screen.line(&Line::new(format!("Looked it up: {seen}.")))?;
        }
        screen.line(&Line::new(
            "Do not send it again before you have looked in Kartra, and in the run log of Membrane's console,",
        ))?;
        screen
            .line(&Line::new("for the run whose meta has").bold(format!(" runId {}", call.run)))?;
    }
    let looks_at_it = match outcome.class {
        Class::ConnectionDown => Some(format!("kartwheel connection status {}", call.connection)),
        Class::OurToken => Some("kartwheel doctor".to_owned()),
        _ => None,
    };
    if let Some(command) = looks_at_it {
        let line = Line::new("Nothing was done in the account. What to do: ");
        screen.line(&line.bold(command))?;
    }
    if let Some(output) = &outcome.output
        && !output.is_null()
    {
        screen.json(output)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_wants_an_amount_or_the_word_that_all_is_meant() {
        let refund = kartra::catalog().get("refund-transaction");
        let none = Value::Null;
        let wrong = |mut input: Value, full| amount_wrong(refund, &none, &mut input, full);
        assert_eq!(wrong(json!({ "transaction_id": 1 }), true), None);
        assert_eq!(wrong(json!({ "refund_amount": 10.5 }), false), None);
        assert_eq!(wrong(json!({ "refund_amount": "10.50" }), false), None);
        for (input, full) in [
            (json!({ "transaction_id": 1 }), false),
            (json!({ "refund_amount": 1 }), true),
            (json!({ "refund_amount": "" }), false),
            (json!({ "refund_amount": 0 }), false),
            (json!({ "refund_amount": "-1" }), false),
            (json!({ "refund_amount": "NaN" }), false),
            (json!({ "refund_amount": "0.001" }), false),
            (json!({ "refund_amount": null }), false),
            (json!({ "amount": [] }), false),
        ] {
            assert!(wrong(input.clone(), full).is_some(), "{input} {full}");
        }
        let mut input = json!({});
        for spec in [
            kartra::catalog().get("assign-tag"),
            kartra::catalog().get("cancel-subscription"),
            None,
        ] {
            assert_eq!(amount_wrong(spec, &none, &mut input, false), None);
            let told = amount_wrong(spec, &none, &mut input, true).unwrap_or_default();
            assert!(told.contains("leave it out"), "{told}");
        }
    }

    /// Another field would be dropped, and all of it refunded.
    #[test]
    fn the_amount_that_counts_is_the_one_that_the_action_takes() {
        let refund = kartra::catalog().get("refund-transaction");
        let own = json!({ "properties": { "transaction_id": {}, "refundAmount": {} } });
        for (schema, name, taken) in [
            (&Value::Null, "amount", false),
            (&Value::Null, "refund_amount", true),
            (&own, "refund_amount", false),
            (&own, "refundAmount", true),
        ] {
            let wrong = amount_wrong(refund, schema, &mut json!({ name: 5 }), false);
            assert_eq!(wrong.is_none(), taken, "{name} {wrong:?}");
        }
    }
}
