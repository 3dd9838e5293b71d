//! `in`: one of a list.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::compare::equal;
use crate::rule::complaint::Complaint;
use crate::rule::reason::{shown, typed};

pub(super) struct In;

impl Operator for In {
    fn name(&self) -> &'static str {
        "in"
    }

    fn doc(&self) -> &'static str {
        "one of them; a list alone means this"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("[\"a\", \"b\"]", Some("\"b\""), true),
            ("[\"a\", \"b\"]", Some("\"c\""), false),
            ("[1, null]", Some("1.0"), true),
            ("[1, null]", Some("null"), true),
            ("[1, null]", None, false),
            ("[]", Some("1"), false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(OneOf(list(operand, "eq")?)))
    }
}

/// The members of a list; `instead` is the operator that takes a single value.
pub(super) fn list(operand: Value, instead: &str) -> Result<Vec<Value>, Complaint> {
    match operand {
        Value::Array(list) => Ok(list),
        other => Err(
            Complaint::new(format!("a list is needed, not {}", typed(&other)))
                .help(format!("write `[{}]`, or use `{instead}`", shown(&other))),
        ),
    }
}

#[derive(Debug)]
struct OneOf(Vec<Value>);

impl Test for OneOf {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        self.0.iter().any(|member| equal(member, value))
    }

    fn expected(&self, _value: Option<&Value>) -> String {
        let members = self.0.iter().map(shown).collect::<Vec<_>>().join(", ");
        format!("one of {members}")
    }

    fn actual(&self, value: &Value) -> String {
        let known_type = self
            .0
            .iter()
            .any(|member| std::mem::discriminant(member) == std::mem::discriminant(value));
        if known_type {
            shown(value)
        } else {
            typed(value)
        }
    }
}
