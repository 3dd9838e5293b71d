//! What is old goes while the program serves, and nothing of what it still has to do.

use std::time::Duration;

use kartwheel::clock::after;
use kartwheel::run::State;
use kartwheel::store::AlertKind;
use serde_json::json;

use crate::world::{START, World};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const RULES: &str = "
id: buyer
trigger: { webhook: shop, events: [order] }
once: ${{ body.id }}
actions:
  - ensure-lead: { email: \"${{ person.email }}\" }
  - assign-tag: { email: \"${{ person.email }}\", tag_name: buyer }
---
id: anniversary
trigger: { webhook: shop, events: [club] }
actions:
  - wait: 366d
  - assign-tag: { email: \"${{ person.email }}\", tag_name: \"${{ body.tag }}\" }
---
id: wrong
trigger: { webhook: shop, events: [bad] }
actions:
  - assign-tag: { email: \"${{ person.email }}\", tag_name: no such tag }
---
id: nobody
trigger: { webhook: shop, events: [large] }
match: { $.body.id: none }
actions:
  - stop: never
";

async fn world(retention: &str) -> World {
    let settings = format!("retention: {{ {retention} }}\n");
    World::with_settings(RULES, &settings).await
}

/// Invariant 10: a run that waits for a year keeps its event, whatever the settings say.
#[tokio::test]
async fn history_goes_while_a_run_waits_for_a_year() {
    let world = world("events: 10d, failed: 20d, dedupe: 30d").await;
    let order = world.order("o1", "ada@example.com").await.event();
    let club = json!({ "id": "c1", "type": "club", "email": "ada@example.com", "tag": "buyer" });
    let club = world.send("shop", &club).await.event();
    world.settle().await;
    let event = async |id| world.reader().event(id).await.unwrap();
    assert_eq!(world.run_of(order).await.state, State::Done);
    world.advance(DAY * 11).await;
    let thinned = event(order).await.expect("it is still known");
    assert!(thinned.thinned_at.is_some() && thinned.event.raw.is_empty());
    let again = world.order("o1", "ada@example.com").await;
    assert_eq!(again.body["status"], "seen before");
    world.advance(DAY * 20).await;
    assert!(event(order).await.is_none(), "it is gone whole");
    let waits = event(club).await.expect("its run waits");
    assert!(waits.thinned_at.is_none());
    world.advance(DAY * 340).await;
    assert_eq!(world.run_of(club).await.state, State::Done);
    assert_eq!(world.verbs().last().map(String::as_str), Some("assign-tag"));
    assert!(event(club).await.expect("just ended").thinned_at.is_none());
    world.advance(DAY * 31).await;
    assert!(event(club).await.is_none());
    world.end(&[]).await;
}

#[tokio::test]
async fn a_run_whose_body_is_gone_says_so_instead_of_going_on() {
    let world = world("events: 10d, failed: 20d").await;
    let bad = json!({ "id": "b1", "type": "bad", "email": "ada@example.com" });
    let bad = world.send("shop", &bad).await.event();
    world.settle().await;
    let run = world.run_of(bad).await;
    assert_eq!(run.state, State::Failed, "{:?}", run.why);
    world.advance(DAY * 15).await;
    let resumed = world.app().engine().resume(run.id, "again").await;
    assert_eq!(resumed.expect("its body is there").id, run.id);
    world.settle().await;
    world.advance(DAY * 21).await;
    for refused in [
        world.app().engine().resume(run.id, "again").await,
        world.app().engine().retry(run.id, "again").await,
    ] {
        let why = refused.expect_err("it cannot go on").to_string();
        assert!(why.contains("no longer kept (`retention`"), "{why}");
    }
    assert_eq!(world.run_of(bad).await.state, State::Failed);
    world.end(&[State::Failed]).await;
}

/// The clock shows next year, and no time has passed.
#[tokio::test]
async fn a_clock_that_is_set_forward_removes_nothing() {
    let world = world("events: 10d, dedupe: 30d").await;
    let order = world.order("o1", "ada@example.com").await.event();
    world.settle().await;
    world.clock.jump(after(START.parse().unwrap(), DAY * 400));
    world.settle().await;
    world.advance(Duration::from_secs(2 * 60 * 60)).await;
    let kept = world.reader().event(order).await.unwrap();
    assert!(kept.expect("it is young").thinned_at.is_none());
    world.advance(DAY * 11).await;
    let thinned = world.reader().event(order).await.unwrap();
    assert!(thinned.expect("known for a month").thinned_at.is_some());
    world.end(&[State::Done]).await;
}

/// Bytes that cannot be packed, as the text of an order.
fn large(id: &str, kind: &str) -> serde_json::Value {
    let mut state = 1_u64;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
                [usize::from(state.to_be_bytes()[0] >> 2)],
        )
    });
    let noise: String = letters.take(1_900_000).collect();
    json!({ "id": id, "type": kind, "email": "ada@example.com", "noise": noise })
}

impl World {
    /// Lets the house be kept, for a while.
    async fn keep_house(&self) {
        for _ in 0..3 {
            self.advance(Duration::from_secs(61)).await;
        }
    }

    async fn is_told(&self, standing: bool) -> Option<String> {
        let alerts = self.reader().alerts(standing, 10).await.unwrap();
        let full = |alert: &&kartwheel::store::Alert| alert.kind == AlertKind::DatabaseFull;
        alerts.iter().find(full).map(|alert| alert.text.clone())
    }
}

/// Finished history makes room for what comes in, and unfinished work is never taken for it.
#[tokio::test]
async fn at_the_ceiling_history_goes_first_then_the_door_closes_and_opens_by_itself() {
    let world = world("at_most: 10MB").await;
    for number in 0..8 {
        let sent = world
            .send("shop", &large(&format!("l{number}"), "large"))
            .await;
        assert_eq!(sent.status, 200);
        world.keep_house().await;
    }
    let told = world.is_told(false).await.expect("somebody was told");
    assert!(told.contains("history goes before its time"), "{told}");
    assert_eq!(world.request("GET", "/readyz", &[], b"").await.status, 200);

    let mut waiting = Vec::new();
    let refused = loop {
        let id = format!("c{}", waiting.len());
        let sent = world.send("shop", &large(&id, "club")).await;
        if sent.status != 200 {
            break sent;
        }
        waiting.push(sent.event());
        world.keep_house().await;
        assert!(waiting.len() < 20, "it takes everything");
    };
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.body["status"],
        "the database has reached its size limit"
    );
    assert!(refused.headers.contains_key("retry-after"));
    let ready = world.request("GET", "/readyz", &[], b"").await;
    assert_eq!((ready.status, &ready.body["status"]), (503, &json!("full")));
    let told = world.is_told(true).await.expect("somebody is told");
    assert!(told.contains("no delivery is taken"), "{told}");
    assert!(
        waiting.len() > 3,
        "the finished ones made room for {}",
        waiting.len()
    );
    for event in &waiting {
        let stored = world
            .reader()
            .event(*event)
            .await
            .unwrap()
            .expect("it is there");
        assert!(stored.thinned_at.is_none(), "its run waits");
    }

    // Two of them end, their history goes, and the door opens.
    for event in waiting.iter().take(2) {
        let run = world.run_of(*event).await;
        world.app().engine().cancel(run.id, "enough").await.unwrap();
    }
    world.keep_house().await;
    assert_eq!(world.request("GET", "/readyz", &[], b"").await.status, 200);
    let order = world.order("o1", "ada@example.com").await;
    assert_eq!(order.status, 200, "{}", order.body);
    let space = world.reader().space().await.unwrap();
    assert!(space.used <= 10_000_000, "{space:?}");
    world.settle().await;
    world
        .end(&[State::Done, State::Waiting, State::Cancelled])
        .await;
}
