//! All SQL of the writer, by what it serves. A test prepares each on a fresh database, in every size.
//!
//! `CROSS JOIN` fixes the order of a join: the rows we bring are walked, the table is looked up. Conditions repeat the
//! words of the partial index that serves them, because SQLite compares them literally.

use crate::store::sqlite::sql::Sql;

/// The columns of a run, in the words of `rows::run`.
macro_rules! run_columns {
    () => {
        "r.seq, r.id, e.id AS event_id, r.rule, r.rule_hash, r.connection, r.priority, r.key, r.once, r.state, r.why, \
         r.due_at, r.progress, r.created_at, r.updated_at"
    };
}
/// The columns of an event, in the words of `rows::event`. They stand beside those of a run.
macro_rules! event_columns {
    () => {
        "e.seq AS event_seq, e.id AS event_id, e.source, e.sender_id, e.kind, e.received_at, e.live, e.replay_of, \
         e.caused_by, e.depth, e.rule_set, e.format, e.duplicates, e.verdicts, e.envelope, e.thinned_at"
    };
}
/// The columns of an attempt, in the words of `rows::attempt`.
macro_rules! attempt_columns {
    () => {
        "a.run_seq, a.step, a.number, a.verb, a.input, a.trace, a.intended_at, a.send_by, a.ended_at, a.class, a.message, \
         a.output, a.app_type, a.action_run_id"
    };
}
/// Begins a statement with `groups(connection, priority, rule)`: the parts of `runs_due` of connections that are not held.
/// Each is found by one step into the index; a last one of each priority has no rule.
macro_rules! due_groups {
    () => {
        "WITH RECURSIVE groups(connection, priority, rule) AS (
            SELECT c.name, p.value, (SELECT d.rule FROM runs d WHERE d.connection = c.name AND d.priority = p.value
                AND d.due_at IS NOT NULL ORDER BY d.rule LIMIT 1)
            FROM connections c CROSS JOIN json_each('[2, 1, 0]') p WHERE c.held_since IS NULL AND c.name <> ''
            UNION ALL
            SELECT g.connection, g.priority, (SELECT d.rule FROM runs d WHERE d.connection = g.connection
                AND d.priority = g.priority AND d.due_at IS NOT NULL AND d.rule > g.rule ORDER BY d.rule LIMIT 1)
            FROM groups g WHERE g.rule IS NOT NULL)"
    };
}
/// When the runs of an event last changed, and how they stand.
macro_rules! ends_of_event {
    () => {
        "(SELECT max(r.updated_at) FROM runs r WHERE r.event_seq = e.seq) AS changed, \
         (SELECT group_concat(DISTINCT r.state) FROM runs r WHERE r.event_seq = e.seq) AS states"
    };
}
pub(super) use {attempt_columns, due_groups, event_columns, run_columns};

/// Defines the statements, and the list of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(super) static $name: Sql = Sql::new($text);)*
        /// Every statement with its name.
        #[cfg(test)]
        pub(super) static ALL: &[(&str, &Sql)] = &[$((stringify!($name), &$name)),*];
    };
}

