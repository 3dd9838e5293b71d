//! Invariant 1.

use super::RowCheck;
use super::pass::EVENTS;
use crate::store::verify::kept;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &kept::BODY,
        of: &EVENTS,
        broken: "e.format <> 'empty' AND e.thinned_at IS NULL AND NOT EXISTS (SELECT 1 FROM bodies b WHERE b.event_seq = e.seq)",
        what: "'its body is not there'",
    },
    RowCheck {
        check: &kept::READABLE,
        of: &EVENTS,
        broken: "CASE WHEN json_valid(e.verdicts) AND json_valid(e.envelope)
            THEN json_type(e.verdicts) <> 'array' OR json_type(e.envelope, '$.person') IS NOT 'object' ELSE 1 END
            OR e.format NOT IN ('json', 'form', 'empty')",
        what: "'its verdicts, its envelope or its format cannot be read'",
    },
];
