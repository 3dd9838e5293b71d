//! What happened at the door, counted in memory and written once a second: garbage costs no commit, and no answer waits for one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::Closing;
use crate::clock;
use crate::store::{Handshake, Refused, Store, StoreError};

/// How often counts are written, while there are any.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// The same refusal of the same source is logged once in this time.
const LOG_EVERY: Duration = Duration::from_secs(60);
/// Sources, reasons and kinds that are counted apart; there are only so many as the project has sources and the code has words.
pub const COUNTERS_MAX: usize = 4_096;

/// Refused deliveries and handshakes that no row holds yet.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<BTreeMap<Key, Count>>,
    /// When a refusal was last logged.
    logged: Mutex<BTreeMap<Key, Timestamp>>,
    fresh: Notify,
    /// Held while counts are on their way to the store.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Refused(Arc<str>, &'static str),
    Shaken(Arc<str>, &'static str),
}

#[derive(Debug, Clone)]
struct Count {
    times: u32,
    last: Timestamp,
    detail: String,
}

impl Tally {
    /// Counts a refusal, and logs it at most once a minute for each source and reason.
    pub(super) fn refused(
        &self,
        source: &Arc<str>,
        reason: &'static str,
        detail: &str,
        now: Timestamp,
    ) {
        let key = Key::Refused(Arc::clone(source), reason);
        if self.is_news(&key, now) {
            tracing::warn!(%source, reason, detail, "delivery refused (told once a minute; `kartwheel sources show` counts them)");
        }
        self.count(key, detail, now);
    }

    /// Counts a handshake.
    pub(super) fn shaken(&self, source: &Arc<str>, kind: &'static str, now: Timestamp) {
        self.count(Key::Shaken(Arc::clone(source), kind), "", now);
    }

    fn count(&self, key: Key, detail: &str, now: Timestamp) {
        let count = Count {
            times: 1,
            last: now,
            detail: detail.to_owned(),
        };
        self.add(key, count);
        self.fresh.notify_one();
    }

    fn add(&self, key: Key, more: Count) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&key) {
            let times = count.times.saturating_add(more.times);
            if more.last >= count.last {
                *count = more;
            }
            count.times = times;
        } else if counts.len() < COUNTERS_MAX {
            counts.insert(key, more);
        }
    }

    fn is_news(&self, key: &Key, now: Timestamp) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = logged.get_mut(key) {
            let is_news = now < *last || clock::between(*last, now) >= LOG_EVERY;
            if is_news {
                *last = now;
            }
            return is_news;
        }
        let fits = logged.len() < COUNTERS_MAX;
        if fits {
            logged.insert(key.clone(), now);
        }
        fits
    }

    /// Writes what is counted so far. What the store has no room for at present is counted on.
    pub async fn write(&self, store: &Store) {
        let _writing = self.writing.lock().await;
        let counts = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *counts)
        };
        let written = counts.into_iter().map(|(key, count)| async move {
            let written = put(store, &key, &count).await;
            matches!(written, Err(StoreError::Busy)).then_some((key, count))
        });
        // All of them ride in one commit.
        let left = futures_util::future::join_all(written).await;
        for (key, count) in left.into_iter().flatten() {
            self.add(key, count);
        }
    }

    /// Writes once a second while something is counted, until told to close; what came last is written by `write`.
    pub async fn keep(&self, store: &Store, mut closing: watch::Receiver<Closing>) {
        loop {
            tokio::select! {
                () = self.fresh.notified() => {}
                _ = closing.wait_for(|closing| *closing == Closing::Now) => return,
            }
            self.write(store).await;
            tokio::select! {
                () = tokio::time::sleep(WRITE_EVERY) => {}
                _ = closing.wait_for(|closing| *closing == Closing::Now) => return,
            }
        }
    }
}

async fn put(store: &Store, key: &Key, count: &Count) -> Result<(), StoreError> {
    match key {
        Key::Refused(source, reason) => {
            let refused = Refused {
                source: Arc::clone(source),
                reason: (*reason).into(),
                detail: count.detail.clone(),
                at: count.last,
                count: count.times,
            };
            store.refused(refused).await
        }
        Key::Shaken(source, kind) => {
            let shaken = Handshake {
                source: Arc::clone(source),
                kind: (*kind).into(),
                at: count.last,
                count: count.times,
            };
            store.handshake(shaken).await
        }
    }
}
