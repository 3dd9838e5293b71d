//! After a lost answer: which reads of the account show whether a call was carried out, and what they mean.

use serde_json::Value;

use crate::action::{Evidence, Look, Seen};

/// The next read, or what the reads so far have shown.
pub(super) fn back(verb: &str, _input: &Value, _seen: &[Seen]) -> Look {
    Look::Found(Evidence::Unclear(format!(
        "the account does not show what became of {verb}"
    )))
}
