//! A limit of the other side that is as high as the pace, over a line that brings some calls late.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::{limited, setup, start, turn};
use crate::action::{Outcome, Priority};
use crate::clock::{Clock, after, between, micros};

/// A call arrives so much late at most, in microseconds.
const LATE_MICROS: i64 = 45_000;
const SECOND_MICROS: i64 = 1_000_000;

/// Makes calls at twenty a second for so long, of which the other side takes no more; gives when it refused one.
fn refused_within(length: Duration) -> Vec<Timestamp> {
    let (clock, pace) = setup(20.0, 8);
    let end = after(clock.now(), length);
    let mut taken: VecDeque<i64> = VecDeque::new();
    let mut refused = Vec::new();
    let mut number = 0;
    while clock.now() < end {
        let Some(_permit) = pace.try_slot(&turn(Priority::Normal, 0)) else {
            clock.advance(Duration::from_millis(2));
            continue;
        };
        number += 1;
        let arrived = micros(clock.now()) + number * 7_919 % LATE_MICROS;
        while taken
            .front()
            .is_some_and(|at| arrived - at >= SECOND_MICROS)
        {
            taken.pop_front();
        }
        let outcome = if taken.len() < 20 {
            taken.push_back(arrived);
            Outcome::done(serde_json::Value::Null)
        } else {
            refused.push(clock.now());
            limited(None)
        };
        pace.note(clock.now(), &outcome);
    }
    refused
}

#[test]
fn calls_that_arrive_late_meet_the_limit_once_and_not_again_for_half_an_hour() {
    let refused = refused_within(Duration::from_secs(35 * 60));
    let [first, second, ..] = refused[..] else {
        panic!("{refused:?}")
    };
    assert!(
        between(start(), first) < Duration::from_secs(60),
        "{refused:?}"
    );
    assert!(
        between(first, second) >= Duration::from_secs(30 * 60),
        "{refused:?}"
    );
}
