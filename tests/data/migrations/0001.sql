-- Rows as the first version writes them.
INSERT INTO events (seq, id, source, sender_id, kind, received_at, live, email, rule_set, format, duplicates, verdicts, envelope) VALUES
    (1, x'01890a5d000070008000000000000001', 'shop', 'evt_1', 'order.paid', 1799999000000000, 1, 'ada@example.com', 'set1', 'json', 2,
     '[{"rule":"welcome","rule_hash":"aa11","decision":"matched"}]', '{"person":{"email":"ada@example.com"},"headers":{"content-type":"application/json"}}'),
    (2, x'01890a5d000070008000000000000002', 'forms', 'evt_2', '', 1799999001000000, NULL, 'ada@example.com', 'set1', 'empty', 0,
     '[]', '{"person":{"email":"Ada@example.com"}}');
INSERT INTO bodies (event_seq, raw) VALUES (1, x'7b226964223a226576745f31227d');
INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, key, once, state, why, due_at, due_set_at, lease_epoch, holds_key, created_at, updated_at, progress) VALUES
    (1, x'01890a5d000070008000000000000003', 1, 'welcome', 'aa11', 'main', 'ada@example.com', 'order 7', 'done', NULL, NULL, NULL, 1, 0, 1799999000000000, 1799999002000000, '{"started":true,"steps":{"0":{"s":"ok","n":1,"c":1}}}'),
    (2, x'01890a5d000070008000000000000004', 1, 'receipt', 'bb22', 'main', 'ada@example.com', NULL, 'held', 'paused', NULL, NULL, 1, 1, 1799999000000000, 1799999003000000, '{}'),
    (3, x'01890a5d000070008000000000000005', 2, 'welcome', 'aa11', 'main', NULL, NULL, 'ready', NULL, 1799999001000000, 1799999001000000, 0, 0, 1799999001000000, 1799999001000000, '{}');
INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, message, app_type, action_run_id, input, output) VALUES
    (1, '0', 1, 'assign-tag', 1799999001000000, 1799999006000000, 1799999002000000, 'done', 'done', NULL, 'run_1', '{"tag_name":"buyer"}', '{"status":"Success"}'),
    (2, '0', 1, 'edit-lead', 1799999001000000, 1799999006000000, NULL, NULL, NULL, NULL, NULL, '{}', NULL);
INSERT INTO rules (hash, rule, file, text, first_seen) VALUES ('aa11', 'welcome', 'rules/welcome.yaml', 'id: welcome', 1799998000000000);
INSERT INTO rule_sets (hash, members, node, active_from) VALUES ('set1', '["aa11"]', x'01890a5d000070008000000000000009', 1799998000000000);
INSERT INTO connections (name, held_micros, held_since) VALUES ('main', 5000000, 1799999500000000);
INSERT INTO holds (connection, kind, reason, since) VALUES ('main', 'down', 'the login lapsed', 1799999500000000);
INSERT INTO refusals (source, reason, minute, count, detail) VALUES ('shop', 'signature', 1799999040000000, 3, 'the signature does not match');
INSERT INTO handshakes (source, kind, minute, count) VALUES ('forms', 'challenge', 1799999040000000, 1);
INSERT INTO nodes (id, first_seen, lease_until, rule_set) VALUES (x'01890a5d000070008000000000000009', 1799998000000000, 1799999030000000, 'set1');
INSERT INTO audit (at, action, run_seq, state_before, state_after, reason) VALUES (1799999003000000, 'hold', 2, 'ready', 'held', 'asked for');
