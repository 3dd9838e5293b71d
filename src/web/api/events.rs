//! `GET /api/events` and `/api/events/{id}`: what arrived, what the rules made of it, and the runs that came of it.

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Params;
use super::{Api, LIST_ENTRIES_DEFAULT, LIST_ENTRIES_MAX, Refusal, ids, view};
use crate::store::{EventFilter, RunFilter};

/// Which events. `before` and `after` are `seq` of an event: the page before, or what came since.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    source: Option<String>,
    r#type: Option<String>,
    email: Option<String>,
    since: Option<Timestamp>,
    before: Option<i64>,
    after: Option<i64>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Params(params): Params<ListParams>,
) -> Result<Json<Value>, Refusal> {
    let limit = limit(params.limit)?;
    let filter = EventFilter {
        source: params.source,
        kind: params.r#type,
        email: params.email,
        since: params.since,
        before: params.before,
        after: params.after,
        limit,
    };
    let events = api.reader.events(&filter, false).await?;
    let next = (events.len() == limit as usize)
        .then(|| events.last().map(|stored| stored.seq))
        .flatten();
    let events: Vec<_> = events.iter().map(view::event).collect();
    Ok(Json(json!({ "events": events, "next": next })))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let stored = ids::event(&*api.reader, &id).await?;
    let filter = RunFilter {
        event: Some(stored.event.id),
        limit: LIST_ENTRIES_MAX,
        ..RunFilter::default()
    };
    let runs = api.reader.runs(&filter).await?;
    Ok(Json(view::event_whole(&stored, &runs)))
}

/// How many entries to list: the default, or what was asked for within the limit.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Refusal> {
    match asked {
        None => Ok(LIST_ENTRIES_DEFAULT),
        Some(limit @ 1..=LIST_ENTRIES_MAX) => Ok(limit),
        Some(other) => Err(Refusal::wrong(format!(
            "`limit` is {other}; it may be 1 to {LIST_ENTRIES_MAX}"
        ))
        .help("Go on with `before` and the `next` of the answer.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_an_upper_limit() {
        assert_eq!(limit(None), Ok(LIST_ENTRIES_DEFAULT));
        assert_eq!(limit(Some(LIST_ENTRIES_MAX)), Ok(LIST_ENTRIES_MAX));
        assert!(limit(Some(0)).is_err());
        assert!(limit(Some(LIST_ENTRIES_MAX + 1)).is_err());
    }
}
