//! The body of a delivery, read within its limits of size, time and memory.
//!
//! Up to [`BODY_BYTES_OWN`] every body under way may hold; what is beyond comes out of one room that all share. So what all of
//! them hold is bounded, and a small body is never refused because others are large or slow.

use std::time::Duration;

use axum::body::{Body, Bytes};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest delivery. Stripe and its kind stay below 100 kB.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a sender may take to send its body.
pub const BODY_SECONDS_MAX: u64 = 15;
/// What a body may hold without a part of the room that all share.
pub const BODY_BYTES_OWN: usize = 64 * 1024;
/// What all bodies under way may hold together beyond that.
pub const ROOM_BYTES_MAX: usize = 128 * 1024 * 1024;
/// The room is given away in pieces of so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// What bodies share.
#[derive(Debug)]
pub struct Room {
    pieces: Semaphore,
    within: Duration,
}

/// A body, and its part of the room for as long as it is held.
#[derive(Debug)]
pub(super) struct Held<'r> {
    pub(super) bytes: Bytes,
    _part: Option<SemaphorePermit<'r>>,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    BrokenOff,
    TooSlow,
    NoRoom,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(ROOM_BYTES_MAX, Duration::from_secs(BODY_SECONDS_MAX))
    }
}

impl Room {
    /// A room of so many bytes, for bodies that arrive within this time.
    #[must_use]
    pub fn of(bytes: usize, within: Duration) -> Self {
        Self {
            pieces: Semaphore::new(bytes / PIECE_BYTES),
            within,
        }
    }

    /// The whole body.
    pub(super) async fn read(&self, body: Body) -> Result<Held<'_>, Unread> {
        let read = tokio::time::timeout(self.within, self.collect(body));
        read.await.unwrap_or(Err(Unread::TooSlow))
    }

    async fn collect(&self, body: Body) -> Result<Held<'_>, Unread> {
        let mut chunks = body.into_data_stream();
        let mut whole = BytesMut::new();
        let mut part: Option<SemaphorePermit<'_>> = None;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Unread::BrokenOff)?;
            let length = whole.len() + chunk.len();
            if length > BODY_BYTES_MAX {
                return Err(Unread::TooLarge);
            }
            let wanted = length.saturating_sub(BODY_BYTES_OWN).div_ceil(PIECE_BYTES);
            let had = part.as_ref().map_or(0, SemaphorePermit::num_permits);
            if wanted > had {
                let more = u32::try_from(wanted - had).unwrap_or(u32::MAX);
                let more = self.pieces.try_acquire_many(more);
                let more = more.map_err(|_| Unread::NoRoom)?;
                match &mut part {
                    Some(part) => part.merge(more),
                    None => part = Some(more),
                }
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(Held {
            bytes: whole.freeze(),
            _part: part,
        })
    }
}
