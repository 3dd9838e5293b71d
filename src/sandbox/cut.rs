//! Answers that break off: the connection is closed before the first byte of one, or in the middle of its body.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use http_body::Frame;

/// Marks a response that never reaches the client as one, for the ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

/// A body that gives what it has and then fails, which makes the server close the connection.
struct Broken {
    left: Option<Bytes>,
    flush: bool,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(bytes) = self.left.take() {
            self.flush = true;
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if std::mem::take(&mut self.flush) {
            // What was given goes to the network when the body has nothing at the moment.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into())))
    }
}

/// Closes the connection. Nothing has been flushed at that point, so not a byte of an answer goes out.
pub(super) fn before_the_first_byte() -> Response {
    broken(None)
}

/// Sends the head and half of this body, and closes the connection.
pub(super) fn in_the_middle(body: &Bytes) -> Response {
    let half = body.slice(..body.len() / 2);
    let mut response = broken(Some(half));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, body.len().into());
    response
}

fn broken(left: Option<Bytes>) -> Response {
    let mut response = Response::new(Body::new(Broken { left, flush: false }));
    response.extensions_mut().insert(Cut);
    response
}
