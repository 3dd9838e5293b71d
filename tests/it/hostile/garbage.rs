//! Garbage of every kind at full speed beside real deliveries: none of these is refused, and memory stays as it was.
//!
//! It goes on for a minute; `GARBAGE_SECONDS=600` keeps it up for so long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kartwheel::clock::Clock;
use kartwheel::run::State;

use super::{JSON, RULE, exchange};
use crate::world::World;

/// For so many seconds, unless another time is given.
const SECONDS: u64 = 60;
/// So many at once.
const THROWERS: u64 = 4;
/// After so many the process has the memory that it needs.
const WARM: u64 = 800;
/// What memory may differ by for other reasons.
const SLACK_BYTES: u64 = 48 * 1024 * 1024;

/// Resident memory of this process.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// One piece of garbage, number `at`; what it must be answered with.
async fn throw(world: &World, at: u64) -> (u16, u16) {
    let body = format!(
        "{{\"id\":\"{at}\",\"n\":\"{}\"}}",
        "x".repeat((at % 40) as usize * 1_000)
    );
    let bytes = body.as_bytes();
    let signature = format!("{at:064x}");
    let path = format!("/hooks/nobody-{at}");
    let secret = format!("/hooks/shop/{at}");
    let deep = "[".repeat(50_000);
    let send = async |path: &str, headers: &[(&str, &str)], body: &[u8]| {
        world.request("POST", path, headers, body).await.status
    };
    match at % 8 {
        0 => (
            send("/hooks/shop", &[JSON, ("x-signature", &signature)], bytes).await,
            401,
        ),
        1 => (send("/hooks/shop", &[JSON], bytes).await, 401),
        2 => (send(&path, &[JSON], bytes).await, 404),
        3 => (
            send("/hooks/stripe", &[("stripe-signature", &signature)], bytes).await,
            401,
        ),
        4 => (
            send(
                "/hooks/shop",
                &[JSON, ("content-encoding", "gzip")],
                b"\x1f\x8b",
            )
            .await,
            415,
        ),
        5 => (send(&secret, &[JSON], deep.as_bytes()).await, 401),
        6 => (
            world.request("GET", "/hooks/shop", &[], b"").await.status,
            200,
        ),
        _ => {
            let to = world.url();
            let cut = "POST /hooks/shop HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n";
            let answer = exchange(to.trim_start_matches("http://"), cut.as_bytes()).await;
            (
                answer
                    .get(9..12)
                    .and_then(|status| status.parse().ok())
                    .unwrap_or(0),
                400,
            )
        }
    }
}

/// For how long it is to go on.
#[expect(clippy::disallowed_methods, reason = "how long a test runs")]
fn asked_for() -> Duration {
    let asked = std::env::var("GARBAGE_SECONDS").ok();
    let seconds = asked.map_or(SECONDS, |asked| asked.parse().expect("a number of seconds"));
    Duration::from_secs(seconds)
}

/// What was thrown so far, and until when more is.
struct Heap {
    until: Instant,
    thrown: AtomicU64,
    /// Of these the daemon counts a refusal; heads that are no HTTP it never sees, probes it answers.
    refused: AtomicU64,
    warm: AtomicU64,
    throwers: AtomicU64,
}

impl Heap {
    fn new() -> Self {
        Self {
            until: Instant::now() + asked_for(),
            thrown: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            warm: AtomicU64::new(0),
            throwers: AtomicU64::new(THROWERS),
        }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until && self.warm.load(Ordering::SeqCst) > 0
    }

    async fn throw_all(&self, world: &World) {
        while !self.is_over() {
            let at = self.thrown.fetch_add(1, Ordering::SeqCst);
            let (status, wanted) = throw(world, at).await;
            assert_eq!(status, wanted, "number {at}");
            if at % 8 < 6 {
                self.refused.fetch_add(1, Ordering::SeqCst);
            }
            if at == WARM {
                self.warm.store(memory(), Ordering::SeqCst);
            }
        }
        self.throwers.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_deliveries_go_through_beside_garbage_and_memory_stays_flat() {
    let world = World::with(RULE).await;
    let heap = Heap::new();
    let real = async {
        let mut taken = 0_u64;
        while heap.throwers.load(Ordering::SeqCst) > 0 {
            taken += 1;
            let order = world.order(&taken.to_string(), "ada@example.com").await;
            order.event();
        }
        taken
    };
    let throwers = (0..THROWERS).map(|_| heap.throw_all(&world));
    let (_, taken) = tokio::join!(futures_util::future::join_all(throwers), real);
    let warm = heap.warm.load(Ordering::SeqCst);
    let grown = memory().saturating_sub(warm);
    assert!(grown < SLACK_BYTES, "{} MiB more", grown >> 20);

    world.app().write_tally().await;
    let since = world.clock_start();
    let sums = world.reader().refusal_sums(since).await.unwrap();
    let mut names = sums
        .iter()
        .map(|sum| (sum.source.as_str(), sum.word.as_str()));
    for expected in [
        ("?", "unknown_source"),
        ("shop", "encoding"),
        ("shop", "missing"),
        ("shop", "signature"),
        ("stripe", "scheme"),
    ] {
        assert_eq!(names.next(), Some(expected));
    }
    let counted: u64 = sums.iter().map(|sum| sum.count).sum();
    assert_eq!(counted, heap.refused.load(Ordering::SeqCst));
    let probes = world.reader().handshake_sums(since).await.unwrap();
    assert_eq!(probes[0].word, "probe");
    let events = world.reader().counts(world.clock.now()).await.unwrap();
    assert_eq!(events.events, taken);
    eprintln!(
        "{taken} real deliveries taken, {counted} others refused; memory {} MiB, and {} KiB more in the end",
        warm >> 20,
        grown >> 10
    );
    world.end(&[State::Done]).await;
}
