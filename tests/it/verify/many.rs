//! Databases of many rows, and those that are written to meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kartwheel::clock::{SettableClock, from_micros};
use kartwheel::kartra;
use kartwheel::store::sqlite::{MIGRATIONS, migrate_to};
use kartwheel::store::verify::Told;
use kartwheel::store::{self, Verify};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::faults::TAG;
use crate::world::World;
use crate::world::sound::{assert_sound, look_deep, verify};

/// More than two pieces.
const ROWS: u64 = 12_000;

#[tokio::test]
async fn every_row_of_many_pieces_is_looked_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kartwheel.db");
    let start = from_micros(0);
    migrate_to(&path, MIGRATIONS.len(), start).await.unwrap();
    let mut db = SqliteConnectOptions::new()
        .filename(&path)
        .connect()
        .await
        .unwrap();
    let sql = include_str!("../../data/verify/rows.sql").replace("{rows}", &ROWS.to_string());
    let broken = format!("{sql}; DELETE FROM bodies WHERE event_seq IN (1, 5000, 5001, {ROWS})");
    sqlx::raw_sql(sqlx::AssertSqlSafe(broken))
        .execute(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
    let clock = SettableClock::starting_at(start);
    let reader = store::open_read_only(&path.display().to_string(), clock)
        .await
        .unwrap();
    let pieces = AtomicU64::new(0);
    let told = |told: Told| {
        assert!(told.done <= told.of, "{told:?}");
        if told.what == "events" {
            pieces.fetch_add(1, Ordering::Relaxed);
        }
    };
    let asked = Verify {
        actions: kartra::catalog().actions,
        deep: false,
        told: &told,
    };
    let mut checked = reader.verify(&asked).await.unwrap();
    assert!(
        pieces.load(Ordering::Relaxed) > 3,
        "it is told after each piece"
    );
    checked.extend(look_deep(Arc::clone(&reader)).await);
    for one in &checked {
        let rows = match one.check.name {
            "event-body" | "attempt-gap" | "run-verdict" | "verdict-again" | "attempts-policy" => {
                ROWS
            }
            _ => one.rows,
        };
        // Of these four events the runs of two sleep.
        let broken = match one.check.name {
            "event-body" => 4,
            "run-body" => 2,
            _ => 0,
        };
        assert_eq!((one.rows, one.broken), (rows, broken), "{}", one.check.name);
    }
}

/// Each look is at one state of the database, however much is stored between two of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_written_to_meanwhile_is_as_sound() {
    let world = World::with(TAG).await;
    let reader = Arc::clone(world.app().store().reader());
    let orders = async {
        for number in 0..60 {
            let email = format!("person{}@example.com", number % 7);
            world.order(&number.to_string(), &email).await.event();
        }
    };
    let looks = async {
        for _ in 0..20 {
            let broken: u64 = verify(&*reader, true)
                .await
                .iter()
                .map(|one| one.broken)
                .sum();
            assert_eq!(broken, 0);
        }
        assert_sound(&reader).await;
    };
    tokio::join!(orders, looks);
    world.end(&[kartwheel::run::State::Done]).await;
}
