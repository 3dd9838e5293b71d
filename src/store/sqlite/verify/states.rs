//! Rows of runs that agree with themselves.

use super::pass::RUNS;
use super::{RowCheck, steps};
use crate::store::verify::states;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &states::STATE,
        of: &RUNS,
        broken: "r.state NOT IN ('ready', 'running', 'waiting', 'retrying', 'held', 'needs_person', 'declined', 'done',
            'failed', 'cancelled')",
        what: "'it is `' || r.state || '`'",
    },
    RowCheck {
        check: &states::PROGRESS,
        of: &RUNS,
        broken: "CASE WHEN json_valid(r.progress) THEN json_type(r.progress) <> 'object'
            OR coalesce(json_type(r.progress, '$.steps'), 'object') <> 'object' ELSE 1 END",
        what: "'its progress cannot be read'",
    },
    RowCheck {
        check: &states::COLUMNS,
        of: &RUNS,
        // The table says the same, but whoever only reads is not told: SQLite leaves out its CHECKs then.
        broken: "(r.due_at IS NOT NULL AND r.due_set_at IS NULL) OR (r.holds_key <> 0 AND r.key IS NULL)
            OR r.priority NOT IN (0, 1, 2)",
        what: "'its columns for being due, its key or its priority do not fit each other'",
    },
    RowCheck {
        check: &states::LEASE,
        of: &RUNS,
        broken: "(r.state = 'running') <> (r.lease_node IS NOT NULL) OR (r.state = 'running') <> (r.lease_until IS NOT NULL)
            OR (r.state = 'running' AND r.lease_epoch < 1)",
        what: "'it is ' || r.state || CASE WHEN r.state = 'running' THEN ' without a whole lease' ELSE ' and has a lease' END",
    },
    RowCheck {
        check: &states::NOT_DUE,
        of: &RUNS,
        broken: "r.due_at IS NOT NULL AND r.state IN ('running', 'needs_person', 'declined', 'done', 'failed', 'cancelled')",
        what: "'it is ' || r.state || ' and due'",
    },
    RowCheck {
        check: &states::NEVER_DUE,
        of: &RUNS,
        broken: "r.due_at IS NULL AND (r.state IN ('retrying', 'waiting')
            OR (r.state = 'ready' AND (r.key IS NULL OR r.holds_key = 1)))",
        what: "'it is ' || r.state || ' and has no time at which it goes on'",
    },
    RowCheck {
        check: &states::CONNECTION,
        of: &RUNS,
        broken: "r.state NOT IN ('declined', 'done', 'failed', 'cancelled')
            AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.name = r.connection)",
        what: "'its connection ' || r.connection || ' is not known to the store'",
    },
    RowCheck {
        check: &states::PERSON_STEP,
        of: &RUNS,
        broken: concat!(
            "CASE WHEN r.state = 'needs_person' THEN NOT EXISTS (SELECT 1 FROM ",
            steps!(),
            " WHERE s.value ->> 's' = 'unknown')
            WHEN r.state = 'held' AND coalesce(r.why, '') GLOB 'approval*' THEN NOT EXISTS (SELECT 1 FROM ",
            steps!(),
            " WHERE s.value ->> 's' = 'waiting')
            WHEN r.state = 'held' AND coalesce(r.why, '') GLOB 'budget*' THEN NOT json_valid(r.progress)
                OR json_type(r.progress, '$.over') IS NOT 'object'
            ELSE 0 END"
        ),
        what: "CASE WHEN r.state = 'needs_person' THEN 'none of its steps is in doubt'
            WHEN r.why GLOB 'approval*' THEN 'none of its steps waits for the approval'
            ELSE 'it does not know which limit holds it' END",
    },
    RowCheck {
        check: &states::OVER_STEPS,
        of: &RUNS,
        broken: concat!(
            "r.state IN ('done', 'failed') AND EXISTS (SELECT 1 FROM ",
            steps!(),
            " WHERE s.value ->> 's' = 'running' OR (r.state = 'done' AND s.value ->> 's' IN ('waiting', 'unknown')))"
        ),
        what: concat!(
            "(SELECT 'it is ' || r.state || ', and its {step ' || s.key || '} is ' || (s.value ->> 's') FROM ",
            steps!(),
            " WHERE s.value ->> 's' IN ('running', 'waiting', 'unknown') LIMIT 1)"
        ),
    },
];
