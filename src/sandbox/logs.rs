//! The log of runs: what was asked, what came of it, and the caller's `meta`, newest first.

use std::sync::Arc;

use axum::extract::{Path, Query as Asked, State as In};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::actions::name_of;
use super::auth::Caller;
use super::errors::{Failure, bad_request, not_found};
use super::ledger::Ring;
use super::paging::{self, Query};
use super::state::{State, Tenant, object_id, stamp};
use crate::clock;

const RUN_KIND: u32 = 0x6900_0000;
/// The id of the integration that every connection of Kartra's belongs to; its key is `kartra`.
pub(super) const INTEGRATION_ID: &str = "68c0aa11bb22cc33dd44ee77";

/// One run.
#[derive(Debug, Clone)]
pub(super) struct RunLog {
    pub(super) number: u64,
    pub(super) tenant: Arc<Tenant>,
    pub(super) connection: String,
    pub(super) action: String,
    pub(super) verb: &'static str,
    pub(super) input: Arc<Value>,
    /// The output, or the error.
    pub(super) result: Result<Arc<Value>, Value>,
    pub(super) meta: Option<Arc<Value>>,
    pub(super) created: Timestamp,
    pub(super) completed: Timestamp,
    /// From when on it is found; never when there is none.
    pub(super) visible: Option<Timestamp>,
}

/// All runs that are kept.
#[derive(Debug)]
pub(super) struct Logs {
    runs: Ring<RunLog>,
}

impl Logs {
    pub(super) fn new(kept: usize) -> Self {
        Self {
            runs: Ring::new(kept),
        }
    }

    /// The id that the next run gets.
    pub(super) fn next_id(&self) -> String {
        object_id(RUN_KIND, self.runs.next())
    }

    /// Adds a run; gives its id.
    pub(super) fn add(&mut self, mut run: RunLog) -> String {
        run.number = self.runs.next();
        let id = object_id(RUN_KIND, run.number);
        self.runs.push(run);
        id
    }

    /// The run with this id, if this tenant may see it by now.
    fn find(&self, id: &str, tenant: &Tenant, now: Timestamp) -> Option<&RunLog> {
        let number = u64::from_str_radix(id.strip_prefix("69000000")?, 16).ok()?;
        let run = self.runs.get(number)?;
        run.is_visible_to(tenant, now).then_some(run)
    }
}

impl RunLog {
    fn id(&self) -> String {
        object_id(RUN_KIND, self.number)
    }

    fn is_visible_to(&self, tenant: &Tenant, now: Timestamp) -> bool {
        self.tenant.key == tenant.key && self.visible.is_some_and(|visible| now >= visible)
    }

    fn show(&self) -> Value {
        let duration = clock::between(self.created, self.completed).as_millis();
        let mut shown = json!({
            "id": self.id(),
            "userId": self.tenant.id,
            "tenantId": self.tenant.id,
            "name": name_of(self.verb),
            "integrationId": INTEGRATION_ID,
            "connectionId": self.connection,
            "integrationActionId": self.action,
            "input": *self.input,
            "status": if self.result.is_ok() { "success" } else { "error" },
            "createdAt": stamp(self.created),
            "completedAt": stamp(self.completed),
            "duration": u64::try_from(duration).unwrap_or(u64::MAX),
        });
        match &self.result {
            Ok(output) => shown["output"] = Value::clone(output),
            Err(error) => shown["error"] = error.clone(),
        }
        if let Some(meta) = &self.meta {
            shown["meta"] = Value::clone(meta);
        }
        shown
    }
}

/// What a list is asked for.
struct Filter<'a> {
    connection: Option<&'a str>,
    action: Option<&'a str>,
    tenant: Option<&'a str>,
    success: Option<bool>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl<'a> Filter<'a> {
    fn read(query: &'a Query) -> Result<Self, Failure> {
        let first = |names: &[&str]| names.iter().find_map(|name| paging::text(query, name));
        let success = match paging::text(query, "status") {
            None => None,
            Some("success") => Some(true),
            Some("error") => Some(false),
            Some(_) => {
                let message = "Validation error: \"status\" must be success or error";
                return Err(bad_request(message));
            }
        };
        Ok(Self {
            connection: first(&["connectionId"]),
            action: first(&["actionId", "integrationActionId", "connectionActionId"]),
            tenant: first(&["tenantId", "userId"]),
            success,
            from: instant(query, "from")?,
            to: instant(query, "to")?,
        })
    }

    fn fits(&self, run: &RunLog) -> bool {
        self.connection.is_none_or(|id| run.connection == id)
            && self
                .action
                .is_none_or(|id| run.action == id || run.verb == id)
            && self.tenant.is_none_or(|id| run.tenant.id == id)
            && self.success.is_none_or(|good| run.result.is_ok() == good)
            && self.from.is_none_or(|from| run.created >= from)
            && self.to.is_none_or(|to| run.created <= to)
    }
}

/// `GET /action-run-logs`; the cursor is the number below which the next page begins.
pub(super) async fn list(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let filter = Filter::read(&query)?;
    let limit = paging::limit(&query)?;
    let below = match paging::cursor(&query)? {
        0 => u64::MAX,
        cursor => cursor as u64,
    };
    let now = world.clock.now();
    let inner = world.lock();
    let mut found = inner.logs.runs.iter().rev().filter(|run| {
        run.number < below && run.is_visible_to(&caller.tenant, now) && filter.fits(run)
    });
    let page: Vec<_> = found.by_ref().take(limit).collect();
    let items: Vec<_> = page.iter().map(|run| run.show()).collect();
    let mut body = json!({ "items": items });
    if let (Some(last), Some(_)) = (page.last(), found.next()) {
        body["cursor"] = last.number.to_string().into();
    }
    Ok(Json(body))
}

/// `GET /action-run-logs/{id}`
pub(super) async fn show(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let inner = world.lock();
    let run = inner.logs.find(&id, &caller.tenant, world.clock.now());
    let run = run.ok_or_else(|| not_found("Action run log", &id))?;
    Ok(Json(run.show()))
}

/// `GET /action-run-logs/{id}/details`
pub(super) async fn details(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let inner = world.lock();
    let run = inner.logs.find(&id, &caller.tenant, world.clock.now());
    let run = run.ok_or_else(|| not_found("Action run log", &id))?;
    let duration = clock::between(run.created, run.completed).as_millis();
    Ok(Json(json!({
        "logs": [{
            "type": "api-request",
            "data": {
                "request": { "method": "POST", "url": "https://app.kartra.com/api" },
                "response": { "status": 200 },
                "timeMs": u64::try_from(duration).unwrap_or(u64::MAX),
            },
        }],
    })))
}

fn instant(query: &Query, name: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = paging::text(query, name) else {
        return Ok(None);
    };
    let instant = text.parse();
    instant.map(Some).map_err(|_| {
        bad_request(format!(
            "Validation error: \"{name}\" must be a date and time"
        ))
    })
}
