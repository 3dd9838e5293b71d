//! `exists`: whether anything is there, null included.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Over, Test};
use crate::rule::complaint::Complaint;
use crate::rule::reason::typed;

pub(super) struct Exists;

impl Operator for Exists {
    fn name(&self) -> &'static str {
        "exists"
    }

    fn doc(&self) -> &'static str {
        "`true`: something is there, be it null; `false`: nothing is"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("true", Some("null"), true),
            ("true", None, false),
            ("false", Some("null"), false),
            ("false", None, true),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(Present(truth(&operand)?)))
    }
}

/// An operand that must be true or false.
pub(super) fn truth(operand: &Value) -> Result<bool, Complaint> {
    operand.as_bool().ok_or_else(|| {
        Complaint::new(format!(
            "`true` or `false` is needed, not {}",
            typed(operand)
        ))
    })
}

#[derive(Debug)]
struct Present(bool);

impl Test for Present {
    fn holds(&self, _value: &Value, _arrived: Timestamp) -> bool {
        self.0
    }

    fn missing(&self) -> bool {
        !self.0
    }

    fn over(&self) -> Over {
        if self.0 { Over::Any } else { Over::All }
    }

    fn expected(&self, _value: Option<&Value>) -> String {
        if self.0 {
            "anything".to_owned()
        } else {
            "nothing".to_owned()
        }
    }
}
