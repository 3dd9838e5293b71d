-- Rows as the fourth version writes them.
INSERT INTO people (source, kind, value, email, first_name, last_name, phone, event_id, at) VALUES
    ('shop', 'customer', 'cus_1', 'ada@example.com', 'Ada', NULL, NULL, x'01890a5d000070008000000000000001', 1799999000000000);
