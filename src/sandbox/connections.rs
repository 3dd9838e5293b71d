//! Connections of a tenant to an app: found or made by address, their states, and waiting for one to be built.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query as Asked, State as In};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::CONNECTION_ID;
use super::account::Account;
use super::auth::Caller;
use super::errors::{Failure, bad_request, not_found};
use super::paging::{self, Query};
use super::settings::EnsureScript;
use super::state::{State, Tenant, object_id, stamp};
use crate::clock;

const APP_URL_CHARS_MAX: usize = 2_000;
const WAIT_SECONDS: [usize; 2] = [1, 60];
const WAIT_SECONDS_DEFAULT: usize = 30;
const CONNECTOR_ID: &str = "68e0aa11bb22cc33dd44ee55";
const APP_ID: &str = "68d0aa11bb22cc33dd44ee66";

/// What a connection is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConnectionState {
    /// It can run actions.
    #[default]
    Ready,
    /// Its connector is being made.
    Building,
    /// A person must do something.
    ClientActionRequired,
    /// It is set up wrongly.
    ConfigurationError,
    /// Its connector could not be made.
    SetupFailed,
    /// It is being removed.
    Disconnecting,
}

/// One connection.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) id: String,
    name: String,
    /// The app's domain, such as `kartra.com`.
    domain: String,
    /// Its tenant's key; every tenant sees one that has none.
    tenant: Option<String>,
    pub(super) state: ConnectionState,
    /// The state it will have, and when.
    then: Option<(Timestamp, ConnectionState)>,
    /// Whether it was READY once.
    worked: bool,
    created: Timestamp,
    updated: Timestamp,
    /// The account behind it, if the app is Kartra.
    pub(super) account: Option<Account>,
}

impl Connection {
    /// The one that every tenant sees.
    pub(super) fn of_everybody(now: Timestamp) -> Self {
        Self::new(CONNECTION_ID, "Kartra", "kartra.com", None, now)
    }

    fn new(id: &str, name: &str, domain: &str, tenant: Option<String>, now: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            domain: domain.to_owned(),
            tenant,
            state: ConnectionState::Ready,
            then: None,
            worked: true,
            created: now,
            updated: now,
            account: (domain == "kartra.com").then(|| Account::of_the_examples(now)),
        }
    }

    pub(super) fn is_visible_to(&self, tenant: &Tenant) -> bool {
        self.tenant.as_ref().is_none_or(|key| *key == tenant.key)
    }

    /// The connection as it is at this instant.
    pub(super) fn settled(&mut self, now: Timestamp) -> &mut Self {
        if let Some((at, state)) = self.then
            && now >= at
        {
            self.put(state, at);
        }
        self
    }

    /// Puts it into a state, from now on.
    pub(super) fn put(&mut self, state: ConnectionState, now: Timestamp) {
        self.state = state;
        self.then = None;
        self.worked |= state == ConnectionState::Ready;
        self.updated = now;
    }

    /// Puts it into another state later.
    pub(super) fn put_later(&mut self, state: ConnectionState, at: Timestamp) {
        self.then = Some((at, state));
    }

    /// The object that Membrane shows.
    pub(super) fn show(&self, tenant: &str) -> Value {
        let ready = self.state == ConnectionState::Ready;
        let mut shown = json!({
            "id": self.id,
            "name": self.name,
            "userId": tenant,
            "tenantId": tenant,
            "type": "connector",
            "connectorId": CONNECTOR_ID,
            "externalAppId": APP_ID,
            "state": self.state,
            "connected": ready,
            "disconnected": !ready,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(self.updated),
            "connectorVersion": "1.0.0",
            "authOptionKey": "default",
            "canTest": true,
            "canRefreshCredentials": false,
            "isTest": false,
        });
        match self.state {
            ConnectionState::Building => {
                shown["buildingAgentSessionId"] = object_id(0x69ab_0000, 1).into();
            }
            ConnectionState::ClientActionRequired => {
                shown["clientAction"] = json!({
                    "type": "connect",
                    "description": "Authenticate with the app to connect.",
                    "uiUrl": format!("https://membrane.example/connect?connectionId={}", self.id),
                });
                if self.worked {
                    shown["error"] = json!({
                        "type": "connection",
                        "key": "access_token_expired",
                        "message": "The credentials were refused.",
                        "data": { "connectionId": self.id, "connectorKey": "kartra" },
                    });
                }
            }
            ConnectionState::ConfigurationError => {
                let message = "The connector has no usable authentication option.";
                shown["errors"] = json!([{ "type": "configuration", "message": message }]);
            }
            ConnectionState::SetupFailed => {
                let message = "The connector could not be built.";
                shown["errors"] = json!([{ "type": "internal", "message": message }]);
            }
            ConnectionState::Ready | ConnectionState::Disconnecting => {}
        }
        shown
    }
}

