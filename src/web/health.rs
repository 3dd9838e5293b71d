//! `/healthz`: the process lives. `/readyz`: it takes deliveries, and what is not well.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::Hooks;
use super::api::view;
use crate::engine::Engine;

/// The process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// 200 while deliveries are taken; held connections are named but do not make it 503: accepting goes on.
pub(super) async fn ready(State(hooks): State<Arc<Hooks>>) -> (StatusCode, Json<Value>) {
    match running(&hooks) {
        Ok(engine) => (StatusCode::OK, Json(Value::Object(state(engine)))),
        Err(status) => status,
    }
}

/// The same where only this machine looks: also which process it is, how many runs wait for a person, and what is slowed down.
pub(super) async fn ready_in_full(State(hooks): State<Arc<Hooks>>) -> (StatusCode, Json<Value>) {
    let engine = match running(&hooks) {
        Ok(engine) => engine,
        Err(status) => return status,
    };
    let mut body = state(engine);
    body.insert("node".to_owned(), json!(engine.node()));
    if let Ok(waits) = engine.store().reader().waits().await {
        body.insert("waiting".to_owned(), view::waiting(&waits));
    }
    let slowed = engine.slowed().map(|(name, slowed)| {
        json!({ "connection": name, "per_second": slowed.per_second, "until": slowed.until })
    });
    body.insert("slowed".to_owned(), slowed.collect());
    (StatusCode::OK, Json(Value::Object(body)))
}

fn running(hooks: &Hooks) -> Result<&Engine, (StatusCode, Json<Value>)> {
    let why = match hooks.engine.get() {
        None => json!({ "status": "starting" }),
        Some(engine) if engine.is_stopping() => json!({ "status": "stopping" }),
        Some(engine) => match engine.full() {
            Some(why) => json!({ "status": "full", "why": &*why }),
            None => return Ok(engine),
        },
    };
    Err((StatusCode::SERVICE_UNAVAILABLE, Json(why)))
}

fn state(engine: &Engine) -> Map<String, Value> {
    let held: Vec<Value> = engine
        .holds()
        .iter()
        .map(
            |hold| json!({ "connection": hold.connection, "kind": hold.kind, "since": hold.since }),
        )
        .collect();
    let status = if held.is_empty() { "ok" } else { "held" };
    let mut state = Map::new();
    state.insert("status".to_owned(), status.into());
    state.insert("held".to_owned(), held.into());
    state.insert("rules".to_owned(), engine.rules().rules().len().into());
    state.insert("active_runs".to_owned(), engine.active().into());
    state
}
