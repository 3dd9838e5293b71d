//! Claims, leases and rescue: one worker at a time has a run, and a late one changes nothing.

use std::time::Duration;

use kartwheel::action::Class;
use kartwheel::clock::after;
use kartwheel::run::State;
use kartwheel::store::{HoldKind, Next, Written};
use serde_json::json;

use super::on_every_store;
use super::world::{Home, LEASE, YES, ended, ids};

on_every_store!(
    runs_are_taken_in_the_order_in_which_they_became_due,
    a_claim_brings_all_a_worker_needs,
    a_claim_takes_no_more_than_its_limit_and_nothing_early,
    a_wall_of_queued_runs_does_not_hide_the_one_behind_it,
    a_late_record_changes_nothing_but_the_attempt,
    an_outcome_that_is_known_is_not_written_over,
    a_lease_that_is_renewed_is_not_rescued,
    at_start_the_leases_of_other_nodes_are_over,
    an_attempt_without_an_outcome_comes_with_the_claim,
    a_clock_that_is_put_back_does_not_starve,
    after_a_restart_due_times_of_a_wrong_clock_are_reckoned_anew,
);

async fn runs_are_taken_in_the_order_in_which_they_became_due(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start(true, |_| {}).await;
    let (second, _) = world.start(false, |_| {}).await;
    world.advance(1);
    world.rest(lease.unwrap(), State::Ready, None).await;
    assert_eq!(ids(&world.claim(10).await), [second.id, first.id]);
}

async fn a_claim_brings_all_a_worker_needs(home: Home) {
    let world = home.open().await;
    let (run, _) = world
        .start(false, |run| run.progress.waited_micros = 7)
        .await;
    let claimed = world.claim(10).await.remove(0);
    assert_eq!(claimed.run.state, State::Running);
    assert_eq!((claimed.run.seq, claimed.run.event), (run.seq, run.event));
    assert_eq!(claimed.run.progress.waited_micros, 7);
    assert_eq!(claimed.lease.run_seq, run.seq);
    assert_eq!(claimed.event.id, run.event);
    assert!(claimed.event.raw.starts_with(b"{\"id\":"));
    assert_eq!(
        claimed.event.person.email.as_deref(),
        Some(" Ada@Example.com")
    );
    assert!(claimed.open_attempt.is_none());
}

async fn a_claim_takes_no_more_than_its_limit_and_nothing_early(home: Home) {
    let world = home.open().await;
    for _ in 0..5 {
        world.start(false, |_| {}).await;
    }
    let (_, lease) = world.start(true, |_| {}).await;
    let due = after(world.now(), Duration::from_secs(60));
    world.rest(lease.unwrap(), State::Waiting, Some(due)).await;
    assert_eq!(world.claim(0).await.len(), 0);
    assert_eq!(world.claim(3).await.len(), 3);
    assert_eq!(world.claim(10).await.len(), 2);
    assert_eq!(world.reader().next_due().await.unwrap(), Some(due));
}

/// Sleepers of one key that wake together queue up; a claim goes on behind them.
async fn a_wall_of_queued_runs_does_not_hide_the_one_behind_it(home: Home) {
    let world = home.open().await;
    let due = after(world.now(), Duration::from_secs(60));
    for _ in 0..12 {
        let (_, lease) = world.start_keyed("ada").await;
        world.rest(lease.unwrap(), State::Waiting, Some(due)).await;
    }
    let (_, running) = world.start_keyed("ada").await;
    assert!(running.is_some());
    world.advance(61);
    let (behind, _) = world.start(false, |_| {}).await;
    assert_eq!(ids(&world.claim(4).await), [behind.id]);
    assert_eq!(world.reader().next_due().await.unwrap(), None);
}

async fn a_late_record_changes_nothing_but_the_attempt(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start_keyed("ada").await;
    let lease = lease.unwrap();
    assert_eq!(world.begin(lease, 1, true).await, YES);
    world.advance(LEASE.as_secs() + 1);
    assert_eq!(
        world
            .store
            .rescue(world.node, world.now(), false)
            .await
            .unwrap(),
        1
    );
    let other = world.id();
    let claimed = world.claim_as(other, 10).await.remove(0);
    assert_eq!(claimed.lease.epoch, lease.epoch + 1);
    let before = world.stored(run.id).await;

    let outcome = ended(1, Class::Done, Some(json!({ "id": 7 })));
    let rest = Next::Rest {
        state: State::Done,
        why: None,
        due_at: None,
    };
    let late = world.record(lease, Some(outcome), rest).await;
    assert_eq!(late, Written::LeaseLost);
    assert_eq!(world.begin(lease, 2, false).await, Written::LeaseLost);
    assert_eq!(world.stored(run.id).await, before);
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].class, Some(Class::Done), "kept as evidence");
    assert_eq!(attempts[0].output, Some(json!({ "id": 7 })));
    assert_eq!(world.rest(claimed.lease, State::Done, None).await, YES);
}

