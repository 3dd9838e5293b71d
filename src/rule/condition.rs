//! Condition: what `match` demands, judged with the reason of the first demand that does not hold.

mod leaf;
mod operand;
mod parse;
#[cfg(test)]
mod tests;
mod words;

use jiff::Timestamp;
use serde_json::Value;

use super::template::{Scope, Template};
use crate::problem::{Problem, Source, Span};
use crate::yaml::Node;

use leaf::{ExprLeaf, PathLeaf};

/// A compiled `match`: every clause must hold.
#[derive(Debug, Default)]
pub struct Condition {
    clauses: Vec<Clause>,
    /// The number of its first leaf.
    first: u32,
    leaves: u32,
}

#[derive(Debug)]
enum Clause {
    Path(PathLeaf),
    Expr(ExprLeaf),
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
    /// None of these holds.
    Not(Vec<Condition>),
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
    /// Its number; of `any` and `not` the first in the group.
    pub leaf: u32,
    /// The path, `expr`, `any` or `not`.
    pub path: String,
    /// What it wanted.
    pub expected: String,
    /// What was there.
    pub actual: String,
}

/// What a condition is judged against.
#[derive(Debug, Clone, Copy)]
struct Judged<'a> {
    root: &'a Value,
    scope: &'a Scope<'a>,
    arrived: Timestamp,
}

impl Condition {
    /// Reads the value of `match`, telling of every mistake in it.
    pub fn parse(node: &Node, source: &Source, problems: &mut Vec<Problem>) -> Self {
        parse::condition(node, source, problems)
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn leaves(&self) -> u32 {
        self.leaves
    }

    /// Every expression in it, with the place of its text.
    pub fn templates(&self, visit: &mut dyn FnMut(&Template, Span)) {
        for clause in &self.clauses {
            match clause {
                Clause::Path(leaf) => leaf.templates(visit),
                Clause::Expr(leaf) => visit(&leaf.template, leaf.span),
                Clause::All(groups) | Clause::Any(groups) | Clause::Not(groups) => {
                    groups.iter().for_each(|group| group.templates(visit));
                }
            }
        }
    }

    /// Whether it holds of `root`, which is `$`; expressions see `scope`, ages are counted from `arrived`.
    ///
    /// # Errors
    /// The first leaf that does not hold, or the expression that went wrong.
    pub fn judge(&self, root: &Value, scope: &Scope<'_>, arrived: Timestamp) -> Result<(), Failed> {
        self.holds(Judged {
            root,
            scope,
            arrived,
        })
    }

    /// Whether it surely does not hold of an event of which this much is known: a path that must hold leads to a value in it that
    /// fails.
    pub(crate) fn excludes(&self, known: &Value) -> bool {
        self.clauses.iter().any(|clause| match clause {
            Clause::Path(leaf) => leaf.excludes(known),
            Clause::All(groups) => groups.iter().any(|group| group.excludes(known)),
            Clause::Any(groups) => groups.iter().all(|group| group.excludes(known)),
            Clause::Expr(_) | Clause::Not(_) => false,
        })
    }

    fn holds(&self, judged: Judged<'_>) -> Result<(), Failed> {
        self.clauses.iter().try_for_each(|clause| match clause {
            Clause::Path(leaf) => leaf.holds(judged),
            Clause::Expr(leaf) => leaf.holds(judged),
            Clause::All(groups) => groups.iter().try_for_each(|group| group.holds(judged)),
            Clause::Any(groups) => any(groups, judged),
            Clause::Not(groups) => none(groups, judged),
        })
    }

    /// What it found where it holds, for the reason of a `not`.
    fn told(&self, judged: Judged<'_>) -> String {
        match self.clauses.first() {
            Some(Clause::Path(leaf)) => leaf.told(judged),
            Some(Clause::Expr(_)) => "expr is true".to_owned(),
            Some(Clause::All(_)) => "`all` holds".to_owned(),
            Some(Clause::Any(_)) => "`any` holds".to_owned(),
            Some(Clause::Not(_)) => "`not` holds".to_owned(),
            None => "it holds".to_owned(),
        }
    }
}

fn any(groups: &[Condition], judged: Judged<'_>) -> Result<(), Failed> {
    let mut reasons = Vec::new();
    for group in groups {
        match group.holds(judged) {
            Ok(()) => return Ok(()),
            Err(Failed::Leaf(leaf)) => reasons.push(leaf),
            Err(error) => return Err(error),
        }
    }
    let told = |leaf: &FailedLeaf| {
        format!(
            "{}: expected {}, got {}",
            leaf.path, leaf.expected, leaf.actual
        )
    };
    Err(Failed::Leaf(FailedLeaf {
        leaf: groups.first().map_or(0, |group| group.first),
        path: "any".to_owned(),
        expected: format!("one of {} to hold", groups.len()),
        actual: reasons.iter().map(told).collect::<Vec<_>>().join("; "),
    }))
}

fn none(groups: &[Condition], judged: Judged<'_>) -> Result<(), Failed> {
    for group in groups {
        match group.holds(judged) {
            Err(Failed::Leaf(_)) => {}
            Err(error) => return Err(error),
            Ok(()) => {
                return Err(Failed::Leaf(FailedLeaf {
                    leaf: group.first,
                    path: "not".to_owned(),
                    expected: "none to hold".to_owned(),
                    actual: group.told(judged),
                }));
            }
        }
    }
    Ok(())
}
