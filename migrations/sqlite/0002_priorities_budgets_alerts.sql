-- Who goes first, what was counted, what somebody must be told, what an account holds, and which events report our own calls.

-- 0 low, 1 normal, 2 high: the highest of its calls.
ALTER TABLE runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 1 CHECK (priority IN (0, 1, 2));
-- It sleeps, or waits for an approval or a budget: those behind it in its key pass it, until its time comes.
ALTER TABLE runs ADD COLUMN gives_way INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET gives_way = 1 WHERE state <> 'done' AND state = 'waiting';

-- What is due, per connection, priority and rule, so that each rule's oldest is found without reading the others'.
DROP INDEX runs_due;
CREATE INDEX runs_due ON runs (connection, priority, rule, due_at, due_set_at) WHERE due_at IS NOT NULL;
-- Who wants a key, those first that keep the others waiting.
DROP INDEX runs_queue;
CREATE INDEX runs_queue ON runs (connection, key, gives_way)
    WHERE key IS NOT NULL AND holds_key = 0 AND state IN ('ready', 'held', 'waiting');

-- How many events led to it, each by an action of ours on the one before.
ALTER TABLE events ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;

-- What the application may report of a call, and the event that did.
ALTER TABLE attempts ADD COLUMN trace TEXT;
ALTER TABLE attempts ADD COLUMN reported_by INTEGER;
CREATE INDEX attempts_trace ON attempts (trace, intended_at) WHERE trace IS NOT NULL AND reported_by IS NULL;

CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    since INTEGER NOT NULL,
    over_at INTEGER                   -- NULL: it stands
) STRICT;
CREATE UNIQUE INDEX alerts_standing ON alerts (kind, subject) WHERE over_at IS NULL;
CREATE INDEX alerts_since ON alerts (since);

-- What was read last of the account behind each connection.
CREATE TABLE accounts (
    connection TEXT PRIMARY KEY,
    synced_at INTEGER NOT NULL,
    content TEXT NOT NULL
) STRICT;

-- What counts against the limits: a step of a run once under each scope, however often it is tried.
CREATE TABLE spent (
    scope TEXT NOT NULL,
    run_seq INTEGER NOT NULL,
    step TEXT NOT NULL,               -- empty: the run as a whole
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, run_seq, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_at ON spent (scope, at);
