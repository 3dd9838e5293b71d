//! That what stands behind what was asked for is not read: neither a backlog, nor what was spent beyond a limit.

use super::*;
use crate::store::sqlite::sql::Rows;

const COUNT: &str =
    "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 40) ";

async fn fill(db: &mut SqliteConnection, sql: &str) {
    let sql = sqlx::AssertSqlSafe(format!("{COUNT}{sql}"));
    sqlx::raw_sql(sql).execute(db).await.unwrap();
}

#[tokio::test]
async fn of_each_rule_so_many_runs_are_read_as_have_a_turn() {
    let mut fresh = fresh().await;
    let event = "INSERT INTO events (seq, id, source, sender_id, kind, received_at, rule_set, format, verdicts, envelope)
        VALUES (1, zeroblob(16), 's', 'e', '', 0, 'r', 'empty', '[]', '{}')";
    sqlx::raw_sql(event).execute(&mut fresh.db).await.unwrap();
    let runs = "INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, state, due_at, due_set_at, created_at,
            updated_at, progress)
        SELECT n, randomblob(16), 1, 'rule' || (n % 2), 'h', 'main', 'ready', 100 - n, 0, 0, 0, '{}' FROM n";
    fill(&mut fresh.db, runs).await;
    let mut due = Rows::of(&statements::DUE);
    for (index, most) in [(0, 3), (1, 1)] {
        due.row()
            .put(index)
            .put("main")
            .put(1)
            .put(format!("rule{index}"))
            .put(70)
            .put(most);
    }
    let found = due.fetch(&mut fresh.db).await.unwrap();
    let found: Vec<(i64, i64)> = found.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(found, [(0, 40), (0, 38), (0, 36), (1, 39)]);
}

#[tokio::test]
async fn what_was_spent_is_counted_as_far_as_the_limit() {
    let mut fresh = fresh().await;
    let spent = "INSERT INTO spent (scope, run_seq, step, at) SELECT 'rule a', n, '', n FROM n";
    fill(&mut fresh.db, spent).await;
    let mut look_up = Rows::of(&statements::SPENT);
    for (index, since, most) in [(0, 30, 7), (1, 36, 2), (2, 50, 0)] {
        look_up
            .row()
            .put(index)
            .put("rule a")
            .put(index)
            .put("")
            .put(since)
            .put(None::<i64>)
            .put(most);
    }
    let found = look_up.fetch(&mut fresh.db).await.unwrap();
    let hours: Vec<i64> = found.iter().map(|row| row.get("hour")).collect();
    assert_eq!(hours, [7, 4, 0], "no further than the highest limit");
}
