//! A request body that looks at the clock at the last moment, and remembers whether it ever left.
//!
//! A connection may take seconds to open. Whether the request may still be sent is asked when its body is handed to the
//! socket, after the connection stands; and whether a call was surely not sent is not guessed from an error's kind but
//! known: the body was never handed out.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use jiff::Timestamp;
use thiserror::Error;

use crate::clock::SharedClock;

const CLOSED: u8 = 0;
const PASSED: u8 = 1;
const LATE: u8 = 2;

/// What the gate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Nothing was handed out: the request was surely not sent.
    NotYet,
    /// The body was handed to the socket.
    Sent,
    /// Its time had run out before anything was handed out.
    TooLate,
}

/// Where one body passes, or not.
#[derive(Debug)]
pub(super) struct Gate {
    clock: SharedClock,
    send_by: Timestamp,
    state: AtomicU8,
}

impl Gate {
    pub(super) fn new(clock: SharedClock, send_by: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            clock,
            send_by,
            state: AtomicU8::new(CLOSED),
        })
    }

    pub(super) fn passage(&self) -> Passage {
        match self.state.load(Ordering::SeqCst) {
            PASSED => Passage::Sent,
            LATE => Passage::TooLate,
            _ => Passage::NotYet,
        }
    }

    /// A body of these bytes that must pass here.
    pub(super) fn body(self: &Arc<Self>, bytes: Bytes) -> GatedBody {
        GatedBody {
            gate: Arc::clone(self),
            bytes: Some(bytes),
        }
    }

    fn pass(&self) -> Result<(), TooLate> {
        let late = self.clock.now() > self.send_by;
        self.state
            .store(if late { LATE } else { PASSED }, Ordering::SeqCst);
        if late { Err(TooLate) } else { Ok(()) }
    }
}

/// The time to send has run out.
#[derive(Debug, Error)]
#[error("its time to be sent had run out")]
pub(super) struct TooLate;

/// A body that passes its gate in one piece.
#[derive(Debug)]
pub(super) struct GatedBody {
    gate: Arc<Gate>,
    bytes: Option<Bytes>,
}

impl Body for GatedBody {
    type Data = Bytes;
    type Error = TooLate;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TooLate>>> {
        let Some(bytes) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(self.gate.pass().map(|()| Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
