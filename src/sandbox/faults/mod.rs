//! Trouble to order: which request, how often, and what goes wrong.
//!
//! The faults are tried in the order in which they were ordered; the first that fits and has not been used up is taken.
//! Every one that fits counts the request, taken or not, so `nth` is a number of requests and not of turns.

mod kind;
mod slow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use kind::{FaultKind, KartraForm};
pub use slow::Delay;

pub(super) use kind::Place;

use crate::clock;

/// Which requests a fault is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Every request to run an action.
    #[default]
    AnyRun,
    /// Requests to run the action with this key.
    Verb(String),
    /// Requests of any kind whose path begins so.
    Path(String),
}

/// Something that shall go wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// For which requests.
    #[serde(default)]
    pub on: On,
    /// From which of them on: 1 is the next.
    #[serde(default = "first")]
    pub nth: u64,
    /// How often; without end when it is `null`.
    #[serde(default = "once")]
    pub times: Option<u64>,
    /// How likely, from 0 to 1, by the sandbox's own seeded chance.
    #[serde(default)]
    pub chance: Option<f64>,
    /// For how long from the order on, in milliseconds of the sandbox's clock.
    #[serde(default)]
    pub for_ms: Option<u64>,
    /// What.
    pub fault: FaultKind,
}

impl Fault {
    /// This, for the next request to run any action.
    #[must_use]
    pub fn new(fault: FaultKind) -> Self {
        Self {
            on: On::AnyRun,
            nth: first(),
            times: once(),
            chance: None,
            for_ms: None,
            fault,
        }
    }

    /// This, for the next request to run the action with this key.
    #[must_use]
    pub fn on_verb(verb: &str, fault: FaultKind) -> Self {
        Self {
            on: On::Verb(verb.to_owned()),
            ..Self::new(fault)
        }
    }

    /// This, for the next request of any kind whose path begins so.
    #[must_use]
    pub fn on_path(path: &str, fault: FaultKind) -> Self {
        Self {
            on: On::Path(path.to_owned()),
            ..Self::new(fault)
        }
    }

    /// The same, from the nth request on.
    #[must_use]
    pub fn nth(self, nth: u64) -> Self {
        Self { nth, ..self }
    }

    /// The same, so often.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// The same, without end.
    #[must_use]
    pub fn always(self) -> Self {
        Self {
            times: None,
            ..self
        }
    }

    /// The same, this likely each time.
    #[must_use]
    pub fn chance(self, chance: f64) -> Self {
        Self {
            chance: Some(chance),
            ..self
        }
    }
}

/// What a request is, as far as faults care.
#[derive(Debug, Clone, Copy)]
pub(super) enum Occasion<'a> {
    Run(&'a str),
    Path(&'a str),
}

/// The faults that were ordered and are not used up.
#[derive(Debug)]
pub(super) struct Faults {
    ordered: Vec<Ordered>,
    random: u64,
}

#[derive(Debug)]
struct Ordered {
    fault: Fault,
    seen: u64,
    until: Option<Timestamp>,
}

impl Faults {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            ordered: Vec::new(),
            random: seed,
        }
    }

    pub(super) fn add(&mut self, fault: Fault, now: Timestamp) {
        let length = fault.for_ms.map(std::time::Duration::from_millis);
        self.ordered.push(Ordered {
            fault,
            seen: 0,
            until: length.map(|length| clock::after(now, length)),
        });
    }

    pub(super) fn clear(&mut self) {
        self.ordered.clear();
    }

    /// Those that are left, in their order; `times` says how often each is left.
    pub(super) fn left(&self) -> Vec<Fault> {
        self.ordered.iter().map(|one| one.fault.clone()).collect()
    }

    /// The fault that this request meets.
    pub(super) fn pick(&mut self, occasion: Occasion<'_>, now: Timestamp) -> Option<FaultKind> {
        let mut taken = None;
        let random = &mut self.random;
        self.ordered.retain_mut(|one| {
            if one.until.is_some_and(|until| now >= until) {
                return false;
            }
            if !fits(&one.fault.on, occasion) {
                return true;
            }
            one.seen += 1;
            let due = one.seen >= one.fault.nth;
            if taken.is_some() || !due || !lucky(one.fault.chance, random) {
                return true;
            }
            taken = Some(one.fault.fault.clone());
            match &mut one.fault.times {
                None => true,
                Some(times) => {
                    *times = times.saturating_sub(1);
                    *times > 0
                }
            }
        });
        taken
    }
}

