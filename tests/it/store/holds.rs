//! Holds: a connection that sends nothing, who is told, and what people see meanwhile.

use std::collections::HashSet;

use kartwheel::run::State;
use kartwheel::store::{Alert, AlertKind, Hold, HoldKind, RELAPSE_WITHIN, RunFilter};

use super::on_every_store;
use super::world::{Home, World, ids};

on_every_store!(
    runs_of_a_held_connection_are_not_taken,
    a_hold_of_everything_holds_every_connection,
    a_hold_that_is_said_again_stays_since_when_it_was,
    a_release_ends_one_kind_or_all,
    a_connection_is_held_while_any_hold_is_left,
    a_hold_stands_with_its_alert,
    a_relapse_is_the_same_alert,
    a_link_to_another_place_is_told_anew,
    another_thing_to_do_is_told_anew_and_once,
    at_start_alerts_fit_holds,
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

async fn a_connection_is_held_while_any_hold_is_left(home: Home) {
    let world = home.open().await;
    let (run, _) = world.start(false, |_| {}).await;
    world.hold("main", HoldKind::Down).await;
    world.hold("", HoldKind::Paused).await;
    world.release("main", None).await;
    assert!(world.claim(10).await.is_empty(), "everything is held");
    world.hold("main", HoldKind::Broken).await;
    world.release("", None).await;
    assert!(world.claim(10).await.is_empty(), "it has one of its own");
    let world = world.reopen().await;
    assert!(world.claim(10).await.is_empty());
    world.release("main", None).await;
    assert_eq!(ids(&world.claim(10).await), [run.id]);
}

async fn alerts(world: &World, standing: bool) -> Vec<Alert> {
    world.reader().alerts(standing, 10).await.unwrap()
}

/// What holds a connection is told with the hold itself, in one commit, and over with it.
async fn a_hold_stands_with_its_alert(home: Home) {
    let world = home.open().await;
    let hold = |kind, reason: &str| Hold {
        connection: "main".into(),
        kind,
        reason: reason.into(),
        since: world.now(),
    };
    let put = |kind, reason| world.store.hold(hold(kind, reason));
    assert!(!put(HoldKind::Paused, "renaming").await.unwrap());
    assert_eq!(alerts(&world, true).await, [], "whoever pauses knows");
    assert!(put(HoldKind::Broken, "calls broke down").await.unwrap());
    let other = put(HoldKind::Down, "it lapsed").await.unwrap();
    assert!(other, "another thing ends it");
    assert!(!put(HoldKind::Down, "log in here").await.unwrap());
    let expected = |subject: &str, text: &str| Alert {
        kind: AlertKind::ConnectionHeld,
        subject: subject.into(),
        text: text.into(),
        since: world.now(),
        over_at: None,
    };
    let down = expected("main down", "log in here");
    let broken = expected("main broken", "calls broke down");
    assert_eq!(alerts(&world, true).await, [down.clone(), broken]);
    world.release("main", Some(HoldKind::Broken)).await;
    assert_eq!(alerts(&world, true).await, [down], "it is down still");
    world.release("main", Some(HoldKind::Down)).await;
    assert_eq!(alerts(&world, true).await, [], "only the pause is left");
}

/// A connection that lapses again at once has one alert; one that lapses another day, another.
async fn a_relapse_is_the_same_alert(home: Home) {
    let world = home.open().await;
    let first = world.now();
    let mut told = Vec::new();
    for pause in [60, RELAPSE_WITHIN.as_secs(), RELAPSE_WITHIN.as_secs() + 1] {
        let hold = Hold {
            connection: "main".into(),
            kind: HoldKind::Down,
            reason: format!("lapsed, then well for {pause} s"),
            since: world.now(),
        };
        told.push(world.store.hold(hold).await.unwrap());
        world.advance(3_600);
        world.release("main", None).await;
        world.advance(pause);
    }
    assert_eq!(told, [true, false, false]);
    let [alert] = &alerts(&world, false).await[..] else {
        panic!("one alert")
    };
    assert_eq!(alert.since, first);
    assert!(alert.text.ends_with("901 s"), "{alert:?}");
    world.hold("main", HoldKind::Down).await;
    assert_eq!(alerts(&world, false).await.len(), 2, "another lapse");
}

/// A lapse that wants something of a person by now is another than the one before, however soon it comes.
async fn a_link_to_another_place_is_told_anew(home: Home) {
    let world = home.open().await;
    let mut told = Vec::new();
    for reason in [
        "it is being built",
        "log in: https://ui.example/connect?token=a",
        "log in: https://ui.example/connect?token=b",
        "answer: https://ui.example/form?token=c",
        "it is being built",
    ] {
        let hold = Hold {
            connection: "main".into(),
            kind: HoldKind::Down,
            reason: reason.into(),
            since: world.now(),
        };
        told.push(world.store.hold(hold).await.unwrap());
        world.advance(60);
    }
    assert_eq!(told, [true, true, false, true, false]);
    let [last] = &alerts(&world, true).await[..] else {
        panic!("one stands")
    };
    assert_eq!(last.text, "it is being built");
    let all = alerts(&world, false).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[1].over_at, Some(all[0].since), "{all:?}");
}

/// What a person has to do is told when it changes, whether or not the connection was well in between; flapping tells once each.
async fn another_thing_to_do_is_told_anew_and_once(home: Home) {
    let world = home.open().await;
    for is_well_between in [false, true] {
        let connection = format!("well_{is_well_between}");
        let mut told = Vec::new();
        for state in [
            "BUILDING: wait. As yet",
            "BUILDING: wait. Still",
            "CLIENT_ACTION_REQUIRED: answer it",
            "SETUP_FAILED: ask Membrane's support",
            "BUILDING: wait",
            "SETUP_FAILED: ask Membrane's support. It broke",
        ] {
            let hold = Hold {
                connection: (*connection).into(),
                kind: HoldKind::Down,
                reason: format!("connection c1 is {state}"),
                since: world.now(),
            };
            told.push(world.store.hold(hold).await.unwrap());
            world.advance(60);
            if is_well_between {
                world.release(&connection, None).await;
            }
        }
        let news = [true, false, true, true, false, false];
        assert_eq!(told, news, "well between: {is_well_between}");
        let of_it = alerts(&world, false).await;
        let of_it = of_it
            .iter()
            .filter(|one| one.subject.starts_with(&connection));
        let last = of_it.max_by_key(|one| one.over_at.unwrap_or(world.now()));
        assert!(last.unwrap().text.ends_with("It broke"), "{last:?}");
        world.release(&connection, None).await;
        assert_eq!(alerts(&world, true).await, []);
    }
}

/// What stands fits what is held, whoever wrote the database before.
async fn at_start_alerts_fit_holds(home: Home) {
    let world = home.open().await;
    world.hold("main", HoldKind::Token).await;
    let stray = Alert {
        subject: "main".into(),
        ..alerts(&world, true).await.remove(0)
    };
    assert!(world.store.raise(stray).await.unwrap());
    let lost = world
        .store
        .calm(AlertKind::ConnectionHeld, "main token", world.now());
    assert!(lost.await.unwrap());
    let world = world.reopen().await;
    let [alert] = &alerts(&world, true).await[..] else {
        panic!("that of the hold")
    };
    assert_eq!(alert.subject, "main token");
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