statements! {
    /// Deliveries that are stored already.
    KNOWN_EVENTS = "WITH v(i, source, sender_id, since) AS (VALUES @)
        SELECT v.i, e.seq, e.id FROM v CROSS JOIN events e ON e.source = v.source AND e.sender_id = v.sender_id
        WHERE v.i IS NOT NULL AND (v.since IS NULL OR e.received_at >= v.since)";
    /// Counts deliveries that came again.
    REPEAT_EVENTS = "WITH v(seq, times) AS (VALUES @)
        UPDATE events SET duplicates = duplicates + v.times FROM v WHERE events.seq = v.seq";
    INSERT_EVENTS = "WITH v(seq, id, source, sender_id, kind, received_at, live, replay_of, caused_by, depth, email,
            rule_set, format, duplicates, verdicts, envelope) AS (VALUES @)
        INSERT INTO events (seq, id, source, sender_id, kind, received_at, live, replay_of, caused_by, depth, email,
            rule_set, format, duplicates, verdicts, envelope) SELECT * FROM v WHERE v.seq IS NOT NULL";
    INSERT_BODIES = "WITH v(event_seq, raw, unpacked) AS (VALUES @)
        INSERT INTO bodies (event_seq, raw, unpacked) SELECT * FROM v WHERE v.event_seq IS NOT NULL";
    /// Of two events of one batch that tell of the same id the later one counts: rows come in the order of the events.
    KEEP_PEOPLE = "WITH v(source, kind, value, email, first_name, last_name, phone, event_id, at) AS (VALUES @)
        INSERT INTO people (source, kind, value, email, first_name, last_name, phone, event_id, at)
        SELECT * FROM v WHERE v.source IS NOT NULL
        ON CONFLICT (source, kind, value) DO UPDATE SET email = excluded.email,
            first_name = coalesce(excluded.first_name, first_name), last_name = coalesce(excluded.last_name, last_name),
            phone = coalesce(excluded.phone, phone), event_id = excluded.event_id, at = excluded.at";
    INSERT_AWAITED = "WITH v(source, kind, value, run_seq) AS (VALUES @)
        INSERT INTO awaited (source, kind, value, run_seq) SELECT * FROM v WHERE v.source IS NOT NULL
        ON CONFLICT DO NOTHING";
    /// Runs that wait for these ids become due, where it is known by now who stands behind them.
    WAKE_AWAITED = "WITH v(source, kind, value, now) AS (VALUES @), found(seq, now) AS (
            SELECT w.run_seq, max(v.now) FROM v
            CROSS JOIN people p ON p.source = v.source AND p.kind = v.kind AND p.value = v.value
            CROSS JOIN awaited w ON w.source = v.source AND w.kind = v.kind AND w.value = v.value
            WHERE v.source IS NOT NULL GROUP BY w.run_seq)
        UPDATE runs SET due_at = found.now, due_set_at = found.now
        FROM found WHERE runs.seq = found.seq AND runs.state = 'waiting' AND runs.due_at > found.now";
    DELETE_AWAITED = "WITH v(run_seq) AS (VALUES @)
        DELETE FROM awaited WHERE run_seq IN (SELECT v.run_seq FROM v WHERE v.run_seq IS NOT NULL)";
    /// The events of runs that were judged again.
    JUDGED_EVENTS = "WITH v(run_seq) AS (VALUES @)
        SELECT r.seq AS run_seq, e.seq, e.email, e.verdicts, e.envelope
        FROM v CROSS JOIN runs r ON r.seq = v.run_seq CROSS JOIN events e ON e.seq = r.event_seq";
    UPDATE_JUDGED_EVENTS = "WITH v(seq, email, verdicts, envelope) AS (VALUES @)
        UPDATE events SET email = v.email, verdicts = v.verdicts, envelope = v.envelope FROM v WHERE events.seq = v.seq";
    /// Their states are written by then: a run that is declined does not take the `once` value that it wanted.
    UPDATE_JUDGED_RUNS = "WITH v(seq, key, once) AS (VALUES @)
        UPDATE runs SET key = v.key, once = v.once FROM v WHERE runs.seq = v.seq";
    /// The first event that reports a call is its report.
    MARK_REPORTED = "WITH v(seq, event_seq) AS (VALUES @)
        UPDATE attempts SET reported_by = v.event_seq FROM v WHERE attempts.seq = v.seq AND attempts.reported_by IS NULL";

    /// Who has these `once` values.
    TAKEN_ONCE = "WITH v(i, rule, once) AS (VALUES @)
        SELECT v.i, r.id FROM v CROSS JOIN runs r ON r.rule = v.rule AND r.once = v.once AND r.once IS NOT NULL
            AND r.state NOT IN ('failed', 'cancelled', 'declined')
        WHERE v.i IS NOT NULL";
    /// Which of these keys an unfinished run has, or waits for.
    BUSY_KEYS = "WITH v(i, connection, key) AS (VALUES @)
        SELECT v.i FROM v WHERE v.i IS NOT NULL AND (
            EXISTS (SELECT 1 FROM runs h WHERE h.connection = v.connection AND h.key = v.key AND h.holds_key = 1)
            OR EXISTS (SELECT 1 FROM runs q WHERE q.connection = v.connection AND q.key = v.key AND q.key IS NOT NULL
                AND q.holds_key = 0 AND q.state IN ('ready', 'held', 'waiting') AND q.gives_way = 0))";
    /// A hold of everything holds a new connection too.
    INSERT_CONNECTIONS = "WITH v(name) AS (VALUES @)
        INSERT INTO connections (name, held_micros, held_since)
        SELECT v.name, 0, a.held_since FROM v CROSS JOIN connections a ON a.name = ''
        WHERE v.name IS NOT NULL ON CONFLICT (name) DO NOTHING";
    INSERT_RUNS = "WITH v(seq, id, event_seq, rule, rule_hash, connection, priority, key, once, state, why, due_at,
            due_set_at, lease_node, lease_until, lease_epoch, holds_key, created_at, updated_at, progress) AS (VALUES @)
        INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, priority, key, once, state, why, due_at,
            due_set_at, lease_node, lease_until, lease_epoch, holds_key, created_at, updated_at, progress)
        SELECT * FROM v WHERE v.seq IS NOT NULL";
    INSERT_ATTEMPTS = "WITH v(run_seq, step, number, verb, trace, intended_at, send_by, ended_at, class, message,
            app_type, action_run_id, input, output) AS (VALUES @)
        INSERT INTO attempts (run_seq, step, number, verb, trace, intended_at, send_by, ended_at, class, message,
            app_type, action_run_id, input, output) SELECT * FROM v WHERE v.run_seq IS NOT NULL";

    /// Runs that operations name by id or by number.
    STANDING = "WITH v(i, seq, id) AS (VALUES @)
        SELECT r.seq, r.id, r.rule, r.connection, r.key, r.once, r.state, r.why, r.due_at, r.due_set_at, r.lease_node,
            r.lease_until, r.lease_epoch, r.holds_key, r.updated_at
        FROM v CROSS JOIN runs r ON r.seq = coalesce(v.seq, (SELECT n.seq FROM runs n WHERE n.id = v.id))
        WHERE v.i IS NOT NULL";
    UPDATE_RUNS = "WITH v(seq, state, why, due_at, due_set_at, lease_node, lease_until, holds_key, gives_way, updated_at,
            progress) AS (VALUES @)
        UPDATE runs SET state = v.state, why = v.why, due_at = v.due_at, due_set_at = v.due_set_at,
            lease_node = v.lease_node, lease_until = v.lease_until, holds_key = v.holds_key, gives_way = v.gives_way,
            updated_at = v.updated_at, progress = coalesce(v.progress, runs.progress)
        FROM v WHERE runs.seq = v.seq";
    TAKE_ONCE = "WITH v(seq, once) AS (VALUES @)
        UPDATE runs SET once = v.once FROM v WHERE runs.seq = v.seq";
    /// The first outcome of an attempt stays, but for one that told nothing: that one is settled by the next.
    END_ATTEMPTS = "WITH v(run_seq, step, number, ended_at, class, message, app_type, action_run_id, output) AS (VALUES @)
        UPDATE attempts SET ended_at = coalesce(attempts.ended_at, v.ended_at), class = v.class, message = v.message,
            app_type = v.app_type, action_run_id = coalesce(v.action_run_id, attempts.action_run_id), output = v.output
        FROM v WHERE attempts.run_seq = v.run_seq AND attempts.step = v.step AND attempts.number = v.number
            AND (attempts.ended_at IS NULL OR attempts.class = 'unknown')";
    /// How much of these budgets is used: whether this step of this run is counted, and how many since these times, counted
    /// no further than the highest of the limits.
    SPENT = "WITH v(i, scope, run_seq, step, hour, day, most) AS (VALUES @)
        SELECT v.i, EXISTS (SELECT 1 FROM spent s WHERE s.scope = v.scope AND s.run_seq = v.run_seq AND s.step = v.step)
            AS counted,
            (SELECT count(*) FROM (SELECT 1 FROM spent s WHERE s.scope = v.scope AND s.at > v.hour
                LIMIT (SELECT max(most) FROM v))) AS hour,
            (SELECT count(*) FROM (SELECT 1 FROM spent s WHERE s.scope = v.scope AND s.at > v.day
                LIMIT (SELECT max(most) FROM v))) AS day
        FROM v WHERE v.i IS NOT NULL";
    INSERT_SPENT = "WITH v(scope, run_seq, step, at) AS (VALUES @)
        INSERT INTO spent (scope, run_seq, step, at) SELECT * FROM v WHERE v.scope IS NOT NULL";
    /// The oldest run that waits for a free key becomes due; a held one takes the key and stays.
    WAKE_KEYS = "WITH v(connection, key, now) AS (VALUES @),
        heads(seq, now) AS (
            SELECT (SELECT q.seq FROM runs q WHERE q.connection = v.connection AND q.key = v.key AND q.key IS NOT NULL
                AND q.holds_key = 0 AND q.state IN ('ready', 'held', 'waiting') AND q.gives_way = 0
                ORDER BY q.seq LIMIT 1), v.now
            FROM v WHERE v.connection IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM runs h WHERE h.connection = v.connection AND h.key = v.key AND h.holds_key = 1))
        UPDATE runs SET holds_key = (runs.state = 'held'),
            due_at = CASE runs.state WHEN 'ready' THEN coalesce(runs.due_at, heads.now) ELSE runs.due_at END,
            due_set_at = CASE runs.state WHEN 'ready' THEN coalesce(runs.due_set_at, heads.now) ELSE runs.due_set_at END
        FROM heads WHERE runs.seq = heads.seq";
    INSERT_AUDIT = "WITH v(at, action, run_seq, connection, state_before, state_after, reason) AS (VALUES @)
        INSERT INTO audit (at, action, run_seq, connection, state_before, state_after, reason)
        SELECT * FROM v WHERE v.at IS NOT NULL";

    /// The first of each part of `runs_due`: nothing but steps into the index, whatever stands in each.
    FRONTS = concat!(due_groups!(), "
        SELECT g.connection, g.priority, g.rule,
            (SELECT d.due_at FROM runs d WHERE d.connection = g.connection AND d.priority = g.priority
                AND d.rule = g.rule AND d.due_at IS NOT NULL ORDER BY d.due_at LIMIT 1) AS due_at,
            (SELECT d.due_set_at FROM runs d WHERE d.connection = g.connection AND d.priority = g.priority
                AND d.rule = g.rule AND d.due_at IS NOT NULL ORDER BY d.due_at, d.due_set_at LIMIT 1) AS due_set_at,
            (SELECT d.seq FROM runs d WHERE d.connection = g.connection AND d.priority = g.priority
                AND d.rule = g.rule AND d.due_at IS NOT NULL ORDER BY d.due_at, d.due_set_at, d.seq LIMIT 1) AS seq
        FROM groups g WHERE g.rule IS NOT NULL");
    /// Of each of these parts of `runs_due` so many, the longest due first. The index alone is read for those that are too
    /// many, and of it no more than the most that is asked for: SQLite has no limit that differs from row to row.
    DUE = "WITH v(i, connection, priority, rule, now, most) AS (VALUES @)
        SELECT v.i, r.seq, r.key, r.holds_key
        FROM v CROSS JOIN json_each((SELECT json_group_array(d.seq) FROM (SELECT seq FROM runs
            WHERE connection = v.connection AND priority = v.priority AND rule = v.rule AND due_at IS NOT NULL
                AND due_at <= v.now ORDER BY due_at, due_set_at, seq LIMIT (SELECT max(most) FROM v)) d)) j
        CROSS JOIN runs r ON r.seq = j.value
        WHERE v.i IS NOT NULL AND j.key < v.most ORDER BY v.i, j.key";
    /// Who has each key, and who is next.
    QUEUES = "WITH v(i, connection, key, now) AS (VALUES @)
        SELECT v.i, (SELECT h.seq FROM runs h WHERE h.connection = v.connection AND h.key = v.key AND h.holds_key = 1)
            AS holder, n.seq, n.state, n.due_at, n.priority, n.rule
        FROM v LEFT JOIN runs n ON n.seq = (SELECT min(o.seq) FROM (
            SELECT min(q.seq) AS seq FROM runs q WHERE q.connection = v.connection AND q.key = v.key
                AND q.key IS NOT NULL AND q.holds_key = 0 AND q.state IN ('ready', 'held', 'waiting')
                AND q.gives_way = 0
            UNION ALL SELECT min(w.seq) FROM runs w WHERE w.connection = v.connection AND w.key = v.key
                AND w.key IS NOT NULL AND w.holds_key = 0 AND w.state IN ('ready', 'held', 'waiting')
                AND w.gives_way = 1 AND w.due_at <= v.now) o)
        WHERE v.i IS NOT NULL";
    TAKE_RUNS = "WITH v(seq, node, until, now) AS (VALUES @)
        UPDATE runs SET state = 'running', why = NULL, due_at = NULL, due_set_at = NULL, lease_node = v.node,
            lease_until = v.until, lease_epoch = lease_epoch + 1, holds_key = (key IS NOT NULL), gives_way = 0,
            updated_at = v.now
        FROM v WHERE runs.seq = v.seq";
    QUEUE_RUNS = "WITH v(seq, now) AS (VALUES @)
        UPDATE runs SET updated_at = CASE state WHEN 'ready' THEN updated_at ELSE v.now END, state = 'ready',
            why = NULL, due_at = NULL, due_set_at = NULL, gives_way = 0
        FROM v WHERE runs.seq = v.seq";
    /// Runs that were taken and cannot be read: a person must look, and the others go on.
    SET_ASIDE = "WITH v(seq, why, now) AS (VALUES @)
        UPDATE runs SET state = 'held', why = v.why, lease_node = NULL, lease_until = NULL, updated_at = v.now
        FROM v WHERE runs.seq = v.seq";
    CLAIMED = concat!("WITH v(seq) AS (VALUES @) SELECT ", run_columns!(), ", r.lease_epoch, ", event_columns!(), ", b.raw, b.unpacked
        FROM v CROSS JOIN runs r ON r.seq = v.seq CROSS JOIN events e ON e.seq = r.event_seq
        LEFT JOIN bodies b ON b.event_seq = e.seq");
    OPEN_ATTEMPTS = concat!("WITH v(seq) AS (VALUES @) SELECT ", attempt_columns!(), "
        FROM v CROSS JOIN attempts a ON a.run_seq = v.seq WHERE a.ended_at IS NULL ORDER BY a.seq");
    /// Due times that were set later than now: the clock was put back. Their length still holds.
    RECKON_ANEW = "UPDATE runs SET due_at = ?1 + (due_at - due_set_at), due_set_at = ?1
        WHERE due_at IS NOT NULL AND due_set_at > ?1";
    RESCUE = "UPDATE runs SET state = 'ready', why = 'rescued', due_at = ?1, due_set_at = ?1, lease_node = NULL,
            lease_until = NULL, updated_at = ?1
        WHERE state <> 'done' AND state = 'running' AND (lease_until <= ?1 OR (?3 AND lease_node <> ?2))";
    RENEW = "UPDATE runs SET lease_until = ?2 WHERE state <> 'done' AND state = 'running' AND lease_node = ?1";
    RENEW_NODE = "INSERT INTO nodes (id, first_seen, lease_until) VALUES (?1, ?3, ?2)
        ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until";

    INSERT_HOLD = "INSERT INTO holds (connection, kind, reason, since) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (connection, kind) DO UPDATE SET reason = excluded.reason";
    START_HELD = "UPDATE connections SET held_since = ?2 WHERE held_since IS NULL AND (name = ?1 OR ?1 = '')";
    DELETE_HOLD = "DELETE FROM holds WHERE connection = ?1 AND (?2 IS NULL OR kind = ?2)";
    /// Of connections that no hold is left for.
    END_HELD = "UPDATE connections SET held_since = NULL
        WHERE held_since IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.connection IN (connections.name, ''))";

    STANDING_ALERT = "SELECT text FROM alerts WHERE kind = ?1 AND subject = ?2 AND over_at IS NULL";
    INSERT_ALERT = "INSERT INTO alerts (kind, subject, text, since) VALUES (?1, ?2, ?3, ?4)";
    /// Those of a kind and subject that were over since then, among the last ones.
    RECENT_ALERTS = "SELECT seq, text FROM alerts WHERE seq > (SELECT max(l.seq) FROM alerts l) - 1000
        AND kind = ?1 AND subject = ?2 AND over_at >= ?3 ORDER BY seq DESC";
    RAISE_AGAIN = "UPDATE alerts SET over_at = NULL WHERE seq = ?1";
    RENEW_ALERT = "UPDATE alerts SET text = ?3 WHERE kind = ?1 AND subject = ?2 AND over_at IS NULL";
    CALM_ALERT = "UPDATE alerts SET over_at = ?3 WHERE kind = ?1 AND subject = ?2 AND over_at IS NULL";
    /// Runs that wait for a person, by what for: what an approval is asked for differs from run to run.
    WAITING = "SELECT state, CASE WHEN why LIKE ?1 || '%' THEN ?1 ELSE why END AS why, rule, count(*) AS runs
        FROM runs WHERE state <> 'done' AND state IN ('held', 'needs_person') GROUP BY 1, 2, 3";
    KEEP_ACCOUNT = "INSERT INTO accounts (connection, place, synced_at, content) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (connection) DO UPDATE SET place = excluded.place, synced_at = excluded.synced_at, content = excluded.content";

    COUNT_REFUSALS = "WITH v(source, reason, minute, times, detail) AS (VALUES @)
        INSERT INTO refusals (source, reason, minute, count, detail) SELECT * FROM v WHERE v.source IS NOT NULL
        ON CONFLICT (source, reason, minute) DO UPDATE SET count = count + excluded.count, detail = excluded.detail";
    COUNT_HANDSHAKES = "WITH v(source, kind, minute, times) AS (VALUES @)
        INSERT INTO handshakes (source, kind, minute, count) SELECT * FROM v WHERE v.source IS NOT NULL
        ON CONFLICT (source, kind, minute) DO UPDATE SET count = count + excluded.count";
    INSERT_RULES = "WITH v(hash, rule, file, text, first_seen) AS (VALUES @)
        INSERT INTO rules (hash, rule, file, text, first_seen) SELECT * FROM v WHERE v.hash IS NOT NULL
        ON CONFLICT (hash) DO NOTHING";
    END_RULE_SET = "UPDATE rule_sets SET active_to = ?3 WHERE node = ?1 AND active_to IS NULL AND hash <> ?2";
    START_RULE_SET = "INSERT INTO rule_sets (hash, members, node, active_from) VALUES (?2, ?3, ?1, ?4)
        ON CONFLICT (node) WHERE active_to IS NULL DO NOTHING";
    NODE_RULE_SET = "INSERT INTO nodes (id, rule_set, first_seen) VALUES (?1, ?2, ?3)
        ON CONFLICT (id) DO UPDATE SET rule_set = excluded.rule_set";

    KNOWN_NODE = "SELECT 1 FROM nodes WHERE id = ?1";
    /// What may be old enough, with the states of its runs. The oldest comes first; what stays is passed over once a look.
    OLD_BODIES = concat!("SELECT e.seq, length(b.raw) AS bytes, e.received_at AS since, ", ends_of_event!(), "
        FROM bodies b CROSS JOIN events e ON e.seq = b.event_seq WHERE b.event_seq > ?1 ORDER BY b.event_seq LIMIT ?2");
    OLD_EVENTS = concat!("SELECT e.seq, coalesce((SELECT length(b.raw) FROM bodies b WHERE b.event_seq = e.seq), 0) AS bytes,
            e.received_at AS since, ", ends_of_event!(), "
        FROM events e WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
    OLD_CALLS = "SELECT r.seq, 0 AS bytes, r.created_at AS since, r.updated_at AS changed, r.state AS states
        FROM (SELECT DISTINCT a.run_seq AS seq FROM attempts a WHERE a.run_seq > ?1 ORDER BY a.run_seq LIMIT ?2) c
        CROSS JOIN runs r ON r.seq = c.seq ORDER BY r.seq";
    DELETE_BODIES = "WITH v(seq, most) AS (VALUES @) DELETE FROM bodies WHERE event_seq IN (SELECT v.seq FROM v)";
    /// Who it was about stays: it is what the event is found by.
    THIN_EVENTS = "WITH v(seq, now) AS (VALUES @)
        UPDATE events SET thinned_at = v.now, envelope = json_object('person', envelope -> '$.person')
        FROM v WHERE events.seq = v.seq";
    THIN_RUNS = "WITH v(seq, now) AS (VALUES @) UPDATE runs SET thinned_at = v.now FROM v WHERE runs.seq = v.seq";
    THIN_RUNS_OF_EVENTS = "WITH v(seq, now) AS (VALUES @) UPDATE runs SET thinned_at = v.now FROM v WHERE runs.event_seq = v.seq";
    DELETE_CALLS = "WITH v(seq, most) AS (VALUES @) DELETE FROM attempts WHERE seq IN (
        SELECT a.seq FROM v CROSS JOIN attempts a ON a.run_seq = v.seq LIMIT (SELECT max(most) FROM v))";
    DELETE_CALLS_OF_EVENTS = "WITH v(seq, most) AS (VALUES @) DELETE FROM attempts WHERE seq IN (
        SELECT a.seq FROM v CROSS JOIN runs r ON r.event_seq = v.seq CROSS JOIN attempts a ON a.run_seq = r.seq
        LIMIT (SELECT max(most) FROM v))";
    /// A run has few of them.
    DELETE_SPENT = "WITH v(seq, most) AS (VALUES @) DELETE FROM spent WHERE run_seq IN (
        SELECT r.seq FROM v CROSS JOIN runs r ON r.event_seq = v.seq)";
    DELETE_RUNS = "WITH v(seq, most) AS (VALUES @) DELETE FROM runs WHERE seq IN (
        SELECT r.seq FROM v CROSS JOIN runs r ON r.event_seq = v.seq LIMIT (SELECT max(most) FROM v))";
    DELETE_EVENTS = "WITH v(seq, most) AS (VALUES @) DELETE FROM events WHERE seq IN (SELECT v.seq FROM v)";
    DELETE_REFUSALS = "DELETE FROM refusals WHERE rowid IN (
        SELECT f.rowid FROM refusals f WHERE f.minute < ?1 ORDER BY f.minute LIMIT ?2)";
    DELETE_HANDSHAKES = "DELETE FROM handshakes WHERE rowid IN (
        SELECT h.rowid FROM handshakes h WHERE h.minute < ?1 ORDER BY h.minute LIMIT ?2)";
    DELETE_ALERTS = "DELETE FROM alerts WHERE seq IN (
        SELECT a.seq FROM alerts a WHERE a.since < ?1 AND a.over_at < ?1 ORDER BY a.since LIMIT ?2)";
    /// Numbers follow the time, so the first that is young ends it.
    DELETE_AUDIT = "DELETE FROM audit WHERE seq IN (
        SELECT o.seq FROM (SELECT seq, at FROM audit WHERE seq > 0 ORDER BY seq LIMIT ?2) o WHERE o.at < ?1)";

    HOLDS = "SELECT connection, kind, reason, since FROM holds ORDER BY since, connection, kind";
    CONNECTIONS = "SELECT name FROM connections";
    LAST_NUMBERS = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),
        coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'runs'), 0)";
}
