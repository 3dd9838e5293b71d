-- What retention and compression write, and the indexes by which what is old is found.

-- When its body and its headers were removed; NULL: they are there.
ALTER TABLE events ADD COLUMN thinned_at INTEGER;

-- When calls of it were removed; NULL: all of them are there.
ALTER TABLE runs ADD COLUMN thinned_at INTEGER;

-- How many bytes the body has when it is unpacked; NULL: it is kept as it came.
ALTER TABLE bodies ADD COLUMN unpacked INTEGER;

CREATE INDEX handshakes_minute ON handshakes (minute);
-- What a run spent goes with the run.
CREATE INDEX spent_run ON spent (run_seq);
