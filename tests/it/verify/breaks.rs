//! What somebody does to a database by hand, and what must be said of it.

/// By SQL: what is found. A unique index is made anew as one that is not, and told to be one.
pub(super) const BREAKS: &[(&str, &[&str])] = &[
    // The file.
    (
        "CREATE TRIGGER meddle AFTER INSERT ON runs BEGIN SELECT 1; END",
        &["schema: trigger meddle"],
    ),
    (
        "DROP INDEX events_source; CREATE INDEX events_source ON events (kind)",
        &["schema: index events_source"],
    ),
    (
        "PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'detail TEXT NOT NULL', 'detail TEXT') WHERE name = 'refusals';
        PRAGMA writable_schema = RESET;
        INSERT INTO refusals VALUES ('shop', 'signature', 0, 1, NULL);
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'detail TEXT', 'detail TEXT NOT NULL') WHERE name = 'refusals'",
        &["file: table refusals"],
    ),
    (
        "INSERT INTO bodies (event_seq, raw) VALUES (999, x'00')",
        &["references: bodies, row 999"],
    ),
    (
        "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'events'",
        &["numbers: events"],
    ),
    // 1
    (
        "DELETE FROM bodies WHERE event_seq = {event o1}",
        &["event-body: event o1"],
    ),
    (
        "UPDATE events SET envelope = '{' WHERE seq = {event o1}",
        &["event-readable: event o1"],
    ),
    (
        "UPDATE events SET format = 'xml' WHERE seq = {event o1}",
        &["event-readable: event o1"],
    ),
    // 2
    (
        "UPDATE events SET rule_set = 'gone' WHERE seq = {event o1}",
        &["event-rule-set: event o1"],
    ),
    (
        "UPDATE events SET verdicts = json_set(verdicts, '$[1].rule_hash', 'gone') WHERE seq = {event o1}",
        &["verdict-member: event o1"],
    ),
    (
        "UPDATE events SET verdicts = json_set(verdicts, '$[1].decision', 'matched') WHERE seq = {event o1}",
        &["matched-run: event o1"],
    ),
    (
        "UPDATE events SET verdicts = json_set(verdicts, '$[0].decision', 'error', '$[0].actual', 'no') WHERE seq = {event n1}",
        &["run-verdict: n1"],
    ),
    // 3
    (
        "DROP INDEX events_delivery; CREATE INDEX events_delivery ON events (source, sender_id);
        UPDATE events SET sender_id = 'o1' WHERE seq = {event o2};
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'CREATE INDEX', 'CREATE UNIQUE INDEX') WHERE name = 'events_delivery'",
        &["event-twice: event o2"],
    ),
    (
        "INSERT INTO runs (id, event_seq, rule, rule_hash, connection, state, why, created_at, updated_at, progress)
        SELECT {new}, event_seq, rule, rule_hash, connection, 'cancelled', 'why', 0, 0, '{}' FROM runs WHERE seq = {o1}",
        &["run-twice: new"],
    ),
    (
        "DROP INDEX runs_once;
        CREATE INDEX runs_once ON runs (rule, once)
    WHERE once IS NOT NULL AND state NOT IN ('failed', 'cancelled', 'declined');
        UPDATE runs SET state = 'done', why = NULL WHERE seq = {o2};
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'CREATE INDEX', 'CREATE UNIQUE INDEX') WHERE name = 'runs_once'",
        &["once-twice: o2"],
    ),
    (
        "UPDATE runs SET why = 'once, run 00000000-0000-7000-8000-000000000009' WHERE seq = {o2}",
        &["once-declined: o2"],
    ),
    // 4
    (
        "DELETE FROM attempts WHERE run_seq = {s1} AND number = 1",
        &["attempt-gap: s1 step 1, attempt 2 (subscribe-lead-to-list)"],
    ),
    (
        "UPDATE runs SET progress = json_set(progress, '$.steps.\"1\".n', 9) WHERE seq = {o1}",
        &["attempt-missing: o1"],
    ),
    (
        "INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, input)
        SELECT run_seq, step, 2, verb, intended_at, send_by, ended_at, 'done', input FROM attempts
            WHERE run_seq = {o1} AND step = '1'",
        &["attempt-uncounted: o1 step 2, attempt 2 (assign-tag)"],
    ),
    (
        "UPDATE attempts SET ended_at = NULL, class = NULL WHERE run_seq = {o1} AND step = '1'",
        &["attempt-open: o1 step 2, attempt 1 (assign-tag)"],
    ),
    (
        "UPDATE attempts SET ended_at = NULL, class = NULL WHERE run_seq = {s1} AND number = 1;
        UPDATE runs SET state = 'ready', why = 'rescued' WHERE seq = {s1}",
        &["attempt-one: s1 step 1, attempt 1 (subscribe-lead-to-list)"],
    ),
    (
        "UPDATE attempts SET class = 'unknown' WHERE run_seq = {m1};
        INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, input)
        SELECT run_seq, step, 2, verb, intended_at, send_by, ended_at, 'done', input FROM attempts WHERE run_seq = {m1};
        UPDATE runs SET progress = json_set(progress, '$.steps.\"0\".n', 2) WHERE seq = {m1}",
        &["attempt-never: m1 step 1, attempt 2 (refund-transaction)"],
    ),
    (
        "INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, input)
        SELECT run_seq, step, 2, verb, intended_at, send_by, ended_at, 'refused', input FROM attempts WHERE run_seq = {m1};
        UPDATE runs SET progress = json_set(progress, '$.steps.\"0\".n', 2) WHERE seq = {m1}",
        &["attempt-done-again: m1 step 1, attempt 2 (refund-transaction)"],
    ),
    // 5
    (
        "INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, input)
        SELECT seq, '1', 1, 'assign-tag', updated_at + 5, updated_at + 9, updated_at + 7, 'done', '{}' FROM runs WHERE seq = {n2};
        UPDATE runs SET updated_at = updated_at + 5, progress = json_set(progress, '$.steps.\"1\"', json('{\"n\":1}'))
            WHERE seq = {n2}",
        &["sent-after-cancel: n2 step 2, attempt 1 (assign-tag)"],
    ),
    (
        "INSERT INTO audit (at, action, connection, reason)
        SELECT intended_at - 60000000, 'hold', '', 'night' FROM attempts WHERE run_seq = {m1};
        INSERT INTO audit (at, action, connection, reason)
        SELECT intended_at + 60000000, 'release', '', 'paused' FROM attempts WHERE run_seq = {m1}",
        &[
            "sent-while-held: o1 step 1, attempt 2 (create-lead)",
            "sent-while-held: m1 step 1, attempt 1 (refund-transaction)",
        ],
    ),
    (
        "INSERT INTO audit (at, action, connection, reason)
        SELECT intended_at - 60000000, 'hold', 'main', 'night' FROM attempts WHERE run_seq = {m1}",
        &[
            "sent-while-held: o1 step 1, attempt 2 (create-lead)",
            "sent-while-held: m1 step 1, attempt 1 (refund-transaction)",
        ],
    ),
    // 7
    (
        "DROP INDEX runs_holder; CREATE INDEX runs_holder ON runs (connection, key) WHERE holds_key = 1;
        UPDATE runs SET holds_key = 1, due_at = 1, due_set_at = 1 WHERE seq = {s2};
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'CREATE INDEX', 'CREATE UNIQUE INDEX') WHERE name = 'runs_holder'",
        &["key-holder: s2"],
    ),
    (
        "UPDATE runs SET holds_key = 1 WHERE seq = {o1}",
        &["key-kept: o1"],
    ),
    (
        "UPDATE runs SET holds_key = 1 WHERE seq = {r1}",
        &["key-kept: r1"],
    ),
    (
        "UPDATE runs SET holds_key = 0 WHERE seq = {s1}; UPDATE runs SET due_at = 1, due_set_at = 1 WHERE seq = {s2}",
        &["key-missing: s1"],
    ),
    (
        "UPDATE runs SET state = 'ready', why = NULL, holds_key = 0, lease_epoch = 0 WHERE seq = {s1};
        UPDATE runs SET state = 'held', why = 'by hand', holds_key = 1 WHERE seq = {s2}",
        &["key-order: s2"],
    ),
    (
        "UPDATE runs SET state = 'failed', due_at = NULL, due_set_at = NULL, holds_key = 0 WHERE seq = {s1}",
        &["key-stuck: s2"],
    ),
    (
        "UPDATE runs SET gives_way = 0 WHERE seq = {n1}",
        &["key-gives-way: n1"],
    ),
    (
        "UPDATE runs SET gives_way = 1 WHERE seq = {s2}",
        &["key-gives-way: s2"],
    ),
    // 10
    (
        "DELETE FROM bodies WHERE event_seq = {event s1}",
        &["event-body: event s1", "run-body: s1"],
    ),
    // 11
    (
        "UPDATE rules SET rule = 'other' WHERE rule = 'money'",
        &["run-text: m1"],
    ),
    (
        "UPDATE rules SET text = text || ' ', hash = substr(hash, 1, 64) WHERE rule = 'money';
        UPDATE rule_sets SET members = json_insert(members, '$[#]', members ->> '$[0]'), hash = hash",
        &["text-hash: rule money", "set-hash: rule set"],
    ),
    (
        "UPDATE rule_sets SET members = json_insert(members, '$[#]', 'gone')",
        &["set-members: rule set", "set-hash: rule set"],
    ),
    // 12
    (
        "UPDATE runs SET why = NULL WHERE seq = {n2}",
        &["run-reason: n2"],
    ),
    (
        "UPDATE events SET verdicts = json_remove(verdicts, '$[1].expected') WHERE seq = {event o1}",
        &["verdict-reason: event o1"],
    ),
    (
        "INSERT INTO holds VALUES ('main', 'paused', '', 0); UPDATE connections SET held_since = 0 WHERE name = 'main'",
        &["hold-reason: connection main, paused"],
    ),
    // Runs that agree with themselves.
    (
        "UPDATE runs SET state = 'sleeping', gives_way = 0 WHERE seq = {n1}",
        &["run-state: n1"],
    ),
    (
        "UPDATE runs SET progress = '[]' WHERE seq = {n1}",
        &["run-readable: n1"],
    ),
    (
        "UPDATE runs SET progress = '{' WHERE seq = {n1}",
        &["run-readable: n1"],
    ),
    (
        "PRAGMA ignore_check_constraints = ON; UPDATE runs SET due_set_at = NULL WHERE seq = {n1}",
        &["run-columns: n1"],
    ),
    (
        "UPDATE runs SET lease_until = 1 WHERE seq = {n1}",
        &["run-lease: n1"],
    ),
    (
        "UPDATE runs SET due_at = 1, due_set_at = 1 WHERE seq = {o1}",
        &["run-not-due: o1"],
    ),
    (
        "UPDATE runs SET due_at = NULL, due_set_at = NULL WHERE seq = {n1}",
        &["run-never-due: n1"],
    ),
    (
        "UPDATE runs SET connection = 'gone' WHERE seq = {n1}",
        &["run-connection: n1"],
    ),
    (
        "UPDATE runs SET progress = json_set(progress, '$.steps.\"0\".s', 'pending') WHERE seq = {r1}",
        &["person-step: r1"],
    ),
    (
        "UPDATE runs SET why = 'budget: rule money' WHERE seq = {r1}",
        &["person-step: r1"],
    ),
    (
        "UPDATE runs SET state = 'needs_person', gives_way = 0 WHERE seq = {r1}",
        &["person-step: r1", "run-told: r1"],
    ),
    (
        "UPDATE runs SET progress = json_set(progress, '$.steps.\"1\".s', 'unknown') WHERE seq = {o1}",
        &["over-steps: o1"],
    ),
    // Beside them.
    (
        "INSERT INTO people VALUES ('shop', 'customer', 'c1', 'ada@example.com', NULL, NULL, NULL, zeroblob(16), 0)",
        &["person-event: shop customer c1"],
    ),
    (
        "UPDATE connections SET held_since = 0 WHERE name = 'main'",
        &["hold-in-force: connection main"],
    ),
    (
        "INSERT INTO holds VALUES ('main', 'paused', 'night', 0)",
        &["hold-in-force: connection main"],
    ),
    (
        "INSERT INTO holds VALUES ('main', 'odd', 'night', 0); UPDATE connections SET held_since = 0 WHERE name = 'main'",
        &["hold-kind: connection main, odd"],
    ),
    (
        "INSERT INTO holds VALUES ('gone', 'paused', 'night', 0)",
        &["hold-kind: connection gone, paused"],
    ),
    (
        "INSERT INTO holds VALUES ('main', 'down', 'night', 0); UPDATE connections SET held_since = 0 WHERE name = 'main'",
        &["hold-told: connection main, down"],
    ),
    (
        "INSERT INTO alerts (kind, subject, text, since) VALUES ('connection_held', 'main token', 'night', 0)",
        &["hold-told: connection_held main token"],
    ),
    (
        "INSERT INTO alerts (kind, subject, text, since) VALUES ('odd', 'main', 'night', 0)",
        &["alert-kind: odd main"],
    ),
    (
        "INSERT INTO spent SELECT 'rule nap', {n1}, '', 0",
        &["limit-counted: n1 rule nap"],
    ),
];

