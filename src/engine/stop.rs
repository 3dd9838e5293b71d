//! Ending in order: nothing new is accepted or taken, calls in flight are given their time, the rest is handed back.

use std::time::Duration;

use super::{Engine, Tasks};
use crate::clock;

/// How long a stop waits for calls that may be repeated anyway.
pub const DRAIN_SAFE: Duration = Duration::from_secs(10);

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drain {
    /// Not at all.
    No,
    /// Nothing new is accepted or taken.
    Stopping,
    /// Safe calls are no longer waited for.
    LeaveSafe,
    /// No call is waited for.
    LeaveAll,
}

impl Engine {
    /// Whether a stop has begun.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.0.drain.borrow() != Drain::No
    }

    /// Returns when a stop has come that far.
    pub(super) async fn drained_to(&self, level: Drain) {
        let mut drain = self.0.drain.subscribe();
        let _ = drain.wait_for(|reached| *reached >= level).await;
    }

    /// Refuses new events from now on; what is under way goes on.
    pub fn refuse_new(&self) {
        self.0.drain.send_if_modified(|level| {
            std::mem::replace(level, (*level).max(Drain::Stopping)) < Drain::Stopping
        });
    }

    /// Stops: waits for calls in flight, unsafe ones up to `unsafe_calls`, safe ones 10 s; returns when all runs rest.
    pub async fn stop(&self, tasks: Tasks, unsafe_calls: Duration) {
        self.refuse_new();
        let began = self.clock().now();
        for (wait, level) in [
            (DRAIN_SAFE.min(unsafe_calls), Drain::LeaveSafe),
            (unsafe_calls, Drain::LeaveAll),
        ] {
            tokio::select! {
                () = self.idle() => break,
                () = self.clock().sleep_until(clock::after(began, wait)) => self.0.drain.send_modify(|now| *now = (*now).max(level)),
            }
        }
        self.idle().await;
        self.0.drain.send_modify(|level| *level = Drain::LeaveAll);
        tasks.keeper.abort();
        tasks.watcher.abort();
        tasks.house.abort();
        if let Some(reader) = tasks.reader {
            reader.abort();
        }
        let _ = tasks.poller.await;
        // What the poller had just taken was handed back at once.
        self.idle().await;
    }

    /// Returns when no run is in memory.
    async fn idle(&self) {
        loop {
            let changed = self.0.changed.notified();
            if self.active() == 0 {
                return;
            }
            changed.await;
        }
    }
}
