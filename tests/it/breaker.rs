//! Connections that break down: left alone, asked ever more rarely, and told of once.

use std::time::Duration;

use jiff::SignedDuration;
use kartwheel::clock::Clock;
use kartwheel::engine::Controls;
use kartwheel::run::State;
use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Fault, FaultKind, KartraForm, ToDo};
use kartwheel::store::{Hold, HoldKind};

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
    let unauthorized = FaultKind::KartraError {
        number: 203,
        form: KartraForm::Flat,
    };
    let (world, run) = under(TAG, "get-lead", unauthorized, 1_000).await;
    assert_eq!(run.state, State::Held, "{run:?}");
    // Pauses of 5 s, 10 s … up to 5 minutes: so many fit into the first hour, and 12 into each further one.
    let calls = || world.sandbox.world().calls_of("get-lead").len();
    let first = calls();
    assert!((12..=20).contains(&first), "{first} calls in an hour");
    world.advance(Duration::from_secs(3_600)).await;
    let second = calls() - first;
    assert!((11..=12).contains(&second), "{second} in the next one");
    let alerts = world.reader().alerts(false, 100).await.expect("alerts");
    assert_eq!(alerts.len(), 1, "a relapse is no other lapse: {alerts:?}");
    assert_eq!(standing(&world).await.len(), 1);
    world.sandbox.world().clear_faults();
    world.advance(Duration::from_secs(900)).await;
    assert_eq!(world.app().engine().holds(), []);
    assert_eq!(standing(&world).await, []);
    world.end(&[State::Done]).await;
}

/// Which holds are in force.
fn held(world: &World) -> Vec<&'static str> {
    let holds = world.app().engine().holds();
    let mut kinds: Vec<_> = holds.iter().map(|hold| hold.kind.name()).collect();
    kinds.sort_unstable();
    kinds
}

/// What waits for a person, such as a pause, is not ended because the connection is ready.
#[tokio::test]
async fn looks_end_no_hold_that_waits_for_a_person() {
    let mut world = World::with(TAG).await;
    for kind in [HoldKind::NotAllowed, HoldKind::Paused, HoldKind::Broken] {
        let hold = Hold {
            connection: "main".into(),
            kind,
            reason: "so it is".into(),
            since: world.clock.now(),
        };
        world.app().store().hold(hold).await.expect("stored");
    }
    world.sandbox.world().ask_for(CONNECTION_ID, ToDo::Connect);
    world.restart().await;
    assert_eq!(held(&world), ["broken", "down", "not_allowed", "paused"]);
    world.order("1", "ada@example.com").await.event();
    world
        .sandbox
        .world()
        .set_connection(CONNECTION_ID, ConnectionState::Ready);
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(held(&world), ["not_allowed", "paused"]);
    assert_eq!(world.verbs(), Vec::<String>::new());
    let engine = world.app().engine();
    engine.unpause(Some("main")).await.expect("ended");
    world.settle().await;
    world.end(&[State::Done]).await;
}

/// A person who ends a pause does not make a lapsed connection well.
#[tokio::test]
async fn a_person_ends_no_hold_that_only_a_look_can_end() {
    let world = World::with(TAG).await;
    let sandbox = world.sandbox.world();
    sandbox.ask_for(CONNECTION_ID, ToDo::Connect);
    world.order("1", "ada@example.com").await.event();
    world.settle().await;
    let engine = world.app().engine();
    let controls = Controls {
        store: world.app().store().clone(),
        clock: world.clock.clone(),
        connections: vec!["main".into()],
    };
    engine.pause(Some("main"), "spring").await.expect("paused");
    assert_eq!(held(&world), ["down", "paused"]);
    engine.unpause(Some("main")).await.expect("ended");
    assert_eq!(held(&world), ["down"]);
    let refused = engine.unpause(Some("main")).await.expect_err("it is down");
    let refused = refused.to_string();
    for told in [
        "not paused",
        "is held (down: ",
        "kartwheel connection status main",
    ] {
        assert!(refused.contains(told), "{told}: {refused}");
    }
    controls
        .unpause(Some("main"))
        .await
        .expect_err("it is down");
    let stored = world.reader().holds().await.expect("the store answers");
    assert_eq!(stored.len(), 1, "{stored:?}");
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
    world.advance(Duration::from_secs(600)).await;
    world.end(&[State::Done]).await;
}

/// The clock is put right by a day while a connection is held: it is still looked at in minutes.
#[tokio::test]
async fn a_held_connection_is_looked_at_in_time_when_the_clock_is_put_back() {
    let world = World::with(TAG).await;
    let sandbox = world.sandbox.world();
    sandbox.ask_for(CONNECTION_ID, ToDo::Connect);
    world.order("1", "ada@example.com").await.event();
    world.advance(Duration::from_secs(60)).await;
    world
        .clock
        .jump(world.clock.now() - SignedDuration::from_hours(24));
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
    for _ in 0..2 {
        world.advance(Duration::from_secs(300)).await;
    }
    assert_eq!(world.app().engine().holds(), []);
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
    sandbox.ask_for(CONNECTION_ID, ToDo::Connect);
    world.advance(Duration::from_secs(600)).await;
    let holds = world.app().engine().holds();
    assert_eq!(held(&world), ["down"], "a login ends it now");
    assert!(holds[0].reason.contains("https://"), "{holds:?}");
    let alerts = standing(&world).await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].text.contains("https://"), "{alerts:?}");
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
    world.advance(Duration::from_secs(600)).await;
    world.end(&[State::Done]).await;
}
