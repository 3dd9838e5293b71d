//! What can be asked of a store, and what it shows.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::event::{Envelope, Event};
use crate::run::State;
use crate::store::inbox::StoredVerdict;

/// Which events to list. Newest first.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this source.
    pub source: Option<String>,
    /// Of this type, or a glob.
    pub kind: Option<String>,
    /// About this e-mail address.
    pub email: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Older than this sequence number (paging).
    pub before: Option<i64>,
    /// Newer than this sequence number, oldest first (following).
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// Which runs to list. Newest first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// In this state (`held` includes runs whose connection is held).
    pub state: Option<State>,
    /// Of this rule.
    pub rule: Option<String>,
    /// On this connection.
    pub connection: Option<String>,
    /// With this key.
    pub key: Option<String>,
    /// Of this event.
    pub event: Option<Uuid>,
    /// Older than this sequence number (paging).
    pub before: Option<i64>,
    /// Changed at or after, oldest change first (following).
    pub changed_since: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

/// A stored event with what came of it.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its place in the order of all events.
    pub seq: i64,
    /// The event, with an empty tree.
    pub event: Event,
    /// What the tree is built from, beside the body.
    pub envelope: Envelope,
    /// The rule set that judged it.
    pub rule_set: Arc<str>,
    /// The stored verdicts.
    pub verdicts: Vec<StoredVerdict>,
    /// How often it came again.
    pub duplicates: u32,
    /// When retention removed its body and headers; nothing while they are there.
    pub thinned_at: Option<Timestamp>,
}

/// How many runs stand in each state, and what is due.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// By state.
    pub runs: Vec<(State, u64)>,
    /// Runs that could be claimed now.
    pub due: u64,
    /// Events in all.
    pub events: u64,
}

/// What happened at the door of one source: refusals for one reason, or handshakes of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoorSum {
    /// The source.
    pub source: String,
    /// The reason's word, or the kind of handshake.
    pub word: String,
    /// How many.
    pub count: u64,
    /// The minute of the last one.
    pub last: Timestamp,
    /// The last refusal's detail; empty for handshakes.
    pub detail: String,
}

/// Refusals of one source for one reason in one minute.
#[derive(Debug, Clone, Serialize)]
pub struct RefusalCount {
    /// The source.
    pub source: String,
    /// The reason's word.
    pub reason: String,
    /// The minute.
    pub minute: Timestamp,
    /// How many.
    pub count: u64,
    /// The last one's detail.
    pub detail: String,
}
