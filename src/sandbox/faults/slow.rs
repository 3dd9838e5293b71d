//! Lengths of time, and answers that take theirs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures_util::stream;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::sandbox::state::State;

/// A length of time, on the sandbox's clock or on the machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delay {
    /// Milliseconds of the sandbox's clock.
    ClockMs(u64),
    /// Milliseconds of the machine's, whatever the clock shows.
    RealMs(u64),
}

impl Delay {
    /// Waits; false when the sandbox stops meanwhile.
    pub(super) async fn over(self, world: &State) -> bool {
        let over = async {
            match self {
                Self::ClockMs(millis) => {
                    let until = clock::after(world.clock.now(), Duration::from_millis(millis));
                    world.clock.sleep_until(until).await;
                }
                Self::RealMs(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            }
        };
        tokio::select! {
            () = over => true,
            () = world.stopped() => false,
        }
    }
}

/// The same body in so many pieces, with a pause before each: its length is not announced.
pub(super) fn in_pieces(world: &Arc<State>, body: &Bytes, pieces: usize, pause: Delay) -> Response {
    let size = body.len().div_ceil(pieces.max(1)).max(1);
    let left: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    let begin = (Arc::clone(world), left.into_iter());
    let pieces = stream::unfold(begin, move |(world, mut left)| async move {
        let piece = left.next()?;
        let piece = match pause.over(&world).await {
            true => Ok(piece),
            false => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
        };
        Some((piece, (world, left)))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let kind = axum::http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
