//! What the judge finds: each break of a promise, and nothing where all is well.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::run::StepProgress;

const TEXT: &str = "assign-tag: { tag_name: buyer }";

/// Two orders of one person, the older one first, and a refund; all done.
fn well() -> Facts {
    let mut facts = Facts::default();
    facts.texts.insert("hash".into(), TEXT.into());
    for (number, rule, key) in [
        (1, "order", "ada"),
        (2, "order", "ada"),
        (3, "refund", "payer"),
    ] {
        let id = Uuid::from_u128(number);
        let event = Uuid::from_u128(100 + number);
        let names = (rule.into(), "hash".into());
        let mut run = Run::due(id, event, names, "main".into(), Timestamp::UNIX_EPOCH);
        run.seq = i64::try_from(number).expect("small");
        run.key = Some(key.to_owned());
        run.state = State::Done;
        let step = StepProgress {
            state: StepState::Ok,
            ..StepProgress::default()
        };
        run.progress.steps.insert("0".into(), step);
        facts.runs.push(run);
        let sent_at = Timestamp::UNIX_EPOCH;
        let number = u64::try_from(number).expect("small");
        facts.taken.insert(number, Taken { event, sent_at });
    }
    act(&mut facts, 1, "create-lead", json!({ "email": "ada" }));
    for run in [1, 2] {
        act(
            &mut facts,
            run,
            "assign-tag",
            json!({ "tag_name": "buyer" }),
        );
        act(&mut facts, run, "subscribe-lead-to-list", json!({}));
    }
    act(&mut facts, 3, REFUND, json!({}));
    facts
}

/// Something is carried out for this run.
fn act(facts: &mut Facts, run: u128, verb: &str, input: Value) {
    facts.effects.push(Effect {
        number: 0,
        at: Timestamp::UNIX_EPOCH,
        verb: verb.to_owned(),
        connection: "main".to_owned(),
        input: Arc::new(input),
        run: Some(Uuid::from_u128(run).to_string()),
        step: None,
        attempt: None,
        action_run: String::new(),
        changed: true,
    });
}

#[test]
fn where_all_is_well_nothing_is_found() {
    assert_eq!(well().broken(), Vec::<String>::new());
    assert_eq!(well().doubts(), 0);
}

#[test]
fn each_break_of_a_promise_is_found() {
    type Harm = fn(&mut Facts);
    let harms: [(&str, Harm); 13] = [
        ("lost: delivery 9", |facts| {
            let taken = Taken {
                event: Uuid::nil(),
                sent_at: Timestamp::UNIX_EPOCH,
            };
            facts.taken.insert(9, taken);
        }),
        ("3 deliveries became 2 events", |facts| {
            let same = facts.taken[&1].clone();
            facts.taken.insert(2, same);
        }),
        ("has two runs", |facts| {
            facts.runs[1].event = facts.runs[0].event
        }),
        ("not done: run", |facts| facts.runs[0].state = State::Failed),
        ("not done: run", |facts| {
            facts.runs[0].state = State::NeedsPerson
        }),
        ("not done: run", |facts| {
            let step = facts.runs[0].progress.steps.get_mut("0").expect("a step");
            step.state = StepState::Unknown;
        }),
        ("open: run", |facts| facts.open.push(Uuid::nil())),
        ("not carried out: refund-transaction", |facts| {
            facts.effects.pop();
        }),
        ("brought the tag vip", |facts| {
            act(facts, 2, "assign-tag", json!({ "tag_name": "vip" }));
        }),
        ("was made again", |facts| {
            act(facts, 2, "create-lead", json!({ "email": "ada" }));
        }),
        ("gave the money back 2 times", |facts| {
            act(facts, 3, REFUND, json!({}))
        }),
        ("is needs_person and gave the money back 1 times", |facts| {
            facts.runs[2].state = State::NeedsPerson;
        }),
        ("out of order: assign-tag", |facts| {
            act(facts, 1, "assign-tag", json!({ "tag_name": "buyer" }));
        }),
    ];
    for (what, harm) in harms {
        let mut facts = well();
        harm(&mut facts);
        let broken = facts.broken();
        assert!(
            broken.iter().any(|said| said.contains(what)),
            "{what}: {broken:?}"
        );
    }
}

#[test]
fn what_acted_without_being_in_the_store_is_found() {
    let mut facts = well();
    act(&mut facts, 77, "assign-tag", json!({ "tag_name": "buyer" }));
    assert!(facts.broken()[0].contains("not in the store"));
}

#[test]
fn of_many_alike_some_are_said_and_the_rest_counted() {
    let mut facts = well();
    facts.open = vec![Uuid::nil(); 12];
    let broken = facts.broken();
    assert_eq!(broken.len(), SAID_MAX + 1);
    assert_eq!(broken[SAID_MAX], "… and 7 more like it");
}
