//! Which of the runs that are due are taken: at most one per key, of each rule no more than its share.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::action::Priority;
use crate::run::State;
use crate::store::Claim;
use crate::store::decide::Place;

/// Whose turn it is: the runs of one rule and priority share their turns.
pub(in crate::store) type Turn = (Priority, Arc<str>);

/// A run that is due.
#[derive(Debug, Clone)]
pub(in crate::store) struct Candidate {
    pub seq: i64,
    pub turn: Turn,
    pub place: Option<Place>,
    pub holds_key: bool,
}

/// Who stands where for a key.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Queue {
    /// The run that has the key.
    pub holder: Option<i64>,
    /// The oldest run that waits for it, those included whose sleep is over.
    pub head: Option<Head>,
}

/// The run that is next to have a key.
#[derive(Debug, Clone)]
pub(in crate::store) struct Head {
    pub seq: i64,
    pub turn: Turn,
    pub state: State,
    pub due_at: Option<Timestamp>,
}

impl Head {
    /// A run that a person holds, or whose time is still to come, keeps those behind it waiting.
    fn stays(&self, now: Timestamp) -> bool {
        match self.due_at {
            Some(due) => due > now,
            None => self.state == State::Held,
        }
    }
}

/// What a claim does to the candidates, in one look or several.
#[derive(Debug, Default)]
pub(in crate::store) struct Claiming {
    /// To be taken.
    pub take: Vec<i64>,
    /// To wait, no longer due, until their key is free.
    pub queue: Vec<i64>,
}

/// How many were taken of each rule and priority.
pub(in crate::store) type Shares = BTreeMap<Turn, u32>;

/// Decides about candidates in the order in which their turns come.
pub(in crate::store) fn decide(
    candidates: &[Candidate],
    queues: &BTreeMap<Place, Queue>,
    claim: &Claim,
    shares: &mut Shares,
) -> Claiming {
    let mut claiming = Claiming::default();
    let mut seen: HashSet<&Place> = HashSet::new();
    let mut take = |seq: i64, turn: &Turn| {
        let share = shares.entry(turn.clone()).or_default();
        let may = turn.0 >= claim.at_least && *share < claim.per_rule;
        *share += u32::from(may);
        may.then_some(seq)
    };
    for candidate in candidates {
        let Some(place) = candidate.place.as_ref().filter(|_| !candidate.holds_key) else {
            claiming.take.extend(take(candidate.seq, &candidate.turn));
            continue;
        };
        let queue = queues.get(place).cloned().unwrap_or_default();
        let head = queue.head.filter(|_| queue.holder.is_none());
        if head.as_ref().is_none_or(|head| head.seq != candidate.seq) {
            claiming.queue.push(candidate.seq);
        }
        // The head's turn has come even when another run of its key was the one that was looked at.
        if let Some(head) = head
            && seen.insert(place)
            && !head.stays(claim.now)
        {
            claiming.take.extend(take(head.seq, &head.turn));
        }
    }
    claiming
}

/// The keys that candidates want and do not have.
pub(in crate::store) fn wanted(candidates: &[Candidate]) -> Vec<&Place> {
    let mut seen = HashSet::new();
    candidates
        .iter()
        .filter(|candidate| !candidate.holds_key)
        .filter_map(|candidate| candidate.place.as_ref())
        .filter(|place| seen.insert(*place))
        .collect()
}
