//! What a request leaves unread of its body: it comes back when nobody reads it any more, and is thrown away within limits.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;

use super::body::{BODY_BYTES_OWN, BODY_SECONDS_MAX};

/// The body of a request, for as long as somebody may read it.
#[derive(Debug)]
pub(super) struct Lent {
    body: Option<Incoming>,
    back: Option<oneshot::Sender<Incoming>>,
}

/// Where it comes back.
#[derive(Debug)]
pub(super) struct Left(oneshot::Receiver<Incoming>);

/// Lends the body.
pub(super) fn lend(body: Incoming) -> (Lent, Left) {
    let (back, left) = oneshot::channel();
    let lent = Lent {
        body: Some(body),
        back: Some(back),
    };
    (lent, Left(left))
}

impl Left {
    /// Throws away what nobody read. Whether the body came to its end, which more than [`BODY_BYTES_OWN`] is not waited for.
    pub(super) async fn discard(mut self) -> bool {
        let Ok(body) = self.0.try_recv() else {
            return false;
        };
        if body.is_end_stream() {
            return true;
        }
        let mut chunks = Body::new(body).into_data_stream();
        let to_its_end = async {
            let mut length = 0;
            while let Some(chunk) = chunks.next().await {
                let Ok(chunk) = chunk else { return false };
                length += chunk.len();
                if length > BODY_BYTES_OWN {
                    return false;
                }
            }
            true
        };
        let read = tokio::time::timeout(Duration::from_secs(BODY_SECONDS_MAX), to_its_end);
        read.await.unwrap_or(false)
    }
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Incoming::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            let _ = back.send(body);
        }
    }
}
