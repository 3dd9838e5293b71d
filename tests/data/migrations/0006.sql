-- Rows as the sixth version writes them.
INSERT INTO events (seq, id, source, sender_id, kind, received_at, live, email, depth, rule_set, format, duplicates, verdicts, envelope, thinned_at) VALUES
    (6, x'01890a5d000070008000000000000021', 'shop', 'evt_6', 'order.paid', 1790000000000000, 1, 'ada@example.com', 0, 'set1', 'json', 0,
     '[]', '{"person":{"email":"ada@example.com"}}', 1799999200000000);
