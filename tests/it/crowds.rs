//! Memory is full of the runs of a flood: whom that delays, and whom it does not.

use std::time::Duration;

use kartwheel::clock::{Clock, after};
use kartwheel::sandbox::CONNECTION_ID;
use kartwheel::store::ACTIVE_RUNS_OWN_MAX;
use serde_json::json;

use crate::world::{SOURCES, START, World};

/// A call a second on the connection that is flooded.
const PACE: &str = "per_second: 1, at_once: 1";
/// Rules that each event of the flood matches, and its events: more runs than have places in memory, of all connections
/// together, but for those of access and money.
const FLOOD: (usize, usize) = (150, 20);
const _: () = assert!(FLOOD.0 * FLOOD.1 > ACTIVE_RUNS_OWN_MAX);
/// How long the others sleep; meanwhile the flood comes.
const SLEEP: Duration = Duration::from_secs(3_600);
/// How long before they are due; no call of the flood goes out at that moment.
const BEFORE: Duration = Duration::from_millis(9_500);
/// Calls of the flood that go out before those of access, at most.
const BEFORE_MAX: usize = 5;

const RULES: &str = "
id: access
trigger: { webhook: shop, events: access }
actions:
  - wait: 1h
  - grant-membership-access: { email: '${{ person.email }}', membership_name: Academy, level_name: Gold }
---
id: survey
trigger: { webhook: shop, events: survey }
connection: other
actions:
  - wait: 1h
  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Newsletter }
";

/// So many rules of an order, each with a call of its own; none of their runs waits for another.
fn flood_rules(count: usize) -> String {
    let rule = |number| {
        format!(
            "id: rule{number}\ntrigger: {{ webhook: shop, events: order }}\nkey: 'rule{number} ${{{{ body.id }}}}'\nactions:\n  - assign-tag: {{ email: '${{{{ person.email }}}}', tag_name: buyer }}\n"
        )
    };
    let rules: Vec<String> = (0..count).map(rule).collect();
    rules.join("---\n")
}

async fn world() -> World {
    let settings =
        format!("  other: {{ id: {CONNECTION_ID}, per_second: 1000 }}\nsources:{SOURCES}");
    let rules = format!("{RULES}---\n{}", flood_rules(FLOOD.0));
    let world = World::at_pace(START, &rules, PACE, &settings).await;
    world.sandbox.world().add_sale("ada@example.com", 100);
    world
}

async fn send(world: &World, id: &str, kind: &str) {
    let body = json!({ "id": id, "type": kind, "email": "ada@example.com" });
    world.send("shop", &body).await.event();
}

/// A run of another rule sleeps; then comes the flood, of which memory is full; and now the sleeper is due.
async fn flooded(kind: &str) -> World {
    let world = world().await;
    send(&world, kind, kind).await;
    world.settle().await;
    let due = after(world.clock_start(), SLEEP);
    let soon = after(world.clock_start(), SLEEP - Duration::from_millis(500));
    world.clock.set(after(world.clock_start(), SLEEP - BEFORE));
    for number in 0..FLOOD.1 {
        send(&world, &number.to_string(), "order").await;
    }
    world.go_on_until(|| world.clock.now() >= soon).await;
    world.app().engine().settled().await.unwrap();
    world.clock.set(due);
    world
}

#[tokio::test]
async fn a_flood_on_one_connection_keeps_no_other_waiting() {
    let world = flooded("survey").await;
    // Time stands still: no call of the flood ends and leaves its place to somebody.
    world.app().engine().settled().await.unwrap();
    let sandbox = world.sandbox.world();
    assert_eq!(sandbox.effects_of("subscribe-lead-to-list").len(), 1);
    let active = world.app().engine().active();
    assert!(active >= ACTIVE_RUNS_OWN_MAX / 5, "{active} of the flood");
}

#[tokio::test]
async fn access_that_is_due_goes_before_the_flood_that_memory_is_full_of() {
    let world = flooded("access").await;
    let sandbox = world.sandbox.world();
    let flood = || sandbox.effects_of("assign-tag").len();
    let before = flood();
    let granted = || !sandbox.effects_of("grant-membership-access").is_empty();
    world.go_on_until(granted).await;
    let calls = flood() - before;
    assert!(calls <= BEFORE_MAX, "{calls} calls of the flood");
    let active = world.app().engine().active();
    assert!(active >= ACTIVE_RUNS_OWN_MAX / 5, "{active} of the flood");
}

/// Each rule has places of its own, but all of them together no more than a connection's part.
#[tokio::test]
async fn an_event_that_a_thousand_rules_match_does_not_fill_memory() {
    let settings = format!("sources:{SOURCES}");
    let world = World::at_pace(START, &flood_rules(1_000), PACE, &settings).await;
    send(&world, "1", "order").await;
    let engine = world.app().engine();
    assert_eq!(engine.active(), ACTIVE_RUNS_OWN_MAX / 4);
    engine.settled().await.unwrap();
    assert_eq!(engine.active(), ACTIVE_RUNS_OWN_MAX / 4);
}
