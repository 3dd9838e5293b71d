//! Room in memory for runs: a flood of one rule leaves places for the others, and more for access and money.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::action::Priority;

/// Runs in memory, as long as one rule may take them all; what is beyond waits in the store.
pub const ACTIVE_RUNS_MAX: usize = 1_024;
/// Runs in memory at most, with the places that a rule has for itself.
pub const ACTIVE_RUNS_HARD_MAX: usize = 4_096;

/// Places that each rule has for itself when memory is full, by its priority.
const fn own_places(priority: Priority) -> usize {
    match priority {
        Priority::Low => 4,
        Priority::Normal => 16,
        Priority::High => 256,
    }
}

/// Who is in memory.
#[derive(Debug, Default)]
pub(super) struct Room {
    active: AtomicUsize,
    by_rule: Mutex<HashMap<Arc<str>, usize>>,
}

impl Room {
    /// Runs in memory.
    pub(super) fn active(&self) -> usize {
        self.active.load(Ordering::SeqCst)
    }

    /// Whether a run of this rule may come in now.
    pub(super) fn is_open_for(&self, rule: &str, priority: Priority) -> bool {
        let active = self.active();
        active < ACTIVE_RUNS_MAX
            || (active < ACTIVE_RUNS_HARD_MAX
                && self.lock().get(rule).copied().unwrap_or(0) < own_places(priority))
    }

    /// A run came in.
    pub(super) fn enter(&self, rule: &Arc<str>) {
        self.active.fetch_add(1, Ordering::SeqCst);
        *self.lock().entry(rule.clone()).or_default() += 1;
    }

    /// A run went. How many there were with it.
    pub(super) fn leave(&self, rule: &Arc<str>) -> usize {
        let mut by_rule = self.lock();
        if let Some(count) = by_rule.get_mut(rule) {
            *count -= 1;
            if *count == 0 {
                by_rule.remove(rule);
            }
        }
        drop(by_rule);
        self.active.fetch_sub(1, Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.by_rule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_places_for_the_others() {
        let room = Room::default();
        let flood: Arc<str> = "newsletter".into();
        while room.is_open_for(&flood, Priority::Normal) {
            room.enter(&flood);
        }
        assert_eq!(room.active(), ACTIVE_RUNS_MAX);
        let other: Arc<str> = "grant".into();
        let mut entered = 0;
        while room.is_open_for(&other, Priority::High) {
            room.enter(&other);
            entered += 1;
        }
        assert_eq!(entered, own_places(Priority::High));
        for _ in 0..entered {
            room.leave(&other);
        }
        assert!(room.is_open_for(&other, Priority::Low));
        assert!(!room.is_open_for(&flood, Priority::Normal));
    }
}
