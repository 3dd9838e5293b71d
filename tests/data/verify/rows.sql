-- So many events ({rows}), each with a body, a verdict, a run that is done and its attempt; every fiftieth run sleeps.
INSERT INTO rules VALUES ('2add416f6f2ce14f54874047f35e2ea5e012b08d4d01fb3f200ee0f5596f6eb4', 'welcome', 'rules/welcome.yaml', 'id: welcome
trigger: { webhook: shop, events: order }
actions:
  - assign-tag: { email: ''${{ person.email }}'', tag_name: buyer }
', 0);
INSERT INTO rule_sets (hash, members, node, active_from) VALUES ('dcc4df9bcf803c97a62c70e7ea41692fcb728d028f4b83dbfbc26b33f83de95a', '["2add416f6f2ce14f54874047f35e2ea5e012b08d4d01fb3f200ee0f5596f6eb4"]', zeroblob(16), 0);
INSERT INTO connections (name, held_micros) VALUES ('main', 0);
BEGIN;
WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {rows})
INSERT INTO events (seq, id, source, sender_id, kind, received_at, live, email, rule_set, format, duplicates, verdicts, envelope)
SELECT n, unhex(printf('%012x7000800000000000%04x', 1700000000000 + n, n % 65536)), 'shop', printf('order-%016x', n * 2654435761 % 1000000007),
    'order', 1700000000000000 + n * 1000, 1, printf('person%d@example.com', n), 'dcc4df9bcf803c97a62c70e7ea41692fcb728d028f4b83dbfbc26b33f83de95a', 'json', 0,
    '[{"rule":"welcome","rule_hash":"2add416f6f2ce14f54874047f35e2ea5e012b08d4d01fb3f200ee0f5596f6eb4","decision":"matched"}]',
    printf('{"person":{"email":"person%d@example.com","first_name":null,"last_name":null,"phone":null},"headers":{"content-type":"application/json"},"query":{},"env":{}}', n)
FROM n;
INSERT INTO bodies (event_seq, raw) SELECT seq, CAST(printf('{"id":"%s","type":"order","email":"%s","note":"%s"}', sender_id, email, hex(zeroblob(200))) AS BLOB) FROM events;
INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, key, once, state, why, due_at, due_set_at, lease_epoch, gives_way,
    created_at, updated_at, progress)
SELECT seq, unhex(printf('%012x7000800000000001%04x', 1700000000000 + seq, seq % 65536)), seq, 'welcome', '2add416f6f2ce14f54874047f35e2ea5e012b08d4d01fb3f200ee0f5596f6eb4', 'main', email,
    sender_id, iif(seq % 50, 'done', 'waiting'), iif(seq % 50, NULL, 'until'), iif(seq % 50, NULL, 4000000000000000),
    iif(seq % 50, NULL, received_at), 1, seq % 50 = 0, received_at, received_at + 900,
    iif(seq % 50, '{"steps":{"0":{"s":"ok","n":1}}}', '{"steps":{"0":{"s":"waiting","n":1}}}')
FROM events;
INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, ended_at, class, message, input, output)
SELECT seq, '0', 1, 'assign-tag', created_at + 100, created_at + 5000100, created_at + 800, 'done', 'done',
    printf('{"email":"%s","tag_name":"buyer"}', key), '{"status":"Success"}' FROM runs;
COMMIT;