fn fits(on: &On, occasion: Occasion<'_>) -> bool {
    match (on, occasion) {
        (On::AnyRun, Occasion::Run(_)) => true,
        (On::Verb(wanted), Occasion::Run(verb)) => wanted == verb,
        (On::Path(start), Occasion::Path(path)) => path.starts_with(start.as_str()),
        _ => false,
    }
}

fn lucky(chance: Option<f64>, random: &mut u64) -> bool {
    chance.is_none_or(|chance| next_fraction(random) < chance)
}

/// SplitMix64, as a number from 0 up to 1.
fn next_fraction(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

fn first() -> u64 {
    1
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is the default of a field that may be null"
)]
fn once() -> Option<u64> {
    Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn picks(faults: &mut Faults, verbs: &[&str]) -> Vec<Option<FaultKind>> {
        let mut pick = |verb: &&str| faults.pick(Occasion::Run(verb), NOW);
        verbs.iter().map(&mut pick).collect()
    }

    #[test]
    fn the_first_that_fits_is_taken_until_it_is_used_up() {
        let mut faults = Faults::new(1);
        faults.add(
            Fault::on_verb("assign-tag", FaultKind::DropBefore).times(2),
            NOW,
        );
        faults.add(Fault::new(FaultKind::Garbage), NOW);
        let found = picks(
            &mut faults,
            &["assign-tag", "get-lead", "assign-tag", "assign-tag"],
        );
        assert_eq!(
            found,
            [
                Some(FaultKind::DropBefore),
                Some(FaultKind::Garbage),
                Some(FaultKind::DropBefore),
                None
            ]
        );
        assert!(faults.left().is_empty());
    }

    #[test]
    fn nth_counts_every_request_that_fits() {
        let mut faults = Faults::new(1);
        faults.add(Fault::new(FaultKind::EmptyBody), NOW);
        faults.add(Fault::new(FaultKind::DropAfter).nth(3), NOW);
        let found = picks(&mut faults, &["a", "b", "c", "d"]);
        assert_eq!(
            found,
            [
                Some(FaultKind::EmptyBody),
                None,
                Some(FaultKind::DropAfter),
                None
            ]
        );
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed_and_about_right() {
        let course = |seed| {
            let mut faults = Faults::new(seed);
            faults.add(Fault::new(FaultKind::DropBefore).chance(0.25).always(), NOW);
            picks(&mut faults, &["a"; 1_000])
        };
        assert_eq!(course(7), course(7));
        assert_ne!(course(7), course(8));
        let hits = course(7).iter().flatten().count();
        assert!((200..300).contains(&hits), "{hits} of 1000");
    }

    #[test]
    fn a_fault_for_a_time_ends_with_it() {
        let mut faults = Faults::new(1);
        let mut fault = Fault::new(FaultKind::DropBefore).always();
        fault.for_ms = Some(500);
        faults.add(fault, NOW);
        let at = |millis| Timestamp::from_millisecond(millis).expect("a time");
        assert!(faults.pick(Occasion::Run("a"), at(499)).is_some());
        assert!(faults.pick(Occasion::Run("a"), at(500)).is_none());
    }

    #[test]
    fn a_path_fault_is_for_paths_and_an_order_in_json_has_its_defaults() {
        let text = r#"{ "on": { "path": "/connections" }, "times": null, "chance": 0.5,
            "fault": { "rate_limited_by_kartra": { "retry_after": 2 } } }"#;
        let fault: Fault = serde_json::from_str(text).expect("an order");
        assert_eq!((fault.nth, fault.times, fault.chance), (1, None, Some(0.5)));
        assert!(fits(&fault.on, Occasion::Path("/connections/1")));
        assert!(!fits(&fault.on, Occasion::Path("/actions")));
        assert!(!fits(&fault.on, Occasion::Run("assign-tag")));
        let least: Fault = serde_json::from_str(r#"{ "fault": "drop_after" }"#).expect("an order");
        assert_eq!(least, Fault::new(FaultKind::DropAfter));
        for fault in [
            r#"{ "delay_after": { "clock_ms": 5000 } }"#,
            r#"{ "status": { "code": 500, "body": "x", "after_work": true } }"#,
            r#"{ "kartra_error": { "number": 212, "form": "nested" } }"#,
            r#"{ "output_large": 1000 }"#,
        ] {
            let text = format!(r#"{{ "fault": {fault}, "for_ms": 5000 }}"#);
            let fault: Fault = serde_json::from_str(&text).expect(&text);
            assert_eq!(fault.for_ms, Some(5_000));
        }
    }
}
