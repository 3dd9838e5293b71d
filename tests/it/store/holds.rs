//! Holds: a connection that sends nothing, for how long, and what people see meanwhile.

use std::collections::HashSet;
use std::time::Duration;

use kartwheel::run::State;
use kartwheel::store::{Hold, HoldKind, RunFilter};

use super::on_every_store;
use super::world::{Home, World, ids};

on_every_store!(
    runs_of_a_held_connection_are_not_taken,
    a_hold_of_everything_holds_every_connection,
    a_hold_that_is_said_again_stays_since_when_it_was,
    a_release_ends_one_kind_or_all,
    the_time_held_is_that_of_any_hold,
    a_connection_that_is_new_was_held_as_long_as_everything,
    a_run_whose_connection_is_held_is_shown_held,
);

async fn runs_of_a_held_connection_are_not_taken(home: Home) {
    let world = home.open().await;
    let (due, _) = world.start(false, |_| {}).await;
    world.hold("main", HoldKind::Down).await;
    let (late, lease) = world.start(true, |_| {}).await;
    assert_eq!(
        (late.state, lease),
        (State::Ready, None),
        "not taken at once"
    );
    let (other, lease) = world
        .start(true, |run| run.connection = "other".into())
        .await;
    assert!(lease.is_some());
    world.rest(lease.unwrap(), State::Ready, None).await;
    assert_eq!(ids(&world.claim(10).await), [other.id]);
    assert_eq!(world.reader().next_due().await.unwrap(), None);
    assert_eq!(world.reader().counts(world.now()).await.unwrap().due, 0);

    let world = world.reopen().await;
    assert!(
        world.claim(10).await.is_empty(),
        "a restart changes nothing"
    );
    assert_eq!(world.release("main", Some(HoldKind::Down)).await, 1);
    assert_eq!(ids(&world.claim(10).await), [due.id, late.id]);
}

async fn a_hold_of_everything_holds_every_connection(home: Home) {
    let world = home.open().await;
    let (run, _) = world.start(false, |_| {}).await;
    world.hold("", HoldKind::Paused).await;
    let (new, lease) = world
        .start(true, |run| run.connection = "other".into())
        .await;
    assert!(lease.is_none());
    assert!(world.claim(10).await.is_empty());
    assert_eq!(
        world.release("main", None).await,
        0,
        "it has none of its own"
    );
    assert!(world.claim(10).await.is_empty());
    assert_eq!(world.release("", None).await, 1);
    assert_eq!(ids(&world.claim(10).await), [run.id, new.id]);
}

async fn a_hold_that_is_said_again_stays_since_when_it_was(home: Home) {
    let world = home.open().await;
    let since = world.now();
    world.hold("main", HoldKind::Down).await;
    world.advance(60);
    let again = Hold {
        connection: "main".into(),
        kind: HoldKind::Down,
        reason: "the login lapsed; log in again".into(),
        since: world.now(),
    };
    world.store.hold(again.clone()).await.unwrap();
    let holds = world.reader().holds().await.unwrap();
    assert_eq!(holds, [Hold { since, ..again }]);
}

async fn a_release_ends_one_kind_or_all(home: Home) {
    let world = home.open().await;
    for kind in HoldKind::ALL {
        world.hold("main", kind).await;
    }
    let holds = world.reader().holds().await.unwrap();
    let kinds: HashSet<_> = holds.iter().map(|hold| hold.kind).collect();
    assert_eq!(kinds, HashSet::from(HoldKind::ALL), "each comes back");
    world.hold("other", HoldKind::Paused).await;
    assert_eq!(world.release("main", Some(HoldKind::Down)).await, 1);
    assert_eq!(world.release("main", Some(HoldKind::Down)).await, 0);
    assert_eq!(world.release("main", None).await, 4);
    let left = world.reader().holds().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(&*left[0].connection, "other");
}

async fn held(world: &World, connection: &str) -> u64 {
    let held = world.reader().held_for(connection, world.now()).await;
    held.unwrap().as_secs()
}

async fn the_time_held_is_that_of_any_hold(home: Home) {
    let world = home.open().await;
    world.start(true, |_| {}).await;
    assert_eq!(held(&world, "main").await, 0);
    world.hold("main", HoldKind::Down).await;
    world.advance(10);
    assert_eq!(held(&world, "main").await, 10, "while it lasts");
    world.hold("", HoldKind::Paused).await;
    world.advance(10);
    world.release("main", None).await;
    world.advance(10);
    world.hold("main", HoldKind::Broken).await;
    world.release("", None).await;
    world.advance(10);
    world.release("main", None).await;
    world.advance(100);
    assert_eq!(held(&world, "main").await, 40, "one stretch of four parts");
    world.hold("main", HoldKind::Paused).await;
    world.advance(5);
    let world = world.reopen().await;
    assert_eq!(held(&world, "main").await, 45);
}

async fn a_connection_that_is_new_was_held_as_long_as_everything(home: Home) {
    let world = home.open().await;
    world.hold("", HoldKind::Paused).await;
    world.advance(30);
    let before = world.reader().held_for("main", world.now()).await.unwrap();
    world.start(true, |_| {}).await;
    let after = world.reader().held_for("main", world.now()).await.unwrap();
    assert_eq!(
        (before, after),
        (Duration::from_secs(30), Duration::from_secs(30))
    );
    world.advance(5);
    world.release("", None).await;
    world.advance(5);
    assert_eq!(held(&world, "main").await, 35);
}

async fn a_run_whose_connection_is_held_is_shown_held(home: Home) {
    let world = home.open().await;
    let (ready, _) = world.start(false, |_| {}).await;
    let (running, _) = world.start(true, |_| {}).await;
    let (sleeping, lease) = world.start(true, |_| {}).await;
    world.rest(lease.unwrap(), State::Waiting, None).await;
    let (other, _) = world
        .start(false, |run| run.connection = "other".into())
        .await;
    world.hold("main", HoldKind::NotAllowed).await;

    let shown = world.reader().run(ready.id).await.unwrap().unwrap();
    assert_eq!(shown.state, State::Held);
    assert_eq!(shown.why.as_deref(), Some("not_allowed"));
    assert_eq!(world.stored(ready.id).await.state, State::Ready);
    let in_state = async |state| {
        let filter = RunFilter {
            state: Some(state),
            ..RunFilter::default()
        };
        let runs = world.reader().runs(&filter).await.unwrap();
        assert!(runs.iter().all(|run| run.state == state));
        runs.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(in_state(State::Held).await, [ready.id]);
    assert_eq!(in_state(State::Ready).await, [other.id]);
    assert_eq!(in_state(State::Running).await, [running.id]);
    assert_eq!(in_state(State::Waiting).await, [sleeping.id]);
    world.hold("", HoldKind::Paused).await;
    assert_eq!(in_state(State::Held).await, [other.id, ready.id]);
    assert!(in_state(State::Ready).await.is_empty());
    let shown = world.reader().run(other.id).await.unwrap().unwrap();
    assert_eq!(shown.why.as_deref(), Some("paused"));
}
