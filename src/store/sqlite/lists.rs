//! Lists of events and runs: the questions put together, and holds of connections shown on the runs they stop.

use sqlx::{QueryBuilder, Sqlite};

use crate::clock::micros;
use crate::run::{Run, State};
use crate::store::sqlite::rows;
use crate::store::sqlite::statements::{event_columns, run_columns};
use crate::store::{EventFilter, Hold, RunFilter};

/// A list shows at most so many rows; a limit of 0 asks for as many.
const ROWS_MAX: u32 = 1_000;

/// The question for a list of events.
pub(super) fn events(filter: &EventFilter, bodies: bool) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(concat!("SELECT ", event_columns!()));
    query.push(if bodies {
        ", b.raw, b.unpacked FROM events e LEFT JOIN bodies b ON b.event_seq = e.seq WHERE true"
    } else {
        " FROM events e WHERE true"
    });
    if let Some(source) = &filter.source {
        query.push(" AND e.source = ").push_bind(source.clone());
    }
    if let Some(kind) = &filter.kind {
        let glob = kind.contains(['*', '?']);
        query.push(if glob {
            " AND e.kind GLOB "
        } else {
            " AND e.kind = "
        });
        query.push_bind(if glob { plain_glob(kind) } else { kind.clone() });
    }
    if let Some(email) = &filter.email {
        query.push(" AND e.email = ").push_bind(rows::email(email));
    }
    if let Some(since) = filter.since {
        // Numbers follow the time of arrival, but for a clock that was put back, so the list is cut off at the first
        // event since then instead of being read to its end.
        query
            .push(" AND e.received_at >= ")
            .push_bind(micros(since))
            .push(" AND e.seq >= (SELECT n.seq FROM events n WHERE n.received_at >= ")
            .push_bind(micros(since))
            .push(" ORDER BY n.received_at, n.seq LIMIT 1)");
    }
    page("e", filter.before, filter.after, &mut query);
    query.push(if filter.after.is_some() {
        " ORDER BY e.seq"
    } else {
        " ORDER BY e.seq DESC"
    });
    query.push(" LIMIT ").push_bind(limit(filter.limit));
    query
}

/// The question for a list of runs.
pub(super) fn runs(filter: &RunFilter, holds: &[Hold]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(concat!(
        "SELECT ",
        run_columns!(),
        " FROM runs r CROSS JOIN events e ON e.seq = r.event_seq WHERE true"
    ));
    if let Some(state) = filter.state {
        in_state(state, holds, &mut query);
    }
    if let Some(rule) = &filter.rule {
        query.push(" AND r.rule = ").push_bind(rule.clone());
    }
    if let Some(connection) = &filter.connection {
        query
            .push(" AND r.connection = ")
            .push_bind(connection.clone());
    }
    if let Some(key) = &filter.key {
        query.push(" AND r.key = ").push_bind(key.clone());
    }
    if let Some(event) = filter.event {
        query
            .push(" AND r.event_seq = (SELECT seq FROM events WHERE id = ")
            .push_bind(event)
            .push(")");
    }
    page("r", filter.before, None, &mut query);
    if let Some(since) = filter.changed_since {
        query
            .push(" AND r.updated_at >= ")
            .push_bind(micros(since))
            .push(" ORDER BY r.updated_at, r.seq");
    } else {
        query.push(" ORDER BY r.seq DESC");
    }
    query.push(" LIMIT ").push_bind(limit(filter.limit));
    query
}

/// A run as people see it: one that would go on but for its connection is held.
pub(super) fn as_shown(mut run: Run, holds: &[Hold]) -> Run {
    if !matches!(run.state, State::Ready | State::Retrying) {
        return run;
    }
    let own = holds.iter().find(|hold| hold.connection == run.connection);
    let all = || holds.iter().find(|hold| hold.connection.is_empty());
    if let Some(hold) = own.or_else(all) {
        run.state = State::Held;
        run.why = Some(hold.kind.name().into());
    }
    run
}

/// The condition for a state as people see it. `state <> 'done'` is what the index `runs_open` is known by.
fn in_state(state: State, holds: &[Hold], query: &mut QueryBuilder<Sqlite>) {
    if state != State::Done {
        query.push(" AND r.state <> 'done'");
    }
    match state {
        State::Held if !holds.is_empty() => {
            query.push(" AND r.state IN ('held', 'ready', 'retrying') AND (r.state = 'held' OR ");
            of_held_connection(holds, query);
            query.push(")");
        }
        State::Ready | State::Retrying if !holds.is_empty() => {
            query.push(format_args!(" AND r.state = '{}' AND NOT ", state.name()));
            of_held_connection(holds, query);
        }
        _ => {
            query.push(format_args!(" AND r.state = '{}'", state.name()));
        }
    }
}

fn of_held_connection(holds: &[Hold], query: &mut QueryBuilder<Sqlite>) {
    if holds.iter().any(|hold| hold.connection.is_empty()) {
        query.push("true");
        return;
    }
    query.push("r.connection IN (");
    let mut names = query.separated(", ");
    for hold in holds {
        names.push_bind(hold.connection.to_string());
    }
    query.push(")");
}

fn page(table: &str, before: Option<i64>, after: Option<i64>, query: &mut QueryBuilder<Sqlite>) {
    if let Some(before) = before {
        query
            .push(format_args!(" AND {table}.seq < "))
            .push_bind(before);
    }
    if let Some(after) = after {
        query
            .push(format_args!(" AND {table}.seq > "))
            .push_bind(after);
    }
}

/// How many rows a list may have.
pub(super) fn limit(limit: u32) -> u32 {
    if limit == 0 {
        ROWS_MAX
    } else {
        limit.min(ROWS_MAX)
    }
}

/// `*` and `?` as people mean them; SQLite's brackets stand for themselves.
fn plain_glob(glob: &str) -> String {
    glob.replace('[', "[[]")
}
