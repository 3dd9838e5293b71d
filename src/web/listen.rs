//! A listener: connections in bounded number, heads in bounded size and time. What is slow or huge costs its own connection only.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower_service::Service as _;

use super::rest;

/// Connections of a listener at once; others wait until one ends.
pub const CONNECTIONS_MAX: usize = 768;
/// The longest head of a request: its first line and its headers.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most headers of a request.
pub const HEADERS_MAX: usize = 100;
/// How long a head may take to arrive, and how long a connection may be idle.
pub const HEAD_SECONDS_MAX: u64 = 15;
/// How long nothing is accepted when the machine has no room for another connection.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(1);

/// How far a listener is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closing {
    /// Not at all.
    No,
    /// It lets nobody in any more. Whoever is in is answered once more, and told that it was the last time.
    Last,
    /// Requests under way are answered; who asks nothing is cut off.
    Now,
}

/// Serves so many connections at once until told to close.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    mut closing: watch::Receiver<Closing>,
) {
    let router = router.with_state(());
    let places = Arc::new(Semaphore::new(connections_max));
    let mut connections = JoinSet::new();
    loop {
        let (place, accepted) = tokio::select! {
            next = next(&listener, &places) => next,
            _ = closing.wait_for(|closing| *closing != Closing::No) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, closing) = (router.clone(), closing.clone());
                connections.spawn(async move {
                    converse(stream, peer, router, closing).await;
                    drop(place);
                });
            }
            // The other end went away before it was let in.
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted for a moment");
                tokio::time::sleep(NO_ROOM_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection, once there is a place for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (
    Option<OwnedSemaphorePermit>,
    std::io::Result<(TcpStream, SocketAddr)>,
) {
    let place = Arc::clone(places).acquire_owned().await.ok();
    (place, listener.accept().await)
}

fn is_of_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// One connection, to its end. What goes wrong with it is the other end's affair.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut closing: watch::Receiver<Closing>,
) {
    // Small answers must not wait for more (Nagle).
    let _ = stream.set_nodelay(true);
    let closed = closing.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (mut router, closed) = (router.clone(), closed.clone());
        async move {
            let mut answer = answered(&mut router, request).await;
            if *closed.borrow() != Closing::No {
                say_last(&mut answer);
            }
            Ok::<Response, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX))
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = closing.wait_for(|closing| *closing == Closing::Now) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The answer to a request. A body that was not read to its end stands before whatever comes next on its connection, so the rest
/// of it is thrown away, or the answer says that it is the connection's last one: a sender or a proxy that keeps connections must
/// not send a delivery there.
async fn answered(router: &mut Router, request: hyper::Request<Incoming>) -> Response {
    let (parts, body) = request.into_parts();
    if head_bytes(&parts) > HEAD_BYTES_MAX {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return (status, [(CONNECTION, "close")]).into_response();
    }
    let (body, left) = rest::lend(body);
    let answer = router.call(hyper::Request::from_parts(parts, body)).await;
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let is_last = answer.headers().contains_key(CONNECTION);
    if !is_last && !left.discard().await {
        say_last(&mut answer);
    }
    answer
}

/// It is the last answer on its connection.
fn say_last(answer: &mut Response) {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, close);
}

/// How long a head is, but for its method and version. The buffer takes in more than its limit when much comes at once.
fn head_bytes(head: &Parts) -> usize {
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let headers = head.headers.iter();
    let lines = headers.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    target + lines.sum::<usize>()
}
