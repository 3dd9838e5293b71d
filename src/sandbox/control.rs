//! The control routes under `/_sandbox/`: look at everything, order faults, change states. No token is asked for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query as Asked, State as In};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::CONNECTION_ID;
use super::changes;
use super::connections::{ConnectionState, ToDo};
use super::errors::{Failure, bad_request, not_found};
use super::faults::Fault;
use super::paging::{self, Query};
use super::reports::{self, Target};
use super::requests;
use super::routes;
use super::settings::Settings;
use super::state::State;
use crate::clock;

type Answer = Result<Json<Value>, Failure>;

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/", get(index))
        .route("/state", get(state))
        .route("/calls", get(calls))
        .route("/effects", get(effects))
        .route("/reports", get(reports::list))
        .route("/routes", get(list_routes))
        .route("/leads", get(leads))
        .route("/lead", get(lead))
        .route("/connections", get(connections))
        .route(
            "/connections/{connection}",
            post(set_connection).delete(remove_connection),
        )
        .route("/connection-requests/{request}", post(requests::complete))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/settings", get(settings).patch(change_settings))
        .route("/account", post(changes::change))
        .route("/secret", post(rotate_secret))
        .route("/reset", post(reset))
}

/// `GET /_sandbox/`, with and without the slash
pub(super) async fn index() -> Json<Value> {
    Json(json!({
        "sandbox": "A stand-in for Membrane and the Kartra account behind it. Nothing here is real.",
        "connection": CONNECTION_ID,
        "look": [
            "GET state",
            "GET calls?verb=&after=&limit=",
            "GET effects?verb=&run=",
            "GET reports?after=&limit=",
            "GET routes",
            "GET leads?limit=&cursor=",
            "GET lead?email=",
            "GET connections",
            "GET faults",
            "GET settings",
        ],
        "change": [
            "POST faults {\"on\": {\"verb\": \"assign-tag\"}, \"times\": 1, \"fault\": \"drop_after\"}",
            "DELETE faults",
            "POST connections/ID {\"state\": \"CLIENT_ACTION_REQUIRED\", \"to_do\": \"connect\", \"then\": \"READY\", \"after_ms\": 5000}",
            "DELETE connections/ID",
            "POST connection-requests/ID {\"status\": \"success\"}",
            "PATCH settings {\"nesting\": \"flat\"}",
            "POST account {\"tags\": [\"vip\"], \"remove\": {\"lists\": [\"Webinar\"]}, \"rename\": {\"tags\": {\"buyer\": \"Buyer\"}}}",
            "POST secret {\"workspace_secret\": \"another\"}",
            "POST reset",
        ],
    }))
}

async fn state(In(world): In<Arc<State>>) -> Json<Value> {
    let leads = world.account(|account| account.leads().count());
    let inner = world.lock();
    Json(json!({
        "now": world.clock.now(),
        "leads": leads,
        "effects": inner.ledger.effects_total,
        "effects_by_verb": inner.ledger.effects_by_verb,
        "reports": inner.reports.count(),
        "too_many": inner.ceiling.refused,
        "faults": inner.faults.left(),
        "settings": inner.settings,
        "tenants": inner.tenants.keys().collect::<Vec<_>>(),
    }))
}

async fn calls(In(world): In<Arc<State>>, Asked(query): Asked<Query>) -> Answer {
    let limit = paging::limit(&query)?;
    let after = paging::number(&query, "after", [0, usize::MAX])?.unwrap_or(0) as u64;
    let verb = paging::text(&query, "verb");
    let inner = world.lock();
    let wanted = inner.ledger.calls.iter().filter(|call| {
        call.number > after && verb.is_none_or(|verb| call.verb.as_deref() == Some(verb))
    });
    Ok(Json(
        json!({ "items": wanted.take(limit).collect::<Vec<_>>() }),
    ))
}

async fn effects(In(world): In<Arc<State>>, Asked(query): Asked<Query>) -> Answer {
    let verb = paging::text(&query, "verb");
    let run = paging::text(&query, "run");
    let inner = world.lock();
    let wanted = inner.ledger.effects.iter().filter(|effect| {
        verb.is_none_or(|verb| effect.verb == verb)
            && run.is_none_or(|run| effect.run.as_deref() == Some(run))
    });
    Ok(Json(json!({
        "total": inner.ledger.effects_total,
        "by_verb": inner.ledger.effects_by_verb,
        "items": wanted.collect::<Vec<_>>(),
    })))
}

async fn list_routes() -> Json<Value> {
    let items = routes::routes().map(|(method, path)| json!({ "method": method, "path": path }));
    Json(json!({ "items": items.collect::<Vec<_>>() }))
}

