//! Inputs that Membrane would drop without a word: such a call is not sent, for a refund without its amount is one of everything.

use std::time::Duration;

use kartwheel::action::Class;
use kartwheel::run::{Run, State};
use serde_json::{Value, json};

use crate::accounts::reading;
use crate::faults::{REFUND, TAG, effects, start};
use crate::world::World;

/// As the built-in table has it, but for the amount's name.
fn renamed() -> Value {
    json!({
        "type": "object",
        "properties": { "transaction_id": { "type": "integer" }, "refundAmount": { "type": "number" } },
        "required": ["transaction_id"],
    })
}

/// The account's action takes this input from now on.
fn publish(world: &World, verb: &str, schema: Value) {
    let verb = verb.to_owned();
    world.sandbox.world().set(|settings| {
        settings.input_schemas.insert(verb, schema);
    });
}

async fn refused(world: &World, run: &Run) {
    assert_eq!(run.state, State::Failed, "{run:?}");
    assert_eq!(effects(world, "refund-transaction"), 0);
    assert!(!world.verbs().contains(&"refund-transaction".to_owned()));
    let attempts = world.attempts(run).await;
    assert_eq!(attempts.last().expect("one").class, Some(Class::RuleWrong));
    let why = run.why.as_deref().expect("a reason");
    assert!(
        why.contains("nothing was sent")
            && why.contains("no input `refund_amount`")
            && why.contains("it takes `refundAmount`, `transaction_id`")
            && why.contains("`kartwheel catalog sync`, then `kartwheel check`"),
        "{why}"
    );
}

#[tokio::test]
async fn a_partial_refund_whose_amount_would_be_dropped_is_not_sent() {
    for is_synced in [false, true] {
        let world = match is_synced {
            true => reading(REFUND).await,
            false => World::with(REFUND).await,
        };
        publish(&world, "refund-transaction", renamed());
        let run = world.run_of(start(&world).await).await;
        refused(&world, &run).await;
        world.end(&[State::Failed]).await;
    }
}

#[tokio::test]
async fn a_refund_is_held_against_what_the_action_takes_when_it_is_sent() {
    let world = reading(&REFUND.replace("actions:", "actions:\n  - wait: 1m")).await;
    let event = start(&world).await;
    publish(&world, "refund-transaction", renamed());
    world.advance(Duration::from_secs(120)).await;
    refused(&world, &world.run_of(event).await).await;
    world.end(&[State::Failed]).await;
}

/// Ids change too when a connector is published anew: what is sent with the new one is held against the new schema.
#[tokio::test]
async fn what_is_sent_again_with_a_new_id_is_held_against_the_new_schema() {
    let world = World::with(TAG).await;
    start(&world).await;
    assert_eq!(effects(&world, "assign-tag"), 1);
    world
        .sandbox
        .world()
        .set(|settings| settings.action_generation += 1);
    let schema = json!({ "properties": { "email": {}, "tagName": {} } });
    publish(&world, "assign-tag", schema);
    let event = world.order("2", "grace@example.com").await.event();
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Failed);
    let why = run.why.expect("a reason");
    assert!(why.contains("it takes `tagName`, `email`"), "{why}");
    assert_eq!(effects(&world, "assign-tag"), 1);
    world.end(&[State::Done, State::Failed]).await;
}

/// Nothing is refused for what an old list says, nor where the action leaves the names to the caller or says nothing of them.
#[tokio::test]
async fn what_the_action_takes_is_sent() {
    let narrow = json!({ "properties": { "email": {} } });
    let wide = json!({ "properties": { "email": {}, "tag_name": {} } });
    for schema in [
        wide,
        json!({ "type": "object", "properties": {} }),
        Value::Null,
    ] {
        let world = World::with(TAG).await;
        publish(&world, "assign-tag", narrow.clone());
        start(&world).await;
        assert_eq!(effects(&world, "assign-tag"), 0);
        publish(&world, "assign-tag", schema.clone());
        let event = world.order("2", "ada@example.com").await.event();
        world.settle().await;
        let run = world.run_of(event).await;
        // Where there are no names, the sandbox itself drops all, and says so.
        let is_sent = world.verbs().contains(&"assign-tag".to_owned());
        assert!(is_sent, "{schema}: {run:?}");
        world.end(&[State::Done, State::Failed]).await;
    }
}
