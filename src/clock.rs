//! Time and ids, handed in: the contract, the real clock and the settable one of tests and simulations.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Where the program gets the time and its ids from. Everything that depends on either takes one of these.
#[async_trait]
pub trait Clock: Send + Sync + Debug {
    /// The present instant, cut to whole microseconds.
    fn now(&self) -> Timestamp;

    /// A fresh time-sorted id (UUIDv7 of this clock's time).
    fn new_id(&self) -> Uuid;

    /// How far the clock was set, in all, since the process began: what it shows now beyond the time that has truly passed.
    /// Less than nothing where it was put back. Only the difference of two answers of one process means something.
    fn set_by(&self) -> SignedDuration;

    /// Returns once `now` has reached `instant`, at once when it already has; and at the latest when as much time has truly
    /// passed as lay between them: a clock that is put back lets nobody sleep on.
    async fn sleep_until(&self, instant: Timestamp);
}

/// The clock every part holds.
pub type SharedClock = Arc<dyn Clock>;

/// Microseconds since 1970, the form in which times are stored.
#[must_use]
pub fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The instant of a stored time; out-of-range values become the nearest representable one.
#[must_use]
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// `instant + length`, saturating at the end of time.
#[must_use]
pub fn after(instant: Timestamp, length: Duration) -> Timestamp {
    instant
        .saturating_add(jiff::SignedDuration::try_from(length).unwrap_or(jiff::SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX)
}

/// The length from `earlier` to `later`; zero when `later` lies before it.
#[must_use]
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

/// What a clock shows beyond the time that has passed since it showed `then`.
fn beyond(then: Timestamp, now: Timestamp, passed: Duration) -> SignedDuration {
    let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
    now.duration_since(then).saturating_sub(passed)
}

/// The machine's own clock.
#[derive(Debug, Default)]
pub struct SystemClock;

/// One moment on the machine's clock, and on the one that nobody can set.
static ONE_MOMENT: LazyLock<(Timestamp, Instant)> =
    LazyLock::new(|| (SystemClock.now(), Instant::now()));

/// How many ids this process has made.
static IDS: AtomicU32 = AtomicU32::new(0);

/// What the ids of this process have in common, and the count of the first of them: by chance, so that no two processes
/// make the same.
#[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
static ONE_PROCESS: LazyLock<(u32, u32)> = LazyLock::new(|| {
    let chance = Uuid::new_v4().as_u128();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the parts are what is wanted"
    )]
    let parts = ((chance >> 80) as u32, chance as u32);
    parts
});

/// A UUIDv7 of this time. Its last four bytes count: they are what people see of an id, and an index of them grows at its end,
/// where it costs least.
fn id_of(micros: u64, process: u32, count: u32) -> Uuid {
    let (millis, rest) = (micros / 1_000, micros % 1_000);
    // The part of a millisecond, in the twelve bits that come after the version.
    let part = u16::try_from(rest * 4_096 / 1_000).unwrap_or(0);
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&part.to_be_bytes());
    bytes[2..6].copy_from_slice(&process.to_be_bytes());
    bytes[6..].copy_from_slice(&count.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        from_micros(Timestamp::now().as_microsecond())
    }

    fn new_id(&self) -> Uuid {
        let (process, first) = *ONE_PROCESS;
        let count = first.wrapping_add(IDS.fetch_add(1, Ordering::Relaxed));
        let micros = u64::try_from(micros(self.now())).unwrap_or(0);
        id_of(micros, process, count)
    }

    fn set_by(&self) -> SignedDuration {
        let (then, since) = *ONE_MOMENT;
        beyond(then, self.now(), since.elapsed())
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let began = Instant::now();
        let length = between(self.now(), instant);
        // The machine's clock may be set while we sleep, so look again at least once a minute.
        loop {
            let left = between(self.now(), instant).min(length.saturating_sub(began.elapsed()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(Duration::from_secs(60))).await;
        }
    }
}

/// A clock that stands still until it is told to go on. Sockets are not affected: they run on real time.
#[derive(Debug)]
pub struct SettableClock {
    now: AtomicI64,
    /// How far it jumped, in microseconds.
    jumped: AtomicI64,
    ids: AtomicU64,
    sleepers: Mutex<BTreeMap<(i64, u64), oneshot::Sender<()>>>,
}

