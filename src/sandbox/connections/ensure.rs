//! Finding a connection by the address of its application, or making one.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State as In;
use axum::{Extension, Json};
use serde_json::Value;

use super::{Connection, ConnectionState};
use crate::clock;
use crate::sandbox::auth::Caller;
use crate::sandbox::errors::{Failure, bad_request};
use crate::sandbox::state::State;

const APP_URL_CHARS_MAX: usize = 2_000;

/// `POST /connections/ensure`
pub(in crate::sandbox) async fn ensure(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
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
    let id = Connection::id_of(inner.fresh());
    let name = body.get("name").and_then(Value::as_str).unwrap_or(&domain);
    let mut made = Connection::new(&id, name, &domain, Some(tenant.key.clone()), now);
    let script = match made.account {
        Some(_) => inner.settings.ensure,
        None => inner.settings.ensure_unknown,
    };
    made.to_do = script.to_do;
    if script.building_ms == 0 {
        made.put(script.state, now);
    } else {
        made.put(ConnectionState::Building, now);
        let length = Duration::from_millis(script.building_ms);
        made.put_later(script.state, clock::after(now, length));
    }
    let shown = made.show(&tenant.id);
    inner.connections.insert(id, made);
    Ok(Json(shown))
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
