//! Room in memory for runs: who is there, and who may still come. Pure: the engine asks it before it takes a run in, and a
//! claim before it takes one out of the database.
//!
//! One connection may have a third of what is left, so that something is always left for the next one, however many
//! come. Within it, a rule that has few there has places of its own, so that a flood of another costs it none; and
//! access and money have more of them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::action::Priority;

/// Runs in memory that all connections share, as long as one rule may take a connection's whole part.
pub const ACTIVE_RUNS_MAX: usize = 1_024;
/// Runs in memory with the places that rules have for themselves.
pub const ACTIVE_RUNS_OWN_MAX: usize = 2_048;
/// Runs in memory at most, with the places that access and money have for themselves.
pub const ACTIVE_RUNS_HARD_MAX: usize = 4_096;

/// A connection may have one part in so many of the places that are left.
const PARTS: usize = 3;

/// The runs of one rule and priority on one connection: they go one after another, and have their turns together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// The connection's local name.
    pub connection: Arc<str>,
    /// Higher goes first.
    pub priority: Priority,
    /// The rule's id.
    pub rule: Arc<str>,
}

/// Who is in memory.
#[derive(Debug, Clone, Default)]
pub struct Room {
    active: usize,
    connections: HashMap<Arc<str>, Guests>,
}

/// The runs of one connection.
#[derive(Debug, Clone, Default)]
struct Guests {
    active: usize,
    by_rule: HashMap<Arc<str>, usize>,
}

impl Room {
    /// Runs in memory.
    #[must_use]
    pub const fn active(&self) -> usize {
        self.active
    }

    /// Whether a run of this lane may come in now.
    #[must_use]
    pub fn is_open_for(&self, lane: &Lane) -> bool {
        let (here, of_rule) = self.count(lane);
        let own = own_places(lane.priority);
        here < self.part(ACTIVE_RUNS_MAX) || (of_rule < own.of_rule && here < self.part(own.in_all))
    }

    /// Whether a run of this lane that went made so much room that it is worth looking for runs that wait for it: its
    /// connection has no less than its part, so that it is the others' turn; or a quarter of its part is free.
    #[must_use]
    pub fn is_worth_a_look(&self, lane: &Lane) -> bool {
        let (here, _) = self.count(lane);
        let part = self.part(ACTIVE_RUNS_MAX);
        here >= part || here * 4 <= part * 3
    }

    /// A run came in.
    pub fn enter(&mut self, lane: &Lane) {
        self.active += 1;
        let guests = self.connections.entry(lane.connection.clone()).or_default();
        guests.active += 1;
        *guests.by_rule.entry(lane.rule.clone()).or_default() += 1;
    }

    /// A run that came in went.
    pub fn leave(&mut self, lane: &Lane) {
        let Some(guests) = self.connections.get_mut(&lane.connection) else {
            return;
        };
        let Some(of_rule) = guests.by_rule.get_mut(&lane.rule) else {
            return;
        };
        *of_rule -= 1;
        if *of_rule == 0 {
            guests.by_rule.remove(&lane.rule);
        }
        guests.active -= 1;
        if guests.active == 0 {
            self.connections.remove(&lane.connection);
        }
        self.active -= 1;
    }

    /// Runs of the lane's connection, and of its rule there.
    fn count(&self, lane: &Lane) -> (usize, usize) {
        let guests = self.connections.get(&lane.connection);
        guests.map_or((0, 0), |guests| {
            let of_rule = guests.by_rule.get(&lane.rule).copied().unwrap_or(0);
            (guests.active, of_rule)
        })
    }

    /// What one connection may have of so many places, as things stand.
    const fn part(&self, places: usize) -> usize {
        places.saturating_sub(self.active) / PARTS
    }
}

/// Places that a rule has for itself.
struct Own {
    of_rule: usize,
    /// Of these, with everything else.
    in_all: usize,
}

