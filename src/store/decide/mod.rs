//! What the verbs mean, the same for every database: pure functions from what is stored to what is to be written.
//!
//! A database loads what an operation may depend on, asks here, and writes what comes back, all in one transaction.

pub(super) mod accept;
pub(super) mod budget;
pub(super) mod claim;
pub(super) mod expire;
pub(super) mod judge;
pub(super) mod runs;
pub(super) mod wait;

use std::sync::Arc;

use crate::store::{Hold, HoldKind};

/// A connection and a key: runs that share both go one after another.
pub(super) type Place = (Arc<str>, String);

/// The holds in force, as the one writer knows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds(Vec<Hold>);

impl Holds {
    pub(super) const fn new(holds: Vec<Hold>) -> Self {
        Self(holds)
    }

    /// Whether a connection sends nothing.
    pub(super) fn is_held(&self, connection: &str) -> bool {
        self.0
            .iter()
            .any(|hold| hold.connection.is_empty() || &*hold.connection == connection)
    }

    /// Whether putting this hold in force would change nothing.
    pub(super) fn says(&self, hold: &Hold) -> bool {
        self.0.iter().any(|held| {
            held.connection == hold.connection
                && held.kind == hold.kind
                && held.reason == hold.reason
        })
    }

    /// The holds that somebody must be told of.
    pub(super) fn told(&self) -> impl Iterator<Item = &Hold> {
        self.0.iter().filter(|hold| hold.kind.is_told())
    }

    /// Puts a hold in force; one of the same connection and kind stays since when it was.
    pub(super) fn put(&mut self, hold: &Hold) {
        let same = |held: &&mut Hold| held.connection == hold.connection && held.kind == hold.kind;
        match self.0.iter_mut().find(same) {
            Some(held) => held.reason.clone_from(&hold.reason),
            None => self.0.push(hold.clone()),
        }
    }

    /// Ends the hold of a kind, or all of the connection's own: gives those that ended.
    pub(super) fn end(&mut self, connection: &str, kind: Option<HoldKind>) -> Vec<Hold> {
        let ends = |held: &mut Hold| {
            &*held.connection == connection && kind.is_none_or(|kind| kind == held.kind)
        };
        self.0.extract_if(.., ends).collect()
    }
}
