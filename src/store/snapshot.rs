//! What is kept of the account behind a connection, and of the calls that it may report back.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::account::{Account, Place};

/// An account as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The connection's local name.
    pub connection: Arc<str>,
    /// Where it was read: the name may lead elsewhere by now.
    pub from: Place,
    /// When it was read.
    pub synced_at: Timestamp,
    /// What was read.
    pub account: Account,
}

/// A call of ours that an event reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traced {
    /// The attempt, for `Accept::report_of`.
    pub attempt: i64,
    /// The run that made it.
    pub run: Uuid,
    /// The depth of the event that started that run.
    pub depth: u32,
}
