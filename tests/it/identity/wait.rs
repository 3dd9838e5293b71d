//! How long a rule waits for an address is the source's to say.

use std::time::Duration;

use kartwheel::run::State;
use kartwheel::trigger::{IDENTITY_WAIT, IDENTITY_WAIT_MAX};

use super::created;
use crate::world::World;

const RULES: &str = "
id: patient
trigger: { webhook: slow }
match: { $.person.email: { empty: true } }
actions:
  - ensure-lead: { email: books@example.com }
---
id: hasty
trigger: { webhook: fast }
match: { $.person.email: { empty: true } }
actions:
  - ensure-lead: { email: books@example.com }
";
const SETTINGS: &str = "  slow: { preset: stripe, secret: env:SHOP_SECRET, identity_wait: 7d }
  fast: { preset: stripe, secret: env:SHOP_SECRET, identity_wait: 0s }
";

#[tokio::test]
async fn a_source_says_how_long_its_rules_wait_for_an_address() {
    let world = World::with_settings(RULES, SETTINGS).await;
    let slow = world.send("slow", &created("evt_1", "cus_1")).await.event();
    let fast = world.send("fast", &created("evt_1", "cus_1")).await.event();
    world.settle().await;
    let verdict = world.verdict(fast, "hasty").await;
    assert_eq!((&*verdict.decision, verdict.note), ("matched", None));
    assert_eq!(world.of(fast, "hasty").await.state, State::Done);

    let verdict = world.verdict(slow, "patient").await;
    let note = verdict.note.expect("it says how long");
    assert!(note.ends_with("after 1w"), "{note}");
    world.advance(IDENTITY_WAIT).await;
    assert_eq!(world.of(slow, "patient").await.state, State::Waiting);
    let second = Duration::from_secs(1);
    world
        .advance(IDENTITY_WAIT_MAX - IDENTITY_WAIT - second)
        .await;
    assert_eq!(world.of(slow, "patient").await.state, State::Waiting);
    world.advance(second).await;
    assert_eq!(world.of(slow, "patient").await.state, State::Done);
    world.end(&[State::Done]).await;
}
