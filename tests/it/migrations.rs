//! Each migration applied in turn, with rows of its version in between, so that the next one meets data.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kartwheel::action::Priority;
use kartwheel::clock::{Clock, SettableClock, after, from_micros};
use kartwheel::run::{Progress, State};
use kartwheel::store::sqlite::{MIGRATIONS, Migrating, migrate_to, migrate_watched};
use kartwheel::store::{
    self, Claim, Counts, EventFilter, Next, OpenOptions, Record, Room, RunFilter,
};
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
        [
            (State::Ready, 1),
            (State::Waiting, 1),
            (State::Held, 2),
            (State::Done, 1)
        ]
    );
    assert_eq!((due, events), (0, 5), "the due run's connection is held");
    let events = reader.events(&EventFilter::default(), true).await.unwrap();
    let depths: Vec<_> = events.iter().map(|stored| stored.event.depth).collect();
    assert_eq!(depths, [0, 0, 1, 0, 0]);
    let waiting = &events[1].verdicts[0];
    assert_eq!(waiting.note.as_deref(), Some("identity: judged again"));
    let thinned: Vec<_> = events.iter().map(|stored| stored.thinned_at).collect();
    let at = from_micros(NOW - 800_000_000);
    assert_eq!(thinned, [Some(at), None, None, None, None]);
    assert_eq!(
        events[3].event.person.email.as_deref(),
        Some("Ada@example.com")
    );
    assert_eq!(&*events[4].event.raw, b"{\"id\":\"evt_1\"}");
    assert_eq!(events[4].verdicts[0].decision, "matched");
    for run in reader.runs(&RunFilter::default()).await.unwrap() {
        reader.attempts(run.id).await.unwrap();
    }
    let runs = reader.runs(&RunFilter::default()).await.unwrap();
    assert!(runs[0].progress.unjudged);
    let priorities: Vec<_> = runs.iter().map(|run| run.priority).collect();
    assert_eq!(
        priorities[1..3],
        [Priority::High, Priority::Normal],
        "a run of the first version is like any"
    );
    assert_eq!(reader.holds().await.unwrap().len(), 1);
    let standing = reader.alerts(true, 10).await.unwrap();
    let standing: Vec<_> = standing.iter().map(|alert| &*alert.subject).collect();
    let expected = ["rule receipt", "rule refund", "main down"];
    assert_eq!(standing, expected, "each hold has its own, and who waits");
    assert_eq!(reader.alerts(false, 10).await.unwrap().len(), 5);
    let snapshots = reader.snapshots().await.unwrap();
    assert_eq!(snapshots[0].from.connection.as_deref(), Some("c1"));
    assert_eq!(snapshots[0].account.tags, Some(vec!["vip".into()]));
    let ids = [("customer".to_owned(), "cus_1".to_owned())];
    let person = reader.known_person("shop", &ids).await.unwrap();
    assert_eq!(person.unwrap().email, "ada@example.com");
    let traces = ["ada@example.com tag_assigned buyer".to_owned()];
    let traced = reader.traced(&traces, from_micros(0)).await.unwrap();
    assert_eq!(traced.unwrap().depth, 1);
    assert!(reader.rule_text("aa11").await.unwrap().is_some());
    store.close().await;
}

/// Those behind a sleeper pass it, and it takes its key in its old place, as before.
#[tokio::test]
async fn runs_of_the_first_version_go_on_in_the_order_of_their_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kartwheel.db");
    migrate_to(&path, 1, from_micros(NOW)).await.unwrap();
    let run = |seq: i64, state: &str, due: &str| {
        format!(
            "INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, key, state, due_at, due_set_at, created_at,
                updated_at, progress)
            VALUES ({seq}, randomblob(16), 1, 'welcome', 'aa11', 'shop', 'ada', '{state}', {due}, 0, 0, 0, '{{}}');"
        )
    };
    let later = (NOW + 60_000_000).to_string();
    let sql = [
        samples(1),
        "INSERT INTO connections (name, held_micros) VALUES ('shop', 0);".into(),
        run(10, "waiting", &later),
        run(11, "ready", "1"),
        run(12, "ready", "NULL"),
    ];
    fill(&path, sql.concat()).await;
    let clock = SettableClock::starting_at(from_micros(NOW));
    let url = path.display().to_string();
    let store = store::open(&url, clock.clone(), OpenOptions::default());
    let store = store.await.unwrap();
    for expected in [11, 10, 12] {
        let now = clock.now();
        let claim = Claim {
            node: clock.new_id(),
            now,
            lease_until: after(now, Duration::from_secs(30)),
            limit: 10,
            room: Room::default(),
        };
        let claimed = store.claim(claim).await.unwrap();
        let seqs: Vec<_> = claimed.iter().map(|claimed| claimed.run.seq).collect();
        assert_eq!(seqs, [expected]);
        clock.advance(Duration::from_secs(60));
        let record = Record {
            lease: claimed[0].lease,
            now: clock.now(),
            ended: None,
            progress: Progress::default(),
            next: Next::Rest {
                state: State::Done,
                why: None,
                due_at: None,
            },
        };
        store.record(record).await.unwrap();
    }
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

