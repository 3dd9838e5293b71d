//! `lte`: smaller or earlier, or the same.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;
use crate::rule::order::Bound;

pub(super) struct Lte;

impl Operator for Lte {
    fn name(&self) -> &'static str {
        "lte"
    }

    fn doc(&self) -> &'static str {
        "a number or a time with a zone, smaller or earlier, or the same"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("5000", Some("5000.00"), true),
            ("-1", Some("-0.5"), false),
            (
                "\"2026-03-08T09:00:00-05:00\"",
                Some("\"2026-03-08\""),
                false,
            ),
            ("1", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Bound::boxed(operand, "at most", Ordering::is_le)
    }
}
