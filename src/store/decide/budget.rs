//! Budgets: what is counted, and whether one more may be.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::store::{Begin, Written};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is stored about one budget of one begin.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::store) struct Used {
    /// This step of this run is counted already.
    pub counted: bool,
    /// How many were counted in the hour before the begin.
    pub hour: u64,
    /// How many in the day before it.
    pub day: u64,
}

/// A step of a run under a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::store) struct Counted<'a> {
    pub scope: &'a str,
    pub run_seq: i64,
    pub step: &'a str,
}

/// What is counted: as it is stored, and by the batch so far.
#[derive(Default)]
pub(in crate::store) struct Spent<'a> {
    /// By the begin's place in the batch, and the budget's in the begin.
    pub stored: HashMap<(usize, usize), Used>,
    seen: HashSet<Counted<'a>>,
    /// What the batch counts, to be written.
    pub new: Vec<(Counted<'a>, Timestamp)>,
}

/// Since when an hour counts, and a day.
pub(in crate::store) fn spans(now: Timestamp) -> (Timestamp, Timestamp) {
    let before = |span: SignedDuration| now.checked_sub(span).unwrap_or(Timestamp::MIN);
    (before(HOUR), before(DAY))
}

impl<'a> Spent<'a> {
    /// Counts a begin against its budgets; or says which of them is used up, and counts nothing.
    pub(super) fn spend(&mut self, place: usize, begin: &'a Begin) -> Result<(), Written> {
        let budgets = || {
            begin.budgets.iter().map(|budget| Counted {
                scope: &budget.scope,
                run_seq: begin.lease.run_seq,
                step: &budget.step,
            })
        };
        let stored = |index| self.stored.get(&(place, index)).copied();
        let is_new = |(index, counted): &(usize, Counted<'_>)| {
            !stored(*index).unwrap_or_default().counted && !self.seen.contains(counted)
        };
        let new: Vec<(usize, Counted<'_>)> = budgets().enumerate().filter(is_new).collect();
        for (index, counted) in &new {
            let used = self.used(stored(*index).unwrap_or_default(), counted, begin.now);
            let budget = &begin.budgets[*index];
            let over = |limit: Option<u32>, used| limit.is_some_and(|limit| used >= limit.into());
            let day = over(budget.per_day, used.day);
            if day || over(budget.per_hour, used.hour) {
                let budget = *index;
                return Err(Written::OverBudget { budget, day });
            }
        }
        for (_, counted) in new {
            if self.seen.insert(counted) {
                self.new.push((counted, begin.now));
            }
        }
        Ok(())
    }

    /// With what the batch has counted so far.
    fn used(&self, stored: Used, counted: &Counted<'_>, now: Timestamp) -> Used {
        let (hour, day) = spans(now);
        let mut used = stored;
        for (_, at) in self
            .new
            .iter()
            .filter(|(new, _)| new.scope == counted.scope)
        {
            used.hour += u64::from(*at > hour);
            used.day += u64::from(*at > day);
        }
        used
    }
}
