//! Chance that can be had again: numbers that follow from a seed (splitmix64).

/// A source of numbers.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// The course of one campaign: it is the same whichever others are run.
    pub(super) fn of(seed: u64, campaign: &str) -> Self {
        let name = campaign
            .bytes()
            .fold(seed, |sum, byte| sum.rotate_left(8) ^ u64::from(byte));
        Self(name)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 1 to this one.
    pub(super) fn up_to(&mut self, most: u64) -> u64 {
        1 + self.next() % most.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_course_and_another_campaign_another() {
        let course = |seed, name| {
            let mut chance = Chance::of(seed, name);
            [(); 8].map(|()| chance.up_to(100))
        };
        assert_eq!(course(1, "kill"), course(1, "kill"));
        assert_ne!(course(1, "kill"), course(2, "kill"));
        assert_ne!(course(1, "kill"), course(1, "disk"));
        assert!(course(1, "kill").iter().all(|it| (1..=100).contains(it)));
    }
}
