//! What is said of a pace that is slower than it is set to be.

use super::*;

#[tokio::test]
async fn a_pace_says_how_slow_it_is_until_it_is_as_it_is_set() {
    let (clock, pace) = setup(4.0, 4);
    assert_eq!(pace.slowed(), None);
    pace.note(clock.now(), &limited(Some(30)));
    let until = Some(start() + jiff::SignedDuration::from_secs(30));
    let slowed = |until| {
        Some(Slowed {
            per_second: 2.0,
            until,
        })
    };
    assert_eq!(pace.slowed(), slowed(until));
    clock.advance(Duration::from_secs(30));
    assert_eq!(pace.slowed(), slowed(None));
}
