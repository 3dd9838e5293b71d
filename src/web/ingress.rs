//! Deliveries: read bounded bytes, verify, shape, accept, answer. It decides nothing about rules.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{ConnectInfo, Path, Request as HttpRequest, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::body::{Room, Unread};
use super::tally::Tally;
use crate::clock::SharedClock;
use crate::engine::{AcceptError, Engine};
use crate::outside::Outside;
use crate::store::{Accepted, StoreError};
use crate::trigger::{Arrival, Headers, Range, Received, Refusal, Request, Source, Told};

/// Deliveries under way at once; beyond, senders are asked to come again.
pub const DELIVERIES_MAX: usize = 2_048;
/// What `Retry-After` says while full, starting or stopping.
const RETRY_AFTER_SECONDS: &str = "5";

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
    pub trusted_proxies: Vec<Range>,
    /// Time and ids.
    pub clock: SharedClock,
    /// Places for deliveries under way.
    pub places: Semaphore,
    /// What their bodies share.
    pub room: Room,
    /// Whom some sources must ask before they can answer.
    pub outside: Outside,
    /// Refusals and handshakes, until they are written.
    pub tally: Tally,
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
    let (parts, body) = request.into_parts();
    let (engine, _place, source) = match hooks.admit(name, &parts.method) {
        Ok(admitted) => admitted,
        Err(refused) => return *refused,
    };
    let held = match hooks.room.read(body).await {
        Ok(held) => held,
        Err(unread) => return last(hooks.unread(source, unread)),
    };
    let asked = Request {
        method: parts.method.as_str(),
        path_secret,
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &held.bytes,
        peer: peer.and_then(|peer| hooks.sender(peer, &parts.headers)),
    };
    let now = hooks.clock.now();
    let received = match hooks.arrived(now, |arrival| source.receive(&asked, arrival)) {
        Received::Ask(question) => {
            let go_on = |told: &Told<'_>| {
                hooks.arrived(now, |arrival| source.answered(&asked, arrival, told))
            };
            hooks.outside.settle(&question, now, go_on).await
        }
        known => known,
    };
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
            hooks.tally.shaken(&source.name, kind, hooks.clock.now());
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let headers = [
                (header::CONTENT_TYPE, content_type),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (status, headers, body).into_response()
        }
        Received::Refused(refusal) => refuse(hooks, source, &refusal),
        // Its question was answered, or that it was not is a refusal.
        Received::Ask(_) => refuse(
            hooks,
            source,
            &Refusal::unanswered("it was not asked about"),
        ),
    }
}

async fn accept(engine: &Engine, source: &Source, events: Vec<crate::event::Event>) -> Response {
    match engine.accept_all(events).await {
        Ok(accepted) => taken(&accepted),
        Err(AcceptError::Stopping) => come_again("the daemon is stopping"),
        Err(AcceptError::Full(_)) => come_again("the database has reached its size limit"),
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

fn refuse(hooks: &Hooks, source: &Source, refusal: &Refusal) -> Response {
    hooks.count(&source.name, refusal.reason, &refusal.detail);
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::UNAUTHORIZED);
    let text = match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            return come_again("it cannot be verified at present");
        }
        StatusCode::BAD_REQUEST => "the body could not be read",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "send the body as it is, not compressed",
        _ => "not verified",
    };
    answer(status, text)
}

impl Hooks {
    /// Who takes such a delivery in, and its place; or the answer to it, whatever its body holds.
    fn admit(
        &self,
        name: &str,
        method: &Method,
    ) -> Result<(&Engine, SemaphorePermit<'_>, &Arc<Source>), Box<Response>> {
        let Some(engine) = self.engine.get() else {
            return Err(come_again("the daemon is starting").into());
        };
        let Ok(place) = self.places.try_acquire() else {
            return Err(come_again("too many deliveries at once").into());
        };
        let Some(source) = self.sources.get(name) else {
            self.count(
                &Arc::from("?"),
                "unknown_source",
                "a path that no source of kartwheel.yaml has",
            );
            return Err(answer(StatusCode::NOT_FOUND, "no such source").into());
        };
        if !matches!(*method, Method::GET | Method::HEAD | Method::POST) {
            let refused = answer(StatusCode::METHOD_NOT_ALLOWED, "send a POST");
            return Err(Box::new(
                ([(header::ALLOW, "GET, HEAD, POST")], refused).into_response(),
            ));
        }
        Ok((engine, place, source))
    }

    /// What this makes of a delivery that came now.
    fn arrived(&self, now: Timestamp, read: impl FnOnce(Arrival<'_>) -> Received) -> Received {
        read(Arrival {
            now,
            new_id: &|| self.clock.new_id(),
            env: &self.env,
        })
    }

    /// Who sent this: the peer, or whom trusted proxies say they speak for. `None` where what they say is no address: what
    /// stands before it anybody may have written.
    fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let forwarded = headers.get_all("x-forwarded-for").iter().rev();
        let hops = forwarded.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        let mut sender = peer;
        for hop in hops {
            if !self.trusted_proxies.iter().any(|proxy| proxy.holds(sender)) {
                break;
            }
            sender = address(hop.trim())?;
        }
        Some(sender)
    }

    fn count(&self, source: &Arc<str>, reason: &'static str, detail: &str) {
        self.tally.refused(source, reason, detail, self.clock.now());
    }

    /// The answer to a delivery whose body was not read.
    fn unread(&self, source: &Source, unread: Unread) -> Response {
        let (status, reason, text) = match unread {
            Unread::NoRoom => return come_again("too many large deliveries at once"),
            Unread::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "the body is larger than 2 MiB",
            ),
            Unread::BrokenOff => (
                StatusCode::BAD_REQUEST,
                "broken_off",
                "the body did not arrive whole",
            ),
            Unread::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                "the body took longer than 15 seconds",
            ),
        };
        self.count(&source.name, reason, text);
        answer(status, text)
    }
}

/// The last answer of a connection, because of its body: what is left of that is not worth waiting for.
fn last(answer: Response) -> Response {
    ([(header::CONNECTION, "close")], answer).into_response()
}

/// The address of a hop, which some proxies write with its port.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    let address = bare.unwrap_or(hop).parse().ok();
    address.or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
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
