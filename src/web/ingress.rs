//! Deliveries: read bounded bytes, verify, shape, accept, answer. It decides nothing about rules.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use crate::clock::{self, SharedClock};
use crate::engine::{AcceptError, Engine};
use crate::store::{Accepted, Handshake, Refused, StoreError};
use crate::trigger::{Arrival, Headers, Received, Refusal, Request, Source};

/// The largest delivery. Stripe and its kind stay below 100 kB.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a sender may take to send its body.
pub const BODY_SECONDS_MAX: u64 = 15;
/// Deliveries under way at once; beyond, senders are asked to come again.
pub const DELIVERIES_MAX: usize = 2_048;
/// What `Retry-After` says while full, starting or stopping.
const RETRY_AFTER_SECONDS: &str = "5";
/// The same refusal of the same source is logged once in this time.
const LOG_REFUSALS_EVERY: Duration = Duration::from_secs(60);

/// What the webhook listener knows.
#[derive(Debug)]
pub struct Hooks {
    /// Set once the daemon is ready; until then senders are asked to come again.
    pub engine: OnceLock<Engine>,
    /// The declared sources.
    pub sources: BTreeMap<Arc<str>, Arc<Source>>,
    /// Environment variables that rules may see.
    pub env: Map<String, Value>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpAddr>,
    /// Time and ids.
    pub clock: SharedClock,
    /// Places for deliveries under way.
    pub places: Semaphore,
    /// When a refusal was last logged.
    pub logged: Mutex<HashMap<(Arc<str>, &'static str), Timestamp>>,
}

/// `/hooks/{source}`.
pub(super) async fn deliver(
    State(hooks): State<Arc<Hooks>>,
    Path(source): Path<String>,
    peer: Peer,
    request: HttpRequest,
) -> Response {
    receive(&hooks, &source, None, peer.0, request).await
}

/// `/hooks/{source}/{secret}`.
pub(super) async fn deliver_with_secret(
    State(hooks): State<Arc<Hooks>>,
    Path((source, secret)): Path<(String, String)>,
    peer: Peer,
    request: HttpRequest,
) -> Response {
    receive(&hooks, &source, Some(&secret), peer.0, request).await
}

/// The address at the other end of the connection, when the server knows it.
pub(super) struct Peer(Option<IpAddr>);

impl<S: Sync> axum::extract::FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self(
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|info| info.0.ip()),
        ))
    }
}

async fn receive(
    hooks: &Hooks,
    name: &str,
    path_secret: Option<&str>,
    peer: Option<IpAddr>,
    request: HttpRequest,
) -> Response {
    let Some(engine) = hooks.engine.get() else {
        return come_again("the daemon is starting");
    };
    let Ok(_place) = hooks.places.try_acquire() else {
        return come_again("too many deliveries at once");
    };
    let Some(source) = hooks.sources.get(name) else {
        let detail = "a path that no source of kartwheel.yaml has";
        hooks
            .count(engine, &Arc::from("?"), "unknown_source", detail)
            .await;
        return answer(StatusCode::NOT_FOUND, "no such source");
    };
    let (parts, body) = request.into_parts();
    if !matches!(parts.method, Method::GET | Method::HEAD | Method::POST) {
        let refused = answer(StatusCode::METHOD_NOT_ALLOWED, "send a POST");
        return ([(header::ALLOW, "GET, HEAD, POST")], refused).into_response();
    }
    let bytes = match read(body).await {
        Ok(bytes) => bytes,
        Err((status, reason, text)) => {
            hooks.count(engine, &source.name, reason, text).await;
            return answer(status, text);
        }
    };
    let asked = Request {
        method: parts.method.as_str(),
        path_secret,
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &bytes,
        peer: peer.map(|peer| hooks.sender(peer, &parts.headers)),
    };
    let arrival = Arrival {
        now: hooks.clock.now(),
        new_id: &|| hooks.clock.new_id(),
        env: &hooks.env,
    };
    let received = source.receive(&asked, arrival);
    respond(hooks, engine, source, received).await
}

