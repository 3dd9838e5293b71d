//! Kartra's limit of calls a second, counted over every way that leads to it, and its 429 as Membrane passes it on.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::{self, Failure};
use crate::clock;

/// The time over which Kartra counts its calls.
const WINDOW: Duration = Duration::from_secs(1);
/// All that Kartra says of it.
pub(super) const TOO_MANY: &str = "Too many requests";

/// How Kartra's 429 looks on the other side of Membrane. Which it is in truth is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CeilingForm {
    /// 429, an error of the `connection` with `rate_limit_exceeded`.
    #[default]
    Connection,
    /// 400, a failed run that was caused by an HTTP failure with Kartra's 429 in `data.response`.
    Wrapped,
    /// 500, that HTTP failure itself.
    Internal,
    /// 400, a failed run with Kartra's 429 straight in `data`.
    Direct,
    /// A run that succeeded, and its output is the 429.
    Output,
}

/// The calls of the last second.
#[derive(Debug, Default)]
pub(super) struct Ceiling {
    recent: VecDeque<Timestamp>,
    /// How many were refused.
    pub(super) refused: u64,
}

impl Ceiling {
    /// Whether Kartra takes this call. What it refuses does not count against the next one.
    pub(super) fn takes(&mut self, most: Option<usize>, now: Timestamp) -> bool {
        let Some(most) = most else {
            return true;
        };
        let is_old = |at: &Timestamp| clock::between(*at, now) >= WINDOW;
        while self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
        }
        let takes = self.recent.len() < most;
        if takes {
            self.recent.push_back(now);
        } else {
            self.refused += 1;
        }
        takes
    }
}

/// The 429 as a run's output or failure.
pub(super) fn refusal(form: CeilingForm, connection: &str) -> Result<Value, Failure> {
    match form {
        CeilingForm::Connection => Err(errors::kartra_rate_limited(connection, None)),
        CeilingForm::Wrapped => Err(errors::external(429, None)),
        CeilingForm::Internal => Err(errors::external_itself(429, None)),
        CeilingForm::Direct => {
            let body = json!({ "status": 429, "message": TOO_MANY });
            Err(errors::external_direct(&body))
        }
        CeilingForm::Output => Ok(json!({ "status": 429, "headers": {}, "data": TOO_MANY })),
    }
}
