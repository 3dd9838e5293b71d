//! Echoes: an event by which the account only reports what we did is known as such, and starts no circle.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use super::Engine;
use crate::event::Event;
use crate::rule::{LEAF_ECHO, Rule, Verdict};
use crate::store::StoreError;

/// A report comes within so long after the call, or is taken for somebody else's doing.
pub const ECHO_WINDOW: Duration = Duration::from_secs(10 * 60);
/// An event caused by an event caused by …, so often; beyond, it starts no rule, whatever the rule says.
pub const CAUSES_MAX: u32 = 5;

impl Engine {
    /// Marks an event that reports a call of ours; gives the attempt that it reports.
    pub(super) async fn recognise(&self, event: &mut Event) -> Result<Option<i64>, StoreError> {
        if !self.0.parts.reporting.contains(&event.source) {
            return Ok(None);
        }
        let body = event.tree.get("body").unwrap_or(&Value::Null);
        let traces = (self.0.parts.catalog.traces_of)(&event.kind, body);
        if traces.is_empty() {
            return Ok(None);
        }
        let window = SignedDuration::try_from(ECHO_WINDOW).unwrap_or_default();
        let since = event.received_at.saturating_sub(window);
        let since = since.unwrap_or(event.received_at);
        let found = self.store().reader().traced(&traces, since).await?;
        Ok(found.map(|traced| {
            event.is_caused_by(traced.run, traced.depth + 1);
            traced.attempt
        }))
    }
}

/// Rules that take echoes stop where a circle must be the reason.
pub(super) fn unless_too_deep(event: &Event, rule: &Rule, verdict: Verdict) -> Verdict {
    if verdict != Verdict::Matched || event.depth <= CAUSES_MAX || !rule.echo {
        return verdict;
    }
    Verdict::Declined {
        leaf: LEAF_ECHO,
        path: "caused_by".into(),
        expected: format!(
            "at most {CAUSES_MAX} of our own actions before it, each caused by the one before"
        ),
        actual: format!("{}: the rules go in a circle", event.depth),
    }
}