/// Of each of four tables. `KARTWHEEL_ROWS=1000000` in the environment makes it a million.
const ROWS: u32 = 50_000;

/// Events of the first version, each with a run and a call; every second one sleeps.
fn many(rows: u32) -> String {
    format!(
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {rows}) SELECT n FROM n;
        INSERT INTO events (seq, id, source, sender_id, kind, received_at, email, rule_set, format, verdicts, envelope)
            SELECT n, randomblob(16), 'shop', 'evt_' || n, 'order', {NOW} + n, 'ada' || n, 'set1', 'json', '[]',
            '{{\"person\":{{}}}}' FROM n;
        INSERT INTO bodies (event_seq, raw) SELECT n, CAST('{{\"id\":' || n || '}}' AS BLOB) FROM n;
        INSERT INTO runs (seq, id, event_seq, rule, rule_hash, connection, key, once, state, due_at, due_set_at, created_at,
                updated_at, progress)
            SELECT n, randomblob(16), n, 'welcome', 'aa11', 'main', 'ada' || n, 'order ' || n,
            iif(n % 2, 'done', 'waiting'), iif(n % 2, NULL, {NOW}), iif(n % 2, NULL, {NOW}), {NOW}, {NOW}, '{{}}' FROM n;
        INSERT INTO attempts (run_seq, step, number, verb, intended_at, send_by, input)
            SELECT n, '0', 1, 'assign-tag', {NOW}, {NOW}, '{{}}' FROM n;"
    )
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how many rows is for whoever runs it by hand"
)]
async fn a_large_database_of_the_first_version_is_brought_up_to_date_and_says_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kartwheel.db");
    let rows = std::env::var("KARTWHEEL_ROWS").map_or(ROWS, |rows| rows.parse().unwrap());
    migrate_to(&path, 1, from_micros(NOW)).await.unwrap();
    fill(&path, many(rows)).await;
    let told: Arc<Mutex<Vec<Migrating>>> = Arc::default();
    let watch = Arc::clone(&told);
    let watch = Arc::new(move |migrating| watch.lock().unwrap().push(migrating));
    let last = MIGRATIONS.len();
    migrate_watched(&path, last, from_micros(NOW), watch)
        .await
        .unwrap();
    let told = told.lock().unwrap().clone();
    let began = told.iter().filter(|told| told.taken.is_zero());
    let began: Vec<_> = began.map(|told| (told.step, told.of, told.name)).collect();
    let all: Vec<_> = (2..=last)
        .map(|step| (step, last, MIGRATIONS[step - 1].0))
        .collect();
    assert_eq!(began, all);

    let clock = SettableClock::starting_at(from_micros(NOW));
    let store = store::open(&path.display().to_string(), clock, OpenOptions::default()).await;
    let store = store.unwrap();
    let counts = store.reader().counts(from_micros(NOW)).await.unwrap();
    let half = u64::from(rows / 2);
    assert_eq!(counts.events, u64::from(rows));
    assert_eq!(counts.runs, [(State::Waiting, half), (State::Done, half)]);
    let filter = EventFilter {
        email: Some(format!("ada{rows}")),
        ..EventFilter::default()
    };
    let found = store.reader().events(&filter, true).await.unwrap();
    assert_eq!(
        &*found[0].event.raw,
        format!("{{\"id\":{rows}}}").as_bytes()
    );
    store.close().await;
}
