//! Order: what `gt`, `gte`, `lt` and `lte` have in common. Numbers compare with numbers, times with times.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::compare::numbers;
use super::complaint::Complaint;
use super::op::Test;
use super::reason::{shown, typed};

/// A bound, and on which side of it a value must be.
#[derive(Debug)]
pub(super) struct Bound {
    limit: Limit,
    /// Such as `at least`.
    words: &'static str,
    accepts: fn(Ordering) -> bool,
}

#[derive(Debug)]
enum Limit {
    Number(Number),
    Time(Timestamp, Box<str>),
}

impl Bound {
    /// The test of an operator.
    pub(super) fn boxed(
        operand: Value,
        words: &'static str,
        accepts: fn(Ordering) -> bool,
    ) -> Result<Box<dyn Test>, Complaint> {
        let limit = match operand {
            Value::Number(number) => Limit::Number(number),
            Value::String(text) => match time(&text) {
                Some(time) => Limit::Time(time, text.into()),
                None => {
                    let complaint = Complaint::new(format!(
                        "a number or a time with a zone is needed, not text {}",
                        shown(&Value::from(text.as_str()))
                    ));
                    return Err(if text.trim().parse::<f64>().is_ok() {
                        complaint.help(format!("write {} without quotes", text.trim()))
                    } else {
                        complaint.help("times look like `2026-03-08T09:00:00-05:00`")
                    });
                }
            },
            other => {
                return Err(Complaint::new(format!(
                    "a number or a time with a zone is needed, not {}",
                    typed(&other)
                )));
            }
        };
        Ok(Box::new(Self {
            limit,
            words,
            accepts,
        }))
    }

    fn order(&self, value: &Value) -> Option<Ordering> {
        match (&self.limit, value) {
            (Limit::Number(limit), Value::Number(number)) => Some(numbers(number, limit)),
            (Limit::Time(limit, _), Value::String(text)) => Some(time(text)?.cmp(limit)),
            _ => None,
        }
    }
}

impl Test for Bound {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        self.order(value).is_some_and(self.accepts)
    }

    fn expected(&self, value: Option<&Value>) -> String {
        let wrong = value.is_some_and(|value| self.order(value).is_none());
        match &self.limit {
            Limit::Number(_) if wrong => "a number".to_owned(),
            Limit::Time(..) if wrong => "a time with a zone".to_owned(),
            Limit::Number(limit) => format!("{} {limit}", self.words),
            Limit::Time(_, limit) => format!("{} {limit}", self.words),
        }
    }

    fn actual(&self, value: &Value) -> String {
        if self.order(value).is_some() {
            shown(value)
        } else {
            typed(value)
        }
    }
}

/// A time that says its zone.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
