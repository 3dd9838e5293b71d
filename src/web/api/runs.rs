//! `/api/runs`: list, show, and what a person can do to one: cancel, retry, resume, approve, resolve; and to all of a rule: cancel.

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Input, Params};
use super::control::{self, As};
use super::events::limit;
use super::story::Story;
use super::{Api, REASON_CHARS_MAX, Refusal, ids, view};
use crate::run::{Run, State as RunState};
use crate::store::RunFilter;

/// Which runs. `before` is the `seq` of a run: the page before; `changed_since` gives the oldest change first.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    state: Option<RunState>,
    rule: Option<String>,
    connection: Option<String>,
    key: Option<String>,
    event: Option<String>,
    before: Option<i64>,
    changed_since: Option<Timestamp>,
    limit: Option<u32>,
}

/// Why a person does it, in their words.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    #[serde(default)]
    reason: String,
}

/// How an unknown outcome is settled, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolution {
    r#as: As,
    #[serde(default)]
    reason: String,
}

/// Whose runs are to be cancelled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfRule {
    rule: String,
}

pub(super) async fn list(
    State(api): State<Api>,
    Params(params): Params<ListParams>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(params.limit)?;
    let event = match &params.event {
        Some(text) => Some(ids::event(&*api.reader, text).await?.event.id),
        None => None,
    };
    let filter = RunFilter {
        state: params.state,
        rule: params.rule,
        connection: params.connection,
        key: params.key,
        event,
        before: params.before,
        changed_since: params.changed_since,
        limit,
    };
    let runs = api.reader.runs(&filter).await?;
    let next = (runs.len() == limit as usize)
        .then(|| runs.last().map(|run| run.seq))
        .flatten();
    let runs: Vec<_> = runs.iter().map(view::run).collect();
    Ok(Json(json!({ "runs": runs, "next": next })))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let run = ids::run(&*api.reader, &id).await?;
    let story = Story::load(&*api.reader, api.catalog, run).await?;
    Ok(Json(view::run_whole(&story)))
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Path(id): Path<String>,
    Input(input): Input<Reason>,
) -> Result<Json<Value>, Refusal> {
    let run = ids::run(&*api.reader, &id).await?;
    api.control.cancel(run.id, reason(&input.reason)?).await?;
    after(&api, &run).await
}

pub(super) async fn retry(
    State(api): State<Api>,
    Path(id): Path<String>,
    Input(input): Input<Reason>,
) -> Result<Json<Value>, Refusal> {
    let run = ids::run(&*api.reader, &id).await?;
    api.control.retry(run.id, reason(&input.reason)?).await?;
    after(&api, &run).await
}

pub(super) async fn resume(
    State(api): State<Api>,
    Path(id): Path<String>,
    Input(input): Input<Reason>,
) -> Result<Json<Value>, Refusal> {
    let run = ids::run(&*api.reader, &id).await?;
    api.control.resume(run.id, reason(&input.reason)?).await?;
    after(&api, &run).await
}

pub(super) async fn approve(
    State(api): State<Api>,
    Path(id): Path<String>,
    Input(input): Input<Reason>,
) -> Result<Json<Value>, Refusal> {
    let run = ids::run(&*api.reader, &id).await?;
    api.control.approve(run.id, reason(&input.reason)?).await?;
    after(&api, &run).await
}

pub(super) async fn resolve(
    State(api): State<Api>,
    Path(id): Path<String>,
    Input(input): Input<Resolution>,
) -> Result<Json<Value>, Refusal> {
    let run = ids::run(&*api.reader, &id).await?;
    let reason = reason(&input.reason)?;
    api.control.resolve(run.id, input.r#as, reason).await?;
    after(&api, &run).await
}

pub(super) async fn cancel_rule(
    State(api): State<Api>,
    Params(params): Params<OfRule>,
    Input(input): Input<Reason>,
) -> Result<Json<Value>, Refusal> {
    let reason = reason(&input.reason)?;
    let (cancelled, more) =
        control::cancel_rule(&*api.reader, &*api.control, &params.rule, reason).await?;
    Ok(Json(json!({ "cancelled": cancelled, "more": more })))
}

/// A person's reason, trimmed and within the limit. It may be empty.
pub(super) fn reason(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(Refusal::wrong(format!(
            "the reason is longer than {REASON_CHARS_MAX} characters"
        )));
    }
    Ok(text)
}

async fn after(api: &Api, run: &Run) -> Result<Json<Value>, Refusal> {
    let run = api
        .reader
        .run(run.id)
        .await?
        .ok_or_else(|| Refusal::not_found("the run is gone"))?;
    Ok(Json(json!({ "run": view::run(&run) })))
}