/// Accepts events, answers handshakes, counts refusals.
async fn respond(hooks: &Hooks, engine: &Engine, source: &Source, received: Received) -> Response {
    match received {
        Received::Events(events) => accept(engine, source, events).await,
        Received::Handshake {
            kind,
            status,
            content_type,
            body,
        } => {
            let seen = Handshake {
                source: source.name.clone(),
                kind: kind.into(),
                at: hooks.clock.now(),
            };
            let _ = engine.store().handshake(seen).await;
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let headers = [
                (header::CONTENT_TYPE, content_type),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (status, headers, body).into_response()
        }
        Received::Refused(refusal) => refuse(hooks, engine, source, &refusal).await,
    }
}

/// The whole body, within its limits of size and time.
async fn read(body: Body) -> Result<Bytes, (StatusCode, &'static str, &'static str)> {
    match tokio::time::timeout(
        Duration::from_secs(BODY_SECONDS_MAX),
        axum::body::to_bytes(body, BODY_BYTES_MAX),
    )
    .await
    {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_large(&error) => Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "the body is larger than 2 MiB",
        )),
        Ok(Err(_)) => Err((
            StatusCode::BAD_REQUEST,
            "broken_off",
            "the body did not arrive whole",
        )),
        Err(_) => Err((
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the body took longer than 15 seconds",
        )),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn accept(engine: &Engine, source: &Source, events: Vec<crate::event::Event>) -> Response {
    match engine.accept_all(events).await {
        Ok(accepted) => taken(&accepted),
        Err(AcceptError::Stopping) => come_again("the daemon is stopping"),
        Err(AcceptError::Store(StoreError::Busy)) => {
            come_again("more deliveries than can be stored")
        }
        Err(AcceptError::Store(error)) => {
            tracing::error!(%error, source = %source.name, "a delivery could not be stored; its sender was asked to come again");
            come_again("the delivery could not be stored")
        }
    }
}

/// One event is named; of a batch it is told how many were new.
fn taken(accepted: &[Accepted]) -> Response {
    let told = match accepted {
        [one] => {
            let status = if one.duplicate {
                "seen before"
            } else {
                "accepted"
            };
            json!({ "event": one.event, "status": status })
        }
        many => {
            let new = many.iter().filter(|one| !one.duplicate).count();
            json!({ "status": "accepted", "new": new, "seen_before": many.len() - new })
        }
    };
    json_answer(StatusCode::OK, &told)
}

async fn refuse(hooks: &Hooks, engine: &Engine, source: &Source, refusal: &Refusal) -> Response {
    hooks
        .count(engine, &source.name, refusal.reason, &refusal.detail)
        .await;
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::UNAUTHORIZED);
    let text = if status == StatusCode::BAD_REQUEST {
        "the body could not be read"
    } else {
        "not verified"
    };
    answer(status, text)
}

impl Hooks {
    /// Who sent this: the peer, or whom a trusted proxy says it speaks for.
    fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusted_proxies.contains(&peer) {
            return peer;
        }
        let forwarded = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut hops: Vec<IpAddr> = forwarded
            .flat_map(|value| value.split(','))
            .filter_map(|hop| hop.trim().parse().ok())
            .collect();
        while hops.len() > 1
            && hops
                .last()
                .is_some_and(|hop| self.trusted_proxies.contains(hop))
        {
            hops.pop();
        }
        hops.pop().unwrap_or(peer)
    }

    /// Counts a refusal, and logs it at most once a minute for each source and reason.
    async fn count(&self, engine: &Engine, source: &Arc<str>, reason: &'static str, detail: &str) {
        let now = self.clock.now();
        let quiet = {
            let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
            let last = logged.insert((source.clone(), reason), now);
            let quiet = last.filter(|last| clock::between(*last, now) < LOG_REFUSALS_EVERY);
            if let Some(last) = quiet {
                logged.insert((source.clone(), reason), last);
            }
            quiet.is_some()
        };
        if !quiet {
            tracing::warn!(%source, reason, detail, "delivery refused (told once a minute; GET /api/refusals counts them)");
        }
        let refused = Refused {
            source: source.clone(),
            reason: reason.into(),
            detail: detail.to_owned(),
            at: now,
        };
        let _ = engine.store().refused(refused).await;
    }
}

fn come_again(text: &str) -> Response {
    (
        [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)],
        answer(StatusCode::SERVICE_UNAVAILABLE, text),
    )
        .into_response()
}

fn answer(status: StatusCode, text: &str) -> Response {
    json_answer(status, &json!({ "status": text }))
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

impl Headers for HeaderMap {
    fn get(&self, name: &str) -> Option<&str> {
        Self::get(self, name)?.to_str().ok()
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h str)) {
        for (name, value) in self {
            if let Ok(value) = value.to_str() {
                see(name.as_str(), value);
            }
        }
    }
}
