//! Each migration applied in turn, with rows of its version in between, so that the next one meets data.

use std::path::Path;
use std::sync::Arc;

use kartwheel::clock::{SettableClock, from_micros};
use kartwheel::run::State;
use kartwheel::store::sqlite::{MIGRATIONS, migrate_to};
use kartwheel::store::{self, Counts, EventFilter, OpenOptions, RunFilter};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

const NOW: i64 = 1_800_000_000_000_000;

fn samples(version: usize) -> String {
    let (number, _) = MIGRATIONS[version - 1].0.split_once('_').unwrap();
    let path = format!("tests/data/migrations/{number}.sql");
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path));
    text.unwrap_or_else(|_| panic!("{path} is missing: every migration has rows of its version"))
}

async fn fill(path: &Path, sql: String) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true);
    let mut db = options.connect().await.unwrap();
    let filled = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut db)
        .await;
    assert!(filled.unwrap().rows_affected() > 0);
    db.close().await.unwrap();
}

#[test]
fn names_are_numbered_without_a_gap_and_every_file_is_in_the_list() {
    let names: Vec<_> = MIGRATIONS.iter().map(|(name, _)| *name).collect();
    for (index, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", index + 1)), "{name}");
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let expected: Vec<_> = names.iter().map(|name| format!("{name}.sql")).collect();
    assert_eq!(files, expected);
}

#[tokio::test]
async fn every_step_meets_the_data_of_the_one_before_and_the_last_is_what_the_store_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kartwheel.db");
    for version in 1..=MIGRATIONS.len() {
        migrate_to(&path, version, from_micros(NOW)).await.unwrap();
        fill(&path, samples(version)).await;
    }
    let clock = SettableClock::starting_at(from_micros(NOW));
    let url = path.display().to_string();
    let store = store::open(&url, clock, OpenOptions::default())
        .await
        .unwrap();
    let reader = Arc::clone(store.reader());
    let Counts { runs, due, events } = reader.counts(from_micros(NOW)).await.unwrap();
    assert_eq!(
        runs,
        [(State::Ready, 1), (State::Held, 1), (State::Done, 1)]
    );
    assert_eq!((due, events), (0, 2), "the due run's connection is held");
    let events = reader.events(&EventFilter::default(), true).await.unwrap();
    assert_eq!(
        events[0].event.person.email.as_deref(),
        Some("Ada@example.com")
    );
    assert_eq!(&*events[1].event.raw, b"{\"id\":\"evt_1\"}");
    assert_eq!(events[1].verdicts[0].decision, "matched");
    for run in reader.runs(&RunFilter::default()).await.unwrap() {
        reader.attempts(run.id).await.unwrap();
    }
    assert_eq!(reader.holds().await.unwrap().len(), 1);
    assert!(reader.rule_text("aa11").await.unwrap().is_some());
    store.close().await;
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kartwheel.db");
    for _ in 0..2 {
        migrate_to(&path, MIGRATIONS.len(), from_micros(NOW))
            .await
            .unwrap();
    }
}
