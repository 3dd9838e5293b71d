//! Stories of runs: what is done, in which order, how often, and what stands in the history afterwards.

use std::time::Duration;

use kartwheel::run::State;
use kartwheel::sandbox::{Fault, FaultKind, RecordedCall};

use crate::world::World;

const TAG: &str = "
id: tag
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: \"${{ person.email }}\" }
  - assign-tag: { email: \"${{ person.email }}\", tag_name: buyer }
";

#[tokio::test]
async fn a_signed_order_becomes_a_lead_with_a_tag() {
    let world = World::with(TAG).await;
    let event = world.order("1", "Ada@example.com").await.event();
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(
        (run.state, run.key.as_deref()),
        (State::Done, Some("ada@example.com"))
    );
    assert_eq!(world.verbs(), ["get-lead", "create-lead", "assign-tag"]);
    assert!(
        world
            .sandbox
            .world()
            .lead("ada@example.com")
            .expect("a lead")
            .has_tag("buyer")
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn the_same_delivery_is_one_event_twice_ten_at_once_and_after_a_restart() {
    let mut world = World::with(TAG).await;
    let first = world.order("1", "ada@example.com").await;
    let second = world.order("1", "ada@example.com").await;
    assert_eq!(first.event(), second.event());
    let at_once = (0..10).map(|_| world.order("2", "grace@example.com"));
    let ids: Vec<_> = futures_util::future::join_all(at_once)
        .await
        .iter()
        .map(crate::world::Answered::event)
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    world.settle().await;
    world.restart().await;
    assert_eq!(
        world.order("1", "ada@example.com").await.event(),
        first.event()
    );
    world.settle().await;
    assert_eq!(world.runs().await.len(), 2);
    assert_eq!(
        world
            .verbs()
            .iter()
            .filter(|verb| *verb == "assign-tag")
            .count(),
        2
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn events_of_one_person_go_in_order_and_another_person_does_not_wait() {
    let world = World::with(TAG).await;
    world
        .sandbox
        .world()
        .add_fault(Fault::on_verb("assign-tag", FaultKind::LockTimeout).times(3));
    let first = world.order("1", "ada@example.com").await.event();
    world.settle().await;
    let second = world.order("2", "ada@example.com").await.event();
    let other = world.order("3", "grace@example.com").await.event();
    world.settle().await;
    assert_eq!(world.run_of(first).await.state, State::Retrying);
    assert_eq!(world.run_of(second).await.state, State::Ready);
    world.advance(Duration::from_secs(3_600)).await;
    for event in [first, second, other] {
        assert_eq!(world.run_of(event).await.state, State::Done);
    }
    let first_attempts = world.attempts(&world.run_of(first).await).await;
    let second_attempts = world.attempts(&world.run_of(second).await).await;
    let ended = first_attempts
        .last()
        .and_then(|attempt| attempt.ended_at)
        .expect("an end");
    assert!(
        second_attempts[0].intended_at >= ended,
        "the second began before the first ended"
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_wait_survives_a_restart() {
    let mut world = World::with(
        "
id: later
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: \"${{ person.email }}\" }
  - wait: 3d
  - assign-tag: { email: \"${{ person.email }}\", tag_name: vip }
",
    )
    .await;
    let event = world.order("1", "ada@example.com").await.event();
    world.settle().await;
    assert_eq!(world.run_of(event).await.state, State::Waiting);
    world.restart().await;
    world.advance(Duration::from_secs(3 * 86_400 - 1)).await;
    assert_eq!(world.run_of(event).await.state, State::Waiting);
    world.advance(Duration::from_secs(2)).await;
    assert_eq!(world.run_of(event).await.state, State::Done);
    world.end(&[State::Done]).await;
}

/// A burst is carried out run by run: the first person has everything while the last one's first call still waits.
#[tokio::test]
async fn a_burst_is_carried_out_run_by_run() {
    let world = World::with(TAG).await;
    for order in 0..40 {
        let email = format!("person{order}@example.com");
        world.order(&order.to_string(), &email).await.event();
    }
    world.settle().await;
    let calls = world.sandbox.world().calls();
    let place = |verb: &str, order: u32| {
        let email = format!("person{order}@example.com");
        let of = |call: &RecordedCall| {
            let input = call.input.as_ref().map(|input| input["email"] == *email);
            call.verb.as_deref() == Some(verb) && input == Some(true)
        };
        calls.iter().position(of).expect("it was called")
    };
    assert!(place("assign-tag", 0) < place("get-lead", 39));
    world.end(&[State::Done]).await;
}
