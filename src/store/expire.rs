//! History that goes: what of it, from which age on, and how far one step has come.

use jiff::Timestamp;

/// A part of the history. Work that is not finished is in none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Bodies and headers of events. The event stays, with its verdicts and runs, and says when they went.
    Bodies,
    /// What was sent for events and what came back.
    Calls,
    /// Whole events with their runs: nothing knows them or their `once` values afterwards.
    Events,
    /// Counted refusals and handshakes, alerts that are over, and the audit.
    Counts,
}

/// One small step: what of this part is old enough goes, of a bounded number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expire {
    /// Of what.
    pub part: Part,
    /// Goes on behind this number, which the last step gave; 0 begins.
    pub after: i64,
    /// What ended well, started nothing or was only counted goes when it ended before this.
    pub well_before: Timestamp,
    /// What failed or was cancelled goes when it ended before this.
    pub ill_before: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Rows that are gone.
    pub gone: u64,
    /// Where the next step goes on; nothing when all that is old enough was looked at.
    pub next: Option<i64>,
}

/// What the database takes of the disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// What is in use of the file.
    pub used: u64,
    /// What of the file is free to be used again.
    pub free: u64,
    /// The log beside it.
    pub log: u64,
}
