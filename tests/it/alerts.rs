//! Whoever is told once is told anew the next time: alerts end with their cause, and another cause is another alert.

use std::time::Duration;

use kartwheel::clock::Clock;
use kartwheel::engine::Resolution;
use kartwheel::run::{Run, State};
use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Fault, FaultKind, ToDo};
use kartwheel::store::{Alert, AlertKind};

use crate::cli::kartwheel;
use crate::faults::{REFUND, TAG, start, under};
use crate::guards::standing;
use crate::world::World;

const SCOPE: &str = "rule tag assign-tag";

async fn all(world: &World) -> Vec<Alert> {
    let alerts = world.reader().alerts(false, 100).await;
    alerts.expect("the store answers")
}

async fn kinds_and_subjects(world: &World) -> Vec<(AlertKind, String)> {
    let alerts = standing(world).await.into_iter();
    alerts.map(|alert| (alert.kind, alert.subject)).collect()
}

async fn held(world: &World) -> Vec<Run> {
    let mut runs = world.runs().await;
    runs.retain(|run| run.state == State::Held);
    runs
}

/// Whichever way the last run leaves that waited at a limit, the alert ends, and the next run at the limit is told of.
#[tokio::test]
async fn a_limit_is_told_of_each_time_it_holds_its_first_run() {
    let limited = "limits: { assign-tag: { per_day: 2 } }\nactions:";
    let mut world = World::with(&TAG.replace("actions:", limited)).await;
    let limit = [(AlertKind::LimitReached, SCOPE.to_owned())];
    for number in 0..4 {
        let email = format!("p{number}@example.com");
        world.order(&number.to_string(), &email).await.event();
    }
    world.settle().await;
    for (way, left) in [("cancel", &limit[..]), ("resume", &[])] {
        assert_eq!(kinds_and_subjects(&world).await, limit, "before {way}");
        let engine = world.app().engine();
        let run = held(&world).await[0].id;
        match way {
            "cancel" => engine.cancel(run, "not this one").await,
            _ => engine.resume(run, "this one").await,
        }
        .expect(way);
        world.settle().await;
        assert_eq!(kinds_and_subjects(&world).await, left, "after {way}");
    }
    world.restart().await;
    assert_eq!(standing(&world).await, []);
    world.order("5", "p5@example.com").await.event();
    world.settle().await;
    assert_eq!(kinds_and_subjects(&world).await, limit);
    assert_eq!(all(&world).await.len(), 2, "told anew");
    // The limit is taken back, and the run that met it is ended by hand: nothing waits, nothing stands.
    world.stop().await;
    std::fs::write(world.dir.path().join("rules/rules.yaml"), TAG).expect("written");
    let run = run_id(&world);
    let said = kartwheel(world.dir.path(), &["runs", "cancel", &run, "--reason", "x"]);
    assert_eq!(said.code, 0, "{}", said.err);
    world.start().await;
    assert_eq!(standing(&world).await, []);
    world.end(&[State::Done, State::Cancelled]).await;
}

/// The one run that is held, as the command names it.
fn run_id(world: &World) -> String {
    let said = kartwheel(
        world.dir.path(),
        &["runs", "list", "--state", "held", "--json"],
    );
    let listed: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    listed["runs"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_run_that_wants_an_approval_is_told_of_until_none_does() {
    let rule = REFUND.replace(
        "refund_amount: 5 }",
        "refund_amount: 5 }\n    approve: true",
    );
    let world = World::with(&rule).await;
    let event = start(&world).await;
    let told = [(AlertKind::ApprovalWanted, "rule refund".to_owned())];
    assert_eq!(kinds_and_subjects(&world).await, told);
    let run = world.run_of(event).await;
    let engine = world.app().engine();
    engine.approve(run.id, "agreed").await.expect("approved");
    world.settle().await;
    assert_eq!(standing(&world).await, []);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_lost_answer_that_nothing_shows_is_told_of_until_a_person_has_said() {
    let (world, run) = under(REFUND, "refund-transaction", FaultKind::DropBefore, 1).await;
    let told = [(AlertKind::NeedsPerson, "rule refund".to_owned())];
    assert_eq!(kinds_and_subjects(&world).await, told);
    let engine = world.app().engine();
    let resolved = engine.resolve(run.id, Resolution::Done, "looked it up");
    resolved.await.expect("resolved");
    world.settle().await;
    assert_eq!(standing(&world).await, []);
    world.end(&[State::Done]).await;
}

/// Calls break down for a while; what follows within minutes is another trouble, which other people end.
#[tokio::test]
async fn one_trouble_does_not_hide_the_next() {
    let world = World::with(TAG).await;
    let sandbox = world.sandbox.world();
    let engine = world.app().engine();
    sandbox.add_fault(Fault::on_verb("get-lead", FaultKind::DropBefore).times(6));
    let mut number = 0;
    let mut order = async || {
        number += 1;
        let email = format!("p{number}@example.com");
        world.order(&number.to_string(), &email).await.event();
        world.settle().await;
    };
    for _ in 0..6 {
        order().await;
    }
    let mut since = Vec::new();
    let mut expect = async |subject: &str| {
        let told = standing(&world).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].subject, subject);
        since.push(told[0].since);
        assert_eq!(told[0].since, world.clock.now());
    };
    expect("main broken").await;
    world.advance(Duration::from_secs(120)).await;
    assert_eq!(engine.holds(), []);

    sandbox.ask_for(CONNECTION_ID, ToDo::Connect);
    order().await;
    expect("main down").await;
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
    world.advance(Duration::from_secs(60)).await;
    assert_eq!(engine.holds(), []);

    sandbox.add_fault(Fault::on_verb("get-lead", FaultKind::TokenRejected).times(2));
    order().await;
    expect("main token").await;
    world.advance(Duration::from_secs(60)).await;
    assert_eq!(engine.holds(), []);

    sandbox.add_fault(Fault::on_verb("get-lead", FaultKind::AccessDenied).times(1));
    order().await;
    expect("main not_allowed").await;
    engine.unpause(Some("main")).await.expect("ended");
    world.advance(Duration::from_secs(60)).await;
    assert_eq!(all(&world).await.len(), 4);
    assert!(since.is_sorted(), "{since:?}");
    world.end(&[State::Done]).await;
}

/// What nobody has to act on turns into what somebody has to: that is told, once.
#[tokio::test]
async fn a_connection_that_wants_a_login_by_now_is_told_of_anew() {
    let world = World::with(TAG).await;
    let sandbox = world.sandbox.world();
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Building);
    world.order("1", "ada@example.com").await.event();
    world.advance(Duration::from_secs(60)).await;
    let told = standing(&world).await;
    assert!(!told[0].text.contains("https://"), "{told:?}");
    sandbox.ask_for(CONNECTION_ID, ToDo::Connect);
    world.advance(Duration::from_secs(3_600)).await;
    let told = standing(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("https://"), "{told:?}");
    assert!(told[0].since > world.clock_start(), "{told:?}");
    assert_eq!(all(&world).await.len(), 2);
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
    world.advance(Duration::from_secs(600)).await;
    world.end(&[State::Done]).await;
}
