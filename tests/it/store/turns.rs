//! Turns: who goes first when many runs are due. The highest priority, then the rules one after another.

use std::time::Duration;

use kartwheel::action::Priority;
use kartwheel::clock::after;
use kartwheel::run::{Run, State};
use kartwheel::store::{Claim, HoldKind, NewRun};
use uuid::Uuid;

use super::on_every_store;
use super::world::{Home, World, crowded, ids};

on_every_store!(
    a_priority_comes_back_as_it_was_stored,
    a_long_queue_of_newsletters_hides_nobody,
    within_a_priority_the_rules_take_turns,
    the_connections_take_turns_and_within_each_its_rules,
    a_flood_of_many_rules_on_one_connection_costs_another_one_turn,
    the_turns_go_on_from_claim_to_claim,
    a_rule_that_comes_anew_is_served_before_those_that_were_served,
    no_more_are_taken_than_there_is_room_for,
    a_wall_of_queued_runs_does_not_use_up_a_rules_places,
    a_key_brings_no_rule_more_than_its_places,
    access_and_money_are_taken_when_memory_is_full_of_others,
    an_older_run_of_the_key_that_is_less_urgent_goes_first_or_not_at_all,
    the_next_due_time_is_that_of_any_rule_and_priority,
);

/// Runs of a rule and priority that are due, in one event.
async fn due(world: &World, rule: &str, priority: Priority, count: usize) -> Vec<Uuid> {
    let shape = |run: &mut Run| {
        run.rule = rule.into();
        run.priority = priority;
    };
    shaped(world, count, shape).await
}

async fn shaped(world: &World, count: usize, shape: impl Fn(&mut Run)) -> Vec<Uuid> {
    let event = world.event(&world.id().to_string());
    let runs = (0..count).map(|_| {
        let mut run = world.run(&event);
        shape(&mut run);
        NewRun {
            run,
            take: false,
            intent: None,
        }
    });
    let runs = runs.collect();
    let accepted = world.store.accept(world.accept(event, runs)).await.unwrap();
    accepted.runs.iter().map(|(run, _)| run.id).collect()
}

async fn a_priority_comes_back_as_it_was_stored(home: Home) {
    let world = home.open().await;
    for priority in [Priority::Low, Priority::Normal, Priority::High] {
        let ids = due(&world, "welcome", priority, 1).await;
        assert_eq!(world.stored(ids[0]).await.priority, priority);
        assert_eq!(world.claim(1).await[0].run.priority, priority);
    }
}

async fn a_long_queue_of_newsletters_hides_nobody(home: Home) {
    let world = home.open().await;
    let mut newsletter = Vec::new();
    for _ in 0..10 {
        newsletter.extend(due(&world, "newsletter", Priority::Low, 1_000).await);
    }
    world.advance(1);
    let other = due(&world, "survey", Priority::Low, 1).await;
    let access = due(&world, "access", Priority::High, 1).await;
    let expected = [&access[..], &newsletter[..1], &other, &newsletter[1..6]].concat();
    assert_eq!(ids(&world.claim(8).await), expected);
    assert_eq!(world.reader().counts(world.now()).await.unwrap().due, 9_994);
}

async fn within_a_priority_the_rules_take_turns(home: Home) {
    let world = home.open().await;
    let a = due(&world, "a", Priority::Normal, 4).await;
    world.advance(1);
    let c = due(&world, "c", Priority::Normal, 1).await;
    let b = due(&world, "b", Priority::Normal, 2).await;
    let low = due(&world, "a", Priority::Low, 1).await;
    let expected = [a[0], c[0], b[0], a[1], b[1], a[2], a[3], low[0]];
    assert_eq!(ids(&world.claim(10).await), expected);
}

