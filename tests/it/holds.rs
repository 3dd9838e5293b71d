//! What waits for somebody: a lapsed connection, a call that is not allowed, a refused token, an unknown refund.

use std::time::Duration;

use kartwheel::engine::Resolution;
use kartwheel::run::State;
use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Fault, FaultKind, KartraForm};
use kartwheel::store::HoldKind;
use serde_json::json;

use crate::cli::kartwheel;
use crate::faults::{REFUND, TAG, effects, start, under};
use crate::world::World;

#[tokio::test]
async fn on_error_continue_goes_on_behind_a_failed_step() {
    let rule = TAG.replace("tag_name: buyer }", "tag_name: buyer }\n    on_error: continue\n  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Buyers }");
    let (world, run) = under(
        &rule,
        "assign-tag",
        FaultKind::KartraError {
            number: 212,
            form: KartraForm::Flat,
        },
        1,
    )
    .await;
    assert_eq!(run.state, State::Done, "{run:?}");
    assert!(
        world
            .sandbox
            .world()
            .lead("ada@example.com")
            .is_some_and(|lead| lead.is_on_list("Buyers"))
    );
    world.end(&[State::Done]).await;
}

/// A lapsed connection holds its runs; no attempt is lost, and they go on by themselves when it is back.
#[tokio::test]
async fn a_lapsed_connection_holds_its_runs_until_it_is_back() {
    let world = World::with(TAG).await;
    world
        .sandbox
        .world()
        .add_fault(Fault::on_verb("assign-tag", FaultKind::ConnectionDefunct));
    let first = start(&world).await;
    let second = world.order("2", "grace@example.com").await.event();
    world.advance(Duration::from_secs(900)).await;
    for event in [first, second] {
        let run = world.run_of(event).await;
        assert_eq!(run.state, State::Held, "{run:?}");
    }
    let holds = world.app().engine().holds();
    assert_eq!(
        holds.iter().map(|hold| hold.kind).collect::<Vec<_>>(),
        [HoldKind::Down]
    );
    assert!(
        world
            .sandbox
            .world()
            .set_connection(CONNECTION_ID, ConnectionState::Ready)
    );
    world.advance(Duration::from_secs(400)).await;
    assert!(world.app().engine().holds().is_empty());
    let run = world.run_of(first).await;
    assert_eq!(
        (run.state, run.progress.steps["1"].counted),
        (State::Done, 0),
        "{run:?}"
    );
    assert_eq!(world.run_of(second).await.state, State::Done);
    world.end(&[State::Done]).await;
}

/// What only a person can allow holds the connection until a person says so.
#[tokio::test]
async fn a_call_that_is_not_allowed_holds_the_connection_for_a_person() {
    let (world, run) = under(TAG, "assign-tag", FaultKind::AccessDenied, 1).await;
    assert_eq!(run.state, State::Held, "{run:?}");
    world
        .app()
        .engine()
        .unpause(Some("main"))
        .await
        .expect("released");
    world.settle().await;
    assert_eq!(world.runs().await[0].state, State::Done);
    world.end(&[State::Done]).await;
}

/// One refused token is renewed; a token that stays refused holds the connection.
#[tokio::test]
async fn a_refused_token_is_taken_as_our_own_trouble() {
    let world = World::with(TAG).await;
    world
        .sandbox
        .world()
        .add_fault(Fault::on_verb("assign-tag", FaultKind::TokenRejected).always());
    let event = start(&world).await;
    world.advance(Duration::from_secs(60)).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Held, "{run:?}");
    assert_eq!(effects(&world, "assign-tag"), 0);
    world.sandbox.world().clear_faults();
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(world.run_of(event).await.state, State::Done);
    world.end(&[State::Done]).await;
}

