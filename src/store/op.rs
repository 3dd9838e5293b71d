//! The verbs as data: what the writer gathers, what a database carries out, what it answers.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::alert::{Alert, AlertKind};
use crate::store::expire::{Expire, Expired};
use crate::store::hold::{Hold, HoldKind};
use crate::store::inbox::{Accept, Accepted, Handshake, Refused};
use crate::store::rules::ActivateRules;
use crate::store::snapshot::Snapshot;
use crate::store::work::{Begin, Change, Changed, Claim, Claimed, Judged, Record, Written};

/// One operation for the writer. Within a batch, changes and holds come first, then records, judgements, accepts, begins, claims; what is
/// old goes last.
#[derive(Debug)]
pub enum Op {
    /// See `Store::accept_all`. Beside them the packed bodies, by event.
    Accept(Vec<Accept>, HashMap<Uuid, Vec<u8>>),
    /// See `Store::begin`.
    Begin(Box<Begin>),
    /// See `Store::record`.
    Record(Box<Record>),
    /// See `Store::judge`.
    Judge(Box<Judged>),
    /// See `Store::claim`.
    Claim(Claim),
    /// See `Store::change`.
    Change(Box<Change>),
    /// See `Store::hold`.
    Hold(Hold),
    /// See `Store::release`.
    Release(Arc<str>, Option<HoldKind>, Timestamp),
    /// See `Store::raise`.
    Raise(Alert),
    /// See `Store::calm`.
    Calm(AlertKind, Arc<str>, Timestamp),
    /// See `Store::keep_snapshot`.
    KeepSnapshot(Box<Snapshot>),
    /// See `Store::renew`.
    Renew(Uuid, Timestamp),
    /// See `Store::rescue`.
    Rescue(Uuid, Timestamp, bool),
    /// See `Store::refused`.
    Refused(Refused),
    /// See `Store::handshake`.
    Handshake(Handshake),
    /// See `Store::activate_rules`.
    ActivateRules(Box<ActivateRules>),
    /// See `Store::expire`.
    Expire(Expire),
    /// See `Store::shrink`.
    Shrink,
}

/// The answer to an `Op`.
#[derive(Debug)]
pub enum Answer {
    /// To accepts, one each.
    Accepted(Vec<Accepted>),
    /// To a begin, a record or a judgement.
    Written(Written),
    /// To a claim.
    Claimed(Vec<Claimed>),
    /// To a change.
    Changed(Changed),
    /// To an expire.
    Expired(Expired),
    /// To a rescue, a hold, a release, a raise, a calm or a shrink: how many runs, holds, new alerts or pages.
    Count(u64),
    /// To the rest.
    Ok,
}

/// What can go wrong with a store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The writer's queue is full: try again in a moment.
    #[error("the store has more work than it can take; try again in a moment")]
    Busy,
    /// The disk is full: nothing was written; it recovers by itself.
    #[error("the disk is full; nothing was written")]
    Full,
    /// This row cannot be stored; its neighbours were.
    #[error("the store refused a row: {0}")]
    Row(String),
    /// An I/O or fsync error: nothing can be promised any more, the process must end.
    #[error("the database failed: {0}")]
    Fatal(String),
    /// Another daemon has the database.
    #[error("{0}")]
    Locked(String),
    /// The database is of an older version: who opens it to write brings it up to date.
    #[error("{0}")]
    Older(String),
    /// The database is of a newer version, damaged, or not a database.
    #[error("{0}")]
    Unusable(String),
}
