//! Connections that break down: left alone, asked ever more rarely, and told of once.

use std::time::Duration;

use kartwheel::run::State;
use kartwheel::sandbox::{Fault, FaultKind};
use kartwheel::store::HoldKind;

use crate::faults::{TAG, effects, under};
use crate::guards::standing;
use crate::world::World;

/// A connection whose calls break down is left alone, tried with a cheap read, and goes on; one alert.
#[tokio::test]
async fn a_breaker_spares_a_broken_connection() {
    let world = World::with(TAG).await;
    world
        .sandbox
        .world()
        .add_fault(Fault::new(FaultKind::DropBefore).always());
    for number in 0..20 {
        world
            .order(&number.to_string(), &format!("p{number}@example.com"))
            .await
            .event();
    }
    world.settle().await;
    let holds = world.app().engine().holds();
    assert_eq!(
        holds.iter().map(|hold| hold.kind).collect::<Vec<_>>(),
        [HoldKind::Broken]
    );
    let before = world.sandbox.world().calls_of("get-lead").len();
    world.advance(Duration::from_secs(3_600)).await;
    assert_eq!(
        world.sandbox.world().calls_of("get-lead").len(),
        before,
        "only cheap reads are tried"
    );
    assert_eq!(standing(&world).await.len(), 1);
    world.sandbox.world().clear_faults();
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(world.app().engine().holds(), []);
    assert_eq!(effects(&world, "assign-tag"), 20);
    assert_eq!(standing(&world).await, []);
    assert_eq!(
        world
            .reader()
            .alerts(false, 10)
            .await
            .expect("alerts")
            .len(),
        1
    );
    world.end(&[State::Done]).await;
}

/// The cheap read works and the calls do not: it is tried ever more rarely, and told once.
#[tokio::test]
async fn a_connection_that_is_well_only_for_the_cheap_read_is_not_asked_for_ever() {
    let (world, run) = under(
        TAG,
        "get-lead",
        FaultKind::External {
            status: 401,
            retry_after: None,
        },
        1_000,
    )
    .await;
    assert_ne!(run.state, State::Done);
    let calls = world.sandbox.world().calls_of("get-lead").len();
    assert!(calls <= 20, "{calls} calls in an hour");
    let alerts = world
        .reader()
        .alerts(false, 100)
        .await
        .expect("alerts")
        .len();
    assert_eq!(alerts, 1, "a relapse is no other lapse");
    world.sandbox.world().clear_faults();
    world.app().engine().unpause(Some("main")).await.ok();
    world.advance(Duration::from_secs(900)).await;
    world.end(&[State::Done]).await;
}

/// After each cheap read that succeeds its calls break down again: one lapse, which is told once, and tried ever more rarely.
#[tokio::test]
async fn a_connection_that_relapses_is_told_of_once() {
    let world = World::with(TAG).await;
    let broken = Fault::on_verb("get-lead", FaultKind::DropBefore);
    world.sandbox.world().add_fault(broken.always());
    for number in 0..8 {
        let email = format!("p{number}@example.com");
        world.order(&number.to_string(), &email).await.event();
    }
    let told = async || {
        let alerts = world.reader().alerts(false, 100).await;
        alerts.expect("the store answers")
    };
    world.advance(Duration::from_secs(900)).await;
    let calls = world.sandbox.world().calls_of("get-lead").len();
    assert!(calls > 10, "it was tried again: {calls}");
    let alerts = told().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    world.sandbox.world().clear_faults();
    world.advance(Duration::from_secs(3_600)).await;
    let alerts = told().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].over_at.is_some(), "{alerts:?}");
    // Each try of a call that broke down counts.
    world.end(&[State::Done, State::Failed]).await;
}

/// Calls break down, and then the connection lapses: who reads of the hold finds the link.
#[tokio::test]
async fn a_lapse_during_another_hold_is_told_with_its_link() {
    let world = World::with(TAG).await;
    let sandbox = world.sandbox.world();
    sandbox.add_fault(Fault::new(FaultKind::DropBefore).always());
    for number in 0..8 {
        let email = format!("p{number}@example.com");
        world.order(&number.to_string(), &email).await.event();
    }
    world.settle().await;
    sandbox.clear_faults();
    sandbox.ask_for(
        kartwheel::sandbox::CONNECTION_ID,
        kartwheel::sandbox::ToDo::Connect,
    );
    world.advance(Duration::from_secs(600)).await;
    let holds = world.app().engine().holds();
    assert!(holds[0].reason.contains("https://"), "{holds:?}");
    let alerts = standing(&world).await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].text.contains("https://"), "{alerts:?}");
    sandbox.set_connection(
        kartwheel::sandbox::CONNECTION_ID,
        kartwheel::sandbox::ConnectionState::Ready,
    );
    world.advance(Duration::from_secs(600)).await;
    world.end(&[State::Done]).await;
}
