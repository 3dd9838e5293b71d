//! Who calls: a fixed token, or a JWT signed with the workspace's secret (HS256, HS512).

use std::sync::Arc;

use axum::extract::State as In;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use super::errors::{Failure, access_denied, not_authenticated};
use super::state::{Inner, State, Tenant, stamp};

/// Whose request it is, and the number under which the ledger has it.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) tenant: Arc<Tenant>,
    pub(super) call: u64,
}

/// `GET /self`
pub(super) async fn show_tenant(
    In(world): In<Arc<State>>,
    Extension(caller): Extension<Caller>,
) -> Json<Value> {
    let tenant = caller.tenant;
    Json(json!({
        "id": tenant.id,
        "name": tenant.name,
        "internalId": tenant.key,
        "workspaceKey": world.lock().workspace_key,
        "createdAt": stamp(tenant.created),
        "updatedAt": stamp(tenant.created),
    }))
}

/// The tenant of a request. One that nobody has heard of is made, as Membrane does.
pub(super) fn authenticate(
    inner: &mut Inner,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Arc<Tenant>, Failure> {
    let header = headers.get(AUTHORIZATION);
    let token = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| not_authenticated("Access token is missing"))?;
    if let Some(key) = inner.tokens.get(token).cloned() {
        return Ok(inner.tenant(&key, None, now));
    }
    let claims = verify(token, inner.workspace_secret.as_bytes())
        .ok_or_else(|| not_authenticated("Access token is invalid or expired"))?;
    let text = |names: [&str; 2]| {
        let mut found = names
            .iter()
            .filter_map(|name| claims.get(name).and_then(Value::as_str));
        found.next().filter(|text| !text.is_empty())
    };
    if text(["iss", "workspaceKey"]) != Some(inner.workspace_key.as_str()) {
        return Err(not_authenticated("Workspace is not known"));
    }
    if expired(&claims, now) {
        return Err(not_authenticated("Access token is invalid or expired"));
    }
    match text(["id", "tenantKey"]) {
        Some(key) => {
            let name = claims.get("name").and_then(Value::as_str);
            Ok(inner.tenant(key, name, now))
        }
        None if claims.get("isAdmin") == Some(&Value::Bool(true)) => Err(access_denied()),
        None => Err(not_authenticated("Access token names no tenant")),
    }
}

/// The claims of a token whose signature is right.
fn verify(token: &str, secret: &[u8]) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    match header.get("alg")?.as_str()? {
        "HS256" => Hmac::<Sha256>::new_from_slice(secret)
            .ok()?
            .chain_update(signed)
            .verify_slice(&signature)
            .ok()?,
        "HS512" => Hmac::<Sha512>::new_from_slice(secret)
            .ok()?
            .chain_update(signed)
            .verify_slice(&signature)
            .ok()?,
        _ => return None,
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// A token without `exp` does not expire; one whose `exp` is no number is of no use.
fn expired(claims: &Value, now: Timestamp) -> bool {
    match claims.get("exp") {
        None => false,
        Some(exp) => exp
            .as_f64()
            .is_none_or(|exp| exp <= now.as_millisecond() as f64 / 1_000.0),
    }
}
