//! What only SQLite can show: that every statement is one, that the settings hold, that a batch is whole.

mod bounds;
mod plans;
mod verify;

use std::collections::HashMap;
use std::path::PathBuf;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Executor, Row, SqlSafeStr};

use super::*;
use crate::clock::{SettableClock, from_micros};
use crate::event::{Event, Format, Person};
use crate::run::{Run, State};
use crate::store::sqlite::sql::SIZES;
use crate::store::{
    Accept, ActivateRules, Claim, Hold, HoldKind, NewRun, Room, RuleText, RunFilter,
};

struct Fresh {
    db: SqliteConnection,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

async fn fresh() -> Fresh {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kartwheel.db");
    let now = from_micros(0);
    migrate_to(&path, MIGRATIONS.len(), now).await.unwrap();
    let db = link::writer(&path).await.unwrap();
    Fresh {
        db,
        path,
        _dir: dir,
    }
}

#[tokio::test]
async fn every_statement_can_be_prepared_in_every_size() {
    let mut fresh = fresh().await;
    for (name, sql) in statements::ALL {
        for size in 0..SIZES.len() {
            let prepared = fresh.db.prepare(sql.of_size(size).into_sql_str()).await;
            assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
        }
    }
    for sql in read::ALL {
        let prepared = fresh.db.prepare((*sql).into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}: {:?}", prepared.err());
    }
}

async fn pragma(db: &mut SqliteConnection, sql: &'static str) -> String {
    let row = sqlx::query(sql).fetch_one(db).await.unwrap();
    row.try_get::<String, _>(0)
        .or_else(|_| row.try_get::<i64, _>(0).map(|number| number.to_string()))
        .unwrap()
}

#[tokio::test]
async fn the_settings_hold() {
    let mut fresh = fresh().await;
    for (sql, value) in [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA auto_vacuum", "2"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA wal_autocheckpoint", "0"),
        ("PRAGMA busy_timeout", "5000"),
        ("PRAGMA locking_mode", "normal"),
    ] {
        assert_eq!(pragma(&mut fresh.db, sql).await, value, "{sql}");
    }
}

/// The log is started anew by the writer when it has grown past its bound, and readers are not in its way for long.
#[tokio::test]
async fn a_log_past_its_bound_is_started_anew() {
    let mut fresh = fresh().await;
    let log = file::beside(&fresh.path, "-wal");
    let mut bound = checkpoint::LogBound::of(&fresh.path);
    bound.bytes_max = 10_000;
    let write = "INSERT INTO rules VALUES (hex(randomblob(8)), 'a', 'b', hex(zeroblob(20000)), 0)";
    sqlx::query(write).execute(&mut fresh.db).await.unwrap();
    let length = file::length(&log);
    assert!(length > 20_000);
    bound.bytes_max = length - 1;
    bound.keep(&mut fresh.db, false).await.unwrap();
    assert_eq!(
        file::length(&log),
        length,
        "there is time for a better moment"
    );
    bound.bytes_max = 10_000;
    bound.keep(&mut fresh.db, false).await.unwrap();
    assert_eq!(file::length(&log), 0);
    assert_eq!(pragma(&mut fresh.db, "PRAGMA busy_timeout").await, "5000");
}

/// Whoever reads for long keeps the log from being started anew: that shows, the writer goes on, and it ends with them.
#[tokio::test]
async fn a_log_that_is_still_read_grows_until_its_reader_has_gone() {
    let mut fresh = fresh().await;
    let mut bound = checkpoint::LogBound::of(&fresh.path);
    bound.bytes_max = 10_000;
    let write = "INSERT INTO rules VALUES (hex(randomblob(8)), 'a', 'b', hex(zeroblob(20000)), 0)";
    sqlx::query(write).execute(&mut fresh.db).await.unwrap();
    let mut reader = link::reader(&fresh.path).await.unwrap();
    let mut reading = reader.begin().await.unwrap();
    let read = sqlx::query("SELECT count(*) FROM rules").fetch_one(&mut *reading);
    read.await.unwrap();
    let mut lengths = Vec::new();
    for _ in 0..3 {
        sqlx::query(write).execute(&mut fresh.db).await.unwrap();
        bound.not_before = None;
        bound.keep(&mut fresh.db, true).await.unwrap();
        lengths.push(space::of(&mut fresh.db, &fresh.path).await.unwrap().log);
    }
    assert!(
        lengths[0] > 40_000 && lengths.is_sorted_by(|one, next| one < next),
        "{lengths:?}"
    );
    reading.rollback().await.unwrap();
    bound.not_before = None;
    bound.keep(&mut fresh.db, true).await.unwrap();
    assert_eq!(space::of(&mut fresh.db, &fresh.path).await.unwrap().log, 0);
}

/// What a commit that failed had learned is forgotten with it.
#[tokio::test]
async fn a_batch_that_is_refused_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (mut backend, path) = backend(&dir).await;
    let before = format!("{:?}", backend.memory);
    let hold = Op::Hold(Hold {
        connection: "main".into(),
        kind: HoldKind::Down,
        reason: String::new(),
        since: from_micros(0),
    });
    let sql = "CREATE TRIGGER no BEFORE INSERT ON holds BEGIN SELECT raise(ABORT, 'no'); END";
    sqlx::raw_sql(sql).execute(&mut backend.db).await.unwrap();
    let refused = backend.commit(&[hold]).await;
    assert!(matches!(refused, Err(StoreError::Row(_))), "{refused:?}");
    assert_eq!(format!("{:?}", backend.memory), before);
    let known = sqlx::query(statements::CONNECTIONS.text()).fetch_all(&mut backend.db);
    assert_eq!(known.await.unwrap().len(), 1);
    Box::new(backend).close().await;
    let clock = SettableClock::starting_at(from_micros(0));
    let url = path.display().to_string();
    assert!(open_read_only(&url, clock).await.is_ok());
}

