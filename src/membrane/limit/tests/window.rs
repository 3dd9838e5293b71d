//! No second has more calls than the pace says.

use std::time::Duration;

use super::{drive, setup, turn};
use crate::action::Priority;
use crate::clock::{Clock, micros};

/// A burst after a rest does not make one call more than the pace says in any second.
#[tokio::test]
async fn no_second_has_more_calls_than_the_pace_says() {
    let (clock, pace) = setup(20.0, 64);
    let mut at = Vec::new();
    for round in 0..200_u32 {
        drop(drive(&clock, pace.slot(&turn(Priority::Normal, 0))).await);
        at.push(micros(clock.now()));
        if round % 7 == 0 {
            clock.advance(Duration::from_millis(u64::from(round) % 140));
        }
    }
    for (index, first) in at.iter().enumerate() {
        let within = at[index..]
            .iter()
            .filter(|call| **call - first < 1_000_000)
            .count();
        assert!(within <= 20, "{within} calls in a second");
    }
}
