//! The way to the sandbox without sockets, with what networks do: requests that take their time, answers that overtake each other or never
//! come. A request that is on its way arrives, whatever becomes of who sent it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{self, HeaderMap};
use bytes::Bytes;
use kartwheel::clock::{Clock, SettableClock, after};
use kartwheel::membrane::Carrier;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tower_service::Service;

use super::fate::Fate;

/// The longest that a request is on its way: what is looked up later than this after it was sent is seen to be done or not.
const ON_ITS_WAY_MILLIS_MAX: u64 = 50_000;

/// The way.
pub(super) struct Wire {
    pub(super) fate: Arc<Fate>,
    pub(super) clock: Arc<SettableClock>,
    pub(super) sandbox: Router,
    /// Where the sandbox works.
    pub(super) outside: Handle,
    /// Requests and answers handed over.
    pub(super) moved: AtomicU64,
}

impl fmt::Debug for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Wire")
    }
}

/// What the way does to one request, in milliseconds.
struct Trip {
    connects: u64,
    there: u64,
    back: u64,
    arrives: bool,
    answered: bool,
}

impl Wire {
    fn trip(&self) -> Trip {
        let fate = &self.fate;
        let millis = |slow_in| match fate.one_in(slow_in) {
            true => fate.below(ON_ITS_WAY_MILLIS_MAX),
            false => 1 + fate.below(200),
        };
        Trip {
            connects: if fate.one_in(60) {
                fate.below(9_000)
            } else {
                0
            },
            there: millis(60),
            back: millis(60),
            arrives: !fate.one_in(40),
            answered: !fate.one_in(25),
        }
    }
}

type Carried = (u16, HeaderMap, Bytes);

#[async_trait]
impl Carrier for Wire {
    async fn carry(&self, request: reqwest::Request) -> Result<Carried, String> {
        let trip = self.trip();
        let limit = request.timeout().copied().unwrap_or(Duration::MAX);
        let until = after(self.clock.now(), limit);
        self.fate.wait(trip.connects).await;
        let what = format!("{} {}", request.method(), request.url().path());
        let request: http::Request<reqwest::Body> =
            request.try_into().map_err(|error| format!("{error}"))?;
        let (head, body) = request.into_parts();
        // Here the client's gate says whether it may still go out.
        let body = to_bytes(Body::new(body), usize::MAX).await;
        let body = body.map_err(|error| error.to_string())?;
        self.fate.note(&format!("{what} leaves"));
        let request = http::Request::from_parts(head, Body::from(body));
        let (tell, told) = oneshot::channel();
        let (mut sandbox, clock) = (self.sandbox.clone(), Arc::clone(&self.clock));
        self.moved.fetch_add(1, Ordering::SeqCst);
        drop(self.outside.spawn(async move {
            pass(&clock, trip.there).await;
            if !trip.arrives {
                return;
            }
            let Ok(response) = sandbox.call(request).await;
            let (head, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await;
            pass(&clock, trip.back).await;
            if trip.answered {
                let _ = tell.send(body.map(|body| (head.status.as_u16(), head.headers, body)));
            }
        }));
        let answer = tokio::select! {
            biased;
            answer = told => answer,
            () = self.clock.sleep_until(until) => return Err("no answer in time".to_owned()),
        };
        if self.fate.is_dead() {
            return std::future::pending().await;
        }
        self.fate.note(&format!("{what} is answered"));
        self.moved.fetch_add(1, Ordering::SeqCst);
        match answer {
            Ok(Ok(carried)) => Ok(carried),
            Ok(Err(error)) => Err(format!("the answer broke off: {error}")),
            Err(_) => Err("the connection broke".to_owned()),
        }
    }
}

async fn pass(clock: &SettableClock, millis: u64) {
    let until = after(clock.now(), Duration::from_millis(millis));
    clock.sleep_until(until).await;
}
