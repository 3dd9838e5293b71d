-- Where each account was read. What was kept before does not say so, and cannot be believed: it is read again.
DROP TABLE accounts;
CREATE TABLE accounts (
    connection TEXT PRIMARY KEY,
    place TEXT NOT NULL,              -- Membrane's address, tenant, id
    synced_at INTEGER NOT NULL,
    content TEXT NOT NULL
) STRICT;
