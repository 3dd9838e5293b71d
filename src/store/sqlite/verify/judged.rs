//! Invariant 2.

use super::pass::{EVENTS, RUNS};
use super::{RowCheck, verdicts};
use crate::store::verify::judged;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &judged::RULE_SET,
        of: &EVENTS,
        broken: "NOT EXISTS (SELECT 1 FROM verify_sets k WHERE k.hash = e.rule_set)",
        what: "'its rule set ' || substr(e.rule_set, 1, 12) || ' is not stored'",
    },
    RowCheck {
        check: &judged::MEMBER,
        of: &EVENTS,
        // Of a set that is not stored there is nothing more to say.
        broken: concat!(
            "EXISTS (SELECT 1 FROM ",
            verdicts!(),
            " WHERE NOT EXISTS (SELECT 1 FROM verify_members m WHERE m.rule_set = e.rule_set
                AND m.rule_hash = v.value ->> 'rule_hash'))
            AND EXISTS (SELECT 1 FROM verify_sets k WHERE k.hash = e.rule_set)"
        ),
        what: concat!(
            "(SELECT 'the verdict of ' || coalesce(v.value ->> 'rule', '?')
                || ' is of a text that is not in the event''s rule set' FROM ",
            verdicts!(),
            " WHERE NOT EXISTS (SELECT 1 FROM verify_members m WHERE m.rule_set = e.rule_set
                AND m.rule_hash = v.value ->> 'rule_hash') LIMIT 1)"
        ),
    },
    RowCheck {
        check: &judged::MATCHED_RUN,
        of: &EVENTS,
        broken: concat!(
            "EXISTS (SELECT 1 FROM ",
            verdicts!(),
            " WHERE v.value ->> 'decision' = 'matched' AND NOT EXISTS (SELECT 1 FROM runs r
                WHERE r.event_seq = e.seq AND r.rule = v.value ->> 'rule'))"
        ),
        what: concat!(
            "(SELECT 'rule ' || (v.value ->> 'rule') || ' matched and has no run' FROM ",
            verdicts!(),
            " WHERE v.value ->> 'decision' = 'matched' AND NOT EXISTS (SELECT 1 FROM runs r
                WHERE r.event_seq = e.seq AND r.rule = v.value ->> 'rule') LIMIT 1)"
        ),
    },
    RowCheck {
        check: &judged::RUN_VERDICT,
        of: &RUNS,
        // One that waited to know the person has a run, whatever the rule said then; a note tells of it.
        broken: concat!(
            "NOT EXISTS (SELECT 1 FROM events e CROSS JOIN ",
            verdicts!(),
            " WHERE e.seq = r.event_seq AND v.value ->> 'rule' = r.rule AND v.value ->> 'rule_hash' = r.rule_hash
                AND (v.value ->> 'decision' NOT IN ('declined', 'error', 'type')
                    OR (r.state IN ('declined', 'failed') AND v.value ->> 'note' IS NOT NULL)))"
        ),
        what: "'its event has no verdict of this rule and text that starts a run'",
    },
];