async fn leads(In(world): In<Arc<State>>, Asked(query): Asked<Query>) -> Answer {
    let limit = paging::limit(&query)?;
    let from = paging::cursor(&query)?;
    Ok(Json(world.account(|account| {
        let mut leads = account.leads().skip(from);
        let page = leads.by_ref().take(limit);
        let items: Vec<_> = page.map(|lead| account.show_lead(lead)).collect();
        match leads.next() {
            Some(_) => json!({ "items": items, "cursor": (from + limit).to_string() }),
            None => json!({ "items": items }),
        }
    })))
}

async fn lead(In(world): In<Arc<State>>, Asked(query): Asked<Query>) -> Answer {
    let email =
        paging::text(&query, "email").ok_or_else(|| bad_request("\"email\" is required"))?;
    let shown = world.account(|account| account.lead(email).map(|lead| account.show_lead(lead)));
    shown.map(Json).ok_or_else(|| not_found("Lead", email))
}

async fn connections(In(world): In<Arc<State>>) -> Json<Value> {
    let now = world.clock.now();
    let mut inner = world.lock();
    let all = inner.connections.values_mut();
    let items: Vec<_> = all.map(|one| one.settled(now).show("")).collect();
    Json(json!({ "items": items }))
}

/// A state from now on, and perhaps another one later.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    state: ConnectionState,
    then: Option<ConnectionState>,
    #[serde(default)]
    after_ms: u64,
    /// What a person must do, where one of the two asks for a person.
    #[serde(default)]
    to_do: ToDo,
}

async fn set_connection(In(world): In<Arc<State>>, Path(id): Path<String>, body: Bytes) -> Answer {
    let change: Change = read(&body)?;
    let now = world.clock.now();
    let shown = {
        let mut inner = world.lock();
        let connection = inner.connections.get_mut(&id);
        let connection = connection.ok_or_else(|| not_found("Connection", &id))?;
        connection.to_do = change.to_do;
        connection.put(change.state, now);
        if let Some(then) = change.then {
            let length = Duration::from_millis(change.after_ms);
            connection.put_later(then, clock::after(now, length));
        }
        connection.show("")
    };
    world.changed();
    Ok(Json(shown))
}

async fn remove_connection(
    In(world): In<Arc<State>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let removed = world.lock().connections.remove(&id);
    world.changed();
    removed
        .map(|_| StatusCode::NO_CONTENT)
        .ok_or_else(|| not_found("Connection", &id))
}

async fn faults(In(world): In<Arc<State>>) -> Json<Value> {
    Json(json!({ "items": world.lock().faults.left() }))
}

async fn add_faults(In(world): In<Arc<State>>, body: Bytes) -> Answer {
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let ordered: Vec<Fault> = if is_list {
        read(&body)?
    } else {
        vec![read(&body)?]
    };
    for fault in ordered {
        world.add_fault(fault);
    }
    Ok(faults(In(world)).await)
}

async fn clear_faults(In(world): In<Arc<State>>) -> StatusCode {
    world.clear_faults();
    StatusCode::NO_CONTENT
}

async fn settings(In(world): In<Arc<State>>) -> Json<Settings> {
    Json(world.lock().settings.clone())
}

async fn change_settings(
    In(world): In<Arc<State>>,
    body: Bytes,
) -> Result<Json<Settings>, Failure> {
    let changes: serde_json::Map<String, Value> = read(&body)?;
    let mut inner = world.lock();
    let mut all =
        serde_json::to_value(&inner.settings).map_err(|error| bad_request(error.to_string()))?;
    for (name, value) in changes {
        all[name] = value;
    }
    let changed: Settings =
        serde_json::from_value(all).map_err(|error| bad_request(error.to_string()))?;
    if let Some(url) = &changed.report_to
        && Target::read(url).is_none()
    {
        let message = "\"report_to\" must be an address of this machine, such as http://127.0.0.1:8080/hooks/kartra";
        return Err(bad_request(message));
    }
    inner.settings = changed;
    Ok(Json(inner.settings.clone()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    workspace_secret: String,
}

async fn rotate_secret(In(world): In<Arc<State>>, body: Bytes) -> Result<StatusCode, Failure> {
    let secret: NewSecret = read(&body)?;
    world.rotate_secret(&secret.workspace_secret);
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(In(world): In<Arc<State>>) -> StatusCode {
    world.reset();
    StatusCode::NO_CONTENT
}

/// A body of JSON; what is wrong with it is said, with the place.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| bad_request(error.to_string()))
}
