//! What Kartra reports of our own calls: the trace a call leaves, and the traces an event may be of.

use serde_json::Value;

/// What Kartra would report of this call.
pub(super) fn trace(_verb: &str, _input: &Value) -> Option<String> {
    None
}

/// What calls of ours this event of Kartra's may be the report of.
pub(super) fn traces_of(_kind: &str, _body: &Value) -> Vec<String> {
    Vec::new()
}
