//! Changing, archiving and restoring a connection.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as In};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Map, Value};

use super::Connection;
use crate::sandbox::auth::Caller;
use crate::sandbox::errors::{Failure, bad_request, not_found};
use crate::sandbox::state::State;

const KEY_CHARS_MAX: usize = 100;

/// `PATCH /connections/{idOrKey}`: what is sent, and nothing else, is another from now on.
pub(in crate::sandbox) async fn patch(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let body = object(&body)?;
    change(&world, &caller, &id, |connection| write(connection, &body))
}

/// `PUT /connections/{idOrKey}`: what is not sent is gone; the name stays.
pub(in crate::sandbox) async fn put(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let body = object(&body)?;
    change(&world, &caller, &id, |connection| {
        (connection.key, connection.meta) = (None, None);
        write(connection, &body);
    })
}

/// `DELETE /connections/{idOrKey}`: nobody finds it any more, until it is restored.
pub(in crate::sandbox) async fn archive(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let now = world.clock.now();
    let archived = change(&world, &caller, &id, |connection| {
        connection.archived = Some(now);
    });
    archived.map(|_| StatusCode::NO_CONTENT)
}

/// `POST /connections/{idOrKey}/restore`
pub(in crate::sandbox) async fn restore(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    change(&world, &caller, &id, |connection| {
        connection.archived = None;
    })
}

/// Only restoring has anything to do with a connection that is archived: to everything else it is not there.
fn change(
    world: &State,
    caller: &Caller,
    id: &str,
    with: impl FnOnce(&mut Connection),
) -> Result<Json<Value>, Failure> {
    let now = world.clock.now();
    let shown = {
        let mut inner = world.lock();
        let mut all = inner.connections.values_mut();
        let tenant = &caller.tenant;
        let found = all.find(|one| one.is_called(id) && one.belongs_to(tenant));
        let connection = found.ok_or_else(|| not_found("Connection", id))?;
        let was_archived = connection.archived.is_some();
        with(connection.settled(now));
        if was_archived && connection.archived.is_some() {
            return Err(not_found("Connection", id));
        }
        connection.updated = now;
        connection.show(&tenant.id)
    };
    world.changed();
    Ok(Json(shown))
}

/// The body, with the fields that are looked at as they should be.
fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(bad_request("Expected object"));
    };
    let good_name = body.get("name").is_none_or(Value::is_string);
    let good_meta = body.get("meta").is_none_or(Value::is_object);
    let good_key = match body.get("key") {
        None | Some(Value::Null) => true,
        Some(Value::String(key)) => (1..=KEY_CHARS_MAX).contains(&key.chars().count()),
        Some(_) => false,
    };
    for (good, field) in [(good_name, "name"), (good_meta, "meta"), (good_key, "key")] {
        if !good {
            return Err(bad_request(format!("Validation error at \"{field}\"")));
        }
    }
    Ok(body)
}

fn write(connection: &mut Connection, body: &Map<String, Value>) {
    if let Some(Value::String(name)) = body.get("name") {
        name.clone_into(&mut connection.name);
    }
    if let Some(meta) = body.get("meta") {
        connection.meta = Some(meta.clone());
    }
    if let Some(key) = body.get("key") {
        connection.key = key.as_str().map(str::to_owned);
    }
}
