//! Deliveries that hold many events, over real HTTP: each event counts once, whichever delivery brings it.

use std::collections::BTreeSet;

use kartwheel::run::State;
use serde_json::{Value, json};

use crate::world::World;

/// A delivery of Kit's with the events of these numbers.
fn batch(numbers: impl IntoIterator<Item = u32>) -> Value {
    let events: Vec<_> = numbers
        .into_iter()
        .map(|number| {
            json!({"id": format!("event-{number}"), "type": "subscriber.tag_added", "data": {
                "subscriber": {"id": number, "email_address": format!("reader{number}@example.com")},
                "tag": {"id": 11, "name": "gold"},
            }})
        })
        .collect();
    json!({"delivery_id": 123_456, "events": events})
}

#[tokio::test]
async fn of_a_hundred_events_with_one_known_ninety_nine_are_new() {
    let world = World::with_settings(
        "
id: tagged
trigger: { webhook: letters, events: subscriber.tag_added }
actions:
  - stop: seen
",
        "  letters: { preset: kit, secret: env:SHOP_SECRET }\n",
    )
    .await;
    let known = world.send("letters", &batch([7])).await.event();
    world.settle().await;
    let before = world.run_of(known).await;

    assert_eq!(world.send("letters", &batch(0..100)).await.status, 200);
    world.settle().await;
    let runs = world.runs().await;
    let events: BTreeSet<_> = runs.iter().map(|run| run.event).collect();
    assert_eq!((runs.len(), events.len()), (100, 100));
    assert_eq!(world.run_of(known).await.id, before.id);

    assert_eq!(world.send("letters", &batch(0..100)).await.status, 200);
    world.settle().await;
    assert_eq!(world.runs().await.len(), 100);
    world.end(&[State::Done]).await;
}
