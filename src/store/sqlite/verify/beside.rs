//! People, holds, alerts, what was spent.

use super::pass::{ALERTS, CONNECTIONS, HOLDS, PEOPLE, RUNS, SPENT};
use super::{RowCheck, something_went};
use crate::store::verify::beside;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &beside::PERSON,
        of: &PEOPLE,
        broken: concat!(
            "NOT EXISTS (SELECT 1 FROM events e WHERE e.id = p.event_id) AND NOT ",
            something_went!()
        ),
        what: "'the event that told it is not there'",
    },
    RowCheck {
        check: &beside::HELD,
        of: &CONNECTIONS,
        broken: "(c.held_since IS NOT NULL) <> EXISTS (SELECT 1 FROM holds h WHERE h.connection IN (c.name, ''))",
        what: "CASE WHEN c.held_since IS NULL THEN 'a hold is in force, and it is not marked as held'
            ELSE 'it is marked as held, and no hold is in force' END",
    },
    RowCheck {
        check: &beside::HOLD_KIND,
        of: &HOLDS,
        broken: "NOT EXISTS (SELECT 1 FROM verify_words w WHERE w.of = 'hold' AND w.word = h.kind)
            OR NOT EXISTS (SELECT 1 FROM connections c WHERE c.name = h.connection)",
        what: "CASE WHEN EXISTS (SELECT 1 FROM connections c WHERE c.name = h.connection)
            THEN 'this version knows no hold of this kind' ELSE 'its connection is not known to the store' END",
    },
    RowCheck {
        check: &beside::HOLD_TOLD,
        of: &HOLDS,
        broken: "EXISTS (SELECT 1 FROM verify_words w WHERE w.of = 'hold' AND w.word = h.kind AND w.told)
            AND NOT EXISTS (SELECT 1 FROM alerts l WHERE l.kind = 'connection_held' AND l.subject = h.connection || ' ' || h.kind
                AND l.over_at IS NULL)",
        what: "'no alert stands for it'",
    },
    RowCheck {
        check: &beside::HOLD_TOLD,
        of: &ALERTS,
        broken: "l.over_at IS NULL AND l.kind = 'connection_held' AND NOT EXISTS (SELECT 1 FROM holds h
            CROSS JOIN verify_words w ON w.of = 'hold' AND w.word = h.kind AND w.told WHERE h.connection || ' ' || h.kind = l.subject)",
        what: "'the alert stands, and nothing holds the connection by itself'",
    },
    RowCheck {
        check: &beside::RUN_TOLD,
        of: &RUNS,
        broken: "(r.state = 'needs_person' OR (r.state = 'held' AND coalesce(r.why, '') GLOB 'approval*'))
            AND NOT EXISTS (SELECT 1 FROM alerts l WHERE l.kind = iif(r.state = 'held', 'approval_wanted', 'needs_person')
                AND l.subject = 'rule ' || r.rule AND l.over_at IS NULL)",
        what: "'it waits for a person, and no alert stands for it'",
    },
    RowCheck {
        check: &beside::ALERT_KIND,
        of: &ALERTS,
        broken: "NOT EXISTS (SELECT 1 FROM verify_words w WHERE w.of = 'alert' AND w.word = l.kind)",
        what: "'this version knows no alert of this kind'",
    },
    RowCheck {
        check: &beside::SPENT,
        of: &SPENT,
        broken: "NOT EXISTS (SELECT 1 FROM attempts a WHERE a.run_seq = t.run_seq AND (t.step = '' OR a.step = t.step))
            AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.seq = t.run_seq AND r.thinned_at IS NOT NULL)",
        what: "'no attempt belongs to it'",
    },
];
