//! Invariant 7: runs with one key go one after another, oldest first.

use kartwheel::run::{Progress, State};
use kartwheel::store::{Changed, FirstIntent, HoldKind, NewRun, Next, Written};

use super::on_every_store;
use super::world::{Home, World, ids, one};

on_every_store!(
    a_key_lets_one_run_through_and_the_next_when_it_is_done,
    within_one_batch_the_first_has_the_key,
    within_one_event_two_runs_with_a_key_go_one_after_another,
    a_run_without_a_key_waits_for_nobody,
    keys_of_two_connections_are_apart,
    a_retry_keeps_the_key,
    a_held_run_keeps_the_key,
    a_waiting_run_gives_up_the_key_and_takes_its_old_place_again,
    a_waiting_run_goes_before_a_younger_one_that_has_not_begun,
    a_cancelled_head_lets_the_next_through,
    a_failed_run_that_is_resumed_waits_for_its_key,
    a_queued_run_that_a_person_holds_keeps_its_place,
    a_run_handed_back_keeps_the_key,
    a_record_tells_whether_it_woke_somebody,
);

async fn a_key_lets_one_run_through_and_the_next_when_it_is_done(home: Home) {
    let world = home.open().await;
    let (_, first) = world.start_keyed("ada").await;
    let (second, lease) = world.start_keyed("ada").await;
    let (third, _) = world.start_keyed("ada").await;
    assert_eq!(
        (second.state, second.due_at, lease),
        (State::Ready, None, None)
    );
    assert!(world.claim(10).await.is_empty(), "they wait");
    assert_eq!(world.reader().next_due().await.unwrap(), None);

    world.rest(first.unwrap(), State::Done, None).await;
    let next = world.claim(10).await;
    assert_eq!(ids(&next), [second.id]);
    world.rest(next[0].lease, State::Failed, None).await;
    assert_eq!(ids(&world.claim(10).await), [third.id]);
}

async fn within_one_batch_the_first_has_the_key(home: Home) {
    let world = home.open().await;
    let accepts = (0..30).map(|number| {
        let event = world.event(&format!("evt_{number}"));
        let mut run = world.run(&event);
        run.key = Some(format!("person {}", number % 3));
        let new = NewRun {
            run,
            take: true,
            intent: Some(FirstIntent {
                attempt: world.intent(1),
                progress: Progress::default(),
            }),
        };
        world.accept(event, vec![new])
    });
    let mut runs = Vec::new();
    for answer in world.accept_at_once(accepts.collect()).await {
        runs.push(one(answer.unwrap()));
    }
    runs.sort_by_key(|(run, _)| run.seq);
    let leased: Vec<_> = runs.iter().filter(|(_, lease)| lease.is_some()).collect();
    assert_eq!(leased.len(), 3, "one a key");
    for key in 0..3 {
        let key = Some(format!("person {key}"));
        let of_key: Vec<_> = runs.iter().filter(|(run, _)| run.key == key).collect();
        assert!(of_key[0].1.is_some(), "the oldest has it");
        for (run, lease) in of_key {
            let attempts = world.reader().attempts(run.id).await.unwrap();
            assert_eq!(attempts.len(), usize::from(lease.is_some()));
        }
    }
}

async fn within_one_event_two_runs_with_a_key_go_one_after_another(home: Home) {
    let world = home.open().await;
    let event = world.event("evt_1");
    let new = |rule: &str| {
        let mut run = world.run(&event);
        (run.rule, run.key) = (rule.into(), Some("ada".into()));
        NewRun {
            run,
            take: true,
            intent: None,
        }
    };
    let runs = vec![new("welcome"), new("receipt")];
    let accepted = world.store.accept(world.accept(event.clone(), runs)).await;
    let accepted = accepted.unwrap();
    let states: Vec<_> = accepted.runs.iter().map(|(run, _)| run.state).collect();
    assert_eq!(states, [State::Running, State::Ready]);
}

async fn a_run_without_a_key_waits_for_nobody(home: Home) {
    let world = home.open().await;
    for _ in 0..3 {
        assert!(world.start(true, |_| {}).await.1.is_some());
    }
    let (due, _) = world.start(false, |_| {}).await;
    assert_eq!(due.due_at, Some(world.now()));
    assert_eq!(ids(&world.claim(10).await), [due.id]);
}

async fn keys_of_two_connections_are_apart(home: Home) {
    let world = home.open().await;
    let (_, main) = world.start_keyed("ada").await;
    let (_, other) = world
        .start(true, |run| {
            run.key = Some("ada".into());
            run.connection = "other".into();
        })
        .await;
    assert!(main.is_some() && other.is_some());
}

async fn a_retry_keeps_the_key(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let due = kartwheel::clock::after(world.now(), std::time::Duration::from_secs(60));
    world.rest(lease.unwrap(), State::Retrying, Some(due)).await;
    assert!(world.claim(10).await.is_empty());
    assert_eq!(world.reader().next_due().await.unwrap(), Some(due));
    world.advance(60);
    let claimed = world.claim(10).await;
    assert_eq!(ids(&claimed), [first.id]);
    world.rest(claimed[0].lease, State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), [second.id]);
}

