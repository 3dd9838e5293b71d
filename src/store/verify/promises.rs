//! The twelve invariants, and what of each no database can show.

/// One invariant.
#[derive(Debug, PartialEq, Eq)]
pub struct Promise {
    /// Its number.
    pub number: u8,
    /// What holds.
    pub text: &'static str,
    /// What of it cannot be seen in a database.
    pub unseen: Option<&'static str>,
    /// The tests that hold that part.
    pub held_by: &'static [&'static str],
}

/// All of them.
pub const PROMISES: [Promise; 12] = [
    Promise {
        number: 1,
        text: "Every delivery answered 2xx is on disk before the answer.",
        unseen: Some(
            "an event that was never stored leaves nothing behind; that the answer waits for the disk",
        ),
        held_by: &["every_delivery_answered_with_200_is_done_whatever_is_killed"],
    },
    Promise {
        number: 2,
        text: "Each event names the rules that judged it, and every rule has its verdict.",
        unseen: None,
        held_by: &[],
    },
    Promise {
        number: 3,
        text: "One event per source and id; one unfinished or done run per rule and `once` value.",
        unseen: None,
        held_by: &[],
    },
    Promise {
        number: 4,
        text: "Every call has an attempt row before it leaves.",
        unseen: Some("a call that left without its row"),
        held_by: &[
            "the_first_intent_of_a_safe_call_rides_in_the_accepts_commit",
            "no_other_intent_rides_in_the_accepts_commit",
        ],
    },
    Promise {
        number: 5,
        text: "No unsafe call is sent after a cancel or a pause was committed.",
        unseen: Some("a call that a step sends over another connection than its run's"),
        held_by: &["an_intent_is_refused_while_its_connection_is_held"],
    },
    Promise {
        number: 6,
        text: "Each due instant of a schedule is in the ledger exactly once.",
        unseen: Some("all of it: this version has no schedules"),
        held_by: &[],
    },
    Promise {
        number: 7,
        text: "Runs with the same key are carried out one at a time, oldest first.",
        unseen: Some("the order in which runs that are over were carried out"),
        held_by: &["a_key_lets_one_run_through_and_the_next_when_it_is_done"],
    },
    Promise {
        number: 8,
        text: "Attempts never exceed the policy; a run that gives up is visible and whole.",
        unseen: None,
        held_by: &[],
    },
    Promise {
        number: 9,
        text: "No transaction stays open longer than 10 s.",
        unseen: Some("all of it"),
        held_by: &["a_transaction_that_hangs_ends_the_store"],
    },
    Promise {
        number: 10,
        text: "Unfinished work is never deleted; a full disk loses nothing.",
        unseen: Some("what was deleted whole; what happens while the disk is full"),
        held_by: &["a_full_disk_is_said_and_passes"],
    },
    Promise {
        number: 11,
        text: "A run is pinned to the text of the rule that started it.",
        unseen: None,
        held_by: &[],
    },
    Promise {
        number: 12,
        text: "What the engine declines, it records with a reason.",
        unseen: None,
        held_by: &[],
    },
];
