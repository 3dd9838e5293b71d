//! Operands with expressions: computed for each event, then compiled like those that are written out.

use serde_json::{Map, Value};

use super::Failed;
use crate::problem::{Problem, Source, Span};
use crate::rule::expr::describe;
use crate::rule::op::{Operator, Test};
use crate::rule::template::{Scope, Template};
use crate::yaml::{Kind, Node};

/// An operand in which expressions stand.
#[derive(Debug)]
pub(super) enum Operand {
    /// Written out.
    Fixed(Value),
    /// A text with expressions, and its place.
    Template(Template, Span),
    List(Vec<Operand>),
    Map(Vec<(String, Operand)>),
}

/// An operator whose operand is computed for each event.
pub(super) struct Late {
    pub operator: &'static dyn Operator,
    pub operand: Operand,
    pub span: Span,
}

impl std::fmt::Debug for Late {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {:?}", self.operator.name(), self.operand)
    }
}

impl Late {
    pub(super) fn test(&self, scope: &Scope<'_>) -> Result<Box<dyn Test>, Failed> {
        let operand = self.operand.value(scope)?;
        let kind = describe(&operand);
        // The complaint would tell the value, which may be personal; messages are logged.
        self.operator.compile(operand).map_err(|_| Failed::Error {
            message: format!(
                "`{}` cannot use the value of its expression, {kind}",
                self.operator.name()
            ),
            span: self.span,
        })
    }
}

impl Operand {
    /// Reads an operand, telling of every expression that is none.
    pub(super) fn read(node: &Node, source: &Source, problems: &mut Vec<Problem>) -> Self {
        match &node.kind {
            Kind::Text(text) if Template::is_template(text) => match Template::compile(text) {
                Ok(template) => Self::Template(template, node.span),
                Err(complaint) => {
                    problems.push(complaint.problem("K0401", source, node.span, text));
                    Self::Fixed(Value::Null)
                }
            },
            Kind::Text(_) if node.altered().is_some() => {
                problems.extend(node.altered_problem(source));
                Self::Fixed(Value::Null)
            }
            Kind::List(members) => {
                let read = members
                    .iter()
                    .map(|member| Self::read(member, source, problems));
                Self::list(read.collect())
            }
            Kind::Map(entries) => {
                let read = entries.iter().map(|entry| {
                    (
                        entry.key.to_string(),
                        Self::read(&entry.value, source, problems),
                    )
                });
                Self::map(read.collect())
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {
                Self::Fixed(node.to_json())
            }
        }
    }

    fn list(members: Vec<Self>) -> Self {
        let fixed: Option<Vec<Value>> = members
            .iter()
            .map(|member| member.fixed().cloned())
            .collect();
        fixed.map_or(Self::List(members), |values| {
            Self::Fixed(Value::Array(values))
        })
    }

    fn map(entries: Vec<(String, Self)>) -> Self {
        let fixed: Option<Map<String, Value>> = entries
            .iter()
            .map(|(key, value)| Some((key.clone(), value.fixed()?.clone())))
            .collect();
        fixed.map_or(Self::Map(entries), |map| Self::Fixed(Value::Object(map)))
    }

    const fn fixed(&self) -> Option<&Value> {
        match self {
            Self::Fixed(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn templates(&self, visit: &mut dyn FnMut(&Template, Span)) {
        match self {
            Self::Fixed(_) => {}
            Self::Template(template, span) => visit(template, *span),
            Self::List(members) => members.iter().for_each(|member| member.templates(visit)),
            Self::Map(entries) => entries.iter().for_each(|(_, value)| value.templates(visit)),
        }
    }

    fn value(&self, scope: &Scope<'_>) -> Result<Value, Failed> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Template(template, span) => {
                template.render(scope).map_err(|complaint| Failed::Error {
                    message: complaint.to_string(),
                    span: *span,
                })
            }
            Self::List(members) => members.iter().map(|member| member.value(scope)).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), value.value(scope)?)))
                .collect(),
        }
    }
}
