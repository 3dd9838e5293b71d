-- Rows as the third version writes them.
INSERT INTO accounts (connection, place, synced_at, content) VALUES
    ('main', '{"url":"https://api.getmembrane.com","tenant":"ws/acme","connection":"c1"}', 1799999000000000, '{"actions":null,"tags":["vip"],"lists":[],"sequences":null,"pages":null,"custom_fields":null}');
