//! Chance that can be had again: numbers that follow from a seed, which `KARTWHEEL_TEST_SEED` gives.

use std::hash::{BuildHasher, RandomState};

/// A small generator of numbers (xorshift): the same seed, the same course.
pub(crate) struct Random(u64);

impl Random {
    /// From the seed that was asked for, or else from this one.
    pub(crate) fn seeded(usual: u64) -> Self {
        Self(from_environment("KARTWHEEL_TEST_SEED").unwrap_or(usual))
    }

    /// From the seed that was asked for, or else from one that nobody has seen.
    pub(crate) fn fresh() -> Self {
        Self::seeded(RandomState::new().hash_one(0) | 1)
    }

    /// Goes on from what `seed` said.
    pub(crate) fn again(seed: u64) -> Self {
        Self(seed)
    }

    /// What it goes on from.
    pub(crate) fn seed(&self) -> u64 {
        self.0
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number smaller than this.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is smaller")
    }

    /// One of these.
    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// So many of these characters.
    pub(crate) fn word(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| self.of(&letters)).collect()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// A number of the environment.
pub(crate) fn from_environment(name: &str) -> Option<u64> {
    std::env::vars()
        .find(|(key, _)| key == name)
        .and_then(|(_, value)| value.parse().ok())
}