/// `POST /connections/ensure`
pub(super) async fn ensure(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    body: axum::body::Bytes,
) -> Result<Json<Value>, Failure> {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let url = body.get("appUrl").and_then(Value::as_str).unwrap_or("");
    let domain =
        domain_of(url).ok_or_else(|| bad_request("Validation error: Invalid URL at \"appUrl\""))?;
    let now = world.clock.now();
    let tenant = &caller.tenant;
    let mut inner = world.lock();
    let mut known = inner.connections.values_mut();
    if let Some(found) = known.find(|one| one.domain == domain && one.is_visible_to(tenant)) {
        return Ok(Json(found.settled(now).show(&tenant.id)));
    }
    let id = object_id(0x68f0_c1a2, inner.fresh());
    let name = body.get("name").and_then(Value::as_str).unwrap_or(&domain);
    let mut made = Connection::new(&id, name, &domain, Some(tenant.key.clone()), now);
    let EnsureScript { building_ms, state } = inner.settings.ensure;
    made.worked = false;
    if building_ms == 0 {
        made.put(state, now);
    } else {
        made.put(ConnectionState::Building, now);
        let length = Duration::from_millis(building_ms);
        made.put_later(state, clock::after(now, length));
    }
    let shown = made.show(&tenant.id);
    inner.connections.insert(id, made);
    Ok(Json(shown))
}

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
    let mut items = Vec::new();
    for connection in world.lock().connections.values_mut() {
        let ready = connection.settled(now).state == ConnectionState::Ready;
        let wanted = connected.is_none_or(|wanted| wanted == ready)
            && disconnected.is_none_or(|wanted| wanted != ready)
            && search
                .as_ref()
                .is_none_or(|search| connection.name.to_lowercase().contains(search));
        if wanted && connection.is_visible_to(&caller.tenant) {
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
        connection.put(ConnectionState::ClientActionRequired, now);
    }
    world.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// The domain of an app's address, by Membrane's rule: a host with a dot that is no IPv4 address; `https://` may be left
/// out. All of Kartra's hosts are one app.
fn domain_of(url: &str) -> Option<String> {
    if url.is_empty() || url.chars().count() > APP_URL_CHARS_MAX {
        return None;
    }
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .unwrap_or(url);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    let host = host.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let good = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if !host.contains('.') || !host.chars().all(good) || host.parse::<Ipv4Addr>().is_ok() {
        return None;
    }
    let host = host.trim_end_matches('.');
    if host == "kartra.com" || host.ends_with(".kartra.com") {
        return Some("kartra.com".to_owned());
    }
    Some(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::domain_of;

    #[test]
    fn addresses_are_taken_and_refused_as_membranes_own_schema_does() {
        for good in [
            "https://kartra.com/",
            "kartra.com",
            "http://www.kartra.com",
            "app.kartra.com/x?y=1",
            "kartra.com.",
        ] {
            assert_eq!(domain_of(good).as_deref(), Some("kartra.com"), "{good}");
        }
        assert_eq!(domain_of("a.b").as_deref(), Some("a.b"));
        for bad in [
            "localhost",
            "10.0.0.1",
            "www.10.0.0.1",
            "[::1]",
            "https://kartra",
            "ftp://kartra.com",
            "",
        ] {
            assert_eq!(domain_of(bad), None, "{bad}");
        }
        assert_eq!(domain_of(&format!("{}.com", "a".repeat(2_000))), None);
    }
}
