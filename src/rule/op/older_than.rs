//! `older_than`: a time that lies a longer while before the event's arrival than this.

use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::age::Age;
use crate::rule::complaint::Complaint;

pub(super) struct OlderThan;

impl Operator for OlderThan {
    fn name(&self) -> &'static str {
        "older_than"
    }

    fn doc(&self) -> &'static str {
        "a time with a zone, or seconds or milliseconds since 1970, that lies a longer while before the event's arrival than this duration"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"30d\"", Some("\"2026-02-01T00:00:00Z\""), true),
            ("\"30d\"", Some("\"2026-03-07T00:00:00+01:00\""), false),
            ("\"1h\"", Some("1772967599"), true),
            ("\"1h\"", Some("1772969400000"), false),
            ("\"1h\"", Some("\"2026-03-08 11:30\""), false),
            ("\"1h\"", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Age::boxed(&operand, true)
    }
}