const fn own_places(priority: Priority) -> Own {
    let (of_rule, in_all) = match priority {
        Priority::Low => (4, ACTIVE_RUNS_OWN_MAX),
        Priority::Normal => (16, ACTIVE_RUNS_OWN_MAX),
        Priority::High => (64, ACTIVE_RUNS_HARD_MAX),
    };
    Own { of_rule, in_all }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(connection: &str, rule: &str, priority: Priority) -> Lane {
        Lane {
            connection: connection.into(),
            priority,
            rule: rule.into(),
        }
    }

    /// Lets runs in until no more may come; says how many.
    fn fill(room: &mut Room, lane: &Lane) -> usize {
        let before = room.active();
        while room.is_open_for(lane) {
            room.enter(lane);
        }
        room.active() - before
    }

    #[test]
    fn a_flood_of_one_rule_leaves_places_for_the_others() {
        let mut room = Room::default();
        let flood = lane("main", "newsletter", Priority::Normal);
        assert_eq!(fill(&mut room, &flood), ACTIVE_RUNS_MAX / (PARTS + 1));
        let other = lane("main", "survey", Priority::Low);
        assert_eq!(fill(&mut room, &other), 4);
        let access = lane("main", "access", Priority::High);
        assert_eq!(fill(&mut room, &access), 64);
        assert!(!room.is_open_for(&flood));
        for _ in 0..4 {
            room.leave(&other);
        }
        assert!(room.is_open_for(&other));
        assert!(!room.is_open_for(&flood));
    }

    /// Floods that come one after another leave ever less; but whoever has more than its part takes nothing of what comes free.
    #[test]
    fn however_many_connections_are_flooded_the_next_one_has_what_comes_free() {
        let mut room = Room::default();
        for client in 0..100 {
            for rule in 0..20 {
                let (connection, rule) = (format!("client{client}"), format!("rule{rule}"));
                fill(&mut room, &lane(&connection, &rule, Priority::High));
                fill(&mut room, &lane(&connection, &rule, Priority::Normal));
            }
        }
        assert!(room.active() <= ACTIVE_RUNS_HARD_MAX);
        let flood = lane("client0", "rule0", Priority::High);
        for _ in 0..PARTS {
            room.leave(&flood);
            assert!(room.is_worth_a_look(&flood));
        }
        assert!(!room.is_open_for(&lane("client0", "new", Priority::High)));
        assert!(room.is_open_for(&lane("idle", "access", Priority::High)));
    }

    #[test]
    fn thousands_of_rules_of_one_connection_are_bounded_and_access_still_has_places() {
        let mut room = Room::default();
        for number in 0..4_500 {
            fill(
                &mut room,
                &lane("main", &format!("rule{number}"), Priority::Normal),
            );
        }
        assert_eq!(room.active(), ACTIVE_RUNS_OWN_MAX / (PARTS + 1));
        let access = lane("main", "access", Priority::High);
        assert_eq!(fill(&mut room, &access), 64);
        for number in 0..4_500 {
            fill(
                &mut room,
                &lane("main", &format!("access{number}"), Priority::High),
            );
        }
        assert_eq!(room.active(), ACTIVE_RUNS_HARD_MAX / (PARTS + 1));
        assert!(room.is_open_for(&lane("other", "survey", Priority::Low)));
    }

    #[test]
    fn it_is_worth_a_look_once_a_quarter_is_free() {
        let mut room = Room::default();
        let flood = lane("main", "newsletter", Priority::Normal);
        let entered = fill(&mut room, &flood);
        room.leave(&flood);
        assert!(!room.is_worth_a_look(&flood));
        for _ in 0..entered / 4 {
            room.leave(&flood);
        }
        assert!(room.is_worth_a_look(&flood));
        let few = lane("main", "survey", Priority::Low);
        fill(&mut room, &flood);
        fill(&mut room, &few);
        room.leave(&few);
        assert!(room.is_worth_a_look(&few));
    }
}