async fn the_connections_take_turns_and_within_each_its_rules(home: Home) {
    let world = home.open().await;
    let main = due(&world, "a", Priority::Normal, 2).await;
    world.advance(1);
    let other = due_on_other(&world, "a", 2).await;
    let b = due(&world, "b", Priority::Normal, 2).await;
    let expected = [main[0], other[0], b[0], other[1], main[1], b[1]];
    assert_eq!(ids(&world.claim(10).await), expected);

    // A held connection's runs have no turn.
    due(&world, "c", Priority::High, 3).await;
    let free = due_on_other(&world, "welcome", 1).await;
    world.hold("main", HoldKind::Broken).await;
    assert_eq!(ids(&world.claim(10).await), free);
}

async fn due_on_other(world: &World, rule: &str, count: usize) -> Vec<Uuid> {
    let shape = |run: &mut Run| {
        run.rule = rule.into();
        run.connection = "other".into();
    };
    shaped(world, count, shape).await
}

/// Claims of one run each, as when one place after another becomes free.
async fn one_by_one(world: &World, times: usize) -> Vec<Uuid> {
    let mut taken = Vec::new();
    for _ in 0..times {
        taken.extend(ids(&world.claim(1).await));
    }
    taken
}

async fn a_flood_of_many_rules_on_one_connection_costs_another_one_turn(home: Home) {
    let world = home.open().await;
    for rule in 0..40 {
        due(&world, &format!("flood{rule}"), Priority::Normal, 20).await;
    }
    one_by_one(&world, 3).await;
    world.advance(1);
    let other = due_on_other(&world, "survey", 3).await;
    let taken = one_by_one(&world, 6).await;
    let turns: Vec<_> = taken.iter().filter(|id| other.contains(id)).collect();
    assert_eq!(turns.len(), 3, "every other place is theirs");
    assert!(other.contains(&taken[0]), "who was never served is next");
}

async fn the_turns_go_on_from_claim_to_claim(home: Home) {
    let world = home.open().await;
    let a = due(&world, "a", Priority::Normal, 4).await;
    world.advance(1);
    let b = due(&world, "b", Priority::Normal, 2).await;
    let c = due(&world, "c", Priority::Normal, 2).await;
    let expected = [a[0], b[0], c[0], a[1], b[1], c[1], a[2], a[3]];
    assert_eq!(one_by_one(&world, 8).await, expected);
}

async fn a_rule_that_comes_anew_is_served_before_those_that_were_served(home: Home) {
    let world = home.open().await;
    let a = due(&world, "a", Priority::Normal, 3).await;
    let b = due(&world, "b", Priority::Normal, 3).await;
    assert_eq!(one_by_one(&world, 3).await, [a[0], b[0], a[1]]);
    world.advance(1);
    let c = due(&world, "c", Priority::Normal, 2).await;
    assert_eq!(one_by_one(&world, 4).await, [c[0], b[1], a[2], c[1]]);
}

async fn no_more_are_taken_than_there_is_room_for(home: Home) {
    let world = home.open().await;
    let a = due(&world, "a", Priority::Normal, 5).await;
    let high = due(&world, "a", Priority::High, 1).await;
    due(&world, "flood", Priority::Normal, 1).await;
    let b = due_on_other(&world, "b", 1).await;
    let claim = |left| Claim {
        room: crowded(&["a"], left),
        ..world.claiming(10)
    };
    let claimed = world.store.claim(claim(0)).await.unwrap();
    assert_eq!(ids(&claimed), [high[0], b[0]]);
    let claimed = world.store.claim(claim(2)).await.unwrap();
    assert_eq!(ids(&claimed), a[..2]);
    let claimed = world.store.claim(claim(2)).await.unwrap();
    assert_eq!(ids(&claimed), a[2..4], "the next claim goes on");
}

/// What turns out to wait for its key was not taken, and the claim looks on behind it.
async fn a_wall_of_queued_runs_does_not_use_up_a_rules_places(home: Home) {
    let world = home.open().await;
    let due_at = after(world.now(), Duration::from_secs(60));
    for _ in 0..6 {
        let (_, lease) = world.start_keyed("ada").await;
        let lease = lease.unwrap();
        world.rest(lease, State::Waiting, Some(due_at)).await;
    }
    let (_, running) = world.start_keyed("ada").await;
    assert!(running.is_some());
    world.advance(61);
    let behind = due(&world, "welcome", Priority::Normal, 3).await;
    let claim = Claim {
        room: crowded(&["welcome"], 2),
        ..world.claiming(10)
    };
    assert_eq!(ids(&world.store.claim(claim).await.unwrap()), behind[..2]);
}

