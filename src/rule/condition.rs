//! Condition: what `match` demands, judged with the reason of the first demand that does not hold.

use jiff::Timestamp;
use serde_json::Value;

use super::template::{Scope, Template};
use crate::problem::{Problem, Source, Span};
use crate::yaml::Node;

/// A compiled `match`.
#[derive(Debug, Default)]
pub struct Condition {
    leaves: u32,
}

/// Why a condition does not hold, or could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// The first leaf that does not hold.
    Leaf(FailedLeaf),
    /// An expression went wrong.
    Error {
        /// What happened.
        message: String,
        /// Where in the rule's file.
        span: Span,
    },
}

/// The first leaf that does not hold. Leaves are numbered in the order written, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedLeaf {
    /// Its number.
    pub leaf: u32,
    /// The path, `expr`, `any` or `not`.
    pub path: String,
    /// What it wanted.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

impl Condition {
    /// Reads the value of `match`, telling of every mistake in it.
    pub fn parse(_node: &Node, _source: &Source, _problems: &mut Vec<Problem>) -> Self {
        Self::default()
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn leaves(&self) -> u32 {
        self.leaves
    }

    /// Every expression in it, with the place of its text.
    pub fn templates(&self, _visit: &mut dyn FnMut(&Template, Span)) {}

    /// Whether it holds of `root`, which is `$`; expressions see `scope`, ages are counted from `arrived`.
    ///
    /// # Errors
    /// The first leaf that does not hold, or the expression that went wrong.
    pub fn judge(
        &self,
        _root: &Value,
        _scope: &Scope<'_>,
        _arrived: Timestamp,
    ) -> Result<(), Failed> {
        Ok(())
    }
}
