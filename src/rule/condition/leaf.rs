//! Leaves: a path and what must hold of it, or an expression.

use jiff::Timestamp;
use serde_json::Value;

use super::operand::Late;
use super::{Failed, FailedLeaf, Judged};
use crate::problem::Span;
use crate::rule::expr::describe;
use crate::rule::op::{Over, Test};
use crate::rule::path::Path;
use crate::rule::reason::{several, typed};
use crate::rule::template::Template;

/// A path, and the tests that the nodes it selects must pass.
#[derive(Debug)]
pub(super) struct PathLeaf {
    pub leaf: u32,
    pub path: Path,
    /// Ready to use.
    pub tests: Vec<Box<dyn Test>>,
    /// With an operand that must be computed first.
    pub late: Vec<Late>,
}

/// An expression that must be true.
#[derive(Debug)]
pub(super) struct ExprLeaf {
    pub leaf: u32,
    pub template: Template,
    pub span: Span,
}

impl PathLeaf {
    pub(super) fn templates(&self, visit: &mut dyn FnMut(&Template, Span)) {
        self.late
            .iter()
            .for_each(|late| late.operand.templates(visit));
    }

    /// Allocates nothing for a singular path with operands that are written out, as long as no reason is asked for.
    pub(super) fn holds(&self, judged: Judged<'_>) -> Result<(), Failed> {
        let computed = self
            .late
            .iter()
            .map(|late| late.test(judged.scope))
            .collect::<Result<Vec<_>, _>>()?;
        let tests = Tests {
            written: &self.tests,
            computed: &computed,
            judged,
        };
        if self.path.is_singular() {
            let node = self.path.first(judged.root);
            self.verdict(node.as_slice(), &tests)
        } else {
            self.verdict(&self.path.select(judged.root), &tests)
        }
    }

    /// Whether its path leads to a scalar here that fails a test which is written out.
    pub(super) fn excludes(&self, known: &Value) -> bool {
        let found = self.path.is_singular().then(|| self.path.first(known));
        let Some(Some(value)) = found else {
            return false;
        };
        // A list or a map may hold more than what is known of it; ages depend on the arrival.
        let is_scalar = !matches!(value, Value::Array(_) | Value::Object(_));
        is_scalar
            && self
                .tests
                .iter()
                .any(|test| !test.holds(value, Timestamp::UNIX_EPOCH))
    }

    /// What it found.
    pub(super) fn told(&self, judged: Judged<'_>) -> String {
        let found = self.path.select(judged.root);
        if found.is_empty() {
            return format!("{} is missing", self.path.text());
        }
        format!("{} is {}", self.path.text(), several(&found, typed))
    }

    fn verdict(&self, nodes: &[&Value], tests: &Tests<'_>) -> Result<(), Failed> {
        let Some(culprit) = tests.culprit(nodes) else {
            return Ok(());
        };
        let (expected, actual) = match culprit {
            Culprit::Missing(test) => (test.expected(None), "missing".to_owned()),
            Culprit::Node(test, node) => (test.expected(Some(node)), test.actual(node)),
            Culprit::All(test) => {
                let same_type = nodes.first().copied();
                (
                    test.expected(same_type),
                    several(nodes, |node| test.actual(node)),
                )
            }
        };
        Err(Failed::Leaf(FailedLeaf {
            leaf: self.leaf,
            path: self.path.text().to_owned(),
            expected,
            actual,
        }))
    }
}

/// All tests of a leaf.
struct Tests<'a> {
    written: &'a [Box<dyn Test>],
    computed: &'a [Box<dyn Test>],
    judged: Judged<'a>,
}

/// The test that fails, and of what.
enum Culprit<'a> {
    /// Nothing is there.
    Missing(&'a dyn Test),
    /// This node.
    Node(&'a dyn Test, &'a Value),
    /// All of the nodes.
    All(&'a dyn Test),
}

impl<'a> Tests<'a> {
    fn each(&self, over: Over) -> impl Iterator<Item = &'a dyn Test> {
        let all = self.written.iter().chain(self.computed).map(AsRef::as_ref);
        all.filter(move |test: &&dyn Test| test.over() == over)
    }

    fn culprit(&self, nodes: &[&'a Value]) -> Option<Culprit<'a>> {
        let arrived = self.judged.arrived;
        if nodes.is_empty() {
            let mut tests = self.each(Over::Any).chain(self.each(Over::All));
            return tests.find(|test| !test.missing()).map(Culprit::Missing);
        }
        for test in self.each(Over::All) {
            if let Some(node) = nodes.iter().find(|node| !test.holds(node, arrived)) {
                return Some(Culprit::Node(test, node));
            }
        }
        // One node must pass all of these.
        let failing = |node: &Value| self.each(Over::Any).find(|test| !test.holds(node, arrived));
        let mut first = None;
        for node in nodes {
            match failing(node) {
                None => return None,
                Some(test) => first = first.or(Some((test, *node))),
            }
        }
        first.map(|(test, node)| {
            if nodes.len() == 1 {
                Culprit::Node(test, node)
            } else {
                Culprit::All(test)
            }
        })
    }
}

impl ExprLeaf {
    pub(super) fn holds(&self, judged: Judged<'_>) -> Result<(), Failed> {
        let error = |message| Failed::Error {
            message,
            span: self.span,
        };
        match self.template.render(judged.scope) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(Value::Bool(false)) => Err(Failed::Leaf(FailedLeaf {
                leaf: self.leaf,
                path: "expr".to_owned(),
                expected: "true".to_owned(),
                actual: "false".to_owned(),
            })),
            Ok(other) => Err(error(format!(
                "`expr` must be true or false, and is {}",
                describe(&other)
            ))),
            Err(complaint) => Err(error(complaint.to_string())),
        }
    }
}
