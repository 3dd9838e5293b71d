//! Connections of a tenant to an app: listed, looked at, waited for, tested and lost.
//!
//! `object` is what a connection is and shows, `ensure` how one is found or made, `edit` what changes it.
//!
//! To add a state: a variant of [`ConnectionState`], and what goes with it in `Connection::show_state`.

mod edit;
mod ensure;
mod object;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query as Asked, State as In};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

pub(super) use edit::{archive, patch, put, restore};
pub(super) use ensure::ensure;
pub(super) use object::{APP_ID, CONNECTOR_ID, Connection};
pub use object::{ConnectionState, ToDo};

use super::auth::Caller;
use super::errors::{Failure, not_found};
use super::paging::{self, Query};
use super::state::State;
use crate::clock;

const WAIT_SECONDS: [usize; 2] = [1, 60];
const WAIT_SECONDS_DEFAULT: usize = 30;

/// `GET /connections`
pub(super) async fn list(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let now = world.clock.now();
    let search = paging::text(&query, "search").map(str::to_lowercase);
    let connected = paging::flag(&query, "connected");
    let disconnected = paging::flag(&query, "disconnected");
    let archived = paging::flag(&query, "includeArchived") == Some(true);
    let mut items = Vec::new();
    for connection in world.lock().connections.values_mut() {
        let ready = connection.settled(now).state == ConnectionState::Ready;
        let wanted = connected.is_none_or(|wanted| wanted == ready)
            && disconnected.is_none_or(|wanted| wanted != ready)
            && search
                .as_ref()
                .is_none_or(|search| connection.name.to_lowercase().contains(search));
        let tenant = &caller.tenant;
        if wanted && connection.belongs_to(tenant) && (archived || connection.is_visible_to(tenant))
        {
            items.push(connection.show(&caller.tenant.id));
        }
    }
    paging::page(items, &query).map(Json)
}

/// `GET /connections/{idOrKey}`, held while `wait` is asked for and the connection is `BUILDING`.
pub(super) async fn show(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Json<Value>, Failure> {
    let wait = paging::flag(&query, "wait").unwrap_or(false);
    let seconds = paging::number(&query, "timeout", WAIT_SECONDS)?.unwrap_or(WAIT_SECONDS_DEFAULT);
    let deadline = clock::after(world.clock.now(), Duration::from_secs(seconds as u64));
    let mut changes = world.changes();
    loop {
        let now = world.clock.now();
        let (shown, state, then) = {
            let mut inner = world.lock();
            let connection = inner.connection(&caller.tenant, &id, now);
            let connection = connection.ok_or_else(|| not_found("Connection", &id))?;
            (
                connection.show(&caller.tenant.id),
                connection.state,
                connection.then,
            )
        };
        if !wait || state != ConnectionState::Building || now >= deadline {
            return Ok(Json(shown));
        }
        let next = then.map_or(deadline, |(at, _)| at.min(deadline));
        tokio::select! {
            () = world.clock.sleep_until(next) => {}
            _ = changes.changed() => {}
            () = world.stopped() => return Ok(Json(shown)),
        }
    }
}

/// `POST /connections/{idOrKey}/test`
pub(super) async fn test(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let now = world.clock.now();
    let mut inner = world.lock();
    let connection = inner.connection(&caller.tenant, &id, now);
    let connection = connection.ok_or_else(|| not_found("Connection", &id))?;
    let ready = connection.state == ConnectionState::Ready;
    Ok(Json(json!({ "success": ready })))
}

/// `POST /connections/{idOrKey}/refresh-credentials`: there is nothing to refresh, and a lost connection stays lost.
pub(super) async fn refresh(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let now = world.clock.now();
    let mut inner = world.lock();
    let connection = inner.connection(&caller.tenant, &id, now);
    connection
        .map(|_| StatusCode::NO_CONTENT)
        .ok_or_else(|| not_found("Connection", &id))
}

/// `POST /connections/{idOrKey}/disconnect`
pub(super) async fn disconnect(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let now = world.clock.now();
    {
        let mut inner = world.lock();
        let connection = inner.connection(&caller.tenant, &id, now);
        let connection = connection.ok_or_else(|| not_found("Connection", &id))?;
        connection.to_do = ToDo::Connect;
        connection.put(ConnectionState::ClientActionRequired, now);
    }
    world.changed();
    Ok(StatusCode::NO_CONTENT)
}
