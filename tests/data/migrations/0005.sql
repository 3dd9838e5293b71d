-- Rows as the fifth version writes them: a run that waits until it is known who its event is about.
INSERT INTO events (seq, id, source, sender_id, kind, received_at, rule_set, format, verdicts, envelope) VALUES
    (5, x'01890a5d000070008000000000000005', 'shop', 'evt_5', 'subscription.created', 1799999900000000, 'set1', 'empty',
        '[{"rule":"welcome","rule_hash":"aa11","decision":"waiting","note":"identity: judged again"}]',
        '{"person":{"email":null,"first_name":null,"last_name":null,"phone":null,"ids":{"customer":"cus_5"}}}');
INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, state, why, due_at, due_set_at, created_at, updated_at, progress) VALUES
    (50, x'01890a5d000070008000000000000050', 5, 'welcome', 'aa11', 'shop', 'waiting', 'identity: no event has told yet whose customer cus_5 is',
        1800000500000000, 1799999900000000, 1799999900000000, 1799999900000000, '{"unjudged":true}');
INSERT INTO awaited (source, kind, value, run_seq) VALUES ('shop', 'customer', 'cus_5', 50);
