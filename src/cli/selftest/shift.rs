//! A clock that runs, and that can be set or hurried.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

use crate::clock::{Clock, SystemClock, after, between};

/// At most so long it sleeps before it looks again.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// The machine's clock, and how far it differs.
#[derive(Debug)]
pub(super) struct ShiftedClock(watch::Sender<Shift>);

#[derive(Debug, Clone, Copy, Default)]
struct Shift {
    /// What has passed beyond the machine's time.
    hurried: Duration,
    /// By how much it was set.
    set_by: SignedDuration,
}

impl ShiftedClock {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Shift::default()))
    }

    /// Lets so much time pass at once.
    pub(super) fn pass(&self, length: Duration) {
        self.0.send_modify(|shift| shift.hurried += length);
    }

    /// Sets the clock, forward or back: no time passes.
    pub(super) fn set(&self, by: SignedDuration) {
        self.0.send_modify(|shift| shift.set_by += by);
    }
}

#[async_trait]
impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let shift = *self.0.borrow();
        let passed = after(SystemClock.now(), shift.hurried);
        passed.saturating_add(shift.set_by).unwrap_or(passed)
    }

    fn new_id(&self) -> Uuid {
        SystemClock.new_id()
    }

    fn set_by(&self) -> SignedDuration {
        SystemClock.set_by() + self.0.borrow().set_by
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let mut changed = self.0.subscribe();
        let (began, hurried) = (Instant::now(), changed.borrow_and_update().hurried);
        let length = between(self.now(), instant);
        loop {
            let passed = began.elapsed() + (self.0.borrow().hurried - hurried);
            let left = between(self.now(), instant).min(length.saturating_sub(passed));
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(SLEEP_MAX)) => {}
                _ = changed.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn time_that_passes_wakes_whoever_sleeps_and_a_clock_that_is_put_back_lets_nobody_sleep_on()
     {
        let clock = ShiftedClock::new();
        let hour = Duration::from_secs(3_600);
        let sleep = clock.sleep_until(after(clock.now(), hour));
        let wake = async {
            clock.set(SignedDuration::from_hours(-5));
            clock.pass(hour);
        };
        tokio::join!(sleep, wake);
        assert!(clock.set_by() < SignedDuration::from_hours(-4));
    }
}
