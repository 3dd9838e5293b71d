//! Traces: which call of ours an event reports.

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row};

use crate::clock::micros;
use crate::store::sqlite::error;
use crate::store::{StoreError, Traced};

/// The question for the newest call with one of these traces that nothing has reported yet.
pub(super) fn question(traces: &[String], since: Timestamp) -> QueryBuilder<sqlx::Sqlite> {
    let mut query = QueryBuilder::new(
        "SELECT a.seq, r.id, e.depth FROM attempts a CROSS JOIN runs r ON r.seq = a.run_seq
        CROSS JOIN events e ON e.seq = r.event_seq
        WHERE a.trace IS NOT NULL AND a.reported_by IS NULL AND a.trace IN (",
    );
    let mut each = query.separated(", ");
    for trace in traces {
        each.push_bind(trace.clone());
    }
    query
        .push(") AND a.intended_at >= ")
        .push_bind(micros(since));
    // The other classes say that the call changed nothing.
    query.push(
        " AND (a.class IS NULL OR a.class IN ('done', 'already', 'unknown'))
        ORDER BY a.intended_at DESC, a.seq DESC LIMIT 1",
    );
    query
}

/// The call, for the reader.
pub(super) async fn find(
    db: &mut SqliteConnection,
    traces: &[String],
    since: Timestamp,
) -> Result<Option<Traced>, StoreError> {
    if traces.is_empty() {
        return Ok(None);
    }
    let mut query = question(traces, since);
    let found = query.build().fetch_optional(db).await.map_err(error::of)?;
    Ok(found.map(|row| Traced {
        attempt: row.get("seq"),
        run: row.get("id"),
        depth: row.get("depth"),
    }))
}