async fn a_held_run_keeps_the_key(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    world.rest(lease.unwrap(), State::Held, None).await;
    assert!(world.claim(10).await.is_empty());
    assert_eq!(world.change(first.id, State::Ready).await, Changed::Yes);
    let claimed = world.claim(10).await;
    assert_eq!(ids(&claimed), [first.id]);
    world.rest(claimed[0].lease, State::NeedsPerson, None).await;
    assert_eq!(
        ids(&world.claim(10).await),
        [second.id],
        "needs_person does not"
    );
}

async fn a_waiting_run_gives_up_the_key_and_takes_its_old_place_again(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let (third, _) = world.start_keyed("ada").await;
    let due = kartwheel::clock::after(world.now(), std::time::Duration::from_secs(60));
    world.rest(lease.unwrap(), State::Waiting, Some(due)).await;
    let running = world.claim(10).await;
    assert_eq!(
        ids(&running),
        [second.id],
        "the key is free while it sleeps"
    );

    world.advance(60);
    assert!(world.claim(10).await.is_empty(), "the key is taken");
    let stored = world.stored(first.id).await;
    assert_eq!(
        (stored.state, stored.due_at),
        (State::Ready, None),
        "it queues"
    );
    world.rest(running[0].lease, State::Done, None).await;
    let woken = world.claim(10).await;
    assert_eq!(ids(&woken), [first.id], "older than {}", third.seq);
    world.rest(woken[0].lease, State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), [third.id]);
}

async fn a_waiting_run_goes_before_a_younger_one_that_has_not_begun(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let due = kartwheel::clock::after(world.now(), std::time::Duration::from_secs(60));
    world.rest(lease.unwrap(), State::Waiting, Some(due)).await;
    assert!(world.stored(second.id).await.due_at.is_some());
    world.advance(60);
    // The younger one was due first, and a claim for one run looks at it first.
    assert_eq!(ids(&world.claim(1).await), [first.id]);
    assert!(world.claim(1).await.is_empty());
    assert_eq!(world.stored(second.id).await.due_at, None);
}

async fn a_cancelled_head_lets_the_next_through(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let (third, _) = world.start_keyed("ada").await;
    // The queued one goes first, then the one that has the key.
    assert_eq!(
        world.change(second.id, State::Cancelled).await,
        Changed::Yes
    );
    assert!(world.claim(10).await.is_empty());
    assert_eq!(world.change(first.id, State::Cancelled).await, Changed::Yes);
    assert_eq!(ids(&world.claim(10).await), [third.id]);
    let late = world.rest(lease.unwrap(), State::Done, None).await;
    assert_eq!(late, Written::Cancelled);
}

async fn a_failed_run_that_is_resumed_waits_for_its_key(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    world.rest(lease.unwrap(), State::Failed, None).await;
    let running = world.claim(10).await;
    assert_eq!(ids(&running), [second.id]);
    assert_eq!(world.change(first.id, State::Ready).await, Changed::Yes);
    assert!(world.claim(10).await.is_empty());
    let (third, _) = world.start_keyed("ada").await;
    world.rest(running[0].lease, State::Done, None).await;
    let resumed = world.claim(10).await;
    assert_eq!(ids(&resumed), [first.id], "in its old place");
    world.rest(resumed[0].lease, State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), [third.id]);
    // With nobody before it, a resumed run is due at once.
    assert_eq!(world.reader().next_due().await.unwrap(), None);
    let (alone, lease) = world.start_keyed("grace").await;
    world.rest(lease.unwrap(), State::Failed, None).await;
    assert_eq!(world.change(alone.id, State::Ready).await, Changed::Yes);
    assert_eq!(ids(&world.claim(10).await), [alone.id]);
}

async fn a_queued_run_that_a_person_holds_keeps_its_place(home: Home) {
    let world = home.open().await;
    let (_, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let (third, _) = world.start_keyed("ada").await;
    assert_eq!(world.change(second.id, State::Held).await, Changed::Yes);
    world.rest(lease.unwrap(), State::Done, None).await;
    assert!(
        world.claim(10).await.is_empty(),
        "the third waits behind it"
    );
    assert_eq!(world.change(second.id, State::Ready).await, Changed::Yes);
    assert_eq!(ids(&world.claim(10).await), [second.id]);
    drained(&world, 1).await;
    assert_eq!(world.state(&third).await, State::Ready);
}

/// So many runs are under way and nothing else is due.
async fn drained(world: &World, running: u64) {
    let counts = world.reader().counts(world.now()).await.unwrap();
    assert!(
        counts.runs.contains(&(State::Running, running)),
        "{counts:?}"
    );
    assert_eq!(counts.due, 0);
}

async fn a_run_handed_back_keeps_the_key(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    world.start_keyed("ada").await;
    world.hold("other", HoldKind::Down).await;
    world.rest(lease.unwrap(), State::Ready, None).await;
    assert_eq!(ids(&world.claim(10).await), [first.id]);
}

async fn a_record_tells_whether_it_woke_somebody(home: Home) {
    let world = home.open().await;
    let (_, first) = world.start_keyed("ada").await;
    world.start_keyed("ada").await;
    let (_, alone) = world.start_keyed("grace").await;
    for (lease, woke) in [(alone, false), (first, true)] {
        let record = kartwheel::store::Record {
            lease: lease.unwrap(),
            now: world.now(),
            ended: None,
            progress: Progress::default(),
            next: Next::Rest {
                state: State::Done,
                why: None,
                due_at: None,
            },
        };
        let written = world.store.record(record).await.unwrap();
        assert_eq!(written, Written::Yes { woke });
    }
}
