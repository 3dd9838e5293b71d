//! `lt`: smaller or earlier.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;
use crate::rule::order::Bound;

pub(super) struct Lt;

impl Operator for Lt {
    fn name(&self) -> &'static str {
        "lt"
    }

    fn doc(&self) -> &'static str {
        "a number or a time with a zone, smaller or earlier"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("5000", Some("4999.99"), true),
            ("5000", Some("5e3"), false),
            ("5000", Some("\"1\""), false),
            (
                "\"2026-03-08T09:00:00-05:00\"",
                Some("\"2026-03-08T14:59:59+01:00\""),
                true,
            ),
            ("1", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Bound::boxed(operand, "less than", Ordering::is_lt)
    }
}
