//! `/api/holds`, `/api/pause`, `/api/resume`: what sends nothing at present; and `/api/alerts`: what somebody must know.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Input, Params};
use super::events::limit;
use super::runs::reason;
use super::{Api, Refusal, view};

/// What to pause, and why. Without a connection: everything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    connection: Option<String>,
    #[serde(default)]
    reason: String,
}

/// What to resume. Without a connection: the pause of everything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resume {
    connection: Option<String>,
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Value>, Refusal> {
    Ok(Json(view::holds(&api.reader.holds().await?)))
}

pub(super) async fn pause(
    State(api): State<Api>,
    Input(input): Input<Pause>,
) -> Result<Json<Value>, Refusal> {
    let reason = reason(&input.reason)?;
    api.control
        .pause(input.connection.as_deref(), reason)
        .await?;
    list(State(api)).await
}

pub(super) async fn resume(
    State(api): State<Api>,
    Input(input): Input<Resume>,
) -> Result<Json<Value>, Refusal> {
    api.control.unpause(input.connection.as_deref()).await?;
    list(State(api)).await
}

/// Which alerts: those that stand, or all of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertParams {
    #[serde(default)]
    all: bool,
    limit: Option<u32>,
}

pub(super) async fn alerts(
    State(api): State<Api>,
    Params(params): Params<AlertParams>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(params.limit)?;
    let alerts = api.reader.alerts(!params.all, limit).await?;
    Ok(Json(json!({ "alerts": alerts })))
}
