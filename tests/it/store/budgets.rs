//! Budgets: so many within an hour and a day, each step of a run once, and nothing of a begin that is over.

use kartwheel::run::State;
use kartwheel::store::{Begin, Budget, HoldKind, Lease, Written};

use super::on_every_store;
use super::world::{Home, World, YES};

on_every_store!(
    a_budget_lets_so_many_through_and_says_which_is_used_up,
    an_hour_and_a_day_slide,
    begins_of_one_batch_see_each_other,
    a_step_counts_once_however_often_it_is_tried,
    over_one_budget_nothing_is_counted_on_the_others,
    a_limit_of_nothing_lets_nothing_through,
    beyond_the_limit_it_is_counted_and_goes_out,
    what_may_not_begin_is_not_counted,
);

const HOUR: u64 = 3_600;

fn budget(scope: &str, per_hour: Option<u32>, per_day: Option<u32>) -> Budget {
    Budget {
        scope: scope.into(),
        step: "0".into(),
        per_hour,
        per_day,
    }
}

const fn over(budget: usize, day: bool) -> Written {
    Written::OverBudget { budget, day }
}

/// A running run.
async fn running(world: &World) -> Lease {
    world.start(true, |_| {}).await.1.unwrap()
}

async fn begin(world: &World, lease: Lease, budgets: &[Budget]) -> Written {
    let begin = beginning(world, lease, budgets);
    world.store.begin(begin).await.unwrap()
}

fn beginning(world: &World, lease: Lease, budgets: &[Budget]) -> Begin {
    Begin {
        budgets: budgets.to_vec(),
        ..world.beginning(lease, 1)
    }
}

async fn a_budget_lets_so_many_through_and_says_which_is_used_up(home: Home) {
    let world = home.open().await;
    let budgets = [
        budget("rule a", None, None),
        budget("connection main refund-transaction", Some(2), Some(50)),
    ];
    for _ in 0..2 {
        assert_eq!(begin(&world, running(&world).await, &budgets).await, YES);
    }
    let (run, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    let before = world.stored(run.id).await;
    world.advance(1);
    assert_eq!(begin(&world, lease, &budgets).await, over(1, false));
    assert!(world.reader().attempts(run.id).await.unwrap().is_empty());
    assert_eq!(world.stored(run.id).await, before);
    // Another scope is another count, and a restart forgets none.
    let other = [budget("connection other refund-transaction", Some(2), None)];
    assert_eq!(begin(&world, lease, &other).await, YES);
    let world = world.reopen().await;
    assert_eq!(
        begin(&world, running(&world).await, &budgets).await,
        over(1, false)
    );
}

async fn an_hour_and_a_day_slide(home: Home) {
    let world = home.open().await;
    let budgets = [budget("rule a", Some(2), Some(3))];
    let tried = async |seconds: u64| {
        world.advance(seconds);
        begin(&world, running(&world).await, &budgets).await
    };
    assert_eq!(tried(0).await, YES);
    assert_eq!(tried(HOUR / 2).await, YES);
    assert_eq!(tried(0).await, over(0, false));
    assert_eq!(tried(HOUR / 2 - 1).await, over(0, false));
    assert_eq!(tried(1).await, YES, "the first is an hour ago");
    assert_eq!(tried(HOUR).await, over(0, true), "three today");
    assert_eq!(tried(22 * HOUR - 1).await, over(0, true));
    assert_eq!(tried(1).await, YES, "the first is a day ago");
    assert_eq!(tried(0).await, over(0, true));
}

async fn begins_of_one_batch_see_each_other(home: Home) {
    let world = home.open().await;
    let budgets = [budget("rule a", Some(3), Some(9))];
    assert_eq!(begin(&world, running(&world).await, &budgets).await, YES);
    let mut begins = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let lease = running(&world).await;
        let begin = beginning(&world, lease, &budgets);
        let store = world.store.clone();
        begins.spawn(async move { store.begin(begin).await.unwrap() });
    }
    let written = begins.join_all().await;
    let through = written.iter().filter(|written| **written == YES).count();
    assert_eq!(through, 2, "{written:?}");
    let refused = |written: &&Written| **written == over(0, false);
    assert_eq!(written.iter().filter(refused).count(), 18);
}

async fn a_step_counts_once_however_often_it_is_tried(home: Home) {
    let world = home.open().await;
    let budgets = [budget("rule a", Some(1), None)];
    let lease = running(&world).await;
    for number in 1..=3 {
        let mut begin = beginning(&world, lease, &budgets);
        begin.attempt.number = number;
        assert_eq!(world.store.begin(begin).await.unwrap(), YES);
    }
    let mut other_step = beginning(&world, lease, &budgets);
    other_step.attempt.step = "1".into();
    other_step.budgets[0].step = "1".into();
    let written = world.store.begin(other_step).await.unwrap();
    assert_eq!(written, over(0, false));
    assert_eq!(
        begin(&world, running(&world).await, &budgets).await,
        over(0, false)
    );
}

async fn over_one_budget_nothing_is_counted_on_the_others(home: Home) {
    let world = home.open().await;
    let full = budget("connection main refund-transaction", Some(1), None);
    let wide = budget("rule a", Some(2), None);
    let both = [wide.clone(), full.clone()];
    assert_eq!(begin(&world, running(&world).await, &both).await, YES);
    for _ in 0..3 {
        assert_eq!(
            begin(&world, running(&world).await, &both).await,
            over(1, false)
        );
    }
    let wide = [wide];
    assert_eq!(begin(&world, running(&world).await, &wide).await, YES);
    assert_eq!(
        begin(&world, running(&world).await, &wide).await,
        over(0, false)
    );
}

async fn a_limit_of_nothing_lets_nothing_through(home: Home) {
    let world = home.open().await;
    let lease = running(&world).await;
    let hour = [budget("rule a", Some(0), None)];
    assert_eq!(begin(&world, lease, &hour).await, over(0, false));
    let day = [budget("rule a", Some(5), Some(0))];
    assert_eq!(begin(&world, lease, &day).await, over(0, true));
}

async fn beyond_the_limit_it_is_counted_and_goes_out(home: Home) {
    let world = home.open().await;
    let budgets = [budget("rule a", Some(1), None)];
    assert_eq!(begin(&world, running(&world).await, &budgets).await, YES);
    world.advance(HOUR / 2);
    let allowed = [budget("rule a", None, None)];
    assert_eq!(begin(&world, running(&world).await, &allowed).await, YES);
    world.advance(HOUR / 2);
    assert_eq!(
        begin(&world, running(&world).await, &budgets).await,
        over(0, false),
        "what a person allowed counts"
    );
}

async fn what_may_not_begin_is_not_counted(home: Home) {
    let world = home.open().await;
    let budgets = [budget("rule a", Some(1), None)];
    let lease = running(&world).await;
    world.hold("main", HoldKind::Paused).await;
    let mut held = beginning(&world, lease, &budgets);
    held.unless_held = true;
    assert_eq!(world.store.begin(held).await.unwrap(), Written::Held);
    world.release("main", None).await;
    world.rest(lease, State::Done, None).await;
    assert_eq!(begin(&world, lease, &budgets).await, Written::LeaseLost);
    assert_eq!(begin(&world, running(&world).await, &budgets).await, YES);
}
