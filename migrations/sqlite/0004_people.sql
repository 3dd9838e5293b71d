-- Who was last known under a sender's own ids: events that bring only a customer's id get the address from here.
CREATE TABLE people (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,               -- of id: customer, lead, …
    value TEXT NOT NULL,
    email TEXT NOT NULL,              -- as it came
    first_name TEXT,
    last_name TEXT,
    phone TEXT,
    event_id BLOB NOT NULL,           -- the event that told it last
    at INTEGER NOT NULL,
    PRIMARY KEY (source, kind, value)
) STRICT, WITHOUT ROWID;
