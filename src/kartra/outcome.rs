//! Kartra's answer to an outcome: its errors arrive inside a success.

use serde_json::Value;

use crate::action::Outcome;

/// Reads what Kartra said.
pub(super) fn read(_verb: &str, _input: &Value, output: Value) -> Outcome {
    Outcome::done(output)
}
