//! Invariant 3.

use super::pass::{EVENTS, RUNS};
use super::{RowCheck, something_went};
use crate::store::verify::once;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &once::EVENT_TWICE,
        of: &EVENTS,
        broken: "EXISTS (SELECT 1 FROM events o INDEXED BY events_delivery
            WHERE o.source = e.source AND o.sender_id = e.sender_id AND o.seq < e.seq)",
        what: "'an older event of ' || e.source || ' has the same id ' || e.sender_id",
    },
    RowCheck {
        check: &once::RUN_TWICE,
        of: &RUNS,
        broken: "EXISTS (SELECT 1 FROM runs o INDEXED BY runs_event
            WHERE o.event_seq = r.event_seq AND o.rule = r.rule AND o.seq < r.seq)",
        what: "'an older run of this rule is of the same event'",
    },
    RowCheck {
        check: &once::ONCE_TWICE,
        of: &RUNS,
        broken: "r.once IS NOT NULL AND r.state NOT IN ('failed', 'cancelled', 'declined') AND EXISTS (
            SELECT 1 FROM runs o INDEXED BY runs_once WHERE o.rule = r.rule AND o.once = r.once AND o.once IS NOT NULL
                AND o.state NOT IN ('failed', 'cancelled', 'declined') AND o.seq < r.seq)",
        what: "'an older run of this rule has the same `once` value, and is ' || (
            SELECT o.state FROM runs o INDEXED BY runs_once WHERE o.rule = r.rule AND o.once = r.once AND o.once IS NOT NULL
                AND o.state NOT IN ('failed', 'cancelled', 'declined') AND o.seq < r.seq LIMIT 1)",
    },
    RowCheck {
        check: &once::ONCE_DECLINED,
        of: &RUNS,
        broken: concat!(
            "r.state = 'declined' AND coalesce(r.why, '') GLOB 'once, run *' AND NOT EXISTS (
            SELECT 1 FROM runs o WHERE o.id = unhex(replace(substr(r.why, 11), '-', ''))
                AND o.rule = r.rule AND o.once = r.once)
            AND NOT (",
            something_went!(),
            " AND NOT EXISTS (SELECT 1 FROM runs o WHERE o.id = unhex(replace(substr(r.why, 11), '-', ''))))"
        ),
        what: "'it says `' || r.why || '`, and there is no such run with its `once` value'",
    },
];
