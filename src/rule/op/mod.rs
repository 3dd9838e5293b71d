//! Operators: what a value under a path of `match` can be asked. One file each, one list; the examples are tests and documentation.
//!
//! To add an operator: a file `NAME.rs` with a struct that implements [`Operator`], its `mod` line, and its row in [`OPERATORS`],
//! both in the order of names.

mod contains;
mod empty;
mod ends_with;
mod eq;
pub(crate) mod every;
mod exists;
mod gt;
mod gte;
mod ieq;
mod in_list;
mod lt;
mod lte;
mod ne;
mod newer_than;
mod not_in;
mod older_than;
mod regex;
mod starts_with;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use jiff::Timestamp;
use serde_json::Value;

use super::complaint::Complaint;
use super::reason::shown;

/// All operators, sorted by name.
pub const OPERATORS: &[&dyn Operator] = &[
    &contains::Contains,
    &empty::Empty,
    &ends_with::EndsWith,
    &eq::Eq,
    &every::Every,
    &exists::Exists,
    &gt::Gt,
    &gte::Gte,
    &ieq::Ieq,
    &in_list::In,
    &lt::Lt,
    &lte::Lte,
    &ne::Ne,
    &newer_than::NewerThan,
    &not_in::NotIn,
    &older_than::OlderThan,
    &regex::Regex,
    &starts_with::StartsWith,
];

/// An operand, the value it is asked of (`None`: nothing is there), and whether it holds.
pub type Example = (&'static str, Option<&'static str>, bool);

/// One operator.
pub trait Operator: Sync {
    /// Its key.
    fn name(&self) -> &'static str;

    /// When it holds, in a line.
    fn doc(&self) -> &'static str;

    /// Operands and values as JSON. Events of examples arrive at 2026-03-08T12:00:00Z.
    fn examples(&self) -> &'static [Example];

    /// The test with this operand.
    ///
    /// # Errors
    /// The operand is of the wrong type or form.
    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint>;
}

/// Which of several nodes must pass a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// One of them.
    Any,
    /// All of them.
    All,
}

/// An operator with its operand.
pub trait Test: Debug + Send + Sync {
    /// Whether it holds of a value in an event that arrived then.
    fn holds(&self, value: &Value, arrived: Timestamp) -> bool;

    /// Whether it holds of nothing.
    fn missing(&self) -> bool {
        false
    }

    /// Which of several nodes must pass.
    fn over(&self) -> Over {
        Over::Any
    }

    /// What is wanted, told of the value that fails.
    fn expected(&self, value: Option<&Value>) -> String;

    /// What the failing value is.
    fn actual(&self, value: &Value) -> String {
        shown(value)
    }
}

/// The operator of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Operator> {
    OPERATORS
        .iter()
        .find(|operator| operator.name() == name)
        .copied()
}
