//! Requests to a person to connect or reconnect: pending until a control call completes them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as In};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::CONNECTION_ID;
use super::auth::Caller;
use super::connections::{CONNECTOR_ID, Connection, ConnectionState};
use super::control::read;
use super::errors::{Failure, bad_request, not_found};
use super::state::{Inner, State, Tenant, stamp};

/// One request.
#[derive(Debug, Clone)]
pub(super) struct ConnectionRequest {
    id: String,
    tenant: Arc<Tenant>,
    /// The connection to reconnect, or the one that came of it; none while a new one is asked for.
    connection: Option<String>,
    /// The name of a new one.
    name: String,
    status: String,
    redirect: Option<String>,
    created: Timestamp,
}

impl ConnectionRequest {
    fn show(&self) -> Value {
        let mut shown = json!({
            "requestId": self.id,
            "tenantId": self.tenant.id,
            "connectorId": CONNECTOR_ID,
            "status": self.status,
            "createdAt": stamp(self.created),
            "url": format!("https://membrane.example/connect?connectionRequestId={}", self.id),
        });
        if let Some(connection) = &self.connection {
            shown["connectionId"] = connection.clone().into();
            if self.status == "success" {
                shown["resultConnectionId"] = connection.clone().into();
            }
        }
        if self.status == "error" {
            let message = "The app refused the credentials.";
            shown["resultError"] = json!({ "type": "connection", "message": message });
        }
        if let Some(redirect) = &self.redirect {
            shown["redirectUri"] = redirect.clone().into();
        }
        shown
    }
}

/// `POST /connection-requests`: to reconnect `connectionId`, or the connection that everybody sees; of a tenant that sees
/// none, to make one.
pub(super) async fn create(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let body: Value =
        serde_json::from_slice(&body).map_err(|_| bad_request("Request body is not JSON"))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let named = text("connectionId");
    let connection = named.unwrap_or(CONNECTION_ID);
    let now = world.clock.now();
    let mut inner = world.lock();
    let known = inner.connection(&caller.tenant, connection, now);
    let connection = match known {
        Some(known) => Some(known.id.clone()),
        None if named.is_some() => return Err(not_found("Connection", connection)),
        None => None,
    };
    let request = ConnectionRequest {
        id: format!("creq_{:08}", inner.fresh()),
        tenant: caller.tenant,
        connection,
        name: text("name").unwrap_or("Kartra").to_owned(),
        status: "pending".to_owned(),
        redirect: text("redirectUri").map(str::to_owned),
        created: now,
    };
    let shown = request.show();
    inner.requests.insert(request.id.clone(), request);
    Ok((StatusCode::CREATED, Json(shown)))
}

/// `GET /connection-requests/{id}`
pub(super) async fn show(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let inner = world.lock();
    let request = inner.requests.get(&id);
    let request = request.filter(|request| request.tenant.id == caller.tenant.id);
    let request = request.ok_or_else(|| not_found("Connection request", &id))?;
    Ok(Json(request.show()))
}

/// `POST /_sandbox/connection-requests/{id}`: what the person did.
pub(super) async fn complete(
    In(world): In<Arc<State>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let body: Value = read(&body)?;
    let status = body.get("status").and_then(Value::as_str).unwrap_or("");
    if !["pending", "success", "cancelled", "error"].contains(&status) {
        let message = "\"status\" must be pending, success, cancelled or error";
        return Err(bad_request(message));
    }
    let now = world.clock.now();
    let shown = {
        let mut inner = world.lock();
        let fresh = inner.fresh();
        let Inner {
            requests,
            connections,
            ..
        } = &mut *inner;
        let request = requests.get_mut(&id);
        let request = request.ok_or_else(|| not_found("Connection request", &id))?;
        status.clone_into(&mut request.status);
        if status == "success" {
            let made = request.connection.get_or_insert_with(|| {
                let made = Connection::of_request(fresh, &request.name, &request.tenant, now);
                let id = made.id.clone();
                connections.insert(id.clone(), made);
                id
            });
            if let Some(connection) = connections.get_mut(made) {
                connection.put(ConnectionState::Ready, now);
            }
        }
        request.show()
    };
    world.changed();
    Ok(Json(shown))
}
