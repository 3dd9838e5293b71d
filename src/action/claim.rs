//! Claims: what an event says that nothing proves, and what the account shows of it.

use serde_json::Value;

use super::Outcome;

/// Whether the account shows what an event says: of the event's tree, and of what the last read came to.
pub type Prove = fn(tree: &Value, seen: Option<&Outcome>) -> Claim;

/// How an event stands that nothing proves but the account.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// Make this read: it tells. What was seen, if anything, was no answer to it.
    Read {
        /// The action's key; one that only reads.
        verb: &'static str,
        /// Its input.
        input: Value,
    },
    /// The account shows it.
    True,
    /// The account does not show it, and may in a moment. The text says what is not there.
    Missing(String),
    /// The account shows something else. The text says of what, and both.
    False(String),
    /// The account answered without showing what the event is about. The text says what is missing.
    Unclear(String),
    /// Nothing that can be read would show it. The text says why.
    Hidden(String),
}
