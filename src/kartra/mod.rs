//! What Kartra offers, as data: the twenty actions, how its answers are read, and how a lost answer is looked up.
//!
//! `actions` is the table, `outcome` reads answers, `guard` keeps back what must never be sent, `look` finds out what became
//! of a call, `echo` knows our own calls again in what Kartra reports, `prove` asks whether what it reports is so, `input` reads a call's fields however they are named.

mod actions;
mod echo;
mod guard;
mod input;
mod look;
mod outcome;
mod prove;

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
        reports: echo::reports,
        prove: prove::prove,
        refuse: guard::refuse,
        missing_name: outcome::missing_name,
    }
}
