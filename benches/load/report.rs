//! Rounds to lines: the median of each thing, and its ratio to the first one.

use std::time::Duration;

use super::generator::Round;

/// One thing that is compared, with its rounds.
#[derive(Debug)]
pub(crate) struct Subject {
    /// What it is.
    pub(crate) name: &'static str,
    /// Its rounds so far.
    pub(crate) rounds: Vec<Round>,
}

impl Subject {
    /// A subject without rounds.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            rounds: Vec::new(),
        }
    }

    fn per_second(&self) -> f64 {
        let mut rates: Vec<f64> = self.rounds.iter().map(Round::per_second).collect();
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied().unwrap_or(0.0)
    }

    /// The time within which so many in a thousand were answered: the median over the rounds.
    fn within(&self, permille: usize) -> Duration {
        let mut times: Vec<Duration> = self
            .rounds
            .iter()
            .filter_map(|round| {
                let last = round.latencies.len().checked_sub(1)?;
                round.latencies.get(last * permille / 1_000).copied()
            })
            .collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }
}

/// The lines of one comparison; the first subject is the base of the ratios.
pub(crate) fn lines(title: &str, subjects: &[Subject]) -> String {
    let base = subjects.first().map_or(0.0, Subject::per_second);
    let mut text = format!(
        "{title}\n  {:<44}{:>12}{:>9}{:>12}{:>12}\n",
        "", "per second", "ratio", "p50 ms", "p99 ms"
    );
    for subject in subjects {
        let rate = subject.per_second();
        text.push_str(&format!(
            "  {:<44}{rate:>12.0}{:>8.2}x{:>12.2}{:>12.2}\n",
            subject.name,
            rate / base,
            subject.within(500).as_secs_f64() * 1_000.0,
            subject.within(990).as_secs_f64() * 1_000.0,
        ));
    }
    text
}
