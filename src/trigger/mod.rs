//! Triggers: from bytes to an event. Pure: no I/O, no clock; the time and ids are handed in.
//!
//! A [`Source`] is a sender declared in kartwheel.yaml. [`Source::receive`] takes a [`Request`]: the [`signature`] is checked on the
//! raw bytes, then the body is read, secrets are taken out, and id, type, live mark and person are found where the source or its
//! [`preset`] says. [`Source::sign`] does what the sender does.
//!
//! To add a sender, see `preset/mod.rs`; to add a way to verify, see `signature/mod.rs`.

mod address;
mod ask;
mod body;
mod captured;
mod certificate;
mod delivery;
mod either;
mod form;
mod json;
mod mapping;
mod multipart;
pub mod preset;
mod question;
mod redact;
mod settings;
pub mod signature;
mod source;
#[cfg(test)]
mod tests;
mod trial;
mod types;
mod webhook;

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::event::Event;

pub use address::Range;
pub use ask::{Ask, Question, Told, may_be_asked};
pub use body::read_body;
pub use captured::Captured;
pub use certificate::Roots;
pub use delivery::{Delivery, Headers, Request};
pub use preset::{Preset, Sample, sample};
pub use signature::{REASONS, Refusal, Signed, reason};
pub use source::{Home, IDENTITY_WAIT, IDENTITY_WAIT_MAX, Source};
pub use trial::SecretName;
pub use webhook::BATCH_EVENTS_MAX;

/// What the outside gives to an event.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    /// The time.
    pub now: Timestamp,
    /// Makes the event's id.
    pub new_id: &'a dyn Fn() -> Uuid,
    /// The environment variables that rules may see.
    pub env: &'a Map<String, Value>,
}

/// What a request to a source means.
#[derive(Debug, Clone)]
pub enum Received {
    /// Events, to be committed together before the answer.
    Events(Vec<Event>),
    /// A question of the sender's, to be answered so; no event.
    Handshake {
        /// What kind of question.
        kind: &'static str,
        /// The answer's status.
        status: u16,
        /// The answer's type.
        content_type: &'static str,
        /// The answer.
        body: String,
    },
    /// It cannot be told before somebody outside was asked; [`Source::answered`] goes on.
    Ask(Question),
    /// It is not accepted.
    Refused(Refusal),
}
