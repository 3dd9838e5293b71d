//! The order of the queue, without a clock: turns of rules, urgency, places, giving up, and what is remembered.

use proptest::prelude::*;

use super::*;
use crate::action::Priority::{High, Low, Normal};

/// A queue that names those it serves.
#[derive(Default)]
struct Named {
    queue: Queue,
    places: Vec<Place>,
}

impl Named {
    fn join(&mut self, rule: &str, priority: Priority, place: i64) -> Place {
        let turn = Turn {
            priority,
            rule: rule.into(),
            place,
        };
        let place = self.queue.join(&turn, &Arc::default());
        self.places.push(place.clone());
        place
    }

    fn head(&self) -> Option<Place> {
        let mut heads = self.places.iter().filter(|place| self.queue.is_head(place));
        let head = heads.next().cloned();
        assert_eq!(heads.next(), None, "one head");
        head
    }

    fn serve(&mut self) -> Option<(String, i64)> {
        let head = self.head()?;
        self.queue.serve(&head);
        self.places.retain(|place| *place != head);
        Some((head.rule.to_string(), head.within.0))
    }

    fn leave(&mut self, place: &Place) {
        assert!(self.queue.leave(place));
        assert!(!self.queue.leave(place), "it is gone");
        self.places.retain(|other| other != place);
    }

    /// The rules in the order in which they are served, until nobody waits.
    fn rest(&mut self) -> String {
        let names: Vec<_> = std::iter::from_fn(|| self.serve().map(|(rule, _)| rule)).collect();
        names.join(" ")
    }
}

#[test]
fn rules_take_turns_and_within_a_rule_the_oldest_run_goes_first() {
    let mut queue = Named::default();
    for place in [3, 1, 2] {
        queue.join("a", Normal, place);
    }
    queue.join("b", Normal, 9);
    queue.join("b", Normal, 8);
    queue.join("c", Normal, 0);
    let served: Vec<_> = std::iter::from_fn(|| queue.serve()).collect();
    let served = served.iter().map(|(rule, place)| (rule.as_str(), *place));
    let expected = [("a", 1), ("b", 8), ("c", 0), ("a", 2), ("b", 9), ("a", 3)];
    assert_eq!(served.collect::<Vec<_>>(), expected);
}

#[test]
fn the_urgent_go_first_whatever_their_rule_has_had() {
    let mut queue = Named::default();
    queue.join("a", Low, 1);
    queue.join("b", Normal, 2);
    queue.join("b", Normal, 3);
    queue.join("a", High, 9);
    queue.join("a", High, 8);
    assert_eq!(queue.serve(), Some(("a".to_owned(), 8)));
    queue.join("c", Normal, 0);
    assert_eq!(queue.rest(), "a b c b a");
    assert!(queue.queue.is_empty());
}

#[test]
fn nobody_is_paid_for_having_been_away() {
    let mut queue = Named::default();
    for _ in 0..10 {
        queue.join("a", Normal, 0);
    }
    queue.join("b", Normal, 0);
    queue.join("b", Normal, 0);
    for _ in 0..7 {
        queue.serve();
    }
    // b had its two in the first four; it is back, and gets no more than its turn.
    for _ in 0..3 {
        queue.join("b", Normal, 0);
    }
    assert_eq!(queue.rest(), "b a b a b a a a");
}

#[test]
fn one_who_comes_back_in_the_same_round_waits_for_the_next() {
    let mut queue = Named::default();
    queue.join("a", Normal, 1);
    queue.join("b", Normal, 2);
    queue.serve();
    queue.join("a", Normal, 1);
    assert_eq!(queue.rest(), "b a");
    // The same when it gave up meanwhile.
    queue.join("a", Normal, 1);
    queue.join("b", Normal, 2);
    queue.serve();
    let place = queue.join("a", Normal, 1);
    queue.leave(&place);
    queue.join("a", Normal, 1);
    assert_eq!(queue.rest(), "b a");
}

#[test]
fn giving_up_leaves_the_order_of_the_others() {
    let mut queue = Named::default();
    let first = queue.join("a", Normal, 1);
    queue.join("a", Normal, 2);
    let only = queue.join("b", Normal, 3);
    queue.join("c", Normal, 4);
    queue.leave(&first);
    assert_eq!(queue.head().map(|head| head.within.0), Some(2));
    queue.leave(&only);
    assert_eq!(queue.rest(), "a c");
    assert!(queue.queue.is_empty());
    assert!(!queue.queue.leave(&only));
}

#[test]
fn rules_that_no_longer_wait_are_forgotten() {
    let mut queue = Named::default();
    for number in 0..1_000 {
        queue.join("always", Normal, number);
        queue.join(&format!("rule {number}"), Normal, number);
        queue.serve();
        queue.serve();
        assert!(queue.queue.rules() <= 3, "{}", queue.queue.rules());
    }
    queue.rest();
    assert_eq!(queue.queue.rules(), 0);
}

proptest! {
    /// However calls come and go: while two rules wait, neither is served twice more than the other.
    #[test]
    fn no_rule_is_ever_more_than_one_call_ahead(moves in prop::collection::vec((0..4_usize, 0..4_u8, 0..5_i64), 1..200)) {
        const RULES: [&str; 4] = ["a", "b", "c", "d"];
        let mut queue = Named::default();
        // For each pair: how often the one was served while the other waited, since the other began to wait.
        let mut ahead = [[0; 4]; 4];
        let waits = |queue: &Named, rule: usize| queue.places.iter().any(|place| *place.rule == *RULES[rule]);
        for (rule, what, place) in moves {
            match what {
                0 | 1 => {
                    let began = !waits(&queue, rule);
                    queue.join(RULES[rule], Normal, place);
                    if began {
                        for other in &mut ahead {
                            other[rule] = 0;
                        }
                    }
                }
                2 => {
                    let own = queue.places.iter().find(|place| *place.rule == *RULES[rule]).cloned();
                    if let Some(place) = own {
                        queue.leave(&place);
                    }
                }
                _ => {
                    let Some((name, _)) = queue.serve() else { continue };
                    let served = RULES.iter().position(|rule| *rule == name).expect("one of them");
                    for other in 0..4 {
                        ahead[other][served] = 0;
                        if other != served && waits(&queue, other) {
                            ahead[served][other] += 1;
                            prop_assert!(ahead[served][other] <= 1, "{name} kept {} waiting", RULES[other]);
                        }
                    }
                }
            }
        }
    }
}
