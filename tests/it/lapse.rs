//! A connection lapses under a thousand queued runs and comes back: all done, in the order of their keys, no attempt wasted.

use std::collections::HashMap;
use std::time::Duration;

use kartwheel::clock::Clock;
use kartwheel::run::State;
use kartwheel::sandbox::{CONNECTION_ID, ConnectionState};
use kartwheel::store::{AlertKind, RunFilter};
use serde_json::json;

use crate::world::World;

const RUNS: usize = 1_000;
/// Each person buys several times, so that order matters.
const PEOPLE: usize = 100;
const AT_ONCE: usize = 64;

const RULE: &str = "
id: order
trigger: { webhook: shop }
actions:
  - edit-lead: { email: '${{ person.email }}', notes: '${{ body.id }}' }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
";

#[tokio::test]
async fn a_lapse_under_a_thousand_runs_wastes_no_attempt_and_keeps_the_order() {
    let world = World::with(RULE).await;
    let sandbox = world.sandbox.world();
    for person in 0..PEOPLE {
        sandbox.add_sale(&format!("p{person}@example.com"), 100);
    }
    // The first of them run; then the connection lapses while the others queue up.
    for number in 0..RUNS {
        if number == RUNS / 10 {
            sandbox.ask_for(CONNECTION_ID, kartwheel::sandbox::ToDo::Connect);
        }
        let email = format!("p{}@example.com", number % PEOPLE);
        let body = json!({ "id": format!("{number:04}"), "type": "order", "email": email });
        world.send("shop", &body).await.event();
    }
    world.settle().await;
    let lapsed_at = world.clock.now();
    world.advance(Duration::from_secs(600)).await;
    let alerts = world.reader().alerts(true, 10).await.expect("alerts");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0].kind, AlertKind::ConnectionHeld);
    assert!(
        alerts[0].text.contains("https://"),
        "with the link: {}",
        alerts[0].text
    );
    let sent_during = sandbox
        .calls()
        .iter()
        .filter(|call| {
            call.at > lapsed_at
                && call
                    .meta
                    .as_ref()
                    .is_some_and(|meta| meta["step"] != "readiness")
        })
        .count();
    assert_eq!(sent_during, 0, "a held connection is only looked at");
    assert!(sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready));
    world.advance(Duration::from_secs(600)).await;

    let filter = RunFilter {
        limit: 1_000,
        ..RunFilter::default()
    };
    let runs = world.reader().runs(&filter).await.expect("runs");
    assert_eq!(runs.len(), RUNS);
    for run in &runs {
        assert_eq!(run.state, State::Done, "{run:?}");
        assert!(
            run.progress.steps.values().all(|step| step.counted == 0),
            "no attempt counts: {run:?}"
        );
    }
    assert_eq!(world.reader().alerts(true, 10).await.expect("alerts"), []);
    assert_eq!(
        world
            .reader()
            .alerts(false, 10)
            .await
            .expect("alerts")
            .len(),
        1,
        "one alert in all"
    );

    in_order(&world);
    // Only those that were on their way when it lapsed were sent once more.
    let sent = sandbox.calls_of("edit-lead").len() + sandbox.calls_of("assign-tag").len();
    assert!(sent <= 2 * RUNS + AT_ONCE, "{sent}");
    world.end(&[State::Done]).await;
}

/// Each person's purchases were carried out in the order in which they came.
fn in_order(world: &World) {
    let mut last: HashMap<String, String> = HashMap::new();
    let effects = world.sandbox.world().effects_of("edit-lead");
    for effect in &effects {
        let text = |name: &str| effect.input[name].as_str().expect("a text").to_owned();
        let notes = text("notes");
        let before = last.insert(text("email"), notes.clone());
        assert!(before.is_none_or(|before| before < notes), "{notes}");
    }
    assert_eq!(effects.len(), RUNS);
    let tags = world.sandbox.world().effects_of("assign-tag");
    assert_eq!(tags.len(), RUNS);
}
