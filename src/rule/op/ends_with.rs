//! `ends_with`: a text that ends with it.

use jiff::Timestamp;
use serde_json::Value;

use super::ieq::{shown_text, text, text_or};
use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;
use crate::rule::reason::shown;

pub(super) struct EndsWith;

impl Operator for EndsWith {
    fn name(&self) -> &'static str {
        "ends_with"
    }

    fn doc(&self) -> &'static str {
        "a text that ends with it"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"@example.com\"", Some("\"ada@example.com\""), true),
            ("\"@example.com\"", Some("\"ada@example.org\""), false),
            ("\"9\"", Some("49"), false),
            ("\"a\"", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(Ending(text(operand)?)))
    }
}

#[derive(Debug)]
struct Ending(String);

impl Test for Ending {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        value.as_str().is_some_and(|text| text.ends_with(&self.0))
    }

    fn expected(&self, value: Option<&Value>) -> String {
        text_or(value, || {
            format!(
                "text that ends with {}",
                shown(&Value::from(self.0.as_str()))
            )
        })
    }

    fn actual(&self, value: &Value) -> String {
        shown_text(value)
    }
}
