//! What `runs show` prints, whole.

use crate::action::Priority;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::show;
use crate::action::Class;
use crate::cli::screen::tests::Paper;
use crate::event::{Envelope, Event, Format, Person};
use crate::run::{Attempt, Failure, Progress, Run, State, StepProgress, StepState};
use crate::store::{Hold, HoldKind, StoredEvent, StoredVerdict};
use crate::web::api::story::Story;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_793_520_000 + second).unwrap()
}

fn id(last: u32) -> Uuid {
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + u128::from(last))
}

fn attempt(step: &str, number: u32, verb: &str, input: Value, class: Option<Class>) -> Attempt {
    Attempt {
        step: step.into(),
        number,
        verb: verb.into(),
        input,
        trace: None,
        intended_at: at(i64::from(number)),
        send_by: at(i64::from(number) + 5),
        ended_at: class.map(|_| at(i64::from(number))),
        class,
        message: None,
        output: None,
        app_type: None,
        action_run_id: None,
    }
}

fn step(state: StepState, attempts: u32) -> StepProgress {
    StepProgress {
        state,
        attempts,
        ..StepProgress::default()
    }
}

fn story(state: State) -> Story {
    let event = Event {
        id: id(0x1c2d_3e4f),
        source: "stripe".into(),
        sender_id: "evt_1".into(),
        earlier: None,
        kind: "checkout.session.completed".into(),
        received_at: at(0),
        live: Some(true),
        replay_of: None,
        caused_by: None,
        depth: 0,
        unproven: None,
        person: Person {
            email: Some("ada@example.com".into()),
            first_name: Some("Ada".into()),
            last_name: Some("Lovelace".into()),
            ..Person::default()
        },
        format: Format::Json,
        raw: Arc::from(&b"{}"[..]),
        tree: Arc::default(),
    };
    let verdict = StoredVerdict::new("course".into(), "abc".into(), "matched");
    let mut progress = Progress::default();
    progress
        .vars
        .insert("email".into(), json!("ada@example.com"));
    Story {
        run: Run {
            seq: 1,
            id: id(0x5f0c_9a1e),
            event: event.id,
            rule: "course".into(),
            rule_hash: "abc".into(),
            connection: "main".into(),
            priority: Priority::Normal,
            key: Some("ada@example.com".into()),
            once: None,
            state,
            why: None,
            due_at: None,
            progress,
            created_at: at(0),
            updated_at: at(1),
        },
        event: Some(StoredEvent {
            seq: 1,
            event,
            envelope: Envelope::default(),
            rule_set: "set".into(),
            verdicts: vec![verdict.clone()],
            duplicates: 2,
            thinned_at: None,
        }),
        verdict: Some(verdict),
        rule: None,
        holds: Vec::new(),
        attempts: Vec::new(),
        nearest: None,
        catalog: crate::kartra::catalog(),
    }
}

fn printed(story: &Story) -> String {
    let paper = Paper::default();
    show::print(&mut paper.screen(false), story, at(60)).unwrap();
    let text = paper.text();
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?} columns:\n{text}");
    text
}

#[test]
fn a_run_that_tries_again_says_what_was_tried_and_when_it_goes_on() {
    let mut story = story(State::Retrying);
    story.run.due_at = Some(at(90));
    let steps = &mut story.run.progress.steps;
    steps.insert("0".into(), step(StepState::Ok, 1));
    steps.insert("1".into(), step(StepState::Pending, 2));
    let lead = json!({"email": "ada@example.com"});
    let tag = json!({"email": "ada@example.com", "tag_name": "buyer"});
    let mut done = attempt("0", 1, "get-lead", lead, Some(Class::Done));
    done.output = Some(json!({"lead_details": {"id": 7}}));
    let mut first = attempt("1", 1, "assign-tag", tag.clone(), Some(Class::Transient));
    first.message = Some("Membrane answered 500".into());
    let mut second = attempt("1", 2, "assign-tag", tag, Some(Class::RateLimited));
    second.message = Some("Kartra says: too many calls".into());
    second.app_type = Some(429);
    story.attempts = vec![done, first, second];
    insta::assert_snapshot!(printed(&story));
}

#[test]
fn a_run_that_needs_a_person_says_where_to_look_and_what_to_type() {
    let mut story = story(State::NeedsPerson);
    story.run.why = Some("the answer to refund-transaction was lost".into());
    let steps = &mut story.run.progress.steps;
    steps.insert("0".into(), step(StepState::Unknown, 1));
    let input = json!({"transaction_id": "792354", "refund_amount": "297.00"});
    story.attempts = vec![attempt(
        "0",
        1,
        "refund-transaction",
        input,
        Some(Class::Unknown),
    )];
    insta::assert_snapshot!(printed(&story));
}

#[test]
fn a_run_that_gave_up_says_why() {
    let mut story = story(State::Failed);
    let steps = &mut story.run.progress.steps;
    steps.insert("0".into(), step(StepState::Failed, 1));
    steps.insert("f0".into(), step(StepState::Skipped, 0));
    story.run.progress.failure = Some(Failure {
        step: "0".into(),
        class: "rule_wrong".into(),
        message: "there is no tag `buyre`; the nearest is `buyer`".into(),
    });
    let input = json!({"email": "ada@example.com", "tag_name": "buyre"});
    story.attempts = vec![attempt("0", 1, "assign-tag", input, Some(Class::RuleWrong))];
    insta::assert_snapshot!(printed(&story));
}

#[test]
fn a_held_run_names_the_hold_and_how_to_end_it() {
    let mut story = story(State::Held);
    story.run.why = Some("paused".into());
    story.holds = vec![Hold {
        connection: "".into(),
        kind: HoldKind::Paused,
        reason: "tags are being renamed".into(),
        since: at(0),
    }];
    insta::assert_snapshot!(printed(&story));
}
