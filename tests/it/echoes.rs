//! Kartra reports our own actions back: that is known, starts no circle, and what others did is not taken for ours.

use std::time::Duration;

use kartwheel::engine::CAUSES_MAX;
use kartwheel::run::State;
use serde_json::Value;

use crate::world::{Answered, SOURCES, START, World};

const TAGGING: &str = "
id: tagging
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
---
id: on-tag
trigger: { webhook: kartra, events: [assign_tag] }
ECHO
actions:
  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Buyers }
";

async fn world(rules: &str) -> World {
    let settings =
        format!("sources:{SOURCES}  kartra: {{ preset: kartra, secret: env:KARTRA_SECRET }}\n");
    World::at(START, rules, &settings).await
}

/// Delivers what Kartra has reported since the last time, as Kartra would.
async fn deliver(world: &World, from: usize) -> Vec<Answered> {
    let reports: Vec<Value> = world.sandbox.world().reports();
    let mut answers = Vec::new();
    for report in &reports[from..] {
        answers.push(world.send("kartra", report).await);
    }
    world.settle().await;
    answers
}

#[tokio::test]
async fn a_report_of_our_own_action_starts_nothing_and_says_why() {
    let world = world(&TAGGING.replace("ECHO\n", "")).await;
    world.order("1", "ada@example.com").await.event();
    world.settle().await;
    let answers = deliver(&world, 0).await;
    assert_eq!(answers.len(), 1, "one tag was assigned");
    let event = answers[0].event();
    let stored = world
        .reader()
        .event(event)
        .await
        .expect("read")
        .expect("stored");
    let runs = world.runs().await;
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(
        (stored.event.caused_by, stored.event.depth),
        (Some(runs[0].id), 1)
    );
    let verdict = &stored.verdicts[0];
    assert_eq!(
        (&*verdict.rule, verdict.path.as_deref()),
        ("on-tag", Some("caused_by"))
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_rule_that_says_so_takes_our_own_actions_too() {
    let world = world(&TAGGING.replace("ECHO", "echo: true")).await;
    world.order("1", "ada@example.com").await.event();
    world.settle().await;
    deliver(&world, 0).await;
    let lead = world
        .sandbox
        .world()
        .lead("ada@example.com")
        .expect("a lead");
    assert!(lead.is_on_list("Buyers"));
    world.end(&[State::Done]).await;
}

/// What a person does in Kartra is nobody's echo: another tag, another person, or long after.
#[tokio::test]
async fn what_others_did_is_not_taken_for_ours() {
    let world = world(&TAGGING.replace("ECHO\n", "")).await;
    world.order("1", "ada@example.com").await.event();
    world.settle().await;
    let [report] = &world.sandbox.world().reports()[..] else {
        panic!("one report")
    };
    let mut other = report.clone();
    let text = other.to_string().replace("\"buyer\"", "\"vip\"");
    other = serde_json::from_str(&text).expect("JSON");
    assert_eq!(world.send("kartra", &other).await.status, 200);
    let text = report
        .to_string()
        .replace("ada@example.com", "grace@example.com");
    let mut stranger: Value = serde_json::from_str(&text).expect("JSON");
    stranger["lead"]["id"] = "999999".into();
    assert_eq!(world.send("kartra", &stranger).await.status, 200);
    world.settle().await;
    let runs = world.runs().await;
    assert_eq!(runs.iter().filter(|run| &*run.rule == "on-tag").count(), 2);
    world.advance(Duration::from_secs(660)).await;
    assert_eq!(world.send("kartra", report).await.status, 200);
    world.settle().await;
    let runs = world.runs().await;
    assert_eq!(
        runs.iter().filter(|run| &*run.rule == "on-tag").count(),
        3,
        "too late to be an echo"
    );
    world.end(&[State::Done, State::Failed]).await;
}

/// Two rules that take echoes and start each other stop by themselves.
#[tokio::test]
async fn a_circle_of_echoes_ends() {
    let rules = "
id: forth
trigger: { webhook: kartra, events: [assign_tag] }
echo: true
actions:
  - unassign-tag: { email: '${{ person.email }}', tag_name: buyer }
---
id: back
trigger: { webhook: kartra, events: [unassign_tag] }
echo: true
actions:
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
---
id: begin
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
";
    let world = world(rules).await;
    world.order("1", "ada@example.com").await.event();
    world.settle().await;
    let mut seen = 0;
    for round in 0..50 {
        let reports = world.sandbox.world().reports().len();
        if reports == seen {
            break;
        }
        assert!(round < 49, "it never ends");
        for mut report in world.sandbox.world().reports().split_off(seen) {
            // Kartra's reports differ by more than what was done, so that none is a repeat of an earlier one.
            report["lead"]["score"] = round.into();
            world.send("kartra", &report).await.event();
        }
        world.settle().await;
        seen = reports;
    }
    let runs = world.runs().await.len();
    assert!(runs <= CAUSES_MAX as usize + 3, "{runs} runs");
    world.end(&[State::Done]).await;
}
