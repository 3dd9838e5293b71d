//! Invariant 5.

use super::RowCheck;
use super::pass::ATTEMPTS;
use crate::store::verify::stopped;

/// How much later than a hold an intent may say that it was made, and yet be committed before it: longer than any
/// transaction may take. In microseconds.
macro_rules! slack {
    () => {
        "15000000"
    };
}

/// Whether this connection was held, all around the intent.
macro_rules! held {
    ($connection:literal) => {
        concat!(
            "(SELECT s.until FROM verify_stops s WHERE s.connection = ",
            $connection,
            " AND s.since < a.intended_at - ",
            slack!(),
            " ORDER BY s.since DESC LIMIT 1) > a.intended_at + ",
            slack!()
        )
    };
}

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &stopped::AFTER_END,
        of: &ATTEMPTS,
        // An outcome before its own intent: the clock was put back meanwhile.
        broken: "r.state IN ('declined', 'done', 'failed', 'cancelled') AND a.intended_at > r.updated_at
            AND (a.ended_at IS NULL OR a.ended_at >= a.intended_at)",
        what: "'its run was ' || r.state || ' before it'",
    },
    RowCheck {
        check: &stopped::WHILE_HELD,
        of: &ATTEMPTS,
        // Where a rule names a connection for a step, it is not known which one the call went to.
        broken: concat!(
            "EXISTS (SELECT 1 FROM verify_verbs v WHERE v.verb = a.verb AND v.safety <> 'safe')
            AND coalesce(a.message, '') NOT GLOB 'observe:*'
            AND (",
            held!("''"),
            " OR (",
            held!("r.connection"),
            " AND NOT EXISTS (SELECT 1 FROM rules t WHERE t.hash = r.rule_hash
                AND instr(replace(char(10) || t.text, char(10) || 'connection:', ''), 'connection:') > 0)))"
        ),
        what: "'it was begun while sending was held'",
    },
];
