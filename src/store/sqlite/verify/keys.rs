//! Invariant 7.

use super::pass::RUNS;
use super::{RowCheck, lets_pass};
use crate::store::verify::keys;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &keys::HOLDER_TWO,
        of: &RUNS,
        broken: "r.holds_key = 1 AND EXISTS (SELECT 1 FROM runs o INDEXED BY runs_holder
            WHERE o.connection = r.connection AND o.key = r.key AND o.holds_key = 1 AND o.seq < r.seq)",
        what: "'an older run has its key too'",
    },
    RowCheck {
        check: &keys::HOLDER_STATE,
        of: &RUNS,
        broken: concat!(
            "r.holds_key = 1 AND (r.state NOT IN ('ready', 'running', 'retrying', 'held') OR ",
            lets_pass!(),
            ")"
        ),
        what: "'it has its key and is ' || r.state || coalesce(' (' || r.why || ')', '')",
    },
    RowCheck {
        check: &keys::HOLDER_NONE,
        of: &RUNS,
        broken: "r.state IN ('running', 'retrying') AND r.key IS NOT NULL AND r.holds_key = 0",
        what: "'it is ' || r.state || ' without its key'",
    },
    RowCheck {
        check: &keys::ORDER,
        of: &RUNS,
        broken: "r.holds_key = 1 AND EXISTS (SELECT 1 FROM runs q INDEXED BY runs_queue
            WHERE q.connection = r.connection AND q.key = r.key AND q.key IS NOT NULL AND q.holds_key = 0
                AND q.state IN ('ready', 'held', 'waiting') AND q.gives_way = 0 AND q.seq < r.seq
                AND q.state = 'ready' AND q.lease_epoch = 0)",
        what: "'it has its key, and an older run that was never carried out waits for it'",
    },
    RowCheck {
        check: &keys::STUCK,
        of: &RUNS,
        // An older sleeper that is due takes the key when there is room, and wakes the next when it rests.
        broken: "r.state = 'ready' AND r.key IS NOT NULL AND r.due_at IS NULL AND r.holds_key = 0
            AND NOT EXISTS (SELECT 1 FROM runs h INDEXED BY runs_holder
                WHERE h.connection = r.connection AND h.key = r.key AND h.holds_key = 1)
            AND NOT EXISTS (SELECT 1 FROM runs q INDEXED BY runs_queue
                WHERE q.connection = r.connection AND q.key = r.key AND q.key IS NOT NULL AND q.holds_key = 0
                    AND q.state IN ('ready', 'held', 'waiting') AND q.gives_way = 0 AND q.seq < r.seq)
            AND NOT EXISTS (SELECT 1 FROM runs w INDEXED BY runs_queue
                WHERE w.connection = r.connection AND w.key = r.key AND w.key IS NOT NULL AND w.holds_key = 0
                    AND w.state IN ('ready', 'held', 'waiting') AND w.gives_way = 1 AND w.seq < r.seq
                    AND w.due_at IS NOT NULL)",
        what: "'its key is free, it is the next, and it is not due'",
    },
    RowCheck {
        check: &keys::GIVES_WAY,
        of: &RUNS,
        broken: concat!(
            "(r.gives_way <> 0) <> (r.state = 'waiting' OR ",
            lets_pass!(),
            ")"
        ),
        what: "'it is ' || r.state || ' and ' || CASE r.gives_way WHEN 0 THEN 'lets nobody pass' ELSE 'lets others pass' END",
    },
];
