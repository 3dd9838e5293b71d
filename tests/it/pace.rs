//! Kartra's twenty calls a second: a flood of ten thousand events keeps to it, slows down once, comes back to its pace, and an access
//! grant in its middle does not wait.

use std::sync::Arc;
use std::time::Duration;

use kartwheel::clock::{Clock, between};
use kartwheel::run::State;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{SOURCES, START, World, load};

const EVENTS: u64 = 10_000;
/// Actions of the flood, two for each event.
const ACTIONS: u64 = 2 * EVENTS;
/// What a grant does: it makes the lead, and gives access.
const GRANT_ACTIONS: u64 = 2;
const SENDERS: u64 = 16;
/// Kartra's calls a second, and ours.
const PER_SECOND: u64 = 20;
/// So many actions are done when the first slow-down comes.
const SLOWED_AFTER: u64 = 4_000;
/// What is left to us in the one second in which somebody else calls Kartra too.
const LEFT: usize = 10;
/// What the pace comes back to: what was too much is not tried again so soon.
const BEARABLE: u64 = PER_SECOND * 95 / 100;
/// An access grant is done within this, in the middle of it all.
const GRANT_WITHIN: Duration = Duration::from_secs(5);
/// What the pause, the way back to that and the grants' own calls may cost beside.
const SLOW_DOWN_WITHIN: Duration = Duration::from_secs(3);

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
    let pace = format!("per_second: {PER_SECOND}, at_once: 8");
    let world = World::at_pace(START, RULES, &pace, &settings).await;
    let sandbox = world.sandbox.world();
    sandbox.set(|settings| settings.kartra_per_second = Some(PER_SECOND as usize));
    // A hundred people for all: ten thousand leads are not what this is about.
    for person in 0..100 {
        sandbox.add_sale(&format!("p{person}@example.com"), 100);
    }
    world
}

/// Sends the flood.
async fn flood(world: &Arc<World>) {
    let config = Arc::new(load(world.dir.path()).config.expect("a config"));
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (world, config) = (world.clone(), config.clone());
        senders.spawn(async move {
            let source = &config.sources["shop"];
            for number in (sender..EVENTS).step_by(SENDERS as usize) {
                let email = format!("p{}@example.com", number % 100);
                let body = json!({ "id": number.to_string(), "type": "order", "email": email });
                let body = body.to_string();
                let headers = [("content-type", "application/json")];
                world
                    .send_with(source, &headers, body.as_bytes())
                    .await
                    .event();
            }
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent.expect("sent");
    }
}

/// An access grant comes in, and is done in time.
async fn grant(world: &World, email: &str) {
    let sandbox = world.sandbox.world();
    let has_access = || {
        let lead = sandbox.lead(email);
        lead.is_some_and(|lead| lead.has_access("Academy", "Gold"))
    };
    let sent_at = world.clock.now();
    let body = json!({ "id": email, "type": "access", "email": email });
    let event = world.send("shop", &body).await.event();
    world.go_on_until(has_access).await;
    world.app().engine().settled().await.expect("it rests");
    assert_eq!(world.run_of(event).await.state, State::Done);
    let took = between(sent_at, world.clock.now());
    assert!(took <= GRANT_WITHIN, "the grant took {took:?}");
}

/// How long so many actions take at so many a second.
fn at_pace(actions: u64, per_second: u64) -> Duration {
    Duration::from_millis(actions * 1_000 / per_second)
}

#[tokio::test]
async fn a_flood_keeps_kartras_pace_and_access_goes_before_it() {
    let world = Arc::new(world().await);
    let sandbox = world.sandbox.world();
    let began = world.clock.now();
    let took = || {
        let effects = sandbox.effects();
        let last = effects.last().expect("something was done");
        between(began, last.at)
    };
    flood(&world).await;
    let until_done = async |count| world.go_on_until(|| sandbox.effects_total() >= count).await;
    until_done(SLOWED_AFTER).await;
    assert_eq!(sandbox.too_many(), 0, "the pace is Kartra's own");
    let most = at_pace(SLOWED_AFTER, PER_SECOND) + Duration::from_secs(1);
    assert!(took() <= most, "the pace was not used: {:?}", took());

    sandbox.set(|settings| settings.kartra_per_second = Some(LEFT));
    world.go_on_until(|| sandbox.too_many() > 0).await;
    grant(&world, "ada@example.com").await;
    sandbox.set(|settings| settings.kartra_per_second = Some(PER_SECOND as usize));

    until_done(ACTIONS / 2).await;
    grant(&world, "grace@example.com").await;
    until_done(ACTIONS + 2 * GRANT_ACTIONS).await;
    assert_eq!(sandbox.too_many(), 1, "one slow-down, and none after it");
    let most = at_pace(SLOWED_AFTER, PER_SECOND)
        + at_pace(ACTIONS - SLOWED_AFTER, BEARABLE)
        + SLOW_DOWN_WITHIN;
    assert!(took() <= most, "the pace did not come back: {:?}", took());
    assert_eq!(sandbox.effects_of("assign-tag").len() as u64, EVENTS);
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
