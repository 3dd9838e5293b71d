//! Looking back over answers in the shapes that were recorded and documented, verb by verb.

mod lead;
mod money;

use std::sync::Arc;

use serde_json::{Value, json};

use super::back;
use crate::action::{Class, Evidence, Look, Outcome, Seen};
use crate::kartra::outcome::read;

/// What the account answers to a read, as Membrane passes it on.
type Account<'a> = &'a dyn Fn(&str, &Value) -> Value;

/// Looks until something is found; gives it, and the reads that were made.
fn look(verb: &str, input: &Value, account: Account<'_>) -> (Evidence, Vec<(String, Value)>) {
    look_with(verb, input, &|read_verb, input| {
        read(read_verb, input, account(read_verb, input))
    })
}

fn look_with(
    verb: &str,
    input: &Value,
    answer: &dyn Fn(&str, &Value) -> Outcome,
) -> (Evidence, Vec<(String, Value)>) {
    let mut seen = Vec::new();
    loop {
        match back(verb, input, &seen) {
            Look::Found(evidence) => {
                let reads = seen.iter();
                let reads = reads.map(|seen: &Seen| (seen.verb.to_string(), seen.input.clone()));
                return (evidence, reads.collect());
            }
            Look::Read { verb, input } => {
                let spec = crate::kartra::catalog().get(verb).expect("an action");
                assert_eq!(spec.effects, crate::action::Effects::Read, "{verb}");
                let outcome = answer(verb, &input);
                seen.push(Seen {
                    verb: Arc::from(verb),
                    input,
                    outcome,
                });
            }
        }
    }
}

/// An answer in Kartra's three nestings.
fn nestings(cmd: &str, inner: &Value) -> [Value; 4] {
    let mut bare = json!({ "status": "Success" });
    for (name, value) in inner.as_object().expect("an object") {
        bare[name] = value.clone();
    }
    [
        json!({ cmd: bare }),
        json!({ "status": "Success", "actions": [{ cmd: bare }] }),
        json!({ "status": 200, "data": bare }),
        bare,
    ]
}

fn error(number: u16) -> Value {
    json!({ "status": "Error", "message": "words", "type": number.to_string() })
}

/// The class and text of an outcome that was found.
#[track_caller]
fn outcome(evidence: Evidence) -> Outcome {
    match evidence {
        Evidence::Outcome(outcome) => outcome,
        other => panic!("no outcome: {other:?}"),
    }
}

#[track_caller]
fn assert_not_done(evidence: &Evidence, text: &str) {
    assert_eq!(evidence, &Evidence::NotDone(text.to_owned()));
}

#[track_caller]
fn assert_unclear(evidence: &Evidence, part: &str) {
    match evidence {
        Evidence::Unclear(text) => assert!(text.contains(part), "{text}"),
        other => panic!("not unclear: {other:?}"),
    }
}

#[test]
fn what_is_safe_to_repeat_and_raw_requests_are_never_looked_up() {
    for verb in [
        "assign-tag",
        "unassign-tag",
        "subscribe-lead-to-list",
        "revoke-membership-access",
        "get-lead",
        "request",
        "unheard-of",
    ] {
        let input = json!({ "email": "ada@example.com", "tag_name": "vip" });
        let (evidence, reads) = look(verb, &input, &|_, _| Value::Null);
        assert_unclear(&evidence, verb);
        assert_eq!(reads, []);
    }
}

#[test]
fn a_read_that_fails_says_why_and_one_that_cannot_be_made_is_no_answer() {
    let input = json!({ "email": "ada@example.com" });
    for class in [
        Class::Transient,
        Class::RateLimited,
        Class::ConnectionDown,
        Class::OurToken,
        Class::NotAllowed,
        Class::Unknown,
    ] {
        let failed = Outcome::new(class, "the reason");
        let (evidence, _) = look_with("create-lead", &input, &|_, _| failed.clone());
        assert_eq!(evidence, Evidence::Failed(failed));
    }
    for class in [Class::RuleWrong, Class::Refused, Class::NotOffered] {
        let (evidence, _) = look_with("create-lead", &input, &|_, _| {
            Outcome::new(class, "the reason")
        });
        assert_unclear(&evidence, "get-lead was not possible: the reason");
    }
}

#[test]
fn a_connection_that_calls_its_fields_otherwise_is_asked_its_way_first() {
    let input = json!({
        "leadEmail": "ada@example.com", "membershipName": " Academy ", "levelName": "Gold",
    });
    let row = json!({ "membershipName": "Academy", "levelName": "Gold", "isActive": true });
    let lead = json!({ "leadDetails": { "id": 7, "memberships": [row] } });
    let asked = |name: &str| {
        let lead = lead.clone();
        look_with("grant-membership-access", &input, &move |_, input| {
            if input.get(name).is_some() {
                Outcome::done(lead.clone())
            } else {
                Outcome::new(Class::RuleWrong, "no such field")
            }
        })
    };
    let (evidence, reads) = asked("leadEmail");
    assert_eq!(outcome(evidence).class, Class::Done);
    assert_eq!(reads.len(), 1);
    let (evidence, reads) = asked("email");
    assert_eq!(outcome(evidence).class, Class::Done);
    assert_eq!(
        reads[1],
        ("get-lead".into(), json!({ "email": "ada@example.com" }))
    );
}

#[test]
fn an_account_that_answers_anything_at_all_comes_to_an_end() {
    let answers = [
        Value::Null,
        json!({}),
        json!([]),
        json!(7),
        json!("words"),
        json!({ "lead_details": [] }),
        json!({ "lead_details": { "id": "1", "memberships": "x", "sequences": { "a": 1 } } }),
        json!({ "transaction_details": { "transaction_id": "1", "lead_id": "2" } }),
        json!([{ "transaction_id": "x", "transaction_type": "refund" }]),
    ];
    let input = json!({
        "email": "ada@example.com", "new_email": "a@example.com", "transaction_id": 1,
        "membership_name": "x", "sequence_name": "x",
    });
    for answer in answers {
        for verb in [
            "create-lead",
            "edit-lead",
            "grant-membership-access",
            "subscribe-lead-to-sequence",
            "cancel-subscription",
            "refund-transaction",
        ] {
            for input in [&input, &json!({}), &Value::Null] {
                let (evidence, _) = look(verb, input, &|_, _| answer.clone());
                let is_done =
                    matches!(&evidence, Evidence::Outcome(outcome) if outcome.class == Class::Done);
                assert!(
                    !is_done || verb == "edit-lead",
                    "{verb} {answer}: {evidence:?}"
                );
            }
        }
    }
}
