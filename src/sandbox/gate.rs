//! The way into every route of Membrane's: remember the request, know the caller, have the trouble that was ordered for the path.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as In};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::task::JoinHandle;

use super::auth::{Caller, authenticate};
use super::cut::Cut;
use super::errors::bad_request;
use super::faults::{Occasion, Place};
use super::ledger::{RecordedCall, kept_body, kept_headers};
use super::state::State;

/// Membrane's limit of a request's body.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A task of its own: a request that was taken is carried out even if its client has gone, as with any real server.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is a server of its own; these are its accept loop and its requests"
)]
pub(super) fn detach<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(work)
}

pub(super) async fn gate(In(world): In<Arc<State>>, request: Request, next: Next) -> Response {
    let served = detach(serve(world, request, next)).await;
    served.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn serve(world: Arc<State>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let mut failure = bad_request("Request body is too large");
        failure.status = 413;
        return failure.into_response();
    };
    let now = world.clock.now();
    let arrived = RecordedCall {
        number: 0,
        at: now,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: kept_headers(&parts.headers),
        body: kept_body(&body),
        verb: None,
        input: None,
        meta: None,
        status: None,
        effect: false,
    };
    let (call, fault, caller) = {
        let mut inner = world.lock();
        let call = inner.ledger.arrived(arrived);
        let occasion = Occasion::Path(parts.uri.path());
        let fault = inner.faults.pick(occasion, now);
        (
            call,
            fault,
            authenticate(&mut inner, &parts.headers, now).map(|tenant| Caller { tenant, call }),
        )
    };
    let place = Place {
        world: &world,
        run: None,
    };
    let instead = match &fault {
        Some(fault) => fault.before(place).await,
        None => None,
    };
    let mut response = match (instead, caller) {
        (Some(response), _) => response,
        (None, Err(failure)) => failure.into_response(),
        (None, Ok(caller)) => {
            parts.extensions.insert(caller);
            let request = Request::from_parts(parts, Body::from(body));
            next.run(request).await
        }
    };
    if let Some(fault) = &fault {
        response = fault.after(&world, response).await;
    }
    let status = match response.extensions().get::<Cut>() {
        Some(Cut) => None,
        None => Some(response.status().as_u16()),
    };
    world.lock().ledger.answered(call, status);
    response
}
