//! What `verify` looks for in a database: the checks, by the invariant that they watch, in words that hold for every database.
//!
//! To add a check: its words in the file of its invariant here, its SQL in the file of the same name in the folder of each
//! database (`sqlite/verify/`). A file more is a line more in `CHECKS`.

pub(in crate::store) mod attempts;
pub(in crate::store) mod beside;
pub(in crate::store) mod file;
pub(in crate::store) mod judged;
pub(in crate::store) mod kept;
pub(in crate::store) mod keys;
pub(in crate::store) mod once;
pub(in crate::store) mod pinned;
mod policy;
mod promises;
pub(in crate::store) mod reasons;
pub(in crate::store) mod retained;
pub(in crate::store) mod states;
pub(in crate::store) mod stopped;

use uuid::Uuid;

use crate::action::ActionSpec;

pub use promises::{PROMISES, Promise};

/// All checks, in the order in which they are shown.
pub static CHECKS: &[&[&Check]] = &[
    file::ALL,
    kept::ALL,
    judged::ALL,
    once::ALL,
    attempts::ALL,
    stopped::ALL,
    keys::ALL,
    policy::ALL,
    retained::ALL,
    pinned::ALL,
    reasons::ALL,
    states::ALL,
    beside::ALL,
];

/// Of each check so many findings are shown; all are counted.
pub const FINDINGS_MAX: usize = 20;

/// One thing that is looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name, such as `event-body`.
    pub name: &'static str,
    /// The invariant it watches; none: what the others stand on.
    pub invariant: Option<u8>,
    /// What holds in a sound database.
    pub promise: &'static str,
    /// What it means where it does not.
    pub means: &'static str,
    /// What to do then.
    pub to_do: &'static str,
    /// Looked at only when asked, because it takes longer.
    pub deep: bool,
}

/// What is asked of `Reader::verify`.
pub struct Verify<'a> {
    /// What can be called, and how safely it is repeated.
    pub actions: &'a [ActionSpec],
    /// Compare every index with its table too.
    pub deep: bool,
    /// Told how far it has come.
    pub told: &'a (dyn Fn(Told) + Send + Sync),
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What is being looked at.
    pub what: &'static str,
    /// So many rows of it were.
    pub done: u64,
    /// So many there are, about.
    pub of: u64,
}

/// What became of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The check.
    pub check: &'static Check,
    /// How many rows were looked at.
    pub rows: u64,
    /// How many of them break it.
    pub broken: u64,
    /// The first of these.
    pub found: Vec<Broken>,
    /// Why not all could be looked at.
    pub unread: Option<String>,
}

/// One row that breaks a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Broken {
    /// The event it is, or belongs to.
    pub event: Option<Uuid>,
    /// The run it is, or belongs to.
    pub run: Option<Uuid>,
    /// What else it is known by: a step and an attempt, a rule, a connection.
    pub name: Option<String>,
    /// What is wrong with it.
    pub what: String,
}

impl Checked {
    /// Nothing was looked at yet.
    #[must_use]
    pub const fn of(check: &'static Check) -> Self {
        Self {
            check,
            rows: 0,
            broken: 0,
            found: Vec::new(),
            unread: None,
        }
    }

    /// Counts a row that breaks it.
    pub fn add(&mut self, broken: Broken) {
        self.broken += 1;
        if self.found.len() < FINDINGS_MAX {
            self.found.push(broken);
        }
    }

    /// All that there is was looked at, and nothing was found.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.broken == 0 && self.unread.is_none()
    }
}

/// Defines checks of one invariant, and the list of them: name, promise, what it means when it is broken, what to do.
macro_rules! checks {
    ($invariant:expr; $($static:ident = $name:literal: $promise:literal, $means:literal, $to_do:literal;)*
     $(@deep $deep:ident = $deep_name:literal: $deep_promise:literal, $deep_means:literal, $deep_to_do:literal;)*) => {
        $(pub(in crate::store) static $static: $crate::store::verify::Check = $crate::store::verify::Check {
            name: $name, invariant: $invariant, promise: $promise, means: $means, to_do: $to_do, deep: false,
        };)*
        $(#[doc = $deep_promise]
        pub static $deep: $crate::store::verify::Check = $crate::store::verify::Check {
            name: $deep_name, invariant: $invariant, promise: $deep_promise, means: $deep_means, to_do: $deep_to_do,
            deep: true,
        };)*
        pub(super) static ALL: &[&$crate::store::verify::Check] = &[$(&$static,)* $(&$deep,)*];
    };
}
use checks;

pub use judged::REJUDGED;
pub use pinned::READABLE;
pub use policy::WITHIN_POLICY;
