//! What of the history may go: only what is over, and old enough since it was.

use jiff::Timestamp;

use crate::run::State;
use crate::store::Expire;

/// Something that may be old enough, and how its runs stand.
#[derive(Debug, Clone)]
pub(in crate::store) struct Candidate {
    /// Its number.
    pub seq: i64,
    /// How much of it is to be written over.
    pub bytes: u64,
    /// When it came.
    pub since: Timestamp,
    /// When one of its runs last changed.
    pub changed: Option<Timestamp>,
    /// The states of its runs; a word that is not known is no end.
    pub states: Vec<Option<State>>,
}

/// What goes of the candidates of one step.
#[derive(Debug, PartialEq, Eq, Default)]
pub(in crate::store) struct Fate {
    /// Their numbers.
    pub goes: Vec<i64>,
    /// The last that was looked at, when there may be more behind it.
    pub next: Option<i64>,
}

/// Decides, in the order of the numbers: at most so many bytes go, and nothing is looked at behind what is young.
/// `full` says that there were as many candidates as one step takes.
pub(in crate::store) fn decide(
    candidates: &[Candidate],
    expire: &Expire,
    bytes_max: u64,
    full: bool,
) -> Fate {
    let young = expire.well_before.max(expire.ill_before);
    let mut fate = Fate::default();
    let mut bytes = 0_u64;
    let mut last = None;
    for candidate in candidates {
        if candidate.since >= young {
            return fate;
        }
        if goes(candidate, expire) {
            bytes = bytes.saturating_add(candidate.bytes);
            if bytes > bytes_max && !fate.goes.is_empty() {
                fate.next = last;
                return fate;
            }
            fate.goes.push(candidate.seq);
        }
        last = Some(candidate.seq);
    }
    fate.next = last.filter(|_| full);
    fate
}

fn goes(candidate: &Candidate, expire: &Expire) -> bool {
    let ended = candidate
        .changed
        .map_or(candidate.since, |changed| changed.max(candidate.since));
    let is_over = |state: &Option<State>| state.is_some_and(State::is_over);
    let is_well = |state: &Option<State>| matches!(state, Some(State::Done | State::Declined));
    let before = match candidate.states.iter().all(is_well) {
        true => expire.well_before,
        false => expire.ill_before,
    };
    candidate.states.iter().all(is_over) && ended < before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_micros;
    use crate::store::Part;

    fn candidate(seq: i64, since: i64, changed: i64, states: &[State]) -> Candidate {
        Candidate {
            seq,
            bytes: 10,
            since: from_micros(since),
            changed: Some(from_micros(changed)),
            states: states.iter().copied().map(Some).collect(),
        }
    }

    fn expire() -> Expire {
        Expire {
            part: Part::Bodies,
            after: 0,
            well_before: from_micros(100),
            ill_before: from_micros(50),
            now: from_micros(1_000),
        }
    }

    #[test]
    fn only_what_is_over_goes_and_only_when_it_has_been_for_long() {
        for state in State::ALL {
            let goes = |changed| {
                let one = candidate(1, 0, changed, &[State::Done, state]);
                !decide(&[one], &expire(), 100, true).goes.is_empty()
            };
            let (young, failed_young, old) = match state {
                State::Done | State::Declined => (false, true, true),
                State::Failed | State::Cancelled => (false, false, true),
                _ => (false, false, false),
            };
            assert_eq!(
                (goes(100), goes(99), goes(49)),
                (young, failed_young, old),
                "{state:?}"
            );
        }
        let mut odd = candidate(1, 0, 0, &[]);
        odd.states = vec![None];
        assert!(decide(&[odd], &expire(), 100, true).goes.is_empty());
        let unused = candidate(1, 99, 0, &[]);
        assert_eq!(decide(&[unused], &expire(), 100, true).goes, [1]);
    }

    #[test]
    fn a_step_ends_at_its_bytes_and_at_what_is_young() {
        let old = |seq| candidate(seq, 0, 0, &[State::Done]);
        let waiting = candidate(2, 0, 0, &[State::Waiting]);
        let young = candidate(4, 100, 100, &[State::Done]);
        let all = [old(1), waiting, old(3), young.clone()];
        let fate = decide(&all, &expire(), 100, true);
        assert_eq!((fate.goes, fate.next), (vec![1, 3], None));
        let fate = decide(&all, &expire(), 10, true);
        assert_eq!((fate.goes, fate.next), (vec![1], Some(2)));
        let fate = decide(&all[..3], &expire(), 20, true);
        assert_eq!(
            (fate.goes, fate.next),
            (vec![1, 3], Some(3)),
            "more may follow"
        );
        assert_eq!(decide(&all[..3], &expire(), 20, false).next, None);
        let fate = decide(&all[..1], &expire(), 5, true);
        assert_eq!(fate.goes, [1], "one that is larger than a step goes alone");
    }
}
