//! `contains`: a text that holds it, or a list that has it as a member.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::compare::equal;
use crate::rule::complaint::Complaint;
use crate::rule::reason::{shown, typed};

pub(super) struct Contains;

impl Operator for Contains {
    fn name(&self) -> &'static str {
        "contains"
    }

    fn doc(&self) -> &'static str {
        "a text that holds this text, or a list with this member"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"course\"", Some("\"Signature course\""), true),
            ("\"Course\"", Some("\"Signature course\""), false),
            ("\"vip\"", Some("[\"new\", \"vip\"]"), true),
            ("\"vi\"", Some("[\"new\", \"vip\"]"), false),
            ("5", Some("[5.0]"), true),
            ("5", Some("\"567\""), false),
            ("\"a\"", Some("{\"a\": 1}"), false),
            ("\"a\"", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(Holding(operand)))
    }
}

#[derive(Debug)]
struct Holding(Value);

impl Holding {
    /// Whether the value is of a type that can hold the operand.
    fn can_hold(&self, value: &Value) -> bool {
        value.is_array() || (value.is_string() && self.0.is_string())
    }
}

impl Test for Holding {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        match (value, &self.0) {
            (Value::Array(list), operand) => list.iter().any(|member| equal(member, operand)),
            (Value::String(text), Value::String(part)) => text.contains(part),
            _ => false,
        }
    }

    fn expected(&self, value: Option<&Value>) -> String {
        match value {
            Some(Value::Array(_)) => format!("a list with {}", shown(&self.0)),
            Some(value) if !self.can_hold(value) && self.0.is_string() => {
                "text or a list".to_owned()
            }
            Some(value) if !self.can_hold(value) => "a list".to_owned(),
            _ => format!("text or a list with {}", shown(&self.0)),
        }
    }

    fn actual(&self, value: &Value) -> String {
        if self.can_hold(value) {
            shown(value)
        } else {
            typed(value)
        }
    }
}
