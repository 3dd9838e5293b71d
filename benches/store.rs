//! How fast the store takes events in, and whole runs through: at several depths, each answer after its commit is synced.
//!
//! `cargo bench --bench store`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;
use kartwheel::action::{Class, Outcome};
use kartwheel::clock::{Clock, SystemClock, after};
use kartwheel::event::{Envelope, Event, Format, Person};
use kartwheel::run::{Attempt, Progress, Run, State};
use kartwheel::store::{
    self, Accept, Ended, FirstIntent, Lease, NewRun, Next, OpenOptions, Record, Store,
    StoredVerdict,
};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many clients deliver at once, each after the answer to the one before.
const DEPTHS: [usize; 5] = [1, 16, 64, 256, 1024];
const BODY_BYTES: [usize; 2] = [500, 4_500];
const SECONDS_A_ROUND: u64 = 2;

#[derive(Debug, Clone, Copy)]
enum Work {
    /// An event that no rule wants.
    Event,
    /// An event whose run begins at once, with its first intent.
    Run,
    /// The same, and the run's one call recorded as done.
    RunToItsEnd,
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    println!(
        "events a second, each on disk before its answer (median and 99th percentile of the answer's time)\n"
    );
    for bytes in BODY_BYTES {
        for work in [Work::Event, Work::Run, Work::RunToItsEnd] {
            println!("{bytes} B bodies, {work:?}");
            for depth in DEPTHS {
                runtime.block_on(round(depth, bytes, work))?;
            }
        }
    }
    Ok(())
}

async fn round(depth: usize, bytes: usize, work: Work) -> Result<()> {
    let dir = tempfile::tempdir_in("target")?;
    let path = dir.path().join("store.db").display().to_string();
    let store = store::open(&path, Arc::new(SystemClock), OpenOptions::default()).await?;
    let client = Arc::new(Client {
        store: store.clone(),
        clock: SystemClock,
        node: SystemClock.new_id(),
        body: vec![b'x'; bytes].into(),
        numbers: AtomicU64::new(0),
    });
    let begun = Instant::now();
    let end = begun + Duration::from_secs(SECONDS_A_ROUND);
    let mut clients = JoinSet::new();
    for _ in 0..depth {
        let client = Arc::clone(&client);
        clients.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let asked = Instant::now();
                client.deliver(work).await?;
                times.push(asked.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    for client in clients.join_all().await {
        times.extend(client?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort();
    let within = |permille: usize| {
        let time = times.get(times.len().saturating_sub(1) * permille / 1_000);
        time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let rate = f64::from(count) / seconds;
    println!(
        "  {depth:>5} at once  {rate:>8.0}/s   {:>7.2} ms  {:>7.2} ms",
        within(500),
        within(990)
    );
    store.close().await;
    Ok(())
}

struct Client {
    store: Store,
    clock: SystemClock,
    node: Uuid,
    body: Arc<[u8]>,
    numbers: AtomicU64,
}

impl Client {
    async fn deliver(&self, work: Work) -> Result<()> {
        let now = self.clock.now();
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let event = self.event(number, now);
        let runs = match work {
            Work::Event => Vec::new(),
            Work::Run | Work::RunToItsEnd => vec![self.run(&event, now)],
        };
        let hash = "a".repeat(64).into();
        let verdicts = vec![StoredVerdict::new("welcome".into(), hash, "matched")];
        let accept = Accept {
            event,
            rule_set: "b".repeat(64).into(),
            verdicts,
            runs,
            report_of: None,
            node: self.node,
            lease_until: after(now, Duration::from_secs(30)),
        };
        let accepted = self.store.accept(accept).await?;
        if let (Work::RunToItsEnd, Some((_, lease))) = (work, accepted.runs.first()) {
            self.record(lease.context("every person is a new one")?)
                .await?;
        }
        Ok(())
    }

    fn event(&self, number: u64, now: Timestamp) -> Event {
        let mut envelope = Envelope::default();
        for header in ["content-type", "user-agent", "accept", "host"] {
            envelope
                .headers
                .insert(header.into(), json!("application/json"));
        }
        Event {
            id: self.clock.new_id(),
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
            person: Person {
                email: Some(format!("ada{number}@example.com")),
                ..Person::default()
            },
            format: Format::Json,
            raw: Arc::clone(&self.body),
            tree: Arc::default(),
        }
        .with_tree(json!({}), envelope)
    }

    fn run(&self, event: &Event, now: Timestamp) -> NewRun {
        let text = ("welcome".into(), "a".repeat(64).into());
        let run = Run {
            key: event.person.email.clone(),
            once: Some(event.sender_id.clone()),
            due_at: None,
            ..Run::due(self.clock.new_id(), event.id, text, "main".into(), now)
        };
        let intent = Attempt::intended(
            "0".into(),
            1,
            "assign-tag".into(),
            json!({ "email": event.person.email, "tag_name": "buyer" }),
            (now, after(now, Duration::from_secs(5))),
        );
        NewRun {
            run,
            take: true,
            intent: Some(FirstIntent {
                attempt: intent,
                progress: Progress::default(),
            }),
        }
    }

    async fn record(&self, lease: Lease) -> Result<()> {
        let record = Record {
            lease,
            now: self.clock.now(),
            ended: Some(Ended {
                step: "0".into(),
                number: 1,
                outcome: Outcome {
                    output: Some(json!({ "status": "Success", "message": "Tag was assigned" })),
                    ..Outcome::new(Class::Done, "done")
                },
            }),
            progress: Progress::default(),
            next: Next::Rest {
                state: State::Done,
                why: None,
                due_at: None,
            },
        };
        self.store.record(record).await?;
        Ok(())
    }
}
