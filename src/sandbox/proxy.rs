//! Kartra's own API, as Membrane's proxy and inline requests reach it: one form-encoded endpoint, commands in `actions[]`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as In};
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::account::{self, Answer, Command, Fields, Nesting};
use super::auth::Caller;
use super::ceiling::TOO_MANY;
use super::connections::ConnectionState;
use super::errors::{self, Failure, bad_request, not_found};
use super::ledger::Effect;
use super::logs::RunLog;
use super::state::State;
use crate::action::Effects;
use crate::kartra;

/// Deeper brackets than these are no form of Kartra's.
const BRACKETS_MAX: usize = 6;

/// Any method on `/connections/{idOrKey}/proxy`
pub(super) async fn root(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(connection): Path<String>,
    method: Method,
    body: Bytes,
) -> Response {
    pass_on(&world, &caller, &connection, &method, "", &body)
}

/// Any method on `/connections/{idOrKey}/proxy/{path}`
pub(super) async fn path(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path((connection, path)): Path<(String, String)>,
    method: Method,
    body: Bytes,
) -> Response {
    pass_on(&world, &caller, &connection, &method, &path, &body)
}

/// The `api` form of `/act`: the same request, its answer as an output, and a run log of it.
pub(super) fn inline(
    world: &State,
    caller: &Caller,
    connection: &str,
    api: &Value,
    meta: Option<Value>,
) -> Result<Json<Value>, Failure> {
    let text = |names: [&str; 2]| {
        let mut found = names.iter().filter_map(|name| api.get(*name));
        found.next().and_then(Value::as_str)
    };
    let method = text(["method", "method"]).unwrap_or("");
    let path = text(["path", "url"]).ok_or_else(|| bad_request("Expected string at \"path\""))?;
    let body = match api.get("body").or_else(|| api.get("data")) {
        Some(Value::String(body)) => body.clone(),
        Some(body) => body.to_string(),
        None => String::new(),
    };
    let output = if method == "POST" && is_endpoint(path) {
        match kartra(world, caller, connection, body.as_bytes())? {
            Some(data) => {
                let headers = json!({ "content-type": "application/json" });
                json!({ "status": 200, "headers": headers, "data": data })
            }
            None => json!({ "status": 429, "headers": {}, "data": TOO_MANY }),
        }
    } else {
        ready(world, caller, connection)?;
        json!({ "status": 404, "headers": { "content-type": "text/html" }, "data": "Not Found" })
    };
    let (now, connection) = (world.clock.now(), ready(world, caller, connection)?);
    let mut inner = world.lock();
    let visible = inner.settings.run_logs.visible(now);
    let action_run = inner.logs.add(RunLog {
        number: 0,
        tenant: Arc::clone(&caller.tenant),
        connection,
        action: String::new(),
        verb: "api-request",
        input: Arc::new(api.clone()),
        result: Ok(Arc::new(output.clone())),
        meta: meta.map(Arc::new),
        created: now,
        completed: now,
        visible,
    });
    Ok(Json(json!({ "output": output, "actionRunId": action_run })))
}

