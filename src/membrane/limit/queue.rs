//! Who waits for a call, and who is next: the most urgent; among them the rules in turn; within a rule the oldest run.
//!
//! Every rule has a *round*, which goes up by one with each call it is given, and the rule with the lowest round is next.
//! A rule that comes anew starts in the round that is under way: it neither waits for the calls that others have in
//! store, nor is it paid for the time it was away. What is known of a rule is forgotten once it no longer waits and the
//! round it was served in is over, so memory is bounded by those who wait and those who were served in this round.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::Notify;

use crate::action::{Priority, Turn};

/// A place in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    priority: Priority,
    rule: Arc<str>,
    /// The run's number, then who came first.
    within: (i64, u64),
}

/// All who wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    levels: BTreeMap<Reverse<Priority>, Level>,
    tickets: u64,
}

/// Those of one priority.
#[derive(Debug, Default)]
struct Level {
    /// The round under way.
    round: u64,
    rules: HashMap<Arc<str>, Rule>,
    /// The rules that wait, in the order in which they are served.
    order: BTreeMap<(u64, u64), Arc<str>>,
}

#[derive(Debug)]
struct Rule {
    /// Its round, then when it came into it.
    at: (u64, u64),
    waiting: BTreeMap<(i64, u64), Arc<Notify>>,
}

/// The first of a level.
struct Head<'a> {
    rule: &'a Arc<str>,
    within: &'a (i64, u64),
    wake: &'a Notify,
}

impl Queue {
    /// Takes a place; `wake` is told when it may have become the head.
    pub(super) fn join(&mut self, turn: &Turn, wake: &Arc<Notify>) -> Place {
        self.tickets += 1;
        let level = self.levels.entry(Reverse(turn.priority)).or_default();
        let within = (turn.place, self.tickets);
        let began = (level.round, self.tickets);
        let rule = level
            .rules
            .entry(Arc::clone(&turn.rule))
            .or_insert_with(|| Rule {
                at: began,
                waiting: BTreeMap::new(),
            });
        level.order.insert(rule.at, Arc::clone(&turn.rule));
        rule.waiting.insert(within, Arc::clone(wake));
        Place {
            priority: turn.priority,
            rule: Arc::clone(&turn.rule),
            within,
        }
    }

    /// Whether this place is the next to be served.
    pub(super) fn is_head(&self, place: &Place) -> bool {
        let Some((Reverse(priority), level)) = self.levels.first_key_value() else {
            return false;
        };
        *priority == place.priority
            && level
                .head()
                .is_some_and(|head| *head.within == place.within && *head.rule == place.rule)
    }

    /// Lets the next one know.
    pub(super) fn wake_head(&self) {
        let head = self.levels.values().next().and_then(Level::head);
        if let Some(head) = head {
            head.wake.notify_one();
        }
    }

    /// Gives the place its call: it is gone, and its rule goes on to the next round.
    pub(super) fn serve(&mut self, place: &Place) {
        self.tickets += 1;
        let ticket = self.tickets;
        self.take(place, |level, at| {
            let served = at.0;
            if served > level.round {
                level.round = served;
                level
                    .rules
                    .retain(|_, rule| !rule.waiting.is_empty() || rule.at.0 > served);
            }
            (served + 1, ticket)
        });
    }

    /// Gives the place up. False if it was served before.
    pub(super) fn leave(&mut self, place: &Place) -> bool {
        self.take(place, |_, at| at)
    }

    /// Whether nobody waits.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// How many rules are remembered.
    #[cfg(test)]
    pub(super) fn rules(&self) -> usize {
        self.levels.values().map(|level| level.rules.len()).sum()
    }

    /// Takes a place out; `next` says where its rule goes.
    fn take(
        &mut self,
        place: &Place,
        next: impl FnOnce(&mut Level, (u64, u64)) -> (u64, u64),
    ) -> bool {
        let Some(level) = self.levels.get_mut(&Reverse(place.priority)) else {
            return false;
        };
        let Some(mut rule) = level.rules.remove(&place.rule) else {
            return false;
        };
        let was_there = rule.waiting.remove(&place.within).is_some();
        if was_there {
            level.order.remove(&rule.at);
            rule.at = next(level, rule.at);
        }
        let waits = !rule.waiting.is_empty();
        if waits {
            level.order.insert(rule.at, Arc::clone(&place.rule));
        }
        if waits || rule.at.0 > level.round {
            level.rules.insert(Arc::clone(&place.rule), rule);
        }
        if level.order.is_empty() {
            self.levels.remove(&Reverse(place.priority));
        }
        was_there
    }
}

impl Level {
    fn head(&self) -> Option<Head<'_>> {
        let rule = self.order.values().next()?;
        let (within, wake) = self.rules.get(rule)?.waiting.first_key_value()?;
        Some(Head { rule, within, wake })
    }
}
