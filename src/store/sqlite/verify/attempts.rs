//! Invariant 4.

use super::pass::{ATTEMPTS, RUNS};
use super::{RowCheck, steps};
use crate::store::verify::attempts;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &attempts::GAP,
        of: &ATTEMPTS,
        broken: "a.number < 1 OR (a.number > 1 AND r.thinned_at IS NULL AND NOT EXISTS (SELECT 1 FROM attempts p
            WHERE p.run_seq = a.run_seq AND p.step = a.step AND p.number = a.number - 1))",
        what: "'attempt ' || (a.number - 1) || ' of this step is not there'",
    },
    RowCheck {
        check: &attempts::MISSING,
        of: &RUNS,
        broken: concat!(
            "r.thinned_at IS NULL AND EXISTS (SELECT 1 FROM ",
            steps!(),
            " WHERE s.value ->> 'n' > 0 AND NOT EXISTS (SELECT 1 FROM attempts a
                WHERE a.run_seq = r.seq AND a.step = s.key AND a.number = s.value ->> 'n'))"
        ),
        what: concat!(
            "(SELECT 'it has counted attempt ' || (s.value ->> 'n') || ' of {step ' || s.key || '}, which is not there' FROM ",
            steps!(),
            " WHERE s.value ->> 'n' > 0 AND NOT EXISTS (SELECT 1 FROM attempts a
                WHERE a.run_seq = r.seq AND a.step = s.key AND a.number = s.value ->> 'n') LIMIT 1)"
        ),
    },
    RowCheck {
        check: &attempts::UNCOUNTED,
        of: &ATTEMPTS,
        broken: "json_valid(r.progress) AND a.number > coalesce(CASE WHEN json_valid(r.progress)
            THEN json_extract(r.progress, '$.steps.\"' || a.step || '\".n') END, 0)",
        what: "'its run has counted fewer attempts of this step'",
    },
    RowCheck {
        check: &attempts::OPEN_STATE,
        of: &ATTEMPTS,
        // A cancel may come while the call is on its way. Held: what was under way cannot be read, or its rule is gone.
        broken: "a.ended_at IS NULL AND r.state NOT IN ('running', 'ready', 'held', 'cancelled')",
        what: "'it has no outcome, and its run is ' || r.state",
    },
    RowCheck {
        check: &attempts::OPEN_LATER,
        of: &ATTEMPTS,
        broken: "a.ended_at IS NULL AND EXISTS (SELECT 1 FROM attempts l WHERE l.run_seq = a.run_seq AND l.seq > a.seq)",
        what: "'it has no outcome, and its run made another call after it'",
    },
    RowCheck {
        check: &attempts::SENT_AGAIN,
        of: &ATTEMPTS,
        // A person may let it be sent again, once for each time they looked.
        broken: "a.number > 1
            AND EXISTS (SELECT 1 FROM verify_verbs v WHERE v.verb = a.verb AND v.safety = 'never')
            AND (SELECT count(*) FROM attempts p WHERE p.run_seq = a.run_seq AND p.step = a.step AND p.number < a.number
                    AND p.verb = a.verb AND (p.class IS NULL OR p.class = 'unknown'))
                > (SELECT count(*) FROM verify_resolved d WHERE d.run_seq = a.run_seq)",
        what: "'it was sent although nobody knows whether an earlier attempt was carried out'",
    },
    RowCheck {
        check: &attempts::DONE_AGAIN,
        of: &ATTEMPTS,
        broken: "a.number > 1
            AND EXISTS (SELECT 1 FROM verify_verbs v WHERE v.verb = a.verb AND v.safety <> 'safe')
            AND EXISTS (SELECT 1 FROM attempts p WHERE p.run_seq = a.run_seq AND p.step = a.step AND p.number < a.number
                AND p.verb = a.verb AND p.class IN ('done', 'already'))",
        what: "'it was sent although an earlier attempt was done'",
    },
];
