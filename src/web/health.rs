//! `/healthz`: the process lives. `/readyz`: it takes deliveries, and what is not well.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Hooks;

/// The process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// 200 while deliveries are taken; held connections are named but do not make it 503: accepting goes on.
pub(super) async fn ready(State(hooks): State<Arc<Hooks>>) -> (StatusCode, Json<Value>) {
    let Some(engine) = hooks.engine.get() else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "status": "starting" })),
        );
    };
    if engine.is_stopping() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "status": "stopping" })),
        );
    }
    if let Some(why) = engine.full() {
        let full = json!({ "status": "full", "why": &*why });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(full));
    }
    let held: Vec<Value> = engine
        .holds()
        .iter()
        .map(
            |hold| json!({ "connection": hold.connection, "kind": hold.kind, "since": hold.since }),
        )
        .collect();
    let status = if held.is_empty() { "ok" } else { "held" };
    (
        StatusCode::OK,
        Json(
            json!({ "status": status, "held": held, "rules": engine.rules().rules().len(), "active_runs": engine.active() }),
        ),
    )
}
