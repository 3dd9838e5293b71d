//! `not_in`: something is there, and none of it is one of a list.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Over, Test};
use crate::rule::compare::equal;
use crate::rule::complaint::Complaint;
use crate::rule::reason::shown;

pub(super) struct NotIn;

impl Operator for NotIn {
    fn name(&self) -> &'static str {
        "not_in"
    }

    fn doc(&self) -> &'static str {
        "something is there, and none of what is there is one of them"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("[\"a\", \"b\"]", Some("\"c\""), true),
            ("[\"a\", \"b\"]", Some("\"a\""), false),
            ("[1]", Some("1.0"), false),
            ("[\"a\"]", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(NoneOf(super::in_list::list(operand, "ne")?)))
    }
}

#[derive(Debug)]
struct NoneOf(Vec<Value>);

impl Test for NoneOf {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        !self.0.iter().any(|member| equal(member, value))
    }

    fn over(&self) -> Over {
        Over::All
    }

    fn expected(&self, _value: Option<&Value>) -> String {
        let members = self.0.iter().map(shown).collect::<Vec<_>>().join(", ");
        format!("none of {members}")
    }
}