/// A run whose key wants an older one first has that one taken instead, but not beyond its own rule's places.
async fn a_key_brings_no_rule_more_than_its_places(home: Home) {
    let world = home.open().await;
    let first = due(&world, "welcome", Priority::Normal, 1).await;
    let (older, lease) = world.start_keyed("ada").await;
    let soon = after(world.now(), Duration::from_secs(60));
    world.rest(lease.unwrap(), State::Waiting, Some(soon)).await;
    let other_rule = |run: &mut Run| {
        run.key = Some("ada".into());
        run.rule = "receipt".into();
    };
    let younger = shaped(&world, 1, other_rule).await;
    world.advance(60);
    let claim = || Claim {
        room: crowded(&["welcome"], 1),
        ..world.claiming(10)
    };
    let claimed = world.store.claim(claim()).await.unwrap();
    assert_eq!(ids(&claimed), first);
    assert_eq!(world.stored(younger[0]).await.due_at, None, "it queues");
    let claimed = world.store.claim(claim()).await.unwrap();
    assert_eq!(ids(&claimed), [older.id]);
}

async fn access_and_money_are_taken_when_memory_is_full_of_others(home: Home) {
    let world = home.open().await;
    let low = due(&world, "a", Priority::Low, 1).await;
    let normal = due(&world, "a", Priority::Normal, 1).await;
    let high = due(&world, "b", Priority::High, 1).await;
    let full = || Claim {
        room: crowded(&["a", "b"], 0),
        ..world.claiming(10)
    };
    assert_eq!(ids(&world.store.claim(full()).await.unwrap()), high);
    assert!(world.store.claim(full()).await.unwrap().is_empty());
    assert_eq!(ids(&world.claim(10).await), [normal, low].concat());
}

/// Key order comes before priority: the urgent one waits for the older one, which keeps its own place.
async fn an_older_run_of_the_key_that_is_less_urgent_goes_first_or_not_at_all(home: Home) {
    let world = home.open().await;
    let keyed = |run: &mut Run| run.key = Some("ada".into());
    let (older, lease) = world.start(true, keyed).await;
    let soon = after(world.now(), Duration::from_secs(60));
    world.rest(lease.unwrap(), State::Waiting, Some(soon)).await;
    let urgent = shaped(&world, 1, |run| {
        keyed(run);
        run.priority = Priority::High;
    });
    let urgent = urgent.await;
    world.advance(60);
    let claim = Claim {
        room: crowded(&["welcome"], 0),
        ..world.claiming(10)
    };
    assert!(world.store.claim(claim).await.unwrap().is_empty());
    let claimed = world.claim(10).await;
    assert_eq!(ids(&claimed), [older.id]);
    world.rest(claimed[0].lease, State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), urgent);
}

async fn the_next_due_time_is_that_of_any_rule_and_priority(home: Home) {
    let world = home.open().await;
    let times = [
        ("a", Priority::High, 50),
        ("b", Priority::Low, 20),
        ("c", Priority::Normal, 30),
    ];
    let start = world.now();
    for (rule, priority, seconds) in times {
        let shape = |run: &mut Run| {
            run.rule = rule.into();
            run.priority = priority;
        };
        let (_, lease) = world.start(true, shape).await;
        let due = after(start, Duration::from_secs(seconds));
        world.rest(lease.unwrap(), State::Waiting, Some(due)).await;
    }
    for seconds in [20, 30, 50] {
        let due = after(start, Duration::from_secs(seconds));
        assert_eq!(world.reader().next_due().await.unwrap(), Some(due));
        world.home.clock.set(due);
        assert_eq!(world.reader().counts(due).await.unwrap().due, 1);
        assert_eq!(world.claim(10).await.len(), 1);
    }
    assert_eq!(world.reader().next_due().await.unwrap(), None);
}
