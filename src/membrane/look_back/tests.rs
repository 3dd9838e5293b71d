//! Every pair of what the run logs and the account can say.

use super::*;

fn outcome(class: Class) -> Outcome {
    Outcome::new(class, "words")
}

fn heard() -> [Heard; 6] {
    [
        Heard::Answer(outcome(Class::Done)),
        Heard::Nothing("silent".to_owned()),
        Heard::Failure("failed".to_owned()),
        Heard::Something("something".to_owned()),
        Heard::Unreadable("unreadable".to_owned()),
        Heard::Trouble(outcome(Class::RateLimited)),
    ]
}

/// What is shown, in one word: `not` done, un`clear`, `failed`, or the class of the outcome.
fn word(evidence: &Evidence) -> &'static str {
    match evidence {
        Evidence::Outcome(outcome) => outcome.class.name(),
        Evidence::NotDone(_) => "not",
        Evidence::Unclear(_) => "clear?",
        Evidence::Failed(_) => "failed",
    }
}

fn row(shown: &Evidence, was_read: bool) -> String {
    let words = heard().map(|heard| word(&combine(heard, shown.clone(), was_read)));
    words.join(" ")
}

#[test]
fn the_logs_and_the_account_together() {
    let done = Evidence::Outcome(outcome(Class::Already));
    let not_done = Evidence::NotDone("not there".to_owned());
    let unclear = Evidence::Unclear("who knows".to_owned());
    let failed = Evidence::Failed(outcome(Class::ConnectionDown));
    assert_eq!(
        row(&done, true),
        "done already already already already already"
    );
    assert_eq!(row(&not_done, true), "done not not clear? not failed");
    assert_eq!(
        row(&unclear, true),
        "done clear? clear? clear? clear? failed"
    );
    assert_eq!(row(&unclear, false), "done not clear? clear? clear? failed");
    assert_eq!(
        row(&failed, true),
        "done failed failed failed failed failed"
    );
}

#[test]
fn a_person_is_told_what_both_have_shown() {
    let shown = Evidence::Unclear("the lead was in it before".to_owned());
    let [_, silent, ..] = heard();
    assert_eq!(
        combine(silent, shown, true),
        Evidence::Unclear("the lead was in it before; silent".to_owned())
    );
    let [.., trouble] = heard();
    let Evidence::Failed(outcome) = combine(trouble, Evidence::NotDone("x".to_owned()), true)
    else {
        panic!("it could not be looked up");
    };
    assert_eq!(outcome.class, Class::RateLimited);
    assert_eq!(outcome.message, "looking it up failed: words");
}
