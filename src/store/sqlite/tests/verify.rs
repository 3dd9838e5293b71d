//! That `verify` goes through each table once, and looks everything else up.

use super::plans::plan;
use super::*;
use crate::store::sqlite::verify::{CHECKS, PASSES, prepare};
use crate::store::verify;

async fn prepared() -> Fresh {
    let mut fresh = fresh().await;
    prepare(&mut fresh.db, &[]).await.unwrap();
    fresh
}

/// Whether a table or a part of it that a plan walks from end to end stays small, or is one row's own.
fn is_small(line: &str) -> bool {
    // Verdicts, steps and members of one row; connections and holds.
    let small = ["v", "s", "m", "h", "c"];
    let walked = line.strip_prefix("SCAN ").unwrap_or("v");
    small.contains(&walked.split(' ').next().unwrap_or_default())
}

#[tokio::test]
async fn no_check_walks_a_table_for_each_row() {
    let mut fresh = prepared().await;
    for pass in PASSES {
        let lines = plan(&mut fresh.db, &pass.sql()).await;
        let (first, rest) = lines.split_first().unwrap();
        let once = match first.strip_prefix("SEARCH ") {
            Some(search) => search.ends_with("USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
            None => first == "SCAN p" || first.starts_with("SCAN t USING COVERING INDEX spent_"),
        };
        assert!(once, "{}: {first}", pass.name);
        for line in rest {
            let looked_up = is_small(line) && !line.contains("AUTOMATIC");
            assert!(looked_up, "{}: {line}", pass.name);
        }
    }
}

#[tokio::test]
async fn a_piece_is_found_without_reading_what_is_before_it() {
    let mut fresh = prepared().await;
    for pass in PASSES {
        for line in plan(&mut fresh.db, &pass.piece()).await {
            let walks = line.starts_with("SCAN people") || line.starts_with("SCAN spent");
            let quick = line.contains("(rowid>? AND rowid<?)") || !line.contains(pass.name);
            assert!(walks || quick, "{}: {line}", pass.name);
        }
    }
}

/// Those that look deeper aside, every check that has words has SQL; what is looked at in another way stands here.
#[test]
fn every_check_is_carried_out() {
    let otherwise = [
        "schema",
        "file",
        "references",
        "numbers",
        "text-hash",
        "set-hash",
    ];
    let mut wanted: Vec<&str> = verify::CHECKS
        .iter()
        .flat_map(|checks| checks.iter())
        .filter(|check| !check.deep && !otherwise.contains(&check.name))
        .map(|check| check.name)
        .collect();
    let mut found: Vec<&str> = CHECKS
        .iter()
        .flat_map(|checks| checks.iter())
        .map(|check| check.check.name)
        .collect();
    wanted.sort_unstable();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, wanted);
}
