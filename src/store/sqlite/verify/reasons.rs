//! Invariant 12.

use super::pass::{EVENTS, HOLDS, RUNS};
use super::{RowCheck, verdicts};
use crate::store::verify::reasons;

/// Whether a verdict says too little.
macro_rules! silent {
    () => {
        "CASE v.value ->> 'decision' WHEN 'matched' THEN 0
            WHEN 'declined' THEN (v.value ->> 'leaf') IS NULL OR (v.value ->> 'path') IS NULL
                OR (v.value ->> 'expected') IS NULL OR (v.value ->> 'actual') IS NULL
            WHEN 'error' THEN coalesce(v.value ->> 'actual', '') = ''
            ELSE coalesce(v.value ->> 'decision', '') = '' END"
    };
}

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &reasons::RUN,
        of: &RUNS,
        broken: "r.state IN ('declined', 'cancelled', 'failed', 'held', 'needs_person', 'retrying')
            AND trim(coalesce(r.why, '')) = ''",
        what: "'it is ' || r.state || ' and does not say why'",
    },
    RowCheck {
        check: &reasons::VERDICT,
        of: &EVENTS,
        broken: concat!(
            "EXISTS (SELECT 1 FROM ",
            verdicts!(),
            " WHERE ",
            silent!(),
            ")"
        ),
        what: concat!(
            "(SELECT 'the verdict of ' || coalesce(v.value ->> 'rule', '?') || ' does not say why' FROM ",
            verdicts!(),
            " WHERE ",
            silent!(),
            " LIMIT 1)"
        ),
    },
    RowCheck {
        check: &reasons::HOLD,
        of: &HOLDS,
        broken: "trim(h.reason) = ''",
        what: "'it does not say why'",
    },
];
