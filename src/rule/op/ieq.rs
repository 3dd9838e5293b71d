//! `ieq`: the same text, without regard to case.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;
use crate::rule::reason::{shown, typed};

pub(super) struct Ieq;

impl Operator for Ieq {
    fn name(&self) -> &'static str {
        "ieq"
    }

    fn doc(&self) -> &'static str {
        "equal text without regard to case"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"Ada@Example.com\"", Some("\"ada@example.COM\""), true),
            ("\"ÉCOLE\"", Some("\"école\""), true),
            ("\"a\"", Some("\"ab\""), false),
            ("\"1\"", Some("1"), false),
            ("\"a\"", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(AnyCase(text(operand)?)))
    }
}

/// An operand that must be text.
pub(super) fn text(operand: Value) -> Result<String, Complaint> {
    match operand {
        Value::String(text) => Ok(text),
        Value::Number(_) | Value::Bool(_) => Err(Complaint::new(format!(
            "text is needed, not {}",
            typed(&operand)
        ))
        .help(format!("write \"{operand}\", in quotes"))),
        other => Err(Complaint::new(format!(
            "text is needed, not {}",
            typed(&other)
        ))),
    }
}

/// What is said of a value that must be text.
pub(super) fn text_or(value: Option<&Value>, otherwise: impl FnOnce() -> String) -> String {
    match value {
        None | Some(Value::String(_)) => otherwise(),
        Some(_) => "text".to_owned(),
    }
}

/// A value that was to be text.
pub(super) fn shown_text(value: &Value) -> String {
    if value.is_string() {
        shown(value)
    } else {
        typed(value)
    }
}

#[derive(Debug)]
struct AnyCase(String);

impl Test for AnyCase {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        let fold = |text: &str| {
            text.chars()
                .flat_map(char::to_lowercase)
                .eq(self.0.chars().flat_map(char::to_lowercase))
        };
        value.as_str().is_some_and(fold)
    }

    fn expected(&self, value: Option<&Value>) -> String {
        text_or(value, || {
            format!("{} in any case", shown(&Value::from(self.0.as_str())))
        })
    }

    fn actual(&self, value: &Value) -> String {
        shown_text(value)
    }
}
