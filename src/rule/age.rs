//! Age: what `older_than` and `newer_than` have in common, a time in the payload against the event's arrival.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::complaint::Complaint;
use super::duration;
use super::op::Test;
use super::order::time;
use super::reason::{shown, typed};

/// Whole numbers from here on are milliseconds since 1970, smaller ones seconds.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// How long before the arrival a time must lie, or at most may.
#[derive(Debug)]
pub(super) struct Age {
    age: Duration,
    older: bool,
}

impl Age {
    /// The test of an operator.
    pub(super) fn boxed(operand: &Value, older: bool) -> Result<Box<dyn Test>, Complaint> {
        let text = match operand {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => {
                return Err(
                    Complaint::new(format!("a duration is needed, not {}", typed(other)))
                        .help("write one such as `30d`"),
                );
            }
        };
        let age = duration::parse(&text)?;
        Ok(Box::new(Self { age, older }))
    }

    fn words(&self) -> String {
        let side = if self.older { "before" } else { "less than" };
        match self.older {
            true => format!(
                "a time more than {} {side} the arrival",
                duration::write(self.age)
            ),
            false => format!(
                "a time {side} {} before the arrival",
                duration::write(self.age)
            ),
        }
    }
}

impl Test for Age {
    fn holds(&self, value: &Value, arrived: Timestamp) -> bool {
        let Some(then) = instant(value) else {
            return false;
        };
        let age = SignedDuration::try_from(self.age).unwrap_or(SignedDuration::MAX);
        let passed = arrived.duration_since(then);
        if self.older {
            passed > age
        } else {
            passed < age
        }
    }

    fn expected(&self, value: Option<&Value>) -> String {
        match value {
            Some(value) if instant(value).is_none() => {
                "a time with a zone, or seconds since 1970".to_owned()
            }
            _ => self.words(),
        }
    }

    fn actual(&self, value: &Value) -> String {
        if instant(value).is_some() {
            shown(value)
        } else {
            typed(value)
        }
    }
}

/// A time with a zone, or a whole number of seconds or milliseconds since 1970.
fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => time(text),
        Value::Number(number) => match number.as_i64()? {
            seconds if seconds.abs() < MILLISECONDS_FROM => Timestamp::from_second(seconds).ok(),
            millis => Timestamp::from_millisecond(millis).ok(),
        },
        _ => None,
    }
}
