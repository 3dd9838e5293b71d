//! What Kartra offers, as data: the twenty actions, and how its answers are read.

mod actions;
mod echo;
mod look;
mod outcome;

pub use actions::ACTIONS;

use crate::action::Catalog;

/// The catalogue of Kartra's actions.
#[must_use]
pub const fn catalog() -> Catalog {
    Catalog {
        actions: ACTIONS,
        read_output: outcome::read,
        look_back: look::back,
        trace: echo::trace,
        traces_of: echo::traces_of,
    }
}
