//! A secret is rotated while the daemon runs: held, told what ends that, and taken up from .env when it is mended.

use std::time::Duration;

use kartwheel::run::State;
use kartwheel::store::HoldKind;

use crate::faults::TAG;
use crate::world::World;

/// A world that signs its tokens with the secret that its .env has.
async fn signing() -> World {
    let mut world = World::with(TAG).await;
    let file = world.dir.path().join("kartwheel.yaml");
    let text = std::fs::read_to_string(&file).expect("settings");
    let signed = text.replace(
        "token: env:MEMBRANE_TOKEN",
        "workspace_key: sandbox, workspace_secret: env:ROTATED_SECRET, tenant_key: shop",
    );
    assert_ne!(text, signed);
    std::fs::write(&file, signed).expect("written");
    keep(&world, "sandbox-secret");
    world.restart().await;
    world
}

fn keep(world: &World, secret: &str) {
    let file = world.dir.path().join(".env");
    std::fs::write(file, format!("ROTATED_SECRET={secret}\n")).expect("written");
}

#[tokio::test]
async fn a_mended_secret_is_taken_up_while_the_daemon_runs() {
    let world = signing().await;
    world.sandbox.world().rotate_secret("another-secret");
    let event = world.order("1", "ada@example.com").await.event();
    world.advance(Duration::from_secs(600)).await;
    let engine = world.app().engine();
    let run = world.run_of(event).await;
    assert_eq!(
        (run.state, engine.holds()[0].kind),
        (State::Held, HoldKind::Token)
    );

    // Whoever asks for what cannot help is told what holds it, and what helps.
    let resumed = engine.resume(run.id, "").await.expect_err("it is held");
    let unpaused = engine.unpause(Some("main")).await.expect_err("no pause");
    for refused in [resumed.to_string(), unpaused.to_string()] {
        for told in ["connection main is held (token: ", "kartwheel login --save"] {
            assert!(refused.contains(told), "{told}: {refused}");
        }
    }

    keep(&world, "a-third-one");
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(
        world.run_of(event).await.state,
        State::Held,
        "that is wrong too"
    );
    keep(&world, "another-secret");
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(engine.holds(), []);
    assert_eq!(world.run_of(event).await.state, State::Done);
    world.end(&[State::Done]).await;
}

/// At its start already the daemon knows that it is the token which is refused, and not the login to Kartra.
#[tokio::test]
async fn a_token_that_is_refused_at_the_start_is_held_as_what_it_is() {
    let mut world = signing().await;
    keep(&world, "wrong");
    world.restart().await;
    assert_eq!(world.app().engine().holds()[0].kind, HoldKind::Token);
    keep(&world, "sandbox-secret");
    world.advance(Duration::from_secs(60)).await;
    assert_eq!(world.app().engine().holds(), []);
    world.end(&[]).await;
}

/// Credentials of another place are not taken up: what they lead to is decided at a start alone.
#[tokio::test]
async fn credentials_for_another_place_are_left_alone() {
    let world = signing().await;
    let file = world.dir.path().join("kartwheel.yaml");
    let text = std::fs::read_to_string(&file).expect("settings");
    world.sandbox.world().rotate_secret("another-secret");
    keep(&world, "another-secret");
    let elsewhere = text.replace(kartwheel::sandbox::CONNECTION_ID, "another-connection");
    std::fs::write(&file, elsewhere).expect("written");
    let event = world.order("1", "ada@example.com").await.event();
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(world.run_of(event).await.state, State::Held);
    std::fs::write(&file, text).expect("written");
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(world.run_of(event).await.state, State::Done);
    world.end(&[State::Done]).await;
}
