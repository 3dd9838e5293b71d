//! `eq`: equal, of the same type.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::compare::equal;
use crate::rule::complaint::Complaint;
use crate::rule::reason::{shown, typed};

pub(super) struct Eq;

impl Operator for Eq {
    fn name(&self) -> &'static str {
        "eq"
    }

    fn doc(&self) -> &'static str {
        "equal, of the same type; 4900 equals 4900.0; a list is compared as a whole; a scalar alone means this"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"paid\"", Some("\"paid\""), true),
            ("\"paid\"", Some("\"Paid\""), false),
            ("4900", Some("4900.0"), true),
            (
                "12345678901234567890123",
                Some("12345678901234567890124"),
                false,
            ),
            ("4900", Some("\"4900\""), false),
            ("true", Some("1"), false),
            ("null", Some("null"), true),
            ("null", None, false),
            ("[1, 2]", Some("[1.0, 2]"), true),
            ("[1, 2]", Some("1"), false),
            ("{\"a\": 1, \"b\": 2}", Some("{\"b\": 2, \"a\": 1}"), true),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(Same(operand)))
    }
}

#[derive(Debug)]
struct Same(Value);

impl Same {
    fn other_type(&self, value: &Value) -> bool {
        std::mem::discriminant(&self.0) != std::mem::discriminant(value)
    }
}

impl Test for Same {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        equal(&self.0, value)
    }

    fn expected(&self, value: Option<&Value>) -> String {
        match value {
            Some(value) if self.other_type(value) => typed(&self.0),
            _ => shown(&self.0),
        }
    }

    fn actual(&self, value: &Value) -> String {
        if self.other_type(value) {
            typed(value)
        } else {
            shown(value)
        }
    }
}
