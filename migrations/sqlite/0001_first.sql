-- The store of the first version. Times are UTC microseconds, ids are UUIDv7 in 16 bytes, JSON is compact text.
-- Numbers called `seq` are never given twice (AUTOINCREMENT), so that paging and following survive retention.

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    source TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    live INTEGER,
    replay_of BLOB,
    caused_by BLOB,
    email TEXT,                       -- trimmed and in lower case, for finding; as it came it stands in the envelope
    rule_set TEXT NOT NULL,
    format TEXT NOT NULL,
    duplicates INTEGER NOT NULL DEFAULT 0,
    verdicts TEXT NOT NULL,
    envelope TEXT NOT NULL            -- what the tree is built from, beside the body
) STRICT;
CREATE UNIQUE INDEX events_id ON events (id);
CREATE UNIQUE INDEX events_delivery ON events (source, sender_id);
CREATE INDEX events_source ON events (source);
CREATE INDEX events_received ON events (received_at);
CREATE INDEX events_email ON events (email) WHERE email IS NOT NULL;
CREATE INDEX events_short ON events (substr(id, 13, 4));

-- Apart from the events, so that lists do not read them and retention can take them first.
CREATE TABLE bodies (
    event_seq INTEGER PRIMARY KEY REFERENCES events (seq),
    raw BLOB NOT NULL
) STRICT;

CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    event_seq INTEGER NOT NULL REFERENCES events (seq),
    rule TEXT NOT NULL,
    rule_hash TEXT NOT NULL,
    connection TEXT NOT NULL,
    key TEXT,
    once TEXT,
    state TEXT NOT NULL,
    why TEXT,
    due_at INTEGER,                   -- NULL for a ready run: it waits for its key
    due_set_at INTEGER,               -- when due_at was set: tells a clock that was put back
    lease_node BLOB,
    lease_until INTEGER,
    lease_epoch INTEGER NOT NULL DEFAULT 0,
    holds_key INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    progress TEXT NOT NULL,
    CHECK ((state = 'running') = (lease_node IS NOT NULL)),
    CHECK (holds_key = 0 OR key IS NOT NULL),
    CHECK (due_at IS NULL OR due_set_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE INDEX runs_short ON runs (substr(id, 13, 4));
CREATE INDEX runs_event ON runs (event_seq);
CREATE INDEX runs_rule ON runs (rule);
CREATE INDEX runs_key ON runs (key) WHERE key IS NOT NULL;
CREATE INDEX runs_updated ON runs (updated_at);
-- Runs that are done are most of the table and are never looked for by their state alone.
CREATE INDEX runs_open ON runs (state) WHERE state <> 'done';
-- What is due, per connection: runs that wait behind a key are not in it, and a held connection's part is skipped whole.
-- When it was set stands beside it, so that a look for due times of a wrong clock reads no run.
CREATE INDEX runs_due ON runs (connection, due_at, due_set_at) WHERE due_at IS NOT NULL;
-- One run at a time has a key …
CREATE UNIQUE INDEX runs_holder ON runs (connection, key) WHERE holds_key = 1;
-- … and these are the ones that want it, in the order of their numbers.
CREATE INDEX runs_queue ON runs (connection, key)
    WHERE key IS NOT NULL AND holds_key = 0 AND state IN ('ready', 'held', 'waiting');
CREATE UNIQUE INDEX runs_once ON runs (rule, once)
    WHERE once IS NOT NULL AND state NOT IN ('failed', 'cancelled', 'declined');

CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY,
    run_seq INTEGER NOT NULL REFERENCES runs (seq),
    step TEXT NOT NULL,
    number INTEGER NOT NULL,
    verb TEXT NOT NULL,
    intended_at INTEGER NOT NULL,
    send_by INTEGER NOT NULL,
    ended_at INTEGER,                 -- NULL: under way, or left behind by a crash
    class TEXT,
    message TEXT,
    app_type INTEGER,
    action_run_id TEXT,
    input TEXT NOT NULL,
    output TEXT
) STRICT;
CREATE UNIQUE INDEX attempts_number ON attempts (run_seq, step, number);

CREATE TABLE rules (
    hash TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    file TEXT NOT NULL,
    text TEXT NOT NULL,
    first_seen INTEGER NOT NULL
) STRICT;

CREATE TABLE rule_sets (
    seq INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    members TEXT NOT NULL,            -- JSON: the hashes of its rules
    node BLOB NOT NULL,
    active_from INTEGER NOT NULL,
    active_to INTEGER                 -- NULL: in force
) STRICT;
CREATE UNIQUE INDEX rule_sets_active ON rule_sets (node) WHERE active_to IS NULL;

CREATE TABLE holds (
    connection TEXT NOT NULL,         -- empty: all connections
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (connection, kind)
) STRICT;

-- Each connection that a run has named. The empty name adds up what held all of them.
CREATE TABLE connections (
    name TEXT PRIMARY KEY,
    held_micros INTEGER NOT NULL,     -- holds that are over
    held_since INTEGER                -- NULL: not held
) STRICT;
INSERT INTO connections (name, held_micros) VALUES ('', 0);

CREATE TABLE refusals (
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    minute INTEGER NOT NULL,
    count INTEGER NOT NULL,
    detail TEXT NOT NULL,             -- of the last one
    PRIMARY KEY (source, reason, minute)
) STRICT;
CREATE INDEX refusals_minute ON refusals (minute);

CREATE TABLE handshakes (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    minute INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (source, kind, minute)
) STRICT;

CREATE TABLE nodes (
    id BLOB PRIMARY KEY,
    first_seen INTEGER NOT NULL,
    lease_until INTEGER,
    rule_set TEXT
) STRICT;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,             -- cancel, retry, resume, resolve; hold, release
    run_seq INTEGER,
    connection TEXT,
    state_before TEXT,
    state_after TEXT,
    reason TEXT NOT NULL
) STRICT;
