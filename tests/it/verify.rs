//! `kartwheel verify`: a sound database is said to be so, and whatever breaks an invariant is named.

mod breaks;
mod command;
mod damage;
mod deep;
mod many;
mod story;

use kartwheel::store::verify::{CHECKS, PROMISES};

use breaks::{BREAKS, SOUND};
use story::Story;

/// For each check: what breaks it by hand is found, by this check, in this row, and nothing else is.
#[tokio::test]
async fn whatever_is_broken_by_hand_is_named() {
    let story = Story::told().await;
    let mut wrong = Vec::new();
    for (sql, expected) in BREAKS {
        let copy = story.with(sql).await;
        let found = copy.found(false).await;
        if found != *expected {
            wrong.push(format!(
                "{sql}\n  found    {found:?}\n  expected {expected:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What looks like a breach and is none.
#[tokio::test]
async fn what_may_be_is_not_complained_of() {
    let story = Story::told().await;
    for sql in SOUND {
        let found = story.with(sql).await.found(false).await;
        assert_eq!(found, Vec::<String>::new(), "{sql}");
    }
}

/// A check that nothing breaks checks nothing.
#[test]
fn every_check_is_broken_by_something() {
    let elsewhere = ["verdict-again", "attempts-policy", "text-readable"];
    for check in CHECKS.iter().flat_map(|checks| checks.iter()) {
        let name = check.name;
        let begins = |found: &&str| found.split(':').next() == Some(name);
        let broken = BREAKS.iter().any(|(_, found)| found.iter().any(&begins));
        assert!(broken || elsewhere.contains(&name), "nothing breaks {name}");
    }
}

/// Each invariant has its checks, or says which tests hold it; and these tests are there.
#[test]
fn what_no_database_can_show_is_held_by_tests_that_exist() {
    let files = crate::tidy::tracked_files();
    let numbers: Vec<u8> = PROMISES.iter().map(|promise| promise.number).collect();
    assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    for promise in &PROMISES {
        let mut checks = CHECKS.iter().flat_map(|checks| checks.iter());
        let seen = checks.any(|check| check.invariant == Some(promise.number));
        assert!(seen || promise.unseen.is_some(), "{}", promise.number);
        for test in promise.held_by {
            let is_there = files
                .iter()
                .any(|(_, text)| text.contains(&format!("fn {test}(")));
            assert!(is_there, "{}: there is no test {test}", promise.number);
        }
    }
}
