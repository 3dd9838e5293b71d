//! What was answered, as far as it does for later deliveries, and for a short while which questions are of no use.
//!
//! The addresses come from deliveries that prove nothing yet. So only what turned out to be a certificate is kept, and there are only
//! so many vain questions in a minute, whatever is sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock;

/// Certificates that are kept; PayPal has a few.
pub const CERTIFICATES_KEPT_MAX: usize = 16;
/// Addresses at which none was found that are remembered; as long as there are so many, no new one is asked.
pub const CERTIFICATES_FAILED_MAX: usize = 32;
/// How long one is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it is remembered that none was found.
const FAILED_FOR: Duration = Duration::from_secs(60);

/// What is known, by address.
#[derive(Debug, Default)]
pub(super) struct Kept {
    good: HashMap<Box<str>, (Arc<[u8]>, Timestamp)>,
    failed: HashMap<Box<str>, Timestamp>,
}

/// What is known of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// This lies there.
    Answer(Arc<[u8]>),
    /// It is not to be asked now.
    Failed(&'static str),
    /// Nothing: it can be asked.
    Nothing,
}

impl Kept {
    /// What is known of this address.
    pub(super) fn of(&mut self, url: &str, now: Timestamp) -> Known {
        self.good
            .retain(|_, (_, since)| is_within(*since, now, KEPT_FOR));
        self.failed
            .retain(|_, since| is_within(*since, now, FAILED_FOR));
        if let Some((bytes, _)) = self.good.get(url) {
            return Known::Answer(Arc::clone(bytes));
        }
        if self.failed.contains_key(url) {
            return Known::Failed("there was no certificate a moment ago");
        }
        if self.failed.len() >= CERTIFICATES_FAILED_MAX {
            return Known::Failed(
                "too many deliveries with addresses where there is no certificate",
            );
        }
        Known::Nothing
    }

    /// This lies there. The oldest makes room.
    pub(super) fn keep(&mut self, url: &str, bytes: Arc<[u8]>, now: Timestamp) {
        if self.good.len() >= CERTIFICATES_KEPT_MAX && !self.good.contains_key(url) {
            let oldest = self.good.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(url, _)| url.clone()) {
                self.good.remove(&oldest);
            }
        }
        self.good.insert(url.into(), (bytes, now));
    }

    /// There is nothing of use.
    pub(super) fn fail(&mut self, url: &str, now: Timestamp) {
        if self.failed.len() < CERTIFICATES_FAILED_MAX {
            self.failed.insert(url.into(), now);
        }
    }

    /// It is not of use any more.
    pub(super) fn forget(&mut self, url: &str) {
        self.good.remove(url);
    }
}

/// Whether less than this has passed since then. A clock that was set back has no say.
fn is_within(since: Timestamp, now: Timestamp, length: Duration) -> bool {
    since <= now && clock::between(since, now) < length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_certificate_is_kept_for_a_day_and_the_oldest_makes_room() {
        let mut kept = Kept::default();
        let bytes: Arc<[u8]> = Arc::from(&b"x"[..]);
        for number in 0..=CERTIFICATES_KEPT_MAX {
            let now = at(i64::try_from(number).unwrap());
            kept.keep(&number.to_string(), Arc::clone(&bytes), now);
        }
        assert_eq!(kept.good.len(), CERTIFICATES_KEPT_MAX);
        assert_eq!(kept.of("0", at(20)), Known::Nothing);
        assert_eq!(kept.of("1", at(20)), Known::Answer(Arc::clone(&bytes)));
        assert_eq!(kept.of("1", at(86_400)), Known::Answer(Arc::clone(&bytes)));
        assert_eq!(kept.of("1", at(86_401)), Known::Nothing);
        kept.keep("1", Arc::clone(&bytes), at(90_000));
        kept.forget("1");
        assert_eq!(kept.of("1", at(90_000)), Known::Nothing);
        kept.keep("1", bytes, at(90_000));
        assert_eq!(kept.of("1", at(80_000)), Known::Nothing, "set back");
    }

    #[test]
    fn vain_questions_are_few_in_a_minute_and_keep_nothing_good_away() {
        let mut kept = Kept::default();
        kept.keep("good", Arc::from(&b"x"[..]), at(0));
        for number in 0..10 * CERTIFICATES_FAILED_MAX {
            kept.fail(&number.to_string(), at(1));
        }
        assert_eq!(kept.failed.len(), CERTIFICATES_FAILED_MAX);
        assert!(matches!(kept.of("0", at(60)), Known::Failed(_)));
        assert!(matches!(kept.of("another", at(60)), Known::Failed(_)));
        assert!(matches!(kept.of("good", at(60)), Known::Answer(_)));
        assert_eq!(kept.of("0", at(61)), Known::Nothing);
        assert_eq!(kept.of("another", at(61)), Known::Nothing);
    }
}
