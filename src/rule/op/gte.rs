//! `gte`: larger or later, or the same.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;
use crate::rule::order::Bound;

pub(super) struct Gte;

impl Operator for Gte {
    fn name(&self) -> &'static str {
        "gte"
    }

    fn doc(&self) -> &'static str {
        "a number or a time with a zone, larger or later, or the same"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("4900", Some("4900.0"), true),
            ("4900", Some("4899.99"), false),
            (
                "123456789012345678901234567890",
                Some("123456789012345678901234567889"),
                false,
            ),
            (
                "\"2026-03-08T09:00:00-05:00\"",
                Some("\"2026-03-08T14:00:00Z\""),
                true,
            ),
            ("\"2026-03-08T09:00:00-05:00\"", Some("1772978400"), false),
            ("1", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Bound::boxed(operand, "at least", Ordering::is_ge)
    }
}
