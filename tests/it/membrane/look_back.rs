//! After a lost answer, over the sandbox: the run logs tell, or are silent, and what is read of the account then.

use std::time::Duration;

use kartwheel::action::{Actions, Class, Evidence, Look, Outcome, Seen};
use kartwheel::clock::{Clock, after};
use kartwheel::sandbox::{ConnectionState, Fault, FaultKind, RunLogs};
use serde_json::{Value, json};

use super::world::World;

/// What a repeat could make worse, with an input that works in the sandbox's account.
fn calls() -> [(&'static str, Value); 6] {
    let grace = "grace.hopper@example.com";
    [
        (
            "grant-membership-access",
            json!({ "email": grace, "membership_name": "Academy", "level_name": "Gold" }),
        ),
        (
            "subscribe-lead-to-sequence",
            json!({ "email": grace, "sequence_name": "Welcome", "step": 1 }),
        ),
        ("create-lead", json!({ "email": "ada@example.com" })),
        (
            "edit-lead",
            json!({ "email": grace, "new_email": "grace@example.com" }),
        ),
        ("cancel-subscription", json!({ "transaction_id": 792_354 })),
        (
            "refund-transaction",
            json!({ "transaction_id": 792_354, "refund_amount": 10.5 }),
        ),
    ]
}

fn not_done(evidence: Evidence) -> String {
    match evidence {
        Evidence::NotDone(text) => text,
        other => panic!("{other:?}"),
    }
}

fn unclear(evidence: Evidence) -> String {
    match evidence {
        Evidence::Unclear(text) => text,
        other => panic!("{other:?}"),
    }
}

fn outcome(evidence: Evidence) -> Outcome {
    match evidence {
        Evidence::Outcome(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_done_is_found_with_its_answer() {
    for (verb, input) in calls() {
        let world = World::start().await;
        let state = world.sandbox.world();
        state.add_fault(Fault::on_verb(verb, FaultKind::DropAfter));
        let call = super::call(&world.clock, verb, input);
        assert_eq!(world.client.call(&call).await.class, Class::Unknown);
        world.clock.advance(Duration::from_secs(95));
        let found = outcome(world.client.look_back(&call).await);
        assert_eq!(found.class, Class::Done, "{verb}: {}", found.message);
        assert!(found.output.is_some(), "{verb}");
        let effects = state.effects_of(verb);
        assert_eq!(effects.len(), 1, "{verb}");
        let id = &effects[0].action_run;
        assert_eq!(found.action_run_id.as_ref(), Some(id), "{verb}");
        assert!(
            found.message.contains("the answer was lost") && found.message.contains(id),
            "{}",
            found.message
        );
        // Another try of the same step is not this one.
        let mut next = call.clone();
        next.attempt = 2;
        not_done(world.client.look_back(&next).await);
        let mut other = call;
        other.step = "3".into();
        not_done(world.client.look_back(&other).await);
    }
}

#[tokio::test]
async fn what_never_arrived_leaves_no_trace() {
    for (verb, input) in calls() {
        let world = World::start().await;
        let state = world.sandbox.world();
        state.add_fault(Fault::on_verb(verb, FaultKind::DropBefore));
        let call = super::call(&world.clock, verb, input);
        assert_eq!(world.client.call(&call).await.class, Class::Unknown);
        world.clock.advance(Duration::from_secs(95));
        let text = not_done(world.client.look_back(&call).await);
        assert_eq!(
            text,
            "the account has nothing to see; Membrane's run logs since 2026-10-05T11:59:00Z show nothing of it"
        );
        assert_eq!(state.effects_total(), 0, "{verb}");
    }
}

#[tokio::test]
async fn a_log_that_comes_late_tells_as_soon_as_it_is_there() {
    let world = World::start().await;
    let state = world.sandbox.world();
    state.set(|settings| settings.run_logs = RunLogs::AfterMs(120_000));
    state.add_fault(Fault::new(FaultKind::Html502After));
    let call = super::call(
        &world.clock,
        "create-lead",
        json!({ "email": "a@example.com" }),
    );
    assert_eq!(world.client.call(&call).await.class, Class::Unknown);
    world.clock.advance(Duration::from_secs(95));
    not_done(world.client.look_back(&call).await);
    world.clock.advance(Duration::from_secs(30));
    let found = outcome(world.client.look_back(&call).await);
    assert_eq!(found.class, Class::Done);
}

#[tokio::test]
async fn a_refusal_of_kartras_in_the_log_is_the_outcome() {
    let world = World::start().await;
    let state = world.sandbox.world();
    let input = json!({ "email": "nobody@example.com", "membership_name": "Academy", "level_name": "Gold" });
    let call = super::call(&world.clock, "grant-membership-access", input);
    state.add_fault(Fault::new(FaultKind::Garbage));
    assert_eq!(world.client.call(&call).await.class, Class::Unknown);
    let found = outcome(world.client.look_back(&call).await);
    assert_eq!(found.class, Class::TargetMissing, "{}", found.message);
    assert_eq!(found.app_type, Some(243));
}

#[tokio::test]
async fn a_run_that_failed_without_a_word_is_left_to_the_account() {
    let world = World::start().await;
    let state = world.sandbox.world();
    state.add_fault(Fault::new(FaultKind::Internal));
    let call = super::call(
        &world.clock,
        "create-lead",
        json!({ "email": "a@example.com" }),
    );
    assert_eq!(world.client.call(&call).await.class, Class::Unknown);
    let text = unclear(world.client.look_back(&call).await);
    assert!(
        text.starts_with("the account has nothing to see; Membrane's run log ")
            && text.contains("has it as failed"),
        "{text}"
    );
}

/// Reads the lead, and finds the tag on it or not.
fn look_for_the_tag(verb: &str, input: &Value, seen: &[Seen]) -> Look {
    assert_eq!(verb, "assign-tag");
    match seen {
        [] => Look::Read {
            verb: "get-lead",
            input: json!({ "email": input["email"] }),
        },
        [Seen { outcome, .. }] if outcome.class == Class::TargetMissing => {
            Look::Found(Evidence::NotDone("there is no such lead".into()))
        }
        [Seen { verb, outcome, .. }] => {
            assert_eq!(&**verb, "get-lead");
            let lead = outcome.output.as_ref().expect("a lead").to_string();
            Look::Found(match lead.contains("\"vip\"") {
                true => Evidence::Outcome(Outcome::new(Class::Already, "the lead has the tag")),
                false => Evidence::NotDone("the lead has no such tag".into()),
            })
        }
        _ => panic!("one read is enough"),
    }
}

#[tokio::test]
async fn the_account_is_read_in_the_turn_of_its_connection_and_under_a_name_of_its_own() {
    let world = World::looking(look_for_the_tag).await;
    let state = world.sandbox.world();
    state.set(|settings| settings.run_logs = RunLogs::Never);
    state.account(|account| account.ensure_lead("ada@example.com", world.clock.now()));
    let mut call = super::call(&world.clock, "assign-tag", super::tag());
    call.attempt = 3;
    let look = async || super::drive(&world.clock, world.client.look_back(&call)).await;
    assert!(not_done(look().await).starts_with("the lead has no such tag; Membrane's run logs"));
    state.add_fault(Fault::on_verb("assign-tag", FaultKind::DropAfter));
    assert_eq!(world.client.call(&call).await.class, Class::Unknown);
    assert_eq!(outcome(look().await).class, Class::Already);
    let reads = state.calls_of("get-lead");
    assert_eq!(reads.len(), 2);
    assert_eq!(
        reads[0].meta.as_deref(),
        Some(&json!({ "runId": call.run, "step": "look-back", "attempt": 3 }))
    );
    // A lead that is gone is an answer, not a failure.
    let mut nobody = call.clone();
    nobody.input = json!({ "email": "nobody@example.com", "tag_name": "vip" }).into();
    let text = super::drive(&world.clock, world.client.look_back(&nobody)).await;
    assert!(not_done(text).starts_with("there is no such lead"));
}

#[tokio::test]
async fn a_read_that_fails_is_no_evidence() {
    for (fault, class) in [
        (FaultKind::DropAfter, Class::Transient),
        (FaultKind::Garbage, Class::Transient),
        (
            FaultKind::RateLimited { retry_after: None },
            Class::RateLimited,
        ),
        (FaultKind::InsufficientCredit, Class::NotAllowed),
        (FaultKind::ConnectionDefunct, Class::ConnectionDown),
    ] {
        let world = World::looking(look_for_the_tag).await;
        let state = world.sandbox.world();
        state.add_fault(Fault::on_verb("get-lead", fault.clone()));
        let call = super::call(&world.clock, "assign-tag", super::tag());
        match world.client.look_back(&call).await {
            Evidence::Failed(outcome) => {
                assert_eq!(outcome.class, class, "{}", outcome.message);
                assert!(outcome.message.starts_with("looking it up failed: "));
            }
            other => panic!("{fault:?}: {other:?}"),
        }
    }
    let world = World::start().await;
    let lost = ConnectionState::ClientActionRequired;
    world
        .sandbox
        .world()
        .set_connection(kartwheel::sandbox::CONNECTION_ID, lost);
    let mut call = super::call(&world.clock, "assign-tag", super::tag());
    call.connection = "other".into();
    assert!(matches!(
        world.client.look_back(&call).await,
        Evidence::Failed(outcome) if outcome.class == Class::ConnectionDown
    ));
}

#[tokio::test]
async fn a_search_that_never_ends_is_ended() {
    let endless: fn(&str, &Value, &[Seen]) -> Look = |_, _, seen| Look::Read {
        verb: "get-lead",
        input: json!({ "id": seen.len() }),
    };
    let world = World::looking(endless).await;
    let mut call = super::call(&world.clock, "assign-tag", super::tag());
    call.send_by = after(world.clock.now(), Duration::from_secs(5));
    let evidence = super::drive(&world.clock, world.client.look_back(&call)).await;
    assert!(unclear(evidence).starts_with("12 reads of the account did not show it"));
    assert_eq!(world.sandbox.world().calls_of("get-lead").len(), 12);
}