/// Whoever looks at a run that waits for a person is told so, and what to say.
#[tokio::test]
async fn a_run_that_waits_for_a_person_says_what_it_wants() {
    let (world, run) = under(REFUND, "refund-transaction", FaultKind::DropBefore, 1).await;
    assert_eq!(run.state, State::NeedsPerson);
    let id = run.id.to_string();
    let shown = kartwheel(world.dir.path(), &["runs", "show", &id]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    for part in [
        "It waits for you",
        "answer unknown",
        "--as done",
        "--as repeat",
    ] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    let follow = kartwheel(world.dir.path(), &["runs", "follow", &id]);
    assert_eq!(follow.code, 1, "a run that needs a person did not end well");
    world.end(&[State::NeedsPerson]).await;
}

#[tokio::test]
async fn a_person_settles_an_unknown_refund() {
    for (resolution, state, sent) in [
        (Resolution::Done, State::Done, 1),
        (Resolution::Repeat, State::Done, 2),
        (Resolution::Fail, State::Failed, 1),
    ] {
        let (world, run) = under(REFUND, "refund-transaction", FaultKind::DropBefore, 1).await;
        assert_eq!(run.state, State::NeedsPerson);
        assert!(
            world.app().engine().retry(run.id, "").await.is_err(),
            "a refund in doubt is not retried by accident"
        );
        world
            .app()
            .engine()
            .resolve(run.id, resolution, "looked it up")
            .await
            .expect("resolved");
        world.settle().await;
        assert_eq!(world.runs().await[0].state, state, "{resolution:?}");
        assert_eq!(
            world.sandbox.world().calls_of("refund-transaction").len(),
            sent,
            "{resolution:?}"
        );
        assert_eq!(
            effects(&world, "refund-transaction"),
            sent - 1,
            "{resolution:?}"
        );
        world.end(&[state]).await;
    }
}

/// A step may go to another connection than its run: when that one is held, the run rests, and is not taken again and again.
#[tokio::test]
async fn a_run_whose_step_goes_to_a_held_connection_rests_and_looks_again() {
    let rule = TAG
        .replace("trigger:", "connection: main\ntrigger:")
        .replace(
            "tag_name: buyer }",
            "tag_name: buyer }\n    connection: other",
        );
    let world = World::with_other(&rule).await;
    let engine = world.app().engine();
    engine.pause(Some("other"), "renaming").await.expect("held");
    let event = start(&world).await;
    let run = world.run_of(event).await;
    assert_eq!(
        (run.state, run.why.as_deref()),
        (State::Ready, Some("connection other is held"))
    );
    assert_eq!(effects(&world, "assign-tag"), 0);
    engine.unpause(Some("other")).await.expect("released");
    world.advance(Duration::from_secs(5)).await;
    assert_eq!(effects(&world, "assign-tag"), 1);
    world.end(&[State::Done]).await;
}

/// A lost answer is not looked up either while the connection of its step is held: nothing at all is sent there.
#[tokio::test]
async fn a_look_up_waits_until_the_connection_of_its_step_is_no_longer_held() {
    let rule = REFUND
        .replace("trigger:", "connection: main\ntrigger:")
        .replace(
            "refund_amount: 5 }",
            "refund_amount: 5 }\n    connection: other",
        );
    let world = World::with_other(&rule).await;
    let lost = Fault::on_verb("refund-transaction", FaultKind::DropAfter);
    world.sandbox.world().add_fault(lost.times(1));
    let event = start(&world).await;
    let engine = world.app().engine();
    engine.pause(Some("other"), "renaming").await.expect("held");
    let sent = world.sandbox.world().calls().len();
    world.advance(Duration::from_secs(3_600)).await;
    assert_eq!(world.sandbox.world().calls().len(), sent);
    let run = world.run_of(event).await;
    assert_eq!(run.why.as_deref(), Some("connection other is held"));
    engine.unpause(Some("other")).await.expect("released");
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(effects(&world, "refund-transaction"), 1);
    world.end(&[State::Done]).await;
}

/// A run is shown with what its connection's state wants, and never with a login that would be refused.
#[tokio::test]
async fn a_held_run_advises_what_helps_in_the_state_of_its_connection() {
    let login = "kartwheel connection reconnect main";
    for (state, helps) in [
        (ConnectionState::SetupFailed, "ask Membrane's support"),
        (ConnectionState::Building, "wait a few minutes"),
        (ConnectionState::ConfigurationError, "correct its set-up"),
        (ConnectionState::Disconnecting, "it is being removed"),
        (ConnectionState::ClientActionRequired, login),
    ] {
        let world = World::with(TAG).await;
        world.sandbox.world().set_connection(CONNECTION_ID, state);
        let event = start(&world).await;
        let run = world.run_of(event).await;
        let shown = kartwheel(world.dir.path(), &["runs", "show", &run.id.to_string()]);
        let shown = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(helps), "{state:?}: {shown}");
        let advises = state == ConnectionState::ClientActionRequired;
        assert_eq!(shown.contains(login), advises, "{state:?}: {shown}");
        let ready = ConnectionState::Ready;
        world.sandbox.world().set_connection(CONNECTION_ID, ready);
        world.advance(Duration::from_secs(60)).await;
        world.end(&[State::Done]).await;
    }
}

/// What helps a held connection changes with its state, and each is told for itself, once.
#[tokio::test]
async fn a_held_connection_is_told_of_anew_when_another_thing_helps() {
    let world = World::with(TAG).await;
    let sandbox = world.sandbox.world();
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Building);
    start(&world).await;
    let alerts = async |standing| {
        let alerts = world.reader().alerts(standing, 10).await;
        alerts.expect("the store answers")
    };
    for (state, helps, told) in [
        (ConnectionState::Building, "wait a few minutes", 1),
        (ConnectionState::ClientActionRequired, "log in", 2),
        (ConnectionState::SetupFailed, "ask Membrane's support", 3),
        (ConnectionState::ClientActionRequired, "log in", 3),
        (ConnectionState::SetupFailed, "ask Membrane's support", 3),
        (ConnectionState::ConfigurationError, "correct its set-up", 4),
    ] {
        sandbox.set_connection(CONNECTION_ID, state);
        world.advance(Duration::from_secs(400)).await;
        let standing = alerts(true).await;
        assert_eq!(standing.len(), 1, "{state:?}: {standing:?}");
        assert!(standing[0].text.contains(helps), "{standing:?}");
        assert_eq!(alerts(false).await.len(), told, "{state:?}");
    }
    sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
    world.advance(Duration::from_secs(400)).await;
    assert_eq!(alerts(true).await, []);
    world.end(&[State::Done]).await;
}

/// Where the trouble is at Membrane, nobody is sent to Kartra.
#[tokio::test]
async fn a_workspace_without_credit_is_mended_where_it_is() {
    let spent = FaultKind::Status {
        code: 400,
        body: json!({ "type": "insufficient_credit", "message": "No credit" }).to_string(),
        after_work: false,
    };
    let (world, run) = under(TAG, "assign-tag", spent, 1).await;
    assert_eq!(run.state, State::Held, "{run:?}");
    let shown = kartwheel(world.dir.path(), &["runs", "show", &run.id.to_string()]);
    let shown = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in ["billing at Membrane", "kartwheel connection resume main"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains("in Kartra"), "{shown}");
    let engine = world.app().engine();
    engine.unpause(Some("main")).await.expect("released");
    world.settle().await;
    world.end(&[State::Done]).await;
}
