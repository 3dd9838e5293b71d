//! What the checks look up beside the tables: small tables of this connection's own, in memory, made at the start.

use sqlx::sqlite::SqliteConnection;

use crate::action::{ActionSpec, Safety};
use crate::store::sqlite::error;
use crate::store::{AlertKind, HoldKind, StoreError};

/// Which sets there are and who their members are; which runs a person resolved or cancelled; since when and until when each connection
/// was held; what this program knows, and whether retention has removed whole events. A hold goes from its entry in the audit to the next release of its connection.
const TABLES: &str = "
    PRAGMA temp_store = MEMORY;
    CREATE TEMP TABLE verify_sets (hash TEXT PRIMARY KEY) WITHOUT ROWID;
    INSERT OR IGNORE INTO verify_sets SELECT hash FROM main.rule_sets;
    CREATE TEMP TABLE verify_members (rule_set TEXT, rule_hash TEXT, PRIMARY KEY (rule_set, rule_hash)) WITHOUT ROWID;
    INSERT OR IGNORE INTO verify_members SELECT s.hash, m.value
        FROM (SELECT hash, max(seq) AS seq FROM main.rule_sets GROUP BY hash) l
        CROSS JOIN main.rule_sets s ON s.seq = l.seq
        CROSS JOIN json_each(CASE WHEN json_valid(s.members) THEN s.members ELSE '[]' END) m WHERE m.value IS NOT NULL;
    CREATE TEMP TABLE verify_resolved (run_seq INTEGER);
    INSERT INTO verify_resolved SELECT run_seq FROM main.audit WHERE action = 'resolve' AND run_seq IS NOT NULL;
    CREATE INDEX temp.verify_resolved_run ON verify_resolved (run_seq);
    CREATE TEMP TABLE verify_cancelled (run_seq INTEGER PRIMARY KEY, at INTEGER);
    INSERT OR REPLACE INTO verify_cancelled SELECT run_seq, at FROM main.audit
        WHERE state_after = 'cancelled' AND run_seq IS NOT NULL ORDER BY seq;
    CREATE TEMP TABLE verify_stops (connection TEXT, since INTEGER, until INTEGER, PRIMARY KEY (connection, since)) WITHOUT ROWID;
    INSERT OR IGNORE INTO verify_stops SELECT connection, at, coalesce(until, 9223372036854775807) FROM (
        SELECT connection, at, action, min(CASE action WHEN 'release' THEN at END)
            OVER (PARTITION BY connection ORDER BY seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
        FROM main.audit WHERE action IN ('hold', 'release') AND connection IS NOT NULL) WHERE action = 'hold';
    CREATE TEMP TABLE verify_verbs (verb TEXT PRIMARY KEY, safety TEXT) WITHOUT ROWID;
    CREATE TEMP TABLE verify_words (of TEXT, word TEXT, told INTEGER, PRIMARY KEY (of, word)) WITHOUT ROWID;
    INSERT INTO verify_words SELECT 'removed', 'events', 0
        WHERE (SELECT count(*) FROM main.events) < (SELECT coalesce(max(seq), 0) FROM main.events);";

/// Makes them.
pub(in crate::store::sqlite) async fn prepare(
    db: &mut SqliteConnection,
    actions: &[ActionSpec],
) -> Result<(), StoreError> {
    sqlx::raw_sql(TABLES)
        .execute(&mut *db)
        .await
        .map_err(error::of)?;
    for action in actions {
        let safety = match action.safety {
            Safety::Safe => "safe",
            Safety::Noticeable => "noticeable",
            Safety::Never => "never",
        };
        sqlx::query("INSERT OR IGNORE INTO verify_verbs VALUES (?1, ?2)")
            .bind(action.key)
            .bind(safety)
            .execute(&mut *db)
            .await
            .map_err(error::of)?;
    }
    let holds = HoldKind::ALL.map(|kind| ("hold", kind.name(), kind.is_told()));
    let alerts = AlertKind::ALL.map(|kind| ("alert", kind.name(), false));
    for (of, word, told) in holds.into_iter().chain(alerts) {
        sqlx::query("INSERT INTO verify_words VALUES (?1, ?2, ?3)")
            .bind(of)
            .bind(word)
            .bind(told)
            .execute(&mut *db)
            .await
            .map_err(error::of)?;
    }
    Ok(())
}