fn pass_on(
    world: &State,
    caller: &Caller,
    connection: &str,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Response {
    if *method == Method::POST && is_endpoint(path) {
        return match kartra(world, caller, connection, body) {
            Ok(Some(answer)) => Json(answer).into_response(),
            Ok(None) => (StatusCode::TOO_MANY_REQUESTS, TOO_MANY).into_response(),
            Err(failure) => failure.into_response(),
        };
    }
    match ready(world, caller, connection) {
        Ok(_) => (StatusCode::NOT_FOUND, Html("Not Found")).into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// Kartra has one address, with or without its slash; a whole URL may stand for it.
fn is_endpoint(path: &str) -> bool {
    let path = path.trim_matches('/');
    matches!(path, "" | "api" | "https://app.kartra.com/api")
}

/// The id of the connection, if it is READY.
fn ready(world: &State, caller: &Caller, connection: &str) -> Result<String, Failure> {
    let now = world.clock.now();
    let mut inner = world.lock();
    let found = inner.connection(&caller.tenant, connection, now);
    let found = found.ok_or_else(|| not_found("Connection", connection))?;
    if found.state != ConnectionState::Ready || found.account.is_none() {
        return Err(errors::connection_defunct(&found.id));
    }
    Ok(found.id.clone())
}

/// One call of Kartra's; nothing when it has had too many.
fn kartra(
    world: &State,
    caller: &Caller,
    connection: &str,
    body: &[u8],
) -> Result<Option<Value>, Failure> {
    let connection = ready(world, caller, connection)?;
    if !world.lock().kartra_takes(world.clock.now()) {
        return Ok(None);
    }
    Ok(Some(all_commands(world, caller, &connection, body)))
}

/// Carries out all commands of one call, in their order.
fn all_commands(world: &State, caller: &Caller, connection: &str, body: &[u8]) -> Value {
    let form = read_form(body);
    let part = |name: &str| form.get(name).and_then(Value::as_object);
    let call = |command: &'static Command, fields: &Map<String, Value>| {
        perform(world, caller, connection, command, fields)
    };
    if let (Some(fields), Some(command)) = (part("get_lead"), account::of_cmd("get_lead")) {
        let answer = call(command, fields);
        return answer.render(command.cmd, Nesting::Flat, Default::default());
    }
    let Some(Value::Array(chained)) = form.get("actions") else {
        return refuse(254);
    };
    let lead = part("lead").cloned().unwrap_or_default();
    let mut answers = Vec::new();
    for action in chained {
        let Some(cmd) = action.get("cmd").and_then(Value::as_str) else {
            return refuse(254);
        };
        let Some(command) = account::of_cmd(cmd) else {
            return refuse(262);
        };
        let mut fields = lead.clone();
        fields.extend(action.as_object().cloned().unwrap_or_default());
        let answer = call(command, &fields);
        if chained.len() == 1 && command.nesting != Nesting::Actions {
            return answer.render(cmd, command.nesting, Default::default());
        }
        let shown = answer.render(cmd, Nesting::Command, Default::default());
        answers.push(shown);
    }
    json!({ "status": "Success", "actions": answers })
}

fn refuse(number: u16) -> Value {
    Answer::error(number).render("", Nesting::Flat, Default::default())
}

fn perform(
    world: &State,
    caller: &Caller,
    connection: &str,
    command: &'static Command,
    fields: &Map<String, Value>,
) -> Answer {
    let now = world.clock.now();
    let mut inner = world.lock();
    let Some(answer) = inner.perform(connection, command, &Fields(fields), now) else {
        return Answer::error(204);
    };
    let spec = kartra::catalog().get(command.verb);
    let writes = spec.is_some_and(|spec| spec.effects != Effects::Read);
    if answer.error.is_none() && writes {
        let effect = Effect {
            number: 0,
            at: now,
            verb: command.verb.to_owned(),
            connection: connection.to_owned(),
            input: Arc::new(Value::Object(fields.clone())),
            run: None,
            step: None,
            attempt: None,
            action_run: String::new(),
            changed: answer.changed,
        };
        inner.ledger.had_effect(caller.call, effect);
        drop(inner);
        world.changed();
    }
    answer
}

/// A body as PHP reads it: `lead[email]=…` is `{ "lead": { "email": … } }`. JSON is taken as it is.
fn read_form(body: &[u8]) -> Value {
    if let Ok(body @ Value::Object(_)) = serde_json::from_slice(body) {
        return body;
    }
    let text = String::from_utf8_lossy(body);
    let mut form = Value::Object(Map::new());
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).replace(']', "");
        let path: Vec<_> = name.split('[').collect();
        if path.len() <= BRACKETS_MAX {
            put(&mut form, &path, decode(value));
        }
    }
    as_lists(form)
}

fn put(tree: &mut Value, path: &[&str], value: String) {
    let Some((name, rest)) = path.split_first() else {
        *tree = Value::String(value);
        return;
    };
    if !tree.is_object() {
        *tree = Value::Object(Map::new());
    }
    if let Value::Object(fields) = tree {
        // `name[]` is the next free number.
        let name = match *name {
            "" => fields.len().to_string(),
            name => name.to_owned(),
        };
        put(fields.entry(name).or_insert(Value::Null), rest, value);
    }
}

/// Turns objects whose names are all numbers into lists.
fn as_lists(tree: Value) -> Value {
    let Value::Object(fields) = tree else {
        return tree;
    };
    let numbered = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    if !fields.is_empty() && fields.keys().all(numbered) {
        return fields
            .into_iter()
            .map(|(_, value)| as_lists(value))
            .collect();
    }
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name, as_lists(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| hex::decode(digits).ok());
        rest = match escaped {
            Some(byte) => {
                bytes.extend(byte);
                &after[2..]
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_read_as_php_reads_them() {
        let body =
            b"lead%5Bemail%5D=ada%40example.com&lead[custom_fields][0][field_identifier]=tracks\
            &lead[custom_fields][0][field_value][]=1&lead[custom_fields][0][field_value][]=2\
            &actions[0][cmd]=assign_tag&actions[0][tag_name]=webinar%3A+registered&broken=%4";
        let expected = json!({
            "lead": {
                "email": "ada@example.com",
                "custom_fields": [{ "field_identifier": "tracks", "field_value": ["1", "2"] }],
            },
            "actions": [{ "cmd": "assign_tag", "tag_name": "webinar: registered" }],
            "broken": "%4",
        });
        assert_eq!(read_form(body), expected);
        assert_eq!(read_form(b"a=1&a[b]=2"), json!({ "a": { "b": "2" } }));
        assert_eq!(read_form(b""), json!({}));
    }
}
