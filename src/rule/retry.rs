//! Retry: how often a step is tried, and how long it waits before it is tried again.

use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::complaint::Complaint;
use super::duration;

/// The most attempts a rule may ask for.
pub const MOST_ATTEMPTS: u32 = 50;
/// The longest `within`.
pub const LONGEST_WITHIN_DAYS: u64 = 30;

/// How often a step is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// No try begins later than this after the first.
    pub within: Duration,
    /// The longest the first delay can be.
    pub first: Duration,
    /// The longest any delay can be.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            within: Duration::from_secs(24 * 60 * 60),
            first: Duration::from_secs(2),
            cap: Duration::from_secs(15 * 60),
        }
    }
}

impl RetryPolicy {
    /// Delay before attempt `failed + 1`: exponential with full jitter, derived from the run's id, so that the same run, step and
    /// number always give the same.
    #[must_use]
    pub fn delay(&self, run: Uuid, step: &str, failed: u32) -> Duration {
        let doublings = failed.saturating_sub(1).min(63);
        let first_ms = u64::try_from(self.first.as_millis()).unwrap_or(u64::MAX);
        let cap_ms = u64::try_from(self.cap.as_millis()).unwrap_or(u64::MAX);
        let longest_ms = first_ms.saturating_mul(1 << doublings).min(cap_ms);
        let share = u128::from(dice(run, step, failed)) * (u128::from(longest_ms) + 1);
        Duration::from_millis(u64::try_from(share >> 64).unwrap_or(longest_ms))
    }

    /// The attempts a rule asks for.
    ///
    /// # Errors
    /// Not between 1 and [`MOST_ATTEMPTS`].
    pub fn check_attempts(attempts: i64) -> Result<u32, Complaint> {
        match u32::try_from(attempts) {
            Ok(attempts @ 1..=MOST_ATTEMPTS) => Ok(attempts),
            _ => Err(Complaint::new(format!(
                "a step is tried 1 to {MOST_ATTEMPTS} times, not {attempts}"
            ))),
        }
    }

    /// `within`.
    ///
    /// # Errors
    /// Not a duration, or longer than [`LONGEST_WITHIN_DAYS`].
    pub fn parse_within(text: &str) -> Result<Duration, Complaint> {
        duration::parse_within(
            text,
            Duration::from_secs(LONGEST_WITHIN_DAYS * 24 * 60 * 60),
        )
    }

    /// `backoff: 2s..15m`: the first delay and the longest.
    ///
    /// # Errors
    /// Not two durations, or the first is longer than the second.
    pub fn parse_backoff(text: &str) -> Result<(Duration, Duration), Complaint> {
        let Some((first, cap)) = text.split_once("..") else {
            return Err(Complaint::new(format!("`{text}` is not a backoff"))
                .help("write the first delay and the longest, such as `2s..15m`"));
        };
        let cap_at = first.len() + 2;
        let (first, cap) = (
            duration::parse(first)?,
            duration::parse(cap).map_err(|complaint| complaint.shifted(cap_at))?,
        );
        if first > cap {
            return Err(
                Complaint::new("the first delay is longer than the longest").help(format!(
                    "write `{}..{}`",
                    duration::write(cap),
                    duration::write(first)
                )),
            );
        }
        if cap.is_zero() {
            return Err(
                Complaint::new("a backoff of nothing would only hammer").help("write `2s..15m`")
            );
        }
        Ok((first, cap))
    }
}

/// A number that is as good as random, and always the same.
fn dice(run: Uuid, step: &str, failed: u32) -> u64 {
    let mut hash = Sha256::new();
    hash.update(run.as_bytes());
    hash.update(failed.to_be_bytes());
    hash.update(step.as_bytes());
    let digest = hash.finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn runs() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    proptest! {
        #[test]
        fn a_delay_is_within_its_doubling_and_the_cap_and_always_the_same(run in runs(), failed in 1..80_u32) {
            let policy = RetryPolicy::default();
            let delay = policy.delay(run, "3", failed);
            prop_assert!(delay <= policy.cap);
            prop_assert!(failed > 16 || delay <= policy.first * 2_u32.pow(failed - 1));
            prop_assert_eq!(delay, policy.delay(run, "3", failed));
        }
    }

    #[test]
    fn delays_spread_over_the_whole_range() {
        let policy = RetryPolicy::default();
        let mut delays: Vec<_> = (0..1000_u128)
            .map(|run| policy.delay(Uuid::from_u128(run), "0", 30).as_secs())
            .collect();
        delays.sort_unstable();
        let (low, middle, high) = (delays[50], delays[500], delays[950]);
        assert!(
            (20..=70).contains(&low),
            "5 % lie below 45 s, here below {low} s"
        );
        assert!(
            (400..=500).contains(&middle),
            "the middle is 450 s, here {middle} s"
        );
        assert!(
            (830..=880).contains(&high),
            "95 % lie below 855 s, here below {high} s"
        );
    }

    #[test]
    fn steps_and_numbers_have_their_own_delays() {
        let policy = RetryPolicy::default();
        let run = Uuid::from_u128(7);
        assert_ne!(policy.delay(run, "0", 9), policy.delay(run, "1", 9));
        assert_ne!(policy.delay(run, "0", 9), policy.delay(run, "0", 10));
    }

    #[test]
    fn what_a_rule_asks_for_is_checked() {
        assert_eq!(RetryPolicy::check_attempts(50), Ok(50));
        assert!(RetryPolicy::check_attempts(0).is_err());
        assert!(RetryPolicy::check_attempts(51).is_err());
        assert_eq!(
            RetryPolicy::parse_backoff("2s..15m"),
            Ok((Duration::from_secs(2), Duration::from_secs(900)))
        );
        assert_eq!(
            RetryPolicy::parse_backoff("2s..x").expect_err("x").range,
            Some(4..5)
        );
        assert!(RetryPolicy::parse_backoff("2s").is_err());
        assert!(
            RetryPolicy::parse_backoff("15m..2s")
                .expect_err("turned")
                .help
                .is_some_and(|help| help.contains("2s..15m"))
        );
        assert!(RetryPolicy::parse_within("31d").is_err());
    }
}
