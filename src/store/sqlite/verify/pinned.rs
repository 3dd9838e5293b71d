//! Invariant 11.

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::pass::{RULE_SETS, RUNS};
use super::{Results, RowCheck};
use crate::store::StoreError;
use crate::store::sqlite::error;
use crate::store::verify::pinned;
use crate::store::verify::{Broken, Checked};

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
];

/// A part of them at a time, each with what its hash is made of.
const TEXTS: &str =
    "SELECT rowid AS seq, hash, 'rule ' || rule AS name, json_array(text) AS parts FROM rules
    WHERE rowid > ?1 ORDER BY rowid LIMIT 200";
const SETS: &str = "SELECT seq, hash, 'rule set' AS name, members AS parts FROM rule_sets
    WHERE seq > ?1 ORDER BY seq LIMIT 200";

/// Makes the hashes of all texts and sets again.
pub(super) async fn look_at_texts(db: &mut SqliteConnection, results: &mut Results) {
    for (sql, check) in [(TEXTS, &pinned::TEXT_HASH), (SETS, &pinned::SET_HASH)] {
        let checked = results.of(check);
        if let Err(error) = make_again(db, sql, checked).await {
            checked.unread = Some(error.to_string());
        }
    }
}

async fn make_again(
    db: &mut SqliteConnection,
    sql: &'static str,
    checked: &mut Checked,
) -> Result<(), StoreError> {
    let mut last = i64::MIN;
    loop {
        let found = sqlx::query(sql).bind(last).fetch_all(&mut *db).await;
        let found = found.map_err(error::of)?;
        let Some(row) = found.last() else {
            return Ok(());
        };
        last = row.get("seq");
        for row in &found {
            checked.rows += 1;
            let (hash, name, parts): (&str, &str, &str) =
                (row.get("hash"), row.get("name"), row.get("parts"));
            let parts: Vec<String> = serde_json::from_str(parts).unwrap_or_default();
            if hash_of(&parts) != hash {
                checked.add(Broken {
                    name: Some(format!("{name} {}", hash.get(..12).unwrap_or(hash))),
                    what: "it does not make the hash that it is stored under".into(),
                    ..Broken::default()
                });
            }
        }
    }
}

fn hash_of(parts: &[String]) -> String {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part.as_bytes()));
    hex::encode(digest.finalize())
}
