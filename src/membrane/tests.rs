//! A stand-in for an application's own reading of its answers, for the tests of this module.

use serde_json::Value;

use crate::action::{Class, Outcome};

/// Reads `{ "status": "Error", "type": "243" }` as a missing target, and everything else as done.
pub(super) fn read_output(_: &str, _: &Value, output: Value) -> Outcome {
    if output.get("status") == Some(&Value::from("Error")) {
        return Outcome {
            app_type: Some(243),
            ..Outcome::new(Class::TargetMissing, "no such target")
        };
    }
    Outcome::done(output)
}
