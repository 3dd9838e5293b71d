//! `ne`: something is there, and none of it is equal.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Over, Test};
use crate::rule::compare::equal;
use crate::rule::complaint::Complaint;
use crate::rule::reason::shown;

pub(super) struct Ne;

impl Operator for Ne {
    fn name(&self) -> &'static str {
        "ne"
    }

    fn doc(&self) -> &'static str {
        "something is there, and none of what is there is equal"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"free\"", Some("\"paid\""), true),
            ("\"free\"", Some("\"free\""), false),
            ("1", Some("1.0"), false),
            ("1", Some("\"1\""), true),
            ("\"free\"", Some("null"), true),
            ("\"free\"", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(Other(operand)))
    }
}

#[derive(Debug)]
struct Other(Value);

impl Test for Other {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        !equal(&self.0, value)
    }

    fn over(&self) -> Over {
        Over::All
    }

    fn expected(&self, _value: Option<&Value>) -> String {
        format!("anything but {}", shown(&self.0))
    }
}
