//! Looking back: after a lost answer, what shows whether the call was carried out.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::Outcome;

/// One read that was made to find out.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The action's key.
    pub verb: Arc<str>,
    /// Its input.
    pub input: Value,
    /// What it came to.
    pub outcome: Outcome,
}

/// Makes the reads of a look-up, in their turn.
#[async_trait]
pub trait Reads: Send + Sync {
    /// Makes one read; `None` when the look-up must be left for now.
    async fn read(&self, verb: &str, input: &Value) -> Option<Outcome>;
}

/// The next thing to do to find out.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// Make this read and ask again.
    Read {
        /// The action's key; one that only reads.
        verb: &'static str,
        /// Its input.
        input: Value,
    },
    /// Nothing more to read.
    Found(Evidence),
}

/// What is known about a call whose answer was lost.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// There was an answer after all, or the account shows that it was done: this is the outcome.
    Outcome(Outcome),
    /// Nothing of it is to be seen. It counts only long after the call was sent, and only when seen twice.
    NotDone(String),
    /// What there is does not tell. The text says what was seen, for the person who must decide.
    Unclear(String),
    /// It could not be looked up now; the outcome says why.
    Failed(Outcome),
}
