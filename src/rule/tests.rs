//! Tests of rules at work: what starts a run, what each step wants, which rules an event concerns.

pub(super) mod catalog;
mod guard;
mod set;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use catalog::catalog;

use super::*;
use crate::action::{Class, Outcome};
use crate::event::{Envelope, Event, Format, Person};
use crate::run::{StepProgress, StepState};

fn rule(body: &str) -> Arc<Rule> {
    let text = format!("id: r\ntrigger: {{ webhook: shop }}\n{body}");
    from_text("rules/r.yaml", &text, catalog()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn step(text: &str) -> Arc<Rule> {
    rule(&format!(
        "vars: {{ email: x }}\nactions:\n  - {}\n",
        text.replace('\n', "\n    ")
    ))
}

fn event(body: Value) -> Event {
    let person = Person {
        email: Some(" Ada@Example.com ".to_owned()),
        ..Person::default()
    };
    Event {
        id: Uuid::from_u128(1),
        source: "shop".into(),
        sender_id: "1".to_owned(),
        earlier: None,
        kind: "order.paid".to_owned(),
        received_at: now(),
        live: Some(true),
        replay_of: None,
        caused_by: None,
        depth: 0,
        unproven: None,
        person,
        format: Format::Json,
        raw: Arc::from([]),
        tree: Arc::default(),
    }
    .with_tree(body, Envelope::default())
}

fn now() -> Timestamp {
    "2026-11-01T08:00:00Z".parse().expect("a time")
}

fn effect(rule: &Rule, body: Value, stage: u8) -> Result<Effect, RuleError> {
    let event = event(body);
    let progress = Progress {
        vars: json!({ "email": "ada@example.com" })
            .as_object()
            .cloned()
            .unwrap_or_default(),
        ..Progress::default()
    };
    let scope = Scope {
        tree: &event.tree,
        progress: &progress,
        now: now(),
    };
    rule.steps[0].effect(&scope, stage)
}

fn input(text: &str, body: Value) -> Result<Value, String> {
    match effect(&step(text), body, 0) {
        Ok(Effect::Call { input, .. }) => Ok(input),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_run_begins_with_vars_in_order_then_key_and_once() {
    let rule = rule(
        "vars:\n  first: ${{ body.name }}\n  greeting: Hello ${{ vars.first }}\n  list: [1, \"${{ body.n }}\"]\n\
         key: ${{ body.customer }}\nonce: ${{ body.n }}\nactions:\n  - stop:\n",
    );
    let start = rule
        .start(&event(json!({"name": "Ada", "n": 7, "customer": "c1"})))
        .expect("starts");
    assert_eq!(
        Value::Object(start.vars),
        json!({"first": "Ada", "greeting": "Hello Ada", "list": [1, 7]})
    );
    assert_eq!(start.key.as_deref(), Some("c1"));
    assert_eq!(start.once.as_deref(), Some("7"));
}

#[test]
fn the_key_is_the_person_unless_said_otherwise() {
    let rule = rule("actions:\n  - stop:\n");
    let mut event = event(json!({}));
    assert_eq!(
        rule.start(&event).expect("starts").key.as_deref(),
        Some("ada@example.com")
    );
    event.person.email = None;
    assert_eq!(rule.start(&event).expect("starts").key, None);
}

#[test]
fn an_empty_once_is_an_error_with_its_place() {
    let rule = rule("once: ${{ body.id }}\nactions:\n  - stop:\n");
    for id in [json!(null), json!(""), json!("  ")] {
        let error = rule
            .start(&event(json!({ "id": id })))
            .expect_err("an error");
        assert!(error.message.contains("`once` is empty"), "{error}");
        assert_eq!(error.place, "rules/r.yaml:3:7");
    }
    assert!(rule.start(&event(json!({}))).is_err());
    assert!(rule.start(&event(json!({"id": [1]}))).is_err());
}

#[test]
fn inputs_take_the_type_that_the_field_wants() {
    assert_eq!(
        input(
            "assign-tag: { email: \"${{ vars.email }}\", tag_name: \"${{ body.tag }}\" }",
            json!({"tag": 7})
        ),
        Ok(json!({"email": "ada@example.com", "tag_name": "7"}))
    );
    assert_eq!(
        input(
            "subscribe-lead-to-sequence: { id: 5, sequence_name: Nudge, step: 1 }",
            json!({})
        ),
        Ok(json!({"id": 5, "sequence_name": "Nudge", "step": 1}))
    );
    assert_eq!(
        input(
            "edit-lead: { email: a@example.com, zip: 02134, phone: \"${{ body.phone }}\" }",
            json!({"phone": null})
        ),
        Ok(json!({"email": "a@example.com", "zip": "02134"}))
    );
    assert_eq!(input("retrieve-account-tags:", json!({})), Ok(json!({})));
}

#[test]
fn an_input_that_turns_out_wrong_is_an_error_with_its_place() {
    for (value, words) in [
        (json!(null), "`tag_name` is null"),
        (json!(""), "`tag_name` is empty"),
        (json!([1]), "must be a text, and is a list"),
    ] {
        let text = "assign-tag:\n  email: a@example.com\n  tag_name: ${{ body.tag }}";
        let error = effect(&step(text), json!({ "tag": value }), 0).expect_err(words);
        assert!(error.message.contains(words), "{error}");
        assert_eq!(error.place, "rules/r.yaml:7:17");
    }
    let missing = input(
        "assign-tag: { email: a@example.com, tag_name: \"${{ body.tagg }}\" }",
        json!({"tag": 1}),
    );
    assert!(missing.expect_err("undefined").contains("tagg"));
}

#[test]
fn a_refund_is_never_sent_with_an_empty_amount() {
    let text = "refund-transaction: { transaction_id: 5, refund_amount: \"${{ body.amount }}\" }";
    assert_eq!(
        input(text, json!({"amount": "29.00"})),
        Ok(json!({"transaction_id": 5, "refund_amount": "29.00"}))
    );
    for amount in [
        json!(null),
        json!(""),
        json!(0),
        json!("0.00"),
        json!(-1),
        json!("all"),
        json!([]),
    ] {
        assert!(
            input(text, json!({ "amount": amount })).is_err(),
            "{amount}"
        );
    }
    let full = "refund-transaction: { transaction_id: 5 }\nfull: true";
    assert_eq!(input(full, json!({})), Ok(json!({"transaction_id": 5})));
}

/// What an outcome at this stage means for the step.
fn after(step: &Step, stage: u8, outcome: Outcome) -> After {
    let scope = Scope {
        tree: &Arc::default(),
        progress: &Progress::default(),
        now: now(),
    };
    step.after(&scope, stage, outcome)
}

#[test]
fn ensure_lead_looks_and_creates_only_when_there_is_none() {
    let rule = step("ensure-lead: { email: \"${{ vars.email }}\", first_name: Ada }");
    let call = |stage| match effect(&rule, json!({}), stage) {
        Ok(Effect::Call { verb, input }) => (verb.to_string(), input),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        call(0),
        ("get-lead".to_owned(), json!({"email": "ada@example.com"}))
    );
    assert_eq!(
        call(1),
        (
            "create-lead".to_owned(),
            json!({"email": "ada@example.com", "first_name": "Ada"})
        )
    );
    let after = |stage, class| after(&rule.steps[0], stage, Outcome::new(class, ""));
    assert_eq!(after(0, Class::TargetMissing), After::Stage(1));
    assert!(matches!(after(0, Class::Done), After::Take(outcome) if outcome.is_success()));
    assert!(matches!(after(0, Class::RateLimited), After::Take(outcome) if !outcome.is_success()));
    assert!(matches!(after(1, Class::Already), After::Take(outcome) if outcome.is_success()));
    assert!(matches!(after(1, Class::TargetMissing), After::Take(_)));
}

#[test]
fn waits_end_after_a_while_or_at_a_time() {
    let until = |text: &str, body| effect(&step(text), body, 0);
    let at = |text: &str| {
        Ok(Effect::Wait {
            until: text.parse().expect("a time"),
        })
    };
    assert_eq!(until("wait: 1h30m", json!({})), at("2026-11-01T09:30:00Z"));
    assert_eq!(
        until("wait: { until: 2026-12-24T09:00:00+01:00 }", json!({})),
        at("2026-12-24T08:00:00Z")
    );
    let computed = "wait: { until: \"${{ body.at }}\" }";
    assert_eq!(
        until(computed, json!({"at": "2026-11-02T00:00:00Z"})),
        at("2026-11-02T00:00:00Z")
    );
    assert_eq!(
        until(computed, json!({"at": 1_793_577_600})),
        at("2026-11-02T00:00:00Z")
    );
    assert!(until(computed, json!({"at": "2026-11-02T00:00"})).is_err());
    assert!(until(computed, json!({"at": "2028-01-01T00:00:00Z"})).is_err());
    assert!(until(computed, json!({"at": null})).is_err());
}

#[test]
fn set_stop_and_fail_say_what_they_compute() {
    assert_eq!(
        effect(
            &step("set: { a: 1, b: \"${{ vars.a + 1 }}\", c: \"${{ vars.email }}\" }"),
            json!({}),
            0
        ),
        Ok(Effect::Keep {
            values: json!({"a": 1, "b": 2, "c": "ada@example.com"})
                .as_object()
                .cloned()
                .unwrap_or_default()
        })
    );
    assert_eq!(
        effect(&step("stop:"), json!({}), 0),
        Ok(Effect::Stop { reason: None })
    );
    assert_eq!(
        effect(&step("stop: paid ${{ body.n }}"), json!({"n": 3}), 0),
        Ok(Effect::Stop {
            reason: Some("paid 3".to_owned())
        })
    );
    assert_eq!(
        effect(&step("fail: no course"), json!({}), 0),
        Ok(Effect::Fail {
            reason: "no course".to_owned()
        })
    );
}

#[test]
fn if_is_asked_once_and_must_be_true_or_false() {
    let rule = step("if: ${{ body.paid }}\nstop:");
    assert_eq!(effect(&rule, json!({"paid": false}), 0), Ok(Effect::Skip));
    assert_eq!(
        effect(&rule, json!({"paid": true}), 0),
        Ok(Effect::Stop { reason: None })
    );
    assert_eq!(
        effect(&rule, json!({"paid": false}), 1),
        Ok(Effect::Stop { reason: None })
    );
    let error = effect(&rule, json!({"paid": "yes"}), 0).expect_err("a text");
    assert!(error.message.contains("true or false"), "{error}");
}

#[test]
fn later_steps_see_what_earlier_ones_made() {
    let text = "actions:\n  - id: now\n    get-lead: { email: a@example.com }\n  - if: ${{ steps.now.state == 'ok' }}\n    fail: ${{ steps.now.output.name }}\n";
    let rule = rule(text);
    let event = event(json!({}));
    let mut progress = Progress::default();
    let done = StepProgress {
        state: StepState::Ok,
        id: Some("now".into()),
        output: Some(json!({"name": "Ada"})),
        ..StepProgress::default()
    };
    progress.steps.insert("0".into(), done);
    let scope = Scope {
        tree: &event.tree,
        progress: &progress,
        now: now(),
    };
    assert_eq!(
        rule.steps[1].effect(&scope, 0),
        Ok(Effect::Fail {
            reason: "Ada".to_owned()
        })
    );
    assert_eq!(&*rule.steps[1].path, "1");
}

#[test]
fn settings_of_a_step_are_kept() {
    let rule = step(
        "assign-tag: { email: a@example.com, tag_name: vip }\nname: mark\nretry: { attempts: 3, within: 1h, backoff: 1s..10s }\n\
         timeout: 30s\non_error: continue\nconnection: client_b",
    );
    let step = &rule.steps[0];
    assert_eq!(&*step.verb, "assign-tag");
    assert_eq!(step.name.as_deref(), Some("mark"));
    assert_eq!(
        (step.retry.attempts, step.retry.within),
        (3, Duration::from_secs(3600))
    );
    assert_eq!(
        (step.retry.first, step.retry.cap),
        (Duration::from_secs(1), Duration::from_secs(10))
    );
    assert_eq!(step.timeout, Some(Duration::from_secs(30)));
    assert!(step.continue_on_error);
    assert_eq!(step.connection.as_deref(), Some("client_b"));
}

#[test]
fn every_kind_of_step_has_a_sentence() {
    assert!(step::kinds().all(|(name, doc)| !name.is_empty() && doc.ends_with('.')));
}
