//! What Kartra offers, as data: the twenty actions, and how its answers are read.

mod actions;
mod outcome;

pub use actions::ACTIONS;

use crate::action::Catalog;

/// The catalogue of Kartra's actions.
#[must_use]
pub const fn catalog() -> Catalog {
    Catalog {
        actions: ACTIONS,
        read_output: outcome::read,
    }
}
