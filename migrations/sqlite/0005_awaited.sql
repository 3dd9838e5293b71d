-- Runs that wait until it is known who their event is about, by the sender's own ids: the event that tells it makes them due.
CREATE TABLE awaited (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,               -- of id, as in people
    value TEXT NOT NULL,
    run_seq INTEGER NOT NULL REFERENCES runs (seq),
    PRIMARY KEY (source, kind, value, run_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX awaited_run ON awaited (run_seq);
