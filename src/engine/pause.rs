//! Pauses that grow: each twice as long as the one before, up to a longest.

use std::time::Duration;

/// The first pause and the longest.
pub(super) type Span = (Duration, Duration);

/// The pause after so many doublings of the first one.
pub(super) fn doubled((first, longest): Span, times: u32) -> Duration {
    first.saturating_mul(1 << times.min(10)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_the_longest_and_stays_there() {
        let span = (Duration::from_secs(1), Duration::from_secs(60));
        let pauses = [0, 1, 5, 6, 10, 11, u32::MAX].map(|times| doubled(span, times).as_secs());
        assert_eq!(pauses, [1, 2, 32, 60, 60, 60, 60]);
    }
}
