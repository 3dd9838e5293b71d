//! That the right index serves every statement, and that none walks what grows.

use super::*;

/// How SQLite goes about a statement, a line per table.
pub(super) async fn plan(db: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(db).await;
    let rows = rows.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// A table that grows must be looked up, never walked; neither may a look-up end in a sort of it.
#[tokio::test]
async fn no_statement_of_the_writer_walks_a_table_that_grows() {
    let mut fresh = fresh().await;
    // Once in the life of a process, and when a clock was put back: it walks what is due.
    let rare = ["RECKON_ANEW"];
    for (name, sql) in statements::ALL {
        if rare.contains(name) {
            continue;
        }
        for size in [0, SIZES.len() - 1] {
            for line in plan(&mut fresh.db, sql.of_size(size)).await {
                let table = line.strip_prefix("SCAN ").unwrap_or("v");
                let table = table.split(' ').next().unwrap_or_default();
                let small = SMALL.contains(&table)
                    || table.starts_with("(subquery")
                    || line.contains("CONSTANT ROW");
                assert!(small, "{name}: {line}");
            }
        }
    }
}

/// What a statement may walk: the rows it was given, and tables that stay small.
const SMALL: [&str; 15] = [
    "v",
    "c",
    "j",
    "d",
    "heads",
    "found",
    "holds",
    "connections",
    "sqlite_sequence",
    "p",
    "g",
    "t",
    "o",
    "groups",
    "turns",
];

#[tokio::test]
async fn the_indexes_for_claims_and_keys_are_used() {
    let mut fresh = fresh().await;
    for (sql, index) in [
        (
            &statements::QUEUES,
            "runs_queue (connection=? AND key=? AND gives_way=?)",
        ),
        (&statements::QUEUES, "runs_holder"),
        (
            &statements::WAKE_KEYS,
            "runs_queue (connection=? AND key=? AND gives_way=?)",
        ),
        (
            &statements::BUSY_KEYS,
            "runs_queue (connection=? AND key=? AND gives_way=?)",
        ),
        (&statements::SPENT, "spent_at (scope=? AND at>?)"),
        (&statements::TAKEN_ONCE, "runs_once"),
        (&statements::RESCUE, "runs_open"),
        (&statements::RENEW, "runs_open"),
        (&statements::END_ATTEMPTS, "attempts_number"),
        (&statements::OPEN_ATTEMPTS, "attempts_number"),
        (&statements::KNOWN_EVENTS, "events_delivery"),
        (
            &statements::WAKE_AWAITED,
            "w USING PRIMARY KEY (source=? AND kind=? AND value=?)",
        ),
        (&statements::DELETE_AWAITED, "awaited_run (run_seq=?)"),
        (&statements::OLD_CALLS, "attempts_number (run_seq>?)"),
        (&statements::OLD_EVENTS, "runs_event (event_seq=?)"),
        (&statements::DELETE_SPENT, "spent_run (run_seq=?)"),
        (&statements::DELETE_REFUSALS, "refusals_minute (minute<?)"),
        (
            &statements::DELETE_HANDSHAKES,
            "handshakes_minute (minute<?)",
        ),
        (&statements::DELETE_ALERTS, "alerts_since (since<?)"),
    ] {
        let lines = plan(&mut fresh.db, sql.of_size(0)).await;
        let used = lines.iter().any(|line| line.contains(index));
        assert!(used, "{index} in {lines:?}");
    }
}

/// However many runs are due, only the parts of the index are stepped through, and of each the first rows.
#[tokio::test]
async fn a_look_for_due_runs_steps_from_rule_to_rule() {
    let mut fresh = fresh().await;
    for (sql, last) in [
        (statements::FRONTS.text(), "rule=? AND due_at>?)"),
        (read::DUE, "rule=? AND due_at>? AND due_at<?)"),
    ] {
        let lines = plan(&mut fresh.db, sql).await;
        for part in ["connection=? AND priority=?)", "rule>?)", last] {
            let used = lines
                .iter()
                .any(|line| line.contains("USING COVERING INDEX runs_due") && line.ends_with(part));
            assert!(used, "{part} in {lines:?}");
        }
        let reads_runs =
            |line: &String| line.contains("INTEGER PRIMARY KEY") || line.contains("SCAN r");
        assert!(!lines.iter().any(reads_runs), "{lines:?}");
    }
    let lines = plan(&mut fresh.db, statements::DUE.of_size(0)).await;
    let used = lines.iter().any(|line| {
        line.contains("USING COVERING INDEX runs_due") && line.ends_with("due_at>? AND due_at<?)")
    });
    assert!(used, "{lines:?}");
}

#[tokio::test]
async fn what_stands_and_what_is_reported_is_found_by_an_index_of_its_own() {
    let mut fresh = fresh().await;
    let traces = ["a".to_owned(), "b".to_owned()];
    let traced = trace::question(&traces, from_micros(0));
    for (sql, index) in [
        (alert::STANDING, "alerts_standing"),
        (alert::ALL, "alerts_since"),
        (
            traced.sql().as_str(),
            "attempts_trace (trace=? AND intended_at>?)",
        ),
    ] {
        let lines = plan(&mut fresh.db, sql).await;
        let used = lines.iter().any(|line| line.contains(index));
        assert!(used, "{index} in {lines:?}");
    }
}

#[tokio::test]
async fn lists_are_served_by_an_index_and_not_sorted() {
    let mut fresh = fresh().await;
    let holds = [Hold {
        connection: "main".into(),
        kind: HoldKind::Down,
        reason: String::new(),
        since: from_micros(0),
    }];
    let all = RunFilter::default;
    for filter in [
        all(),
        RunFilter {
            rule: Some("a".into()),
            ..all()
        },
        RunFilter {
            key: Some("a".into()),
            ..all()
        },
        RunFilter {
            state: Some(State::Failed),
            ..all()
        },
        RunFilter {
            state: Some(State::Ready),
            ..all()
        },
        RunFilter {
            changed_since: Some(from_micros(0)),
            ..all()
        },
    ] {
        let query = lists::runs(&filter, &holds);
        let lines = plan(&mut fresh.db, query.sql().as_str()).await;
        assert!(
            !lines.iter().any(|line| line.contains("TEMP B-TREE")),
            "{filter:?}: {lines:?}"
        );
        let narrow = filter.rule.is_some() || filter.key.is_some() || filter.state.is_some();
        let walks = lines.iter().any(|line| line == "SCAN r");
        assert!(!(narrow && walks), "{filter:?}: {lines:?}");
    }
}
