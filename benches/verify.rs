//! How long `kartwheel verify` takes on a database of a million events.
//!
//! `cargo bench --bench verify`, or with another number: `… -- 200000`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use jiff::Timestamp;
use kartwheel::clock::SystemClock;
use kartwheel::engine::rejudge::{self, Again};
use kartwheel::kartra;
use kartwheel::store::sqlite::{MIGRATIONS, migrate_to};
use kartwheel::store::{self, Checked, Verify};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events, with as many bodies, runs and attempts.
const ROWS: u64 = 1_000_000;

fn main() -> Result<()> {
    let number = std::env::args().find_map(|argument| argument.parse().ok());
    tokio::runtime::Runtime::new()?.block_on(measure(number.unwrap_or(ROWS)))
}

async fn measure(rows: u64) -> Result<()> {
    let dir = tempfile::tempdir_in("target")?;
    let path = dir.path().join("verify.db");
    fill(&path, rows).await?;
    let megabytes = std::fs::metadata(&path)?.len() >> 20;
    println!("{rows} events, each with body, verdict, run and attempt: {megabytes} MiB\n");
    let reader = store::open_read_only(&path.display().to_string(), Arc::new(SystemClock)).await?;
    for deep in [false, true] {
        let begun = Instant::now();
        let asked = Verify {
            actions: kartra::catalog().actions,
            deep,
            told: &|_| {},
        };
        let mut checked = reader.verify(&asked).await?;
        if deep {
            let again = Again {
                reader: Arc::clone(&reader),
                catalog: kartra::catalog(),
                told: &|_| {},
            };
            checked.extend(rejudge::look(&again).await?);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let sound = checked.iter().all(Checked::is_clean);
        let each = seconds * 1e6 / f64::from(u32::try_from(rows)?);
        let name = if deep { "verify --deep" } else { "verify" };
        println!("{name:<14} {seconds:>8.1} s   {each:>6.1} s per million events   sound: {sound}");
    }
    Ok(())
}

async fn fill(path: &Path, rows: u64) -> Result<()> {
    migrate_to(path, MIGRATIONS.len(), Timestamp::UNIX_EPOCH).await?;
    let mut db = SqliteConnectOptions::new().filename(path).connect().await?;
    let sql = include_str!("../tests/data/verify/rows.sql").replace("{rows}", &rows.to_string());
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut db)
        .await?;
    db.close().await?;
    Ok(())
}
