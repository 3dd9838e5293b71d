//! `gt`: larger or later.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;
use crate::rule::order::Bound;

pub(super) struct Gt;

impl Operator for Gt {
    fn name(&self) -> &'static str {
        "gt"
    }

    fn doc(&self) -> &'static str {
        "a number or a time with a zone, larger or later"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("4900", Some("4900.01"), true),
            ("4900", Some("4900.0"), false),
            ("0.1", Some("0.10000000000000000001"), true),
            ("1", Some("\"2\""), false),
            (
                "\"2026-03-08T09:00:00-05:00\"",
                Some("\"2026-03-08T14:00:01Z\""),
                true,
            ),
            ("1", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        Bound::boxed(operand, "more than", Ordering::is_gt)
    }
}
