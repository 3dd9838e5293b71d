-- Rows as the second version writes them.
INSERT INTO events (seq, id, source, sender_id, kind, received_at, live, caused_by, depth, email, rule_set, format, duplicates, verdicts, envelope) VALUES
    (3, x'01890a5d000070008000000000000011', 'kartra', 'evt_3', 'tag_assigned', 1799999100000000, 1, x'01890a5d000070008000000000000003', 1, 'ada@example.com', 'set1', 'empty', 0,
     '[]', '{"person":{"email":"ada@example.com"}}');
INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, priority, key, once, state, why, due_at, due_set_at, lease_epoch, holds_key, gives_way, created_at, updated_at, progress) VALUES
    (4, x'01890a5d000070008000000000000012', 3, 'refund', 'aa11', 'main', 2, 'ada@example.com', NULL, 'held', 'approval: refund-transaction', NULL, NULL, 1, 0, 1, 1799999100000000, 1799999101000000, '{}');
INSERT INTO attempts (run_seq, step, number, verb, trace, intended_at, send_by, ended_at, class, message, app_type, action_run_id, input, output, reported_by) VALUES
    (4, '0', 1, 'assign-tag', 'ada@example.com tag_assigned buyer', 1799999100000000, 1799999105000000, 1799999101000000, 'done', 'done', NULL, 'run_2', '{"tag_name":"buyer"}', NULL, NULL),
    (4, '0', 2, 'assign-tag', 'ada@example.com tag_assigned buyer', 1799999102000000, 1799999107000000, 1799999103000000, 'done', 'done', NULL, 'run_3', '{"tag_name":"buyer"}', NULL, 3);
INSERT INTO alerts (kind, subject, text, since, over_at) VALUES
    ('connection_held', 'main', 'the login lapsed', 1799990000000000, 1799991000000000),
    ('connection_held', 'main', 'the login lapsed again', 1799999500000000, NULL);
INSERT INTO accounts (connection, synced_at, content) VALUES
    ('main', 1799999000000000, '{"actions":null,"tags":["buyer"],"lists":[],"sequences":null,"pages":null,"custom_fields":null}');
INSERT INTO spent (scope, run_seq, step, at) VALUES ('connection main refund-transaction', 4, '0', 1799999100000000);
