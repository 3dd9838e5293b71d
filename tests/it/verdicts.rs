//! What is decided about an event and kept: verdicts with their reasons, and runs that are declined.

use kartwheel::run::State;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_second_run_with_the_same_once_is_declined_with_the_first_ones_id() {
    let world = World::with(
        "
id: first
trigger: { webhook: shop }
once: ${{ body.email }}
actions:
  - stop: seen
",
    )
    .await;
    let first = world.order("1", "ada@example.com").await.event();
    let second = world.order("2", "ada@example.com").await.event();
    world.settle().await;
    let (first, second) = (world.run_of(first).await, world.run_of(second).await);
    assert_eq!(second.state, State::Declined);
    assert_eq!(second.why, Some(format!("once, run {}", first.id)));
    let third = world.order("3", "").await.event();
    world.settle().await;
    let third = world.run_of(third).await;
    assert_eq!(
        third.state,
        State::Failed,
        "an empty `once` is an error: {third:?}"
    );
    world
        .end(&[State::Done, State::Declined, State::Failed])
        .await;
}

#[tokio::test]
async fn verdicts_name_the_first_leaf_that_failed() {
    let world = World::with(
        "
id: paid
trigger: { webhook: shop, events: order }
match:
  $.body.type: order
  $.body.amount: { gte: 100 }
actions:
  - stop: seen
",
    )
    .await;
    let event = world
        .send("shop", &json!({ "id": "1", "type": "order", "amount": 99 }))
        .await
        .event();
    let other = world
        .send("shop", &json!({ "id": "2", "type": "refund" }))
        .await
        .event();
    let verdicts = world
        .reader()
        .event(event)
        .await
        .expect("the store answers")
        .expect("stored")
        .verdicts;
    assert_eq!(
        (
            verdicts[0].decision.as_str(),
            verdicts[0].leaf,
            verdicts[0].path.as_deref()
        ),
        ("declined", Some(1), Some("$.body.amount"))
    );
    let implied = world
        .reader()
        .event(other)
        .await
        .expect("the store answers")
        .expect("stored")
        .verdicts;
    assert!(
        implied.is_empty(),
        "a type that `events` excludes is implied"
    );
    world.end(&[]).await;
}
