//! `/api/refusals`: what was turned away at the door; `/api/handshakes`: which questions of senders were answered.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Params;
use super::events::limit;
use super::{Api, Refusal, view};

/// How far back refusals are listed when the request does not say.
const REFUSALS_SINCE_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);
/// How far back handshakes are summed up when the request does not say.
const HANDSHAKES_SINCE_DEFAULT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Which refusals.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusalParams {
    since: Option<Timestamp>,
    limit: Option<u32>,
}

/// Which handshakes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandshakeParams {
    since: Option<Timestamp>,
}

pub(super) async fn refusals(
    State(api): State<Api>,
    Params(params): Params<RefusalParams>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(params.limit)?;
    let since = since(&api, params.since, REFUSALS_SINCE_DEFAULT);
    let refusals = api.reader.refusals(since, limit).await?;
    Ok(Json(view::refusals(&refusals)))
}

pub(super) async fn handshakes(
    State(api): State<Api>,
    Params(params): Params<HandshakeParams>,
) -> Result<Json<Value>, Refusal> {
    let since = since(&api, params.since, HANDSHAKES_SINCE_DEFAULT);
    let sums = api.reader.handshake_sums(since).await?;
    Ok(Json(json!({ "handshakes": view::handshakes(&sums) })))
}

fn since(api: &Api, asked: Option<Timestamp>, usual: Duration) -> Timestamp {
    asked.unwrap_or_else(|| {
        let usual = SignedDuration::try_from(usual).unwrap_or_default();
        let since = api.clock.now().saturating_sub(usual);
        since.unwrap_or(Timestamp::MIN)
    })
}
