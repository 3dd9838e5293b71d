//! How long a claim takes when many rules have a backlog: that of a whole batch, and that of one run.
//!
//! `cargo bench --bench claim`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use kartwheel::clock::{Clock, SystemClock, after};
use kartwheel::event::{Envelope, Event, Format, Person};
use kartwheel::run::Run;
use kartwheel::store::{self, Accept, Claim, NewRun, OpenOptions, Room, Store};
use serde_json::json;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rules that have runs which are due, all on one connection.
const RULES: [usize; 4] = [1, 10, 100, 1_000];
/// Runs that are due, of all of them together.
const RUNS: usize = 40_000;
const BODY_BYTES: usize = 500;
const CLAIMS: usize = 40;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    println!("one claim of {RUNS} due runs (median), and what a claimed run costs\n");
    for rules in RULES {
        runtime.block_on(round(rules))?;
    }
    Ok(())
}

async fn round(rules: usize) -> Result<()> {
    let dir = tempfile::tempdir_in("target")?;
    let path = dir.path().join("store.db").display().to_string();
    let store = store::open(&path, Arc::new(SystemClock), OpenOptions::default()).await?;
    let node = SystemClock.new_id();
    let at_once = rules.max(100);
    for event in 0..RUNS / at_once {
        fill(&store, node, event, at_once, rules).await?;
    }
    for limit in [256, 1] {
        let mut times = Vec::with_capacity(CLAIMS);
        for _ in 0..CLAIMS {
            let claim = claim(node, limit);
            let begun = Instant::now();
            let claimed = store.claim(claim).await?;
            times.push(begun.elapsed());
            ensure!(claimed.len() == usize::try_from(limit)?, "all were due");
        }
        times.sort();
        let micros = times[CLAIMS / 2].as_secs_f64() * 1e6;
        println!(
            "  {rules:>5} rules, {limit:>3} at once  {:>8.2} ms  {:>8.1} µs a run",
            micros / 1e3,
            micros / f64::from(limit)
        );
    }
    store.close().await;
    Ok(())
}

fn claim(node: Uuid, limit: u32) -> Claim {
    let now = SystemClock.now();
    Claim {
        node,
        now,
        lease_until: after(now, Duration::from_secs(60)),
        limit,
        room: Room::default(),
    }
}

/// One event with so many runs of so many rules, all due.
async fn fill(store: &Store, node: Uuid, number: usize, runs: usize, rules: usize) -> Result<()> {
    let now = SystemClock.now();
    let event = event(number, now);
    let runs = (0..runs).map(|run| NewRun {
        run: run_of(&event, &format!("rule{:04}", run % rules), now),
        take: false,
        intent: None,
    });
    let accept = Accept {
        runs: runs.collect(),
        event,
        rule_set: "b".repeat(64).into(),
        verdicts: Vec::new(),
        report_of: None,
        node,
        lease_until: now,
    };
    store.accept(accept).await?;
    Ok(())
}

fn event(number: usize, now: Timestamp) -> Event {
    Event {
        id: SystemClock.new_id(),
        source: "shop".into(),
        sender_id: format!("evt_{number}"),
        earlier: None,
        kind: "order.paid".into(),
        received_at: now,
        live: Some(true),
        replay_of: None,
        caused_by: None,
        depth: 0,
        unproven: None,
        person: Person::default(),
        format: Format::Json,
        raw: vec![b'x'; BODY_BYTES].into(),
        tree: Arc::default(),
    }
    .with_tree(json!({}), Envelope::default())
}

fn run_of(event: &Event, rule: &str, now: Timestamp) -> Run {
    let text = (rule.into(), "a".repeat(64).into());
    Run::due(SystemClock.new_id(), event.id, text, "main".into(), now)
}
