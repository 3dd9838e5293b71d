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
        check: &stopped::AFTER_CANCEL,
        of: &ATTEMPTS,
        // An intent is written with its run, and a cancel is the last that is: so it does not matter how the clock was set.
        broken: "r.state = 'cancelled' AND EXISTS (SELECT 1 FROM verify_cancelled c
            WHERE c.run_seq = r.seq AND c.at < r.updated_at AND c.at < a.intended_at)",
        what: "'its run had been cancelled before it'",
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
