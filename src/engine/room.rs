//! The engine's room for runs: a place is taken before a run comes into memory, and given back however it goes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Engine;
use crate::run::Run;
use crate::store::{Front, Lane, Room};

/// Who is in memory, and whether somebody waits for room.
#[derive(Debug, Default)]
pub(super) struct Places {
    room: Mutex<Room>,
    /// Something that is due may have found no room at the poller's last look.
    crowded: AtomicBool,
}

impl Places {
    /// Runs in memory.
    pub(super) fn active(&self) -> usize {
        self.lock().active()
    }

    /// Who is in memory now.
    pub(super) fn room(&self) -> Room {
        self.lock().clone()
    }

    /// Whether a run that is due could come in now.
    pub(super) fn is_open_for(&self, front: &Front) -> bool {
        self.lock().is_open_for(&front.lane)
    }

    /// Whether whoever leaves shall have the poller look for runs that wait for room.
    pub(super) fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One run's place in memory, given back when dropped, also when its task panics.
pub(super) struct Place {
    engine: Engine,
    lane: Lane,
}

impl Engine {
    /// A place for a new run, if there is room for it.
    pub(super) fn try_place(&self, run: &Run) -> Option<Place> {
        let lane = lane(run);
        let mut room = self.0.places.lock();
        room.is_open_for(&lane).then(|| {
            room.enter(&lane);
            Place {
                engine: self.clone(),
                lane,
            }
        })
    }

    /// A place for a run that was claimed, which is to say that there was room for it.
    pub(super) fn place(&self, run: &Run) -> Place {
        let lane = lane(run);
        self.0.places.lock().enter(&lane);
        Place {
            engine: self.clone(),
            lane,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let places = &self.engine.0.places;
        let is_worth_a_look = {
            let mut room = places.lock();
            room.leave(&self.lane);
            room.is_worth_a_look(&self.lane)
        };
        if is_worth_a_look && places.crowded.load(Ordering::SeqCst) {
            self.engine.look_again();
        }
        self.engine.0.changed.notify_waiters();
    }
}

fn lane(run: &Run) -> Lane {
    Lane {
        connection: run.connection.clone(),
        priority: run.priority,
        rule: run.rule.clone(),
    }
}