/// A database of a few pages, opened as the daemon does.
async fn backend(dir: &tempfile::TempDir) -> (Sqlite, PathBuf) {
    let path = dir.path().join("kartwheel.db");
    file::create(&path).unwrap();
    let lock = file::Lock::take(&path, "test", from_micros(0)).unwrap();
    let opened = Sqlite::open(&path, lock, from_micros(0), &Failure::default()).await;
    (opened.unwrap(), path)
}

fn rules(text_bytes: usize) -> Op {
    let text = RuleText {
        hash: "aa".into(),
        rule: "welcome".into(),
        file: "welcome.yaml".into(),
        text: "x".repeat(text_bytes).into(),
    };
    Op::ActivateRules(Box::new(ActivateRules {
        set: "set1".into(),
        rules: vec![text],
        node: uuid::Uuid::nil(),
        now: from_micros(0),
    }))
}

/// Invariant 10: nothing is written, nothing is promised, and it passes when there is room again.
#[tokio::test]
async fn a_full_disk_is_said_and_passes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut backend, _) = backend(&dir).await;
    let sql = "PRAGMA max_page_count = 1";
    sqlx::raw_sql(sql).execute(&mut backend.db).await.unwrap();
    for _ in 0..2 {
        let full = backend.commit(&[rules(200_000)]).await;
        assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
        assert!(backend.between().await.is_ok());
    }
    let sql = "PRAGMA max_page_count = 1000000";
    sqlx::raw_sql(sql).execute(&mut backend.db).await.unwrap();
    assert!(backend.commit(&[rules(200_000)]).await.is_ok());
    let kept = sqlx::query("SELECT count(*) FROM rule_sets").fetch_one(&mut backend.db);
    assert_eq!(kept.await.unwrap().get::<i64, _>(0), 1);
    Box::new(backend).close().await;
}

/// One run that cannot be read must not keep all others from being taken.
#[tokio::test]
async fn a_run_that_cannot_be_read_is_held_and_the_others_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (mut backend, _) = backend(&dir).await;
    let sql = "INSERT INTO events (seq, id, source, sender_id, kind, received_at, rule_set, format, verdicts, envelope)
            VALUES (1, zeroblob(16), 's', 'e', '', 0, 'r', 'empty', '[]', '{\"person\":{}}');
        INSERT INTO connections (name, held_micros) VALUES ('main', 0);
        INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, state, due_at, due_set_at, created_at,
            updated_at, progress) VALUES
            (1, randomblob(16), 1, 'a', 'h', 'main', 'ready', 0, 0, 0, 0, '{\"vars\":7}'),
            (2, randomblob(16), 1, 'b', 'h', 'main', 'ready', 0, 0, 0, 0, '{}')";
    sqlx::raw_sql(sql).execute(&mut backend.db).await.unwrap();
    let claim = Op::Claim(Claim {
        node: uuid::Uuid::nil(),
        now: from_micros(1),
        lease_until: from_micros(2),
        limit: 10,
        room: Room::default(),
    });
    let answers = backend.commit(&[claim]).await.unwrap();
    let Answer::Claimed(claimed) = &answers[0] else {
        panic!("{answers:?}");
    };
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].run.seq, 2);
    let row = sqlx::query("SELECT state, why FROM runs WHERE seq = 1").fetch_one(&mut backend.db);
    let row = row.await.unwrap();
    assert_eq!(row.get::<&str, _>("state"), "held");
    assert!(row.get::<&str, _>("why").starts_with("unreadable: "));
    Box::new(backend).close().await;
}

/// What a batch adds is known to the rest of it: the database need not refuse it and have it split.
#[tokio::test]
async fn one_batch_holds_repeats_and_runs_that_want_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (mut backend, _) = backend(&dir).await;
    let accept = |number: u128, sender_id: &str| {
        let at = from_micros(0);
        let event = Event {
            id: uuid::Uuid::from_u128(number),
            source: "shop".into(),
            sender_id: sender_id.into(),
            earlier: None,
            kind: String::new(),
            received_at: at,
            live: None,
            replay_of: None,
            caused_by: None,
            depth: 0,
            unproven: None,
            person: Person::default(),
            format: Format::Empty,
            raw: Arc::from([]),
            tree: Arc::default(),
        };
        let run = Run {
            key: Some("ada".into()),
            once: (number > 2).then(|| "order 7".into()),
            due_at: None,
            ..Run::due(
                uuid::Uuid::from_u128(100 + number),
                event.id,
                ("welcome".into(), "aa".into()),
                "main".into(),
                at,
            )
        };
        let runs = vec![NewRun {
            run,
            take: true,
            intent: None,
        }];
        let accept = Accept {
            event,
            rule_set: "set1".into(),
            verdicts: vec![],
            runs,
            report_of: None,
            node: uuid::Uuid::nil(),
            lease_until: at,
        };
        Op::Accept(vec![accept], HashMap::new())
    };
    let batch = [
        accept(1, "a"),
        accept(2, "a"),
        accept(3, "b"),
        accept(4, "c"),
    ];
    let answers = backend.commit(&batch).await.unwrap();
    let states = answers.iter().map(|answer| match answer {
        Answer::Accepted(accepted) => accepted[0].runs.first().map(|(run, _)| run.state),
        other => panic!("{other:?}"),
    });
    let states: Vec<_> = states.collect();
    let (running, ready) = (Some(State::Running), Some(State::Ready));
    assert_eq!(states, [running, None, ready, Some(State::Declined)]);
    Box::new(backend).close().await;
}
