//! The health of each connection, as its calls show it: a breaker that leaves a broken one alone, and a memory of relapses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Engine, pause};
use crate::action::{Class, Outcome};
use crate::store::HoldKind;

/// Calls that break down one after another before their connection is left alone.
pub const BROKEN_MAX: u32 = 5;

/// The first and the longest pause between two looks at a held connection.
const PROBE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// What is remembered of every connection.
#[derive(Debug, Default)]
pub(super) struct Vitals(Mutex<HashMap<Arc<str>, Vital>>);

#[derive(Debug, Default)]
struct Vital {
    /// Calls in a row that broke down.
    broken: u32,
    /// Releases since a call last got an answer.
    relapses: u32,
}

impl Vitals {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Vital>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first pause before a held connection is looked at; longer each time it was well for the look and for nothing else.
    pub(super) fn first_pause(&self, connection: &str) -> Duration {
        let relapses = self
            .lock()
            .get(connection)
            .map_or(0, |vital| vital.relapses);
        pause::doubled(PROBE, relapses)
    }

    /// The pause after one of this length.
    pub(super) fn next_pause(pause: Duration) -> Duration {
        let (_, longest) = PROBE;
        pause.saturating_mul(2).min(longest)
    }

    /// A hold ended.
    pub(super) fn released(&self, connection: &str) {
        let mut vitals = self.lock();
        let vital = vitals.entry(connection.into()).or_default();
        vital.broken = 0;
        vital.relapses = vital.relapses.saturating_add(1);
    }

    /// Takes an outcome in. Whether so many broke down that the connection is better left alone.
    fn note(&self, connection: &str, outcome: &Outcome) -> bool {
        let mut vitals = self.lock();
        if broke_down(outcome) {
            let vital = vitals.entry(connection.into()).or_default();
            vital.broken += 1;
            if vital.broken < BROKEN_MAX {
                return false;
            }
            vital.broken = 0;
            return true;
        }
        if was_heard(outcome.class) {
            vitals.remove(connection);
        }
        false
    }
}

/// Nothing came back, or nothing that came from the application.
const fn broke_down(outcome: &Outcome) -> bool {
    match (outcome.class, outcome.status) {
        (Class::Transient, None) => true,
        (Class::Unknown, None) => outcome.app_type.is_none(),
        // A question that broke down is transient: it changed nothing.
        (Class::Transient | Class::Unknown, Some(status)) => {
            status >= 500 && outcome.app_type.is_none()
        }
        _ => false,
    }
}

/// The application answered, be it with a no.
pub(super) const fn was_heard(class: Class) -> bool {
    matches!(
        class,
        Class::Done | Class::Already | Class::RuleWrong | Class::TargetMissing | Class::Refused
    )
}

impl Engine {
    /// Takes an outcome into the health of its connection, and leaves a broken one alone.
    pub(super) async fn note_outcome(&self, connection: &Arc<str>, outcome: &Outcome) {
        if !self.0.vitals.note(connection, outcome) {
            return;
        }
        let reason = format!(
            "{BROKEN_MAX} calls in a row broke down, the last with: {}. Its runs wait; it is tried with a cheap read until one succeeds",
            outcome.message
        );
        if let Err(error) = self.hold(connection, HoldKind::Broken, reason).await {
            tracing::error!(%error, %connection, "could not store the hold");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(class: Class, status: Option<u16>) -> Outcome {
        Outcome {
            status,
            ..Outcome::new(class, "")
        }
    }

    #[test]
    fn only_breakdowns_in_a_row_open_the_breaker() {
        let vitals = Vitals::default();
        let broken = answer(Class::Unknown, Some(502));
        for _ in 1..BROKEN_MAX {
            assert!(!vitals.note("main", &broken));
        }
        vitals.note("main", &answer(Class::TargetMissing, Some(200)));
        for _ in 1..BROKEN_MAX {
            assert!(!vitals.note("main", &broken));
        }
        assert!(!vitals.note("other", &broken));
        assert!(vitals.note("main", &broken));
    }

    #[test]
    fn a_no_of_the_application_is_no_breakdown() {
        for outcome in [
            answer(Class::Refused, Some(200)),
            answer(Class::RateLimited, Some(429)),
            answer(Class::Transient, Some(400)),
            answer(Class::ConnectionDown, Some(400)),
        ] {
            assert!(!broke_down(&outcome), "{outcome:?}");
        }
        assert!(broke_down(&answer(Class::Transient, None)));
        assert!(broke_down(&answer(Class::Transient, Some(502))));
    }

    #[test]
    fn relapses_make_the_looks_rarer_until_a_call_is_heard() {
        let vitals = Vitals::default();
        vitals.released("main");
        let once = vitals.first_pause("main");
        vitals.released("main");
        assert!(vitals.first_pause("main") > once);
        vitals.note("main", &answer(Class::Done, Some(200)));
        assert!(vitals.first_pause("main") < once);
    }
}