async fn an_outcome_that_is_known_is_not_written_over(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    world.begin(lease, 1, false).await;
    for class in [Class::Refused, Class::Done] {
        let outcome = ended(1, class, None);
        world.record(lease, Some(outcome), Next::Go(None)).await;
    }
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts[0].class, Some(Class::Refused));
    assert_eq!(attempts[0].ended_at, Some(world.now()));
}

async fn a_lease_that_is_renewed_is_not_rescued(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    world.advance(20);
    let until = after(world.now(), LEASE);
    world.store.renew(world.node, until).await.unwrap();
    world.advance(20);
    assert_eq!(
        world
            .store
            .rescue(world.node, world.now(), false)
            .await
            .unwrap(),
        0
    );
    assert_eq!(world.begin(lease.unwrap(), 1, false).await, YES);
    world.advance(20);
    assert_eq!(
        world
            .store
            .rescue(world.node, world.now(), false)
            .await
            .unwrap(),
        1
    );
    assert_eq!(world.state(&run).await, State::Ready);
    assert_eq!(
        world.begin(lease.unwrap(), 2, false).await,
        Written::LeaseLost
    );
}

async fn at_start_the_leases_of_other_nodes_are_over(home: Home) {
    let world = home.open().await;
    let (first, _) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let world = world.reopen().await;
    assert!(world.claim(10).await.is_empty());
    assert_eq!(
        world
            .store
            .rescue(world.node, world.now(), true)
            .await
            .unwrap(),
        1
    );
    let claimed = world.claim(10).await;
    assert_eq!(
        ids(&claimed),
        [first.id],
        "it kept its key from {}",
        second.seq
    );
    assert_eq!(
        world
            .store
            .rescue(world.node, world.now(), true)
            .await
            .unwrap(),
        0
    );
}

/// Invariant 4: what a crash left behind is known to whoever goes on.
async fn an_attempt_without_an_outcome_comes_with_the_claim(home: Home) {
    let world = home.open().await;
    let (_, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    world.begin(lease, 1, false).await;
    let outcome = ended(1, Class::Transient, None);
    let go = Next::Go(Some(world.intent(2)));
    assert_eq!(world.record(lease, Some(outcome), go).await, YES);
    let intent = world.intent(2);
    let world = world.reopen().await;
    world
        .store
        .rescue(world.node, world.now(), true)
        .await
        .unwrap();
    let claimed = world.claim(10).await.remove(0);
    assert_eq!(claimed.open_attempt, Some(intent));
}

async fn a_clock_that_is_put_back_does_not_starve(home: Home) {
    let world = home.open().await;
    let right = world.now();
    world.claim(1).await;
    world.advance(365 * 24 * 3600);
    let (run, lease) = world.start(true, |_| {}).await;
    let due = after(world.now(), Duration::from_secs(3600));
    world.rest(lease.unwrap(), State::Waiting, Some(due)).await;
    world.home.clock.set(right);
    let next = world.reader().next_due().await.unwrap();
    assert_eq!(next, Some(right), "the next claim reckons anew");
    assert!(world.claim(10).await.is_empty());
    let next = world.reader().next_due().await.unwrap();
    assert_eq!(next, Some(after(right, Duration::from_secs(3600))));
    world.advance(3600);
    assert_eq!(ids(&world.claim(10).await), [run.id]);
}

async fn after_a_restart_due_times_of_a_wrong_clock_are_reckoned_anew(home: Home) {
    let world = home.open().await;
    let right = world.now();
    world.advance(365 * 24 * 3600);
    let (run, _) = world.start(false, |_| {}).await;
    world.hold("main", HoldKind::Down).await;
    world.release("main", None).await;
    world.home.clock.set(right);
    let world = world.reopen().await;
    assert_eq!(ids(&world.claim(10).await), [run.id]);
}
