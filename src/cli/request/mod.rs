//! `kartwheel request`: a request to Kartra's own API, through Membrane's proxy.

mod letter;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use letter::Pair;

use super::desk::told;
use super::screen::{Line, Screen, Tone};
use super::{Desk, Exit};
use crate::action::Class;
use crate::kartra;
use crate::membrane::{Failed, ProxyAnswer, ProxyRequest};

/// Send a request of your own to Kartra, through Membrane
///
/// Membrane puts the account's credentials in. PATH is what Kartra's API has (/api), or a whole URL; {name} in it is replaced by
/// --path-param, percent-encoded. It is sent once, and what Kartra answers is printed as it came. Membrane's own command calls
/// two of the options otherwise: its --json is --json-body here, for --json prints JSON; its --rawData is --raw-data.
/// Exit code 0 for a status of 2xx or 3xx, 1 for any other, and where Kartra says "Error" inside a 200.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel request /api -F 'get_lead[email]=ada@example.com'\n  kartwheel request /api -F 'lead[email]=ada@example.com' -F 'actions[0][cmd]=search_lead'\n  \
                  kartwheel request '/leads/{id}' --path-param id=7 --query page=2\n  kartwheel request /api --json-body '{\"get_lead\": {\"id\": 7}}' --raw | jq .\n\n\
                  Next:\n  kartwheel actions list    what needs no request of your own"
)]
pub(super) struct Arguments {
    /// The path in the application's API, or a whole URL
    path: String,
    /// The method [default: GET, with a body POST]
    #[arg(short = 'X', long, value_name = "METHOD")]
    method: Option<String>,
    /// A header; may be given more than once
    #[arg(short = 'H', long, value_name = "'NAME: VALUE'")]
    header: Vec<String>,
    /// The body as text, JSON or a form, already encoded; several are joined by &
    #[arg(short, long, value_name = "TEXT", conflicts_with_all = ["json_body", "raw_data", "form"])]
    data: Vec<String>,
    /// A field of a form, encoded here; may be given more than once
    #[arg(short = 'F', long, value_name = "NAME=VALUE", conflicts_with_all = ["json_body", "raw_data"])]
    form: Vec<Pair>,
    /// The body as JSON, checked and sent as such
    #[arg(long, value_name = "JSON", conflicts_with = "raw_data")]
    json_body: Option<String>,
    /// The body as it is, without a content type
    #[arg(long, value_name = "TEXT")]
    raw_data: Option<String>,
    /// A query parameter; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    query: Vec<Pair>,
    /// What stands for {name} in the path; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    path_param: Vec<Pair>,
    /// The connection to send it on [default: the only one]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Print the body alone, byte by byte
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Print status, headers and body as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let letter = letter::write(arguments)?;
    let account = desk.account(arguments.connection.as_deref()).await?;
    let is_safe = matches!(letter.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let request = ProxyRequest {
        connection_id: account.id.clone(),
        method: letter.method.clone(),
        path: letter.path,
        query: letter.query,
        headers: letter.headers,
        body: letter.body.map(Bytes::from),
    };
    let answer = match account.desk.proxy(request).await {
        Ok(answer) => answer,
        Err(failed) if failed.status.is_none() => {
            let failure = told(&failed);
            return Err(match failed.class {
                Class::Unknown => failure.remedy(
                    "It went out once and is not repeated. Look in Kartra before you send it again.",
                ),
                _ => failure,
            }
            .into());
        }
        Err(failed) => return refused(arguments, &failed, &mut desk.screen),
    };
    print(arguments, is_safe, &answer, &mut desk.screen)
}

/// Membrane itself said no.
fn refused(arguments: &Arguments, failed: &Failed, screen: &mut Screen) -> anyhow::Result<Exit> {
    let message = failed.message.trim_start_matches("the request: ");
    if arguments.json {
        screen.json(&json!({
            "status": failed.status,
            "membrane": { "class": failed.class, "message": message },
        }))?;
        return Ok(Exit::Problems);
    }
    screen.line(
        &Line::default()
            .add(Tone::Bad, "Membrane refused it")
            .plain(format!(": {message}")),
    )?;
    screen.line(&Line::default().dim(match failed.class {
        Class::Unknown => {
            "It may have reached Kartra all the same: look there before you send it again."
        }
        Class::OurToken => {
            "Nothing reached Kartra. `kartwheel doctor` looks at credentials and clock, `kartwheel login` tries others."
        }
        Class::Transient => "Nothing was changed.",
        _ => "Nothing reached Kartra.",
    }))?;
    Ok(Exit::Problems)
}

/// What came back. Whether what was sent can have changed something decides what an answer of 5xx means.
fn print(
    arguments: &Arguments,
    is_safe: bool,
    answer: &ProxyAnswer,
    screen: &mut Screen,
) -> anyhow::Result<Exit> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let refusal = body.as_ref().and_then(refusal);
    if arguments.json {
        let headers: Map<String, Value> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let text = || Value::from(String::from_utf8_lossy(&answer.body));
        let body = body.unwrap_or_else(text);
        screen.json(
            &json!({ "status": answer.status, "headers": headers, "body": body, "refusal": refusal }),
        )?;
    } else if arguments.raw {
        let mut out = io::stdout();
        out.write_all(&answer.body)?;
        out.flush()?;
    } else {
        let tone = match answer.status {
            200..400 => Tone::Good,
            _ => Tone::Bad,
        };
        screen.line(&Line::default().add(tone, answer.status.to_string()))?;
        match &body {
            Some(body) => screen.json(body)?,
            None => screen.text(&String::from_utf8_lossy(&answer.body))?,
        }
        if let Some(refusal) = &refusal {
            screen.line(
                &Line::default()
                    .add(Tone::Bad, "Kartra refused it inside its answer")
                    .plain(format!(": {refusal}")),
            )?;
        }
    }
    if answer.status >= 500 && !is_safe && !arguments.json {
        eprintln!("Nobody knows whether it was done. Look in Kartra before you send it again.");
    }
    let well = (200..400).contains(&answer.status) && refusal.is_none();
    Ok(if well { Exit::Done } else { Exit::Problems })
}

/// What Kartra says against it, where it answers 200 and means an error: its words and its number.
fn refusal(body: &Value) -> Option<String> {
    let outcome = (kartra::catalog().read_output)("the request", &Value::Null, body.clone());
    let said = outcome.output.as_ref().filter(|_| !outcome.is_success())?;
    let words = said.get("message").and_then(Value::as_str);
    let words = words.unwrap_or("an error without words");
    Some(match outcome.app_type {
        Some(number) => format!("{words} ({number})"),
        None => words.to_owned(),
    })
}
