//! Invariants 10 and 11.

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::pass::{RULE_SETS, RUNS};
use super::{Results, RowCheck};
use crate::store::StoreError;
use crate::store::sqlite::error;
use crate::store::verify::Broken;
use crate::store::verify::pinned;

pub(super) const ROWS: &[RowCheck] = &[
    RowCheck {
        check: &pinned::RUN_TEXT,
        of: &RUNS,
        broken: "NOT EXISTS (SELECT 1 FROM rules t WHERE t.hash = r.rule_hash AND t.rule = r.rule)",
        what: "'the text ' || substr(r.rule_hash, 1, 12) || ' of its rule is not stored'",
    },
    RowCheck {
        check: &pinned::SET_MEMBERS,
        of: &RULE_SETS,
        broken: "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(k.members) THEN k.members ELSE '[null]' END) m
            WHERE NOT EXISTS (SELECT 1 FROM rules t WHERE t.hash = m.value))",
        what: "'a text that is its member is not stored'",
    },
    RowCheck {
        check: &pinned::OPEN_BODY,
        of: &RUNS,
        broken: "r.state NOT IN ('declined', 'done', 'cancelled')
            AND NOT EXISTS (SELECT 1 FROM bodies b WHERE b.event_seq = r.event_seq)
            AND EXISTS (SELECT 1 FROM events e WHERE e.seq = r.event_seq AND e.format <> 'empty')",
        what: "'it is ' || r.state || ', and its event has no body'",
    },
];

/// A part of the texts at a time.
const TEXTS: &str =
    "SELECT rowid AS seq, hash, rule, text FROM rules WHERE rowid > ?1 ORDER BY rowid LIMIT 200";
const SETS: &str = "SELECT seq, hash, members FROM rule_sets WHERE seq > ?1 ORDER BY seq LIMIT 200";

/// Makes the hashes of all texts and sets again.
pub(super) async fn look_at_texts(
    db: &mut SqliteConnection,
    results: &mut Results,
) -> Result<(), StoreError> {
    for (sql, check) in [(TEXTS, &pinned::TEXT_HASH), (SETS, &pinned::SET_HASH)] {
        let mut last = i64::MIN;
        loop {
            let found = sqlx::query(sql).bind(last).fetch_all(&mut *db).await;
            let found = found.map_err(error::of)?;
            let Some(row) = found.last() else { break };
            last = row.get("seq");
            let checked = results.of(check);
            for row in &found {
                checked.rows += 1;
                let hash: &str = row.get("hash");
                let (name, made) = match row.try_get::<&str, _>("text") {
                    Ok(text) => {
                        let rule: &str = row.get("rule");
                        (format!("rule {rule}"), hash_of(&[text]))
                    }
                    Err(_) => {
                        let members: Vec<&str> =
                            serde_json::from_str(row.get("members")).unwrap_or_default();
                        ("rule set".to_owned(), hash_of(&members))
                    }
                };
                if made != hash {
                    checked.add(Broken {
                        name: Some(format!("{name} {}", hash.get(..12).unwrap_or(hash))),
                        what: "it does not make the hash that it is stored under".into(),
                        ..Broken::default()
                    });
                }
            }
        }
    }
    Ok(())
}

fn hash_of(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part.as_bytes()));
    hex::encode(digest.finalize())
}
