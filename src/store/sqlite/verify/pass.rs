//! One pass over a table: piece by piece, all checks of its rows in one statement.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::{CHECKS, Results, RowCheck};
use crate::run::step_number;
use crate::store::StoreError;
use crate::store::sqlite::error;
use crate::store::verify::{Broken, Told, Verify};

/// Rows of a piece: so long a snapshot is held at most.
const PIECE_ROWS: i64 = 5_000;

/// A table that is gone through.
pub(in crate::store::sqlite) struct Pass {
    /// Its name.
    pub(in crate::store::sqlite) name: &'static str,
    /// The table under the name that the checks give it, and what is looked up for each row.
    from: &'static str,
    /// The column that numbers its rows; none where it is read as a whole, because it has no numbers.
    number: Option<&'static str>,
    /// The id of the event, of the run, and what else a row is known by.
    subject: (&'static str, &'static str, &'static str),
}

pub(super) static EVENTS: Pass = Pass {
    name: "events",
    from: "events e NOT INDEXED",
    number: Some("e.seq"),
    subject: ("e.id", "NULL", "NULL"),
};
pub(super) static RUNS: Pass = Pass {
    name: "runs",
    from: "runs r NOT INDEXED",
    number: Some("r.seq"),
    subject: (
        "(SELECT e.id FROM events e WHERE e.seq = r.event_seq)",
        "r.id",
        "r.rule",
    ),
};
pub(super) static ATTEMPTS: Pass = Pass {
    name: "attempts",
    from: "attempts a NOT INDEXED CROSS JOIN runs r ON r.seq = a.run_seq",
    number: Some("a.seq"),
    subject: (
        "NULL",
        "r.id",
        "'{step ' || a.step || '}, attempt ' || a.number || ' (' || a.verb || ')'",
    ),
};
pub(super) static RULE_SETS: Pass = Pass {
    name: "rule_sets",
    from: "rule_sets k NOT INDEXED",
    number: Some("k.seq"),
    subject: ("NULL", "NULL", "'rule set ' || substr(k.hash, 1, 12)"),
};
pub(super) static PEOPLE: Pass = Pass {
    name: "people",
    from: "people p",
    number: None,
    subject: (
        "NULL",
        "NULL",
        "p.source || ' ' || p.kind || ' ' || p.value",
    ),
};
pub(super) static CONNECTIONS: Pass = Pass {
    name: "connections",
    from: "connections c NOT INDEXED",
    number: Some("c.rowid"),
    subject: (
        "NULL",
        "NULL",
        "CASE c.name WHEN '' THEN 'all connections' ELSE 'connection ' || c.name END",
    ),
};
pub(super) static HOLDS: Pass = Pass {
    name: "holds",
    from: "holds h NOT INDEXED",
    number: Some("h.rowid"),
    subject: (
        "NULL",
        "NULL",
        "CASE h.connection WHEN '' THEN 'all connections' ELSE 'connection ' || h.connection END || ', ' || h.kind",
    ),
};
pub(super) static ALERTS: Pass = Pass {
    name: "alerts",
    from: "alerts l NOT INDEXED",
    number: Some("l.seq"),
    subject: ("NULL", "NULL", "l.kind || ' ' || l.subject"),
};
pub(super) static SPENT: Pass = Pass {
    name: "spent",
    from: "spent t",
    number: None,
    subject: (
        "NULL",
        "(SELECT r.id FROM runs r WHERE r.seq = t.run_seq)",
        "t.scope || CASE t.step WHEN '' THEN '' ELSE ', step ' || t.step END",
    ),
};

/// All of them, in the order in which they are gone through.
pub(in crate::store::sqlite) static PASSES: &[&Pass] = &[
    &EVENTS,
    &RUNS,
    &ATTEMPTS,
    &RULE_SETS,
    &PEOPLE,
    &CONNECTIONS,
    &HOLDS,
    &ALERTS,
    &SPENT,
];

impl Pass {
    /// The checks of its rows.
    pub(super) fn checks(&'static self) -> impl Iterator<Item = &'static RowCheck> {
        let all = CHECKS.iter().flat_map(|checks| checks.iter());
        all.filter(|check| std::ptr::eq(check.of, self))
    }

    /// The rows between two numbers that break a check, with what is wrong for each check.
    pub(in crate::store::sqlite) fn sql(&'static self) -> String {
        let (event, run, name) = self.subject;
        let whats = self
            .checks()
            .map(|check| format!("CASE WHEN {} THEN {} END", check.broken, check.what));
        let broken = self.checks().map(|check| format!("({})", check.broken));
        let broken = broken.collect::<Vec<_>>().join("\n OR ");
        let whats = whats.collect::<Vec<_>>().join(",\n ");
        let between = self.number.map_or_else(String::new, |number| {
            format!("{number} > ?1 AND {number} <= ?2 AND ")
        });
        format!(
            "SELECT {event} AS event, {run} AS run, {name} AS name,\n {whats}\nFROM {}\nWHERE {between}({broken})",
            self.from
        )
    }

    /// The last number that there is: what comes after it is not looked at.
    pub(super) async fn end(&self, db: &mut SqliteConnection) -> Result<i64, StoreError> {
        let sql = match self.number {
            Some(_) => format!("SELECT coalesce(max(rowid), 0) FROM {}", self.name),
            None => "SELECT 0".to_owned(),
        };
        let end = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(db).await;
        end.map_err(error::of)
    }

    /// Where a piece ends that begins after a number, and how many rows it has.
    pub(in crate::store::sqlite) fn piece(&self) -> String {
        let table = self.name;
        match self.number {
            Some(_) => format!(
                "SELECT max(n), count(*) FROM (SELECT rowid AS n FROM {table} WHERE rowid > ?1 AND rowid <= ?2
                    ORDER BY rowid LIMIT {PIECE_ROWS})"
            ),
            None => format!("SELECT 0, count(*) FROM {table}"),
        }
    }
}

/// Goes through a table up to this number.
pub(super) async fn go_through(
    db: &mut SqliteConnection,
    pass: &'static Pass,
    end: i64,
    asked: &Verify<'_>,
    results: &mut Results,
) -> Result<(), StoreError> {
    let (piece, sql) = (pass.piece(), pass.sql());
    let (mut from, mut done) = (i64::MIN, 0);
    loop {
        let told = Told {
            what: pass.name,
            done,
            of: u64::try_from(end).unwrap_or(0).max(done),
        };
        (asked.told)(told);
        let Some((last, rows)) = one(db, pass, (&piece, &sql), (from, end), results).await? else {
            return Ok(());
        };
        done += rows;
        from = last;
        if pass.number.is_none() {
            return Ok(());
        }
    }
}

/// One piece: its last row and how many it has.
async fn one(
    db: &mut SqliteConnection,
    pass: &'static Pass,
    (piece, sql): (&str, &str),
    (from, end): (i64, i64),
    results: &mut Results,
) -> Result<Option<(i64, u64)>, StoreError> {
    let bounds = sqlx::query(AssertSqlSafe(piece.to_owned()))
        .bind(from)
        .bind(end)
        .fetch_one(&mut *db)
        .await
        .map_err(error::of)?;
    let Some(last) = bounds.get::<Option<i64>, _>(0) else {
        return Ok(None);
    };
    let rows = u64::try_from(bounds.get::<i64, _>(1)).unwrap_or(0);
    let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    if pass.number.is_some() {
        query = query.bind(from).bind(last);
    }
    let found = query.fetch_all(&mut *db).await.map_err(error::of)?;
    for check in pass.checks() {
        results.of(check.check).rows += rows;
    }
    for row in &found {
        take_in(row, pass, results);
    }
    Ok(Some((last, rows)))
}

fn take_in(row: &SqliteRow, pass: &'static Pass, results: &mut Results) {
    for (index, check) in (3..).zip(pass.checks()) {
        if let Some(what) = row.get::<Option<String>, usize>(index) {
            results.of(check.check).add(Broken {
                event: row.try_get("event").unwrap_or_default(),
                run: row.try_get("run").unwrap_or_default(),
                name: row.get::<Option<&str>, _>("name").map(counted),
                what: counted(&what),
            });
        }
    }
}

/// Steps as people count them: where SQL says `{step 0}`, it is step 1.
fn counted(text: &str) -> String {
    let Some((before, (path, after))) = text
        .split_once("{step ")
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return text.to_owned();
    };
    format!("{before}step {}{after}", step_number(path))
}
