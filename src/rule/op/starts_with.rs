//! `starts_with`: a text that begins with it.

use jiff::Timestamp;
use serde_json::Value;

use super::ieq::{shown_text, text, text_or};
use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;
use crate::rule::reason::shown;

pub(super) struct StartsWith;

impl Operator for StartsWith {
    fn name(&self) -> &'static str {
        "starts_with"
    }

    fn doc(&self) -> &'static str {
        "a text that begins with it"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"cs_\"", Some("\"cs_test_1\""), true),
            ("\"cs_\"", Some("\"CS_1\""), false),
            ("\"4\"", Some("49"), false),
            ("\"a\"", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Ok(Box::new(Beginning(text(operand)?)))
    }
}

#[derive(Debug)]
struct Beginning(String);

impl Test for Beginning {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        value.as_str().is_some_and(|text| text.starts_with(&self.0))
    }

    fn expected(&self, value: Option<&Value>) -> String {
        text_or(value, || {
            format!(
                "text that begins with {}",
                shown(&Value::from(self.0.as_str()))
            )
        })
    }

    fn actual(&self, value: &Value) -> String {
        shown_text(value)
    }
}
