//! Runs that wait for an approval or a budget: those behind them in their key pass, and they keep their place.

use std::time::Duration;

use kartwheel::clock::after;
use kartwheel::run::{State, WHY_APPROVAL, WHY_BUDGET};
use kartwheel::store::Changed;

use super::on_every_store;
use super::world::{Home, ids};

on_every_store!(
    a_run_that_waits_for_an_approval_or_a_budget_lets_the_others_pass,
    once_approved_it_takes_its_old_place,
    a_new_run_does_not_wait_behind_one_that_waits_for_an_approval,
    many_that_wait_for_an_approval_hide_nobody,
    a_budget_that_is_looked_at_again_takes_its_key_when_it_is_free,
);

async fn a_run_that_waits_for_an_approval_or_a_budget_lets_the_others_pass(home: Home) {
    let world = home.open().await;
    for (key, why) in [("ada", WHY_APPROVAL), ("grace", WHY_BUDGET)] {
        let (first, lease) = world.start_keyed(key).await;
        let (second, _) = world.start_keyed(key).await;
        let (third, _) = world.start_keyed(key).await;
        let why = format!("{why}: more about it");
        let lease = lease.unwrap();
        world
            .rest_because(lease, State::Held, Some(&why), None)
            .await;
        let stored = world.stored(first.id).await;
        assert_eq!((stored.state, stored.why), (State::Held, Some(why)));
        for passing in [second, third] {
            let claimed = world.claim(10).await;
            assert_eq!(ids(&claimed), [passing.id]);
            world.rest(claimed[0].lease, State::Done, None).await;
        }
        assert!(world.claim(10).await.is_empty());
        assert_eq!(world.state(&first).await, State::Held);
        assert_eq!(world.reader().next_due().await.unwrap(), None);
    }
}

async fn once_approved_it_takes_its_old_place(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let (third, _) = world.start_keyed("ada").await;
    let why = Some(WHY_APPROVAL);
    world
        .rest_because(lease.unwrap(), State::Held, why, None)
        .await;
    let running = world.claim(10).await;
    assert_eq!(ids(&running), [second.id]);
    assert_eq!(world.change(first.id, State::Ready).await, Changed::Yes);
    assert!(world.claim(10).await.is_empty(), "the key is taken");
    world.rest(running[0].lease, State::Done, None).await;
    let approved = world.claim(10).await;
    assert_eq!(ids(&approved), [first.id], "older than {}", third.seq);
    world.rest(approved[0].lease, State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), [third.id]);
    // With nobody before it, it is due at once.
    let (alone, lease) = world.start_keyed("grace").await;
    world
        .rest_because(lease.unwrap(), State::Held, why, None)
        .await;
    assert_eq!(world.change(alone.id, State::Ready).await, Changed::Yes);
    assert_eq!(ids(&world.claim(10).await), [alone.id]);
}

async fn a_new_run_does_not_wait_behind_one_that_waits_for_an_approval(home: Home) {
    let world = home.open().await;
    let (_, lease) = world.start_keyed("ada").await;
    let why = Some(WHY_APPROVAL);
    world
        .rest_because(lease.unwrap(), State::Held, why, None)
        .await;
    let world = world.reopen().await;
    let (_, lease) = world.start_keyed("ada").await;
    assert!(lease.is_some(), "the fast path is free");
    // One that a person holds keeps the key, whatever he says of it.
    world
        .rest_because(lease.unwrap(), State::Held, Some("an approval"), None)
        .await;
    assert!(world.start_keyed("ada").await.1.is_none());
}

async fn many_that_wait_for_an_approval_hide_nobody(home: Home) {
    let world = home.open().await;
    for _ in 0..50 {
        let (_, lease) = world.start_keyed("ada").await;
        let lease = lease.expect("those before let it pass");
        let why = Some(WHY_APPROVAL);
        world.rest_because(lease, State::Held, why, None).await;
    }
    let (_, lease) = world.start_keyed("ada").await;
    let (next, _) = world.start_keyed("ada").await;
    world.rest(lease.unwrap(), State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), [next.id]);
}

async fn a_budget_that_is_looked_at_again_takes_its_key_when_it_is_free(home: Home) {
    let world = home.open().await;
    let (first, lease) = world.start_keyed("ada").await;
    let (second, _) = world.start_keyed("ada").await;
    let due = after(world.now(), Duration::from_secs(60));
    world
        .rest_because(lease.unwrap(), State::Held, Some(WHY_BUDGET), Some(due))
        .await;
    let running = world.claim(10).await;
    assert_eq!(ids(&running), [second.id]);
    world.advance(60);
    assert!(world.claim(10).await.is_empty());
    world.rest(running[0].lease, State::Done, None).await;
    let woken = world.claim(10).await;
    assert_eq!(ids(&woken), [first.id]);
    assert_eq!(woken[0].run.why, None);
}
