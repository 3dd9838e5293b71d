//! Invariant 10.

use super::RowCheck;
use super::pass::RUNS;
use crate::store::verify::retained;

pub(super) const ROWS: &[RowCheck] = &[RowCheck {
    check: &retained::OPEN_BODY,
    of: &RUNS,
    // What failed is kept long, and not for ever.
    broken: "r.state NOT IN ('declined', 'done', 'cancelled')
            AND NOT EXISTS (SELECT 1 FROM bodies b WHERE b.event_seq = r.event_seq)
            AND EXISTS (SELECT 1 FROM events e WHERE e.seq = r.event_seq AND e.format <> 'empty'
                AND (e.thinned_at IS NULL OR r.state <> 'failed'))",
    what: "'it is ' || r.state || ', and its event has no body'",
}];
