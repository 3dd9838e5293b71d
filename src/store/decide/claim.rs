//! Which of the runs that are due are taken: at most one per key, the oldest first.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use crate::run::State;
use crate::store::decide::Place;

/// A run that is due.
#[derive(Debug, Clone)]
pub(in crate::store) struct Candidate {
    pub seq: i64,
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
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Head {
    pub seq: i64,
    pub state: State,
    pub due_at: Option<Timestamp>,
}

/// What a claim does to the candidates.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Claiming {
    /// To be taken.
    pub take: Vec<i64>,
    /// To wait, no longer due, until their key is free.
    pub queue: Vec<i64>,
}

/// Decides about candidates in the order in which they became due.
pub(in crate::store) fn decide(
    candidates: &[Candidate],
    queues: &BTreeMap<Place, Queue>,
    now: Timestamp,
) -> Claiming {
    let mut claiming = Claiming::default();
    let mut seen: HashSet<&Place> = HashSet::new();
    for candidate in candidates {
        let Some(place) = candidate.place.as_ref().filter(|_| !candidate.holds_key) else {
            claiming.take.push(candidate.seq);
            continue;
        };
        let queue = queues.get(place).cloned().unwrap_or_default();
        let head = queue.head.filter(|_| queue.holder.is_none());
        if head.is_none_or(|head| head.seq != candidate.seq) {
            claiming.queue.push(candidate.seq);
        }
        if let Some(head) = head
            && seen.insert(place)
        {
            // The head's turn has come even when another run of its key was the one that was looked at; but one that a
            // person holds, or whose time is still to come, keeps those behind it waiting.
            let stays = match head.due_at {
                Some(due) => due > now,
                None => head.state == State::Held,
            };
            if !stays {
                claiming.take.push(head.seq);
            }
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
