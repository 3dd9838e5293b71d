//! Which of the runs that are due are taken: at most one per key, the lanes in turns, as far as there is room for them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::action::Priority;
use crate::run::State;
use crate::store::decide::Place;
use crate::store::{Front, Lane, Room};

/// Who was served when. It lasts from claim to claim, so that no claim, however small, begins with the same ones.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Turns {
    served: u64,
    connections: HashMap<(Priority, Arc<str>), u64>,
    lanes: HashMap<Lane, u64>,
}

impl Turns {
    /// Deals so many places out to lanes that have runs that are due, as long as there is room: the highest priority first;
    /// in it the connection that was served longest ago; in it the rule that was. Who was never served comes before who
    /// was, the longest due first. A lane is named as often as it has a turn.
    pub(in crate::store) fn deal(
        &mut self,
        fronts: Vec<Front>,
        places: usize,
        room: &mut Room,
    ) -> Vec<Lane> {
        self.forget_all_but(&fronts);
        let mut levels = self.levels(fronts);
        let mut dealt = Vec::new();
        while dealt.len() < places {
            let Some(mut level) = levels.first_entry() else {
                break;
            };
            let Some((order, mut connection)) = level.get_mut().pop_first() else {
                level.remove();
                continue;
            };
            while let Some(((_, first), lane)) = connection.pop_first() {
                // Within one deal room becomes only less: a lane without a place gets none.
                if room.is_open_for(&lane) {
                    room.enter(&lane);
                    let served = self.serve(&lane);
                    connection.insert((served, first), lane.clone());
                    level.get_mut().insert((served, order.1), connection);
                    dealt.push(lane);
                    break;
                }
            }
        }
        dealt
    }

    fn levels(&self, fronts: Vec<Front>) -> BTreeMap<Reverse<Priority>, Level> {
        let mut connections: HashMap<(Priority, Arc<str>), Connection> = HashMap::new();
        for Front { lane, due_at, seq } in fronts {
            let served = self.lanes.get(&lane).copied().unwrap_or(0);
            let connection = (lane.priority, lane.connection.clone());
            let lanes = connections.entry(connection).or_default();
            lanes.insert((served, (due_at, seq)), lane);
        }
        let mut levels: BTreeMap<Reverse<Priority>, Level> = BTreeMap::new();
        for (connection, lanes) in connections {
            let Some(first) = lanes.keys().map(|(_, first)| *first).min() else {
                continue;
            };
            let served = self.connections.get(&connection).copied().unwrap_or(0);
            let level = levels.entry(Reverse(connection.0)).or_default();
            level.insert((served, first), lanes);
        }
        levels
    }

    fn serve(&mut self, lane: &Lane) -> u64 {
        self.served += 1;
        let connection = (lane.priority, lane.connection.clone());
        self.connections.insert(connection, self.served);
        self.lanes.insert(lane.clone(), self.served);
        self.served
    }

    /// Who has nothing due waits for no turn.
    fn forget_all_but(&mut self, fronts: &[Front]) {
        let lanes: HashSet<&Lane> = fronts.iter().map(|front| &front.lane).collect();
        self.lanes.retain(|lane, _| lanes.contains(lane));
        let connections: HashSet<(Priority, &str)> = lanes
            .iter()
            .map(|lane| (lane.priority, &*lane.connection))
            .collect();
        self.connections
            .retain(|(priority, connection), _| connections.contains(&(*priority, &**connection)));
    }
}

/// When it was served last, then since when its oldest is due: the lowest is next.
type Order = (u64, (Timestamp, i64));
/// The lanes of one connection and priority.
type Connection = BTreeMap<Order, Lane>;
/// The connections of one priority.
type Level = BTreeMap<Order, Connection>;

/// A run that is due, and that a place was dealt out to.
#[derive(Debug, Clone)]
pub(in crate::store) struct Candidate {
    pub seq: i64,
    pub lane: Lane,
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
    pub lane: Lane,
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

/// Decides about candidates in the order in which their turns come. Who is not taken gives its place back.
pub(in crate::store) fn decide(
    candidates: &[Candidate],
    queues: &BTreeMap<Place, Queue>,
    now: Timestamp,
    room: &mut Room,
) -> Claiming {
    let mut claiming = Claiming::default();
    let mut taken: HashSet<i64> = HashSet::new();
    for candidate in candidates {
        let head = match candidate.place.as_ref().filter(|_| !candidate.holds_key) {
            Some(place) => queues
                .get(place)
                .filter(|queue| queue.holder.is_none())
                .and_then(|queue| queue.head.as_ref()),
            None => {
                claiming.take.push(candidate.seq);
                continue;
            }
        };
        let is_head = head.is_some_and(|head| head.seq == candidate.seq);
        if is_head && taken.insert(candidate.seq) {
            claiming.take.push(candidate.seq);
            continue;
        }
        room.leave(&candidate.lane);
        if is_head {
            continue;
        }
        claiming.queue.push(candidate.seq);
        // The head's turn has come even when another run of its key was the one that was looked at.
        if let Some(head) = head
            && !head.stays(now)
            && room.is_open_for(&head.lane)
            && taken.insert(head.seq)
        {
            room.enter(&head.lane);
            claiming.take.push(head.seq);
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