/// What is as it may be.
pub(super) const SOUND: &[&str] = &[
    "SELECT 1",
    // Retention has removed a body, the calls of a run, and an event whose run others name.
    "DELETE FROM bodies WHERE event_seq = {event o1};
    UPDATE events SET thinned_at = 1 WHERE seq = {event o1};
    DELETE FROM attempts WHERE run_seq = {o1};
    UPDATE runs SET thinned_at = 1 WHERE seq = {o1}",
    "CREATE TEMP TABLE went AS SELECT {event o1} AS event, {o1} AS run;
    DELETE FROM bodies WHERE event_seq = (SELECT event FROM went);
    DELETE FROM attempts WHERE run_seq = (SELECT run FROM went);
    DELETE FROM spent WHERE run_seq = (SELECT run FROM went);
    DELETE FROM runs WHERE seq = (SELECT run FROM went);
    DELETE FROM events WHERE seq = (SELECT event FROM went);
    INSERT INTO people VALUES ('shop', 'customer', 'c1', 'ada@example.com', NULL, NULL, NULL, zeroblob(16), 0)",
    // The rule was judged when it was known who the event is about, and declined it.
    "UPDATE events SET verdicts = json_set(verdicts, '$[0].decision', 'error', '$[0].actual', 'no', '$[0].note', 'identity: judged again')
        WHERE seq = {event o1};
    UPDATE runs SET state = 'failed', why = 'no' WHERE seq = {o1}",
    // A person looked, and let the refund be sent again.
    "UPDATE attempts SET class = 'unknown' WHERE run_seq = {m1};
    INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, input)
    SELECT run_seq, step, 2, verb, intended_at, send_by, ended_at, 'done', input FROM attempts WHERE run_seq = {m1};
    UPDATE runs SET progress = json_set(progress, '$.steps.\"0\".n', 2) WHERE seq = {m1};
    INSERT INTO audit (at, action, run_seq, state_before, state_after, reason)
    VALUES (0, 'resolve', {m1}, 'needs_person', 'ready', 'it was not done')",
    // A refund that was surely not carried out is sent again.
    "UPDATE attempts SET class = 'rate_limited' WHERE run_seq = {m1};
    INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, input)
    SELECT run_seq, step, 2, verb, intended_at, send_by, ended_at, 'done', input FROM attempts WHERE run_seq = {m1};
    UPDATE runs SET progress = json_set(progress, '$.steps.\"0\".n', 2) WHERE seq = {m1}",
    // The pause was over by then.
    "INSERT INTO audit (at, action, connection, reason)
    SELECT intended_at - 90000000, 'hold', '', 'night' FROM attempts WHERE run_seq = {m1};
    INSERT INTO audit (at, action, connection, reason)
    SELECT intended_at - 60000000, 'release', '', 'paused' FROM attempts WHERE run_seq = {m1}",
    // An intent that was on its way to the disk when the pause came.
    "INSERT INTO audit (at, action, connection, reason)
    SELECT intended_at - 1000000, 'hold', '', 'night' FROM attempts WHERE run_seq = {m1}",
    // The clock was put back between the call and the cancel.
    "UPDATE attempts SET intended_at = intended_at + 3600000000 WHERE run_seq = {s1};
    UPDATE runs SET state = 'cancelled', due_at = NULL, due_set_at = NULL, holds_key = 0 WHERE seq = {s1};
    UPDATE runs SET due_at = 1, due_set_at = 1 WHERE seq = {s2};
    INSERT INTO audit (at, action, run_seq, state_before, state_after, reason)
    SELECT updated_at, 'cancel', seq, 'retrying', 'cancelled', 'no more' FROM runs WHERE seq = {s1}",
    // Cancelled while its call was on the way, and the process died.
    "UPDATE attempts SET ended_at = NULL, class = NULL WHERE run_seq = {o1} AND step = '1';
    UPDATE runs SET state = 'cancelled', why = 'no more' WHERE seq = {o1}",
    // It waits behind a sleeper whose time has come.
    "UPDATE runs SET key = 'slow@example.com', due_at = 1 WHERE seq = {n1};
    UPDATE runs SET state = 'failed', due_at = NULL, due_set_at = NULL, holds_key = 0 WHERE seq = {s1}",
    // All connections are held.
    "INSERT INTO holds VALUES ('', 'paused', 'night', 0); UPDATE connections SET held_since = 0",
    // What SQLite's planner keeps.
    "ANALYZE",
];
