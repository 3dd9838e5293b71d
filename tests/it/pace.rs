//! Kartra's twenty calls a second: a flood of ten thousand events keeps to it, and an access grant in its middle does not wait.

use std::sync::Arc;
use std::time::Duration;

use kartwheel::clock::{Clock, between};
use kartwheel::run::State;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::world::{SOURCES, START, World};

const EVENTS: usize = 10_000;
const SENDERS: usize = 16;
/// An access grant is done within this, in the middle of it all.
const GRANT_WITHIN: Duration = Duration::from_secs(5);
/// How long all of it takes at twenty calls a second, and half of that for a pace that has to find out what is too much.
const ALL_WITHIN: Duration = Duration::from_secs(2 * EVENTS as u64 / 20 * 3 / 2);

const RULES: &str = "
id: newsletter
trigger: { webhook: shop, events: order }
actions:
  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Newsletter }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
---
id: access
trigger: { webhook: shop, events: access }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - grant-membership-access: { email: '${{ person.email }}', membership_name: Academy, level_name: Gold }
";

/// A world whose pace is Kartra's own, and an account that holds us to it.
async fn world() -> World {
    let settings = format!("sources:{SOURCES}");
    let world = World::at_pace(START, RULES, "per_second: 20, at_once: 8", &settings).await;
    let sandbox = world.sandbox.world();
    sandbox.set(|settings| settings.kartra_per_second = Some(20));
    // One person for all: ten thousand leads are not what this is about.
    for person in 0..100 {
        sandbox.add_sale(&format!("p{person}@example.com"), 100);
    }
    world
}

/// Sends the flood; without a person, so that no run waits for another.
async fn flood(world: &Arc<World>) {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let world = world.clone();
        senders.spawn(async move {
            for number in (sender..EVENTS).step_by(SENDERS) {
                let body = json!({ "id": format!("{number}"), "type": "order", "email": format!("p{}@example.com", number % 100) });
                world.send("shop", &body).await.event();
            }
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent.expect("sent");
    }
}

async fn state(world: &World, event: Uuid) -> State {
    world.run_of(event).await.state
}

#[tokio::test]
async fn a_flood_keeps_kartras_pace_and_access_goes_before_it() {
    let world = Arc::new(world().await);
    let began = world.clock.now();
    flood(&world).await;
    let sandbox = world.sandbox.world();
    let effects = || sandbox.effects_total();
    world.go_on_until(|| effects() >= EVENTS as u64).await;
    let slowed = sandbox.too_many();

    let sent_at = world.clock.now();
    let body = json!({ "id": "grant", "type": "access", "email": "ada@example.com" });
    let event = world.send("shop", &body).await.event();
    world
        .go_on_until(|| sandbox.effects_of("grant-membership-access").len() == 1)
        .await;
    let took = between(sent_at, world.clock.now());
    assert!(took <= GRANT_WITHIN, "the grant took {took:?}");

    world
        .go_on_until(|| effects() >= 2 * EVENTS as u64 + 2)
        .await;
    let took = between(began, world.clock.now());
    assert!(took <= ALL_WITHIN, "the pace was not used: {took:?}");
    world.settle().await;
    assert_eq!(state(&world, event).await, State::Done);
    assert_eq!(sandbox.too_many(), slowed, "no call too many once it runs");
    assert!(
        slowed <= 8,
        "only the first burst may be too much: {slowed}"
    );
    assert_eq!(sandbox.effects_of("assign-tag").len(), EVENTS);
    let Some(world) = Arc::into_inner(world) else {
        panic!("nobody else holds it")
    };
    world.end(&[State::Done]).await;
}

/// The cheap read with which a connection is looked at when the daemon starts is a call like any other.
#[tokio::test]
async fn the_read_at_start_keeps_the_pace() {
    let settings = format!("sources:{SOURCES}");
    let world = World::at_pace(START, RULES, "per_second: 1, at_once: 4", &settings).await;
    world.sandbox.world().add_sale("p1@example.com", 100);
    world.order("1", "p1@example.com").await.event();
    world.advance(Duration::from_secs(10)).await;
    let calls = world.sandbox.world().calls().into_iter();
    let made: Vec<_> = calls
        .filter(|call| call.path == "/act")
        .map(|call| (call.verb.unwrap_or_default(), call.at))
        .collect();
    assert_eq!(made.len(), 3, "{made:?}");
    assert_eq!(made[0].0, "retrieve-account-lists");
    for pair in made.windows(2) {
        let apart = between(pair[0].1, pair[1].1);
        assert!(apart >= Duration::from_secs(1), "{made:?}");
    }
}