impl SettableClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(micros(start)),
            jumped: AtomicI64::new(0),
            ids: AtomicU64::new(0),
            sleepers: Mutex::default(),
        })
    }

    /// Lets time pass until `instant`, and wakes every sleeper whose instant has come. To an instant that is past, it jumps.
    pub fn set(&self, instant: Timestamp) {
        if instant < self.now() {
            return self.jump(instant);
        }
        self.show(instant);
    }

    /// Shows another time, forward or back, as a clock does that somebody sets: no time passes.
    pub fn jump(&self, instant: Timestamp) {
        let by = micros(instant) - self.now.load(Ordering::SeqCst);
        self.jumped.fetch_add(by, Ordering::SeqCst);
        if by < 0 {
            // What was still to be slept is slept, and no more.
            let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
            let all = std::mem::take(&mut *sleepers).into_iter();
            *sleepers = all.map(|((at, id), wake)| ((at + by, id), wake)).collect();
        }
        self.show(instant);
    }

    fn show(&self, instant: Timestamp) {
        self.now.store(micros(instant), Ordering::SeqCst);
        let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        let later = sleepers.split_off(&(micros(instant) + 1, 0));
        for (_, wake) in std::mem::replace(&mut *sleepers, later) {
            let _ = wake.send(());
        }
    }

    /// Moves the time forward.
    pub fn advance(&self, length: Duration) {
        self.set(after(self.now(), length));
    }

    /// The earliest instant that somebody sleeps for, if anybody does.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        sleepers.retain(|_, wake| !wake.is_closed());
        sleepers
            .keys()
            .next()
            .map(|(instant, _)| from_micros(*instant))
    }
}

#[async_trait]
impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        from_micros(self.now.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        let count = self.ids.fetch_add(1, Ordering::SeqCst);
        let millis = u64::try_from(self.now.load(Ordering::SeqCst) / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &ordered_bytes(count)).into_uuid()
    }

    fn set_by(&self) -> SignedDuration {
        SignedDuration::from_micros(self.jumped.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let woken = {
            let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
            if self.now() >= instant {
                return;
            }
            let (wake, woken) = oneshot::channel();
            sleepers.insert(
                (micros(instant), self.ids.fetch_add(1, Ordering::SeqCst)),
                wake,
            );
            woken
        };
        let _ = woken.await;
    }
}

/// Ten bytes that sort as `count` does, below the bits that UUIDv7 overwrites.
fn ordered_bytes(count: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&(count & 0x3fff_ffff_ffff_ffff).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(
        clippy::disallowed_methods,
        reason = "somebody must sleep beside the test"
    )]
    async fn a_sleeper_wakes_when_the_clock_is_set_past_its_instant() {
        let clock = SettableClock::starting_at(from_micros(0));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(from_micros(5_000_000)).await }
        });
        while clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(4));
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.expect("the sleeper ends");
        assert_eq!(clock.next_wake(), None);
    }

    #[test]
    fn what_a_clock_shows_beyond_the_time_that_passed_is_how_far_it_was_set() {
        let then = from_micros(0);
        let at = |secs: i64| from_micros(secs * 1_000_000);
        for (now, set_by) in [(60, 0), (3_660, 3_600), (-3_540, -3_600)] {
            let shown = beyond(then, at(now), Duration::from_secs(60));
            assert_eq!(shown, SignedDuration::from_secs(set_by), "{now}");
        }
    }

    #[tokio::test]
    #[expect(
        clippy::disallowed_methods,
        reason = "somebody must sleep beside the test"
    )]
    async fn a_clock_that_is_put_back_lets_nobody_sleep_on() {
        let clock = SettableClock::starting_at(from_micros(1_000_000_000));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(from_micros(1_060_000_000)).await }
        });
        while clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        clock.set(from_micros(500_000_000));
        assert_eq!(clock.set_by(), SignedDuration::from_secs(-500));
        assert_eq!(clock.next_wake(), Some(from_micros(560_000_000)));
        clock.advance(Duration::from_secs(60));
        sleeper.await.expect("the sleeper ends");
        assert_eq!(clock.set_by(), SignedDuration::from_secs(-500));
    }

    #[test]
    fn ids_of_the_machine_sort_by_time_and_their_ends_count() {
        let ids: Vec<_> = (0..1_000).map(|_| SystemClock.new_id()).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        let end = |id: &Uuid| u32::from_be_bytes(id.as_bytes()[12..].try_into().expect("four"));
        let mut steps = ids
            .windows(2)
            .map(|two| end(&two[1]).wrapping_sub(end(&two[0])));
        // Tests beside this one may take some in between.
        assert!(steps.all(|step| (1..100_000).contains(&step)));
        let at = |micros, count| id_of(micros, 7, count);
        assert!(at(1_000, 9) < at(1_001, 1) && at(1_999, 1) < at(2_000, 1) && at(5, 1) < at(5, 2));
        assert_eq!(
            at(1_700_000_000_000_500, 1).to_string(),
            "018bcfe5-6800-7800-8000-000700000001"
        );
    }

    #[test]
    fn ids_sort_in_the_order_they_were_made() {
        let clock = SettableClock::starting_at(from_micros(1_700_000_000_000_000));
        let ids: Vec<_> = (0..1_000).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].get_version_num(), 7);
    }
}
