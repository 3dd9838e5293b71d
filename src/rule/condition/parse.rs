//! Reads `match`: every entry is a path, `any`, `all`, `not` or `expr`; all mistakes are told at once.

use serde_json::Value;

use super::leaf::{ExprLeaf, PathLeaf};
use super::operand::{Late, Operand};
use super::words::{FOREIGN_KEYS, FOREIGN_OPERATORS, MADE};
use super::{Clause, Condition};
use crate::problem::{Problem, Source, Span, nearest};
use crate::rule::op::{OPERATORS, Operator, Test, every, find};
use crate::rule::path::{BRANCHES, Path};
use crate::rule::template::Template;
use crate::yaml::{Entry, Kind, Node};

/// `any`, `all` and `not` within each other.
const DEEPEST: usize = 8;
struct Reader<'a> {
    source: &'a Source,
    problems: &'a mut Vec<Problem>,
    leaves: u32,
}

/// Reads the value of `match`.
pub(super) fn condition(node: &Node, source: &Source, problems: &mut Vec<Problem>) -> Condition {
    let mut reader = Reader {
        source,
        problems,
        leaves: 0,
    };
    reader.group(node, "`match`", 0)
}

impl Reader<'_> {
    fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems
            .push(Problem::error(code, self.source, span, message).help(help));
    }

    /// A map of clauses.
    fn group(&mut self, node: &Node, what: &str, depth: usize) -> Condition {
        let first = self.leaves;
        let clauses = match &node.kind {
            Kind::Map(entries) if !entries.is_empty() => entries
                .iter()
                .filter_map(|entry| self.clause(entry, depth))
                .collect(),
            Kind::Map(_) | Kind::Null => {
                self.error(
                    "K0304",
                    node.span,
                    format!("{what} says nothing"),
                    "write a path and what must hold, such as `$.body.status: paid`",
                );
                Vec::new()
            }
            Kind::List(_) => {
                self.error(
                    "K0104",
                    node.span,
                    format!("{what} is a map, not a list"),
                    "write the paths under each other without dashes; `any:` takes a list",
                );
                Vec::new()
            }
            Kind::Text(text) if Template::is_template(text) => {
                self.error(
                    "K0104",
                    node.span,
                    format!("{what} is a map, not an expression"),
                    format!("write `expr: {text}`"),
                );
                Vec::new()
            }
            Kind::Text(_) | Kind::Bool(_) | Kind::Number(_) => {
                self.error(
                    "K0104",
                    node.span,
                    format!("{what} is a map"),
                    "write a path and what must hold, such as `$.body.status: paid`",
                );
                Vec::new()
            }
        };
        Condition {
            clauses,
            first,
            leaves: self.leaves - first,
        }
    }

    fn clause(&mut self, entry: &Entry, depth: usize) -> Option<Clause> {
        match &*entry.key {
            "any" => Some(Clause::Any(self.groups(entry, depth))),
            "all" => Some(Clause::All(self.groups(entry, depth))),
            "not" => Some(Clause::Not(self.groups(entry, depth))),
            "expr" => self.expr(&entry.value),
            key if key.starts_with('$') => self.path(entry),
            key => {
                self.unknown_key(key, entry.key_span);
                None
            }
        }
    }

    fn unknown_key(&mut self, key: &str, span: Span) {
        if let Some((_, ours)) = FOREIGN_KEYS.iter().find(|(foreign, _)| *foreign == key) {
            self.error(
                "K0102",
                span,
                format!("`{key}` is not a word of `match`"),
                format!("write `{ours}`"),
            );
            return;
        }
        let root = key.split(['.', '[']).next().unwrap_or_default();
        let help = if let Some(rest) = key.strip_prefix('.') {
            format!("a path begins with `$`: write `$.{rest}`")
        } else if BRANCHES.contains(&root) {
            format!("a path begins with `$`: write `$.{key}`")
        } else if let Some(near) = nearest(key, ["any", "all", "not", "expr"]) {
            format!("write `{near}`")
        } else if MADE.contains(&root) {
            format!("write `expr: ${{{{ {key} == … }}}}`")
        } else {
            format!("a key is a path, such as `$.body.{key}`, or one of any, all, not, expr")
        };
        self.error("K0101", span, format!("`{key}` is no path"), help);
    }

    /// The list under `any`, `all` or `not`.
    fn groups(&mut self, entry: &Entry, depth: usize) -> Vec<Condition> {
        let what = format!("`{}`", entry.key);
        if depth == DEEPEST {
            self.error(
                "K0110",
                entry.key_span,
                format!("conditions nest at most {DEEPEST} deep"),
                "put a part of it in `expr`, or in a rule of its own",
            );
            return Vec::new();
        }
        match &entry.value.kind {
            Kind::List(members) if !members.is_empty() => {
                let member = format!("a member of {what}");
                members
                    .iter()
                    .map(|node| self.group(node, &member, depth + 1))
                    .collect()
            }
            Kind::List(_) | Kind::Null => {
                self.error(
                    "K0304",
                    entry.key_span,
                    format!("{what} says nothing"),
                    "write a list of conditions under it, each with a dash",
                );
                Vec::new()
            }
            Kind::Map(_) => {
                self.error(
                    "K0104",
                    entry.key_span,
                    format!("{what} takes a list"),
                    "put a dash before each of its conditions",
                );
                vec![self.group(&entry.value, &what, depth + 1)]
            }
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {
                self.error(
                    "K0104",
                    entry.value.span,
                    format!("{what} takes a list"),
                    "write a list of conditions under it, each with a dash",
                );
                Vec::new()
            }
        }
    }

    fn expr(&mut self, node: &Node) -> Option<Clause> {
        let leaf = self.next_leaf();
        let text = node.text().unwrap_or_default();
        if !Template::is_template(text) {
            self.error(
                "K0104",
                node.span,
                "`expr` takes one expression",
                format!(
                    "write `${{{{ {} }}}}`",
                    if text.is_empty() {
                        "body.total > 10"
                    } else {
                        text.strip_prefix("$.").unwrap_or(text)
                    }
                ),
            );
            return None;
        }
        match Template::compile(text) {
            Ok(template) if !template.keeps_type() => {
                self.error(
                    "K0401",
                    node.span,
                    "`expr` takes one expression with nothing around it",
                    "text around an expression makes text, which is never true",
                );
                None
            }
            Ok(template) => Some(Clause::Expr(ExprLeaf {
                leaf,
                template,
                span: node.span,
            })),
            Err(complaint) => {
                self.problems
                    .push(complaint.problem("K0401", self.source, node.span, text));
                None
            }
        }
    }

    fn next_leaf(&mut self) -> u32 {
        self.leaves += 1;
        self.leaves - 1
    }

    fn path(&mut self, entry: &Entry) -> Option<Clause> {
        let leaf = self.next_leaf();
        let path =
            Path::compile(&entry.key).and_then(|path| path.check_branch(&BRANCHES).map(|()| path));
        let path = match path {
            Ok(path) => Some(path),
            Err(complaint) => {
                let made = MADE
                    .iter()
                    .find(|made| complaint.message.starts_with(&format!("`{made}`")));
                let complaint = match made {
                    Some(made) => complaint.help(format!(
                        "a path sees only the event; write `expr: ${{{{ {made}.… == … }}}}`"
                    )),
                    None => complaint,
                };
                self.problems.push(complaint.problem(
                    "K0301",
                    self.source,
                    entry.key_span,
                    &entry.key,
                ));
                None
            }
        };
        let mut leaf = PathLeaf {
            leaf,
            path: path?,
            tests: Vec::new(),
            late: Vec::new(),
        };
        self.demands(&entry.value, &mut leaf);
        Some(Clause::Path(leaf))
    }

    /// What stands beside a path: a scalar, a list, or a map of operators.
    fn demands(&mut self, node: &Node, leaf: &mut PathLeaf) {
        match &node.kind {
            Kind::Map(entries) if entries.is_empty() => {
                self.error(
                    "K0304",
                    node.span,
                    "nothing is asked of this path",
                    "write a value, or an operator such as `{ exists: true }`",
                );
            }
            Kind::Map(entries) => {
                for entry in entries {
                    self.operator(entry, leaf);
                }
            }
            Kind::List(_) => self.test("in", node, leaf),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {
                self.test("eq", node, leaf);
            }
        }
    }

    fn operator(&mut self, entry: &Entry, leaf: &mut PathLeaf) {
        if find(&entry.key).is_none() {
            self.unknown_operator(entry);
        } else if &*entry.key == "every"
            && let Kind::Map(entries) = &entry.value.kind
            && !entries.is_empty()
        {
            self.every(entry, entries, leaf);
        } else {
            self.test(&entry.key, &entry.value, leaf);
        }
    }

    /// The operators under `every`, each at its own place.
    fn every(&mut self, entry: &Entry, entries: &[Entry], leaf: &mut PathLeaf) {
        let mut inner = PathLeaf {
            leaf: leaf.leaf,
            path: leaf.path.clone(),
            tests: Vec::new(),
            late: Vec::new(),
        };
        for entry in entries {
            self.operator(entry, &mut inner);
        }
        if inner.late.is_empty() {
            leaf.tests.push(every::all(inner.tests));
        } else {
            // Mistakes in its expressions have just been told.
            let operand = Operand::read(&entry.value, self.source, &mut Vec::new());
            self.late(find("every"), operand, entry.value.span, leaf);
        }
    }

    fn test(&mut self, name: &str, node: &Node, leaf: &mut PathLeaf) {
        let problems = self.problems.len();
        let operand = Operand::read(node, self.source, self.problems);
        if self.problems.len() > problems {
            return;
        }
        match (operand, find(name)) {
            (Operand::Fixed(operand), Some(operator)) => {
                if let Some(test) = self.compile(operator, operand, node) {
                    leaf.tests.push(test);
                }
            }
            (operand, operator) => self.late(operator, operand, node.span, leaf),
        }
    }

    fn late(
        &mut self,
        operator: Option<&'static dyn Operator>,
        operand: Operand,
        span: Span,
        leaf: &mut PathLeaf,
    ) {
        if let Some(operator) = operator {
            leaf.late.push(Late {
                operator,
                operand,
                span,
            });
        }
    }

    fn compile(
        &mut self,
        operator: &'static dyn Operator,
        operand: Value,
        node: &Node,
    ) -> Option<Box<dyn Test>> {
        match operator.compile(operand) {
            Ok(test) => Some(test),
            Err(complaint) => {
                let text = node.text().unwrap_or_default();
                self.problems
                    .push(complaint.problem("K0303", self.source, node.span, text));
                None
            }
        }
    }

    fn unknown_operator(&mut self, entry: &Entry) {
        let key = &*entry.key;
        let foreign = FOREIGN_OPERATORS
            .iter()
            .find(|(foreign, _)| *foreign == key)
            .map(|(_, ours)| *ours);
        let names = OPERATORS.iter().map(|operator| operator.name());
        let help = match foreign.or_else(|| nearest(key, names)) {
            Some(ours) => format!("write `{ours}`"),
            None if matches!(key, "any" | "all" | "not") || key.starts_with('$') => {
                format!("`{key}` stands beside the paths of `match`, not under one")
            }
            None => {
                let names: Vec<&str> = OPERATORS.iter().map(|operator| operator.name()).collect();
                format!(
                    "there are {}; to compare with a map write `eq: {{ {key}: … }}`",
                    names.join(", ")
                )
            }
        };
        self.error(
            "K0302",
            entry.key_span,
            format!("there is no operator `{key}`"),
            help,
        );
    }
}
