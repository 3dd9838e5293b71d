//! `empty`: missing, null, `""`, `[]` or `{}`.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;

pub(super) struct Empty;

impl Operator for Empty {
    fn name(&self) -> &'static str {
        "empty"
    }

    fn doc(&self) -> &'static str {
        "`true`: missing, null, `\"\"`, `[]` or `{}`; `false`: anything else"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("true", None, true),
            ("true", Some("null"), true),
            ("true", Some("\"\""), true),
            ("true", Some("[]"), true),
            ("true", Some("{}"), true),
            ("true", Some("0"), false),
            ("true", Some("\" \""), false),
            ("false", Some("false"), true),
            ("false", Some("[]"), false),
            ("false", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(Void(super::exists::truth(&operand)?)))
    }
}

#[derive(Debug)]
struct Void(bool);

impl Test for Void {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        let void = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        void == self.0
    }

    fn missing(&self) -> bool {
        self.0
    }

    fn expected(&self, _value: Option<&Value>) -> String {
        if self.0 {
            "empty".to_owned()
        } else {
            "not empty".to_owned()
        }
    }
}
