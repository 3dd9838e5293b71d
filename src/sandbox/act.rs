//! Running an action: `POST /act`, and the older forms that Membrane still answers.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query as Asked, State as In};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::actions::{self, CONNECTION_FIELDS};
use super::auth::Caller;
use super::errors::{Failure, bad_request, not_found};
use super::faults::{Occasion, Place};
use super::paging::Query;
use super::state::{Inner, State};
use super::work::Run;
use super::{account, proxy};

/// The fields that the body of `/act` may have.
const ACT_FIELDS: &[&str] = &[
    "id",
    "key",
    "api",
    "code",
    "connectionId",
    "connectionKey",
    "integrationId",
    "integrationKey",
    "input",
    "meta",
];

/// What a request asks for, before anything is looked up.
struct Order<'a> {
    /// The id or key of the action.
    action: &'a str,
    /// The id or key of the connection.
    connection: &'a str,
    input: Value,
    meta: Option<Value>,
}

/// `POST /act`
pub(super) async fn act(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    let mut body = match object(&body, ACT_FIELDS) {
        Ok(body) => body,
        Err(failure) => return failure.into_response(),
    };
    let selectors = ["id", "key", "api", "code"];
    let given: Vec<_> = selectors
        .iter()
        .filter(|one| body.contains_key(**one))
        .collect();
    let [selector] = given[..] else {
        let message = "Specify exactly one of \"id\", \"key\", \"api\" or \"code\"";
        return bad_request(message).into_response();
    };
    let connection = match named_connection(&body) {
        Ok(connection) => connection,
        Err(failure) => return failure.into_response(),
    };
    let input = body.remove("input").unwrap_or(Value::Null);
    let meta = body.remove("meta");
    match (*selector, body.get(*selector)) {
        ("api", Some(api)) => {
            proxy::inline(&world, &caller, &connection, api, meta).into_response()
        }
        ("code", _) => bad_request("The sandbox runs no code").into_response(),
        (_, Some(Value::String(action))) => {
            let order = Order {
                action,
                connection: &connection,
                input,
                meta,
            };
            carry_out(&world, caller, order).await
        }
        (name, _) => bad_request(format!("Expected string at \"{name}\"")).into_response(),
    }
}

/// `POST /actions/{idOrKey}/run`, with the connection in the query
pub(super) async fn run_by_path(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(action): Path<String>,
    Asked(query): Asked<Query>,
    body: Bytes,
) -> Response {
    run_wrapped(&world, caller, &action, &query, &body).await
}

/// `POST /action/run`, with action and connection in the query
pub(super) async fn run_by_query(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<Query>,
    body: Bytes,
) -> Response {
    match query.get("id").or_else(|| query.get("key")) {
        Some(action) => run_wrapped(&world, caller, action, &query, &body).await,
        None => bad_request("Specify \"id\" or \"key\"").into_response(),
    }
}

/// `POST /connections/{connection}/actions/{action}/run`: the body is the input itself
pub(super) async fn run_on_connection(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path((connection, action)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let input = match serde_json::from_slice(&body) {
        Ok(input) => input,
        Err(_) if body.is_empty() => Value::Null,
        Err(_) => return bad_request("Request body is not JSON").into_response(),
    };
    let order = Order {
        action: &action,
        connection: &connection,
        input,
        meta: None,
    };
    carry_out(&world, caller, order).await
}

async fn run_wrapped(
    world: &Arc<State>,
    caller: Caller,
    action: &str,
    query: &Query,
    body: &[u8],
) -> Response {
    let empty = if body.is_empty() { b"{}" } else { body };
    let mut body = match object(empty, &["input", "meta"]) {
        Ok(body) => body,
        Err(failure) => return failure.into_response(),
    };
    let connection = CONNECTION_FIELDS.iter().find_map(|name| query.get(*name));
    let Some(connection) = connection else {
        return bad_request("A connection is required").into_response();
    };
    let order = Order {
        action,
        connection,
        input: body.remove("input").unwrap_or(Value::Null),
        meta: body.remove("meta"),
    };
    carry_out(world, caller, order).await
}

async fn carry_out(world: &Arc<State>, caller: Caller, order: Order<'_>) -> Response {
    let now = world.clock.now();
    let resolved = {
        let mut inner = world.lock();
        resolve(&mut inner, caller, order, now).map(|run| {
            let fault = inner.faults.pick(Occasion::Run(run.spec.key), now);
            (run, fault)
        })
    };
    let (run, fault) = match resolved {
        Ok(resolved) => resolved,
        Err(failure) => return failure.into_response(),
    };
    let place = Place {
        world,
        run: Some(&run),
    };
    if let Some(fault) = &fault
        && let Some(response) = fault.before(place).await
    {
        return response;
    }
    let ran = run.work(&mut world.lock(), world.clock.now());
    world.changed();
    let Some(fault) = fault else {
        return ran.into_response();
    };
    let ran = ran.map(|ran| fault.bend(ran));
    fault.after(world, ran.into_response()).await
}

/// Finds the connection and the action, and notes in the ledger what the request wants.
fn resolve(
    inner: &mut Inner,
    caller: Caller,
    order: Order<'_>,
    now: Timestamp,
) -> Result<Run, Failure> {
    let Order {
        action, connection, ..
    } = order;
    if order.meta.as_ref().is_some_and(|meta| !meta.is_object()) {
        return Err(bad_request("Expected object at \"meta\""));
    }
    let found = inner.connection(&caller.tenant, connection, now);
    let found = found.ok_or_else(|| not_found("Connection", connection))?;
    let (connection, is_kartra) = (found.id.clone(), found.account.is_some());
    let spec = actions::find(&inner.settings, action).filter(|_| is_kartra);
    let command = spec.and_then(|spec| account::of_verb(spec.key));
    let (Some(spec), Some(command)) = (spec, command) else {
        return Err(not_found("Action", action));
    };
    let run = Run {
        action: actions::id_of(&inner.settings, spec),
        spec,
        command,
        connection,
        input: Arc::new(order.input),
        meta: order.meta.map(Arc::new),
        started: now,
        caller,
    };
    if let Some(call) = inner.ledger.calls.get_mut(run.caller.call) {
        call.verb = Some(spec.key.to_owned());
        call.input = Some(Arc::clone(&run.input));
        call.meta.clone_from(&run.meta);
    }
    Ok(run)
}

/// The body as an object that has none but these fields.
fn object(body: &[u8], fields: &[&str]) -> Result<Map<String, Value>, Failure> {
    let body: Value =
        serde_json::from_slice(body).map_err(|_| bad_request("Request body is not JSON"))?;
    let Value::Object(body) = body else {
        return Err(bad_request("Expected object"));
    };
    match body.keys().find(|key| !fields.contains(&key.as_str())) {
        Some(unknown) => Err(bad_request(format!("Unrecognized key: \"{unknown}\""))),
        None => Ok(body),
    }
}

/// The connection that the body of `/act` names.
fn named_connection(body: &Map<String, Value>) -> Result<String, Failure> {
    let name = CONNECTION_FIELDS
        .iter()
        .find(|name| body.contains_key(**name));
    let name = name.ok_or_else(|| bad_request("A connection is required"))?;
    match body.get(*name) {
        Some(Value::String(id)) => Ok(id.clone()),
        _ => Err(bad_request(format!("Expected string at \"{name}\""))),
    }
}
