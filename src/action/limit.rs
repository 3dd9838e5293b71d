//! Budgets: how many calls of a kind may be made within an hour and a day.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A limit on a rule's runs, or on the calls of one action, of a rule or of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Calls of this action; absent: runs of the rule.
    pub verb: Option<Arc<str>>,
    /// Within any 60 minutes.
    pub per_hour: Option<u32>,
    /// Within any 24 hours.
    pub per_day: Option<u32>,
}
