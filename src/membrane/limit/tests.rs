//! The pace on a clock that only moves when it is told to.

mod late;
mod slowed;
mod window;

use super::*;
use crate::action::Priority;
use crate::clock::{Clock, SettableClock};

fn start() -> Timestamp {
    "2026-10-05T12:00:00Z".parse().expect("an instant")
}

fn millis(instant: Timestamp) -> i64 {
    (micros(instant) - micros(start())) / 1_000
}

/// Lets everything run that can run without the clock.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Runs the clock from alarm to alarm until the future is done.
async fn drive<T>(clock: &SettableClock, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            biased;
            done = &mut future => return done,
            () = settle() => {
                if let Some(next) = clock.next_wake() {
                    clock.set(next);
                }
            }
        }
    }
}

async fn times(clock: &Arc<SettableClock>, pace: &Arc<Pace>, calls: usize) -> Vec<i64> {
    drive(clock, async {
        let mut times = Vec::new();
        for _ in 0..calls {
            drop(pace.slot(&turn(Priority::Normal, 0)).await);
            times.push(millis(clock.now()));
        }
        times
    })
    .await
}

fn setup(per_second: f64, at_once: usize) -> (Arc<SettableClock>, Arc<Pace>) {
    let clock = SettableClock::starting_at(start());
    let shared: SharedClock = clock.clone();
    (clock, Pace::new(shared, per_second, at_once))
}

/// A turn of the one rule that most tests need.
fn turn(priority: Priority, place: i64) -> Turn {
    turn_of("rule", priority, place)
}

fn turn_of(rule: &str, priority: Priority, place: i64) -> Turn {
    Turn {
        priority,
        rule: rule.into(),
        place,
    }
}

fn limited(retry_after: Option<u64>) -> Outcome {
    Outcome {
        retry_after: retry_after.map(Duration::from_secs),
        ..Outcome::new(Class::RateLimited, "too many")
    }
}

#[tokio::test]
async fn calls_are_spaced_after_a_burst_of_two() {
    let (clock, pace) = setup(5.0, 4);
    assert_eq!(times(&clock, &pace, 5).await, [0, 0, 200, 400, 600]);
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        times(&clock, &pace, 4).await,
        [60_600, 60_600, 60_800, 61_000]
    );
}

#[tokio::test]
async fn a_pace_below_one_a_second_holds_as_well() {
    let (clock, pace) = setup(0.1, 1);
    assert_eq!(times(&clock, &pace, 4).await, [0, 0, 10_000, 20_000]);
}

#[tokio::test]
async fn no_more_than_at_once_are_under_way() {
    let (clock, pace) = setup(1_000.0, 2);
    let first = pace.slot(&turn(Priority::Normal, 0)).await;
    let _second = pace.slot(&turn(Priority::Normal, 0)).await;
    let normal = turn(Priority::Normal, 0);
    let mut third = std::pin::pin!(pace.slot(&normal));
    tokio::select! {
        biased;
        _ = &mut third => panic!("three at once"),
        () = settle() => clock.advance(Duration::from_secs(3_600)),
    }
    tokio::select! {
        biased;
        _ = &mut third => panic!("three at once"),
        () = settle() => drop(first),
    }
    drive(&clock, third).await;
}

#[tokio::test]
async fn the_next_one_goes_although_nobody_has_finished() {
    let (clock, pace) = setup(10.0, 4);
    let _first = pace.slot(&turn(Priority::Normal, 0)).await;
    let _second = pace.slot(&turn(Priority::Normal, 0)).await;
    let normal = turn(Priority::Normal, 0);
    let both = async { tokio::join!(pace.slot(&normal), pace.slot(&normal)) };
    let _both = drive(&clock, both).await;
    assert_eq!(millis(clock.now()), 200);
}

#[tokio::test]
async fn the_urgent_go_first_and_equals_in_the_order_they_came() {
    let (clock, pace) = setup(10.0, 1);
    let taken = pace.slot(&turn(Priority::Low, 0)).await;
    let order = Mutex::new(Vec::new());
    let call = |name: &'static str, priority| {
        let (pace, order) = (Arc::clone(&pace), &order);
        async move {
            let permit = pace.slot(&turn(priority, 0)).await;
            order.lock().expect("no panic").push(name);
            drop(permit);
        }
    };
    let all = async {
        tokio::join!(
            call("low", Priority::Low),
            call("normal 1", Priority::Normal),
            call("normal 2", Priority::Normal),
            call("high 1", Priority::High),
            call("high 2", Priority::High),
            async {
                settle().await;
                drop(taken);
            },
        )
    };
    drive(&clock, all).await;
    assert_eq!(
        *order.lock().expect("no panic"),
        ["high 1", "high 2", "normal 1", "normal 2", "low"]
    );
}

#[tokio::test]
async fn one_who_gives_up_waiting_stops_nobody() {
    let (clock, pace) = setup(10.0, 1);
    let taken = pace.slot(&turn(Priority::Normal, 0)).await;
    let (high, normal) = (turn(Priority::High, 0), turn(Priority::Normal, 0));
    let mut quitter = Box::pin(pace.slot(&high));
    let mut waiter = std::pin::pin!(pace.slot(&normal));
    tokio::select! {
        biased;
        _ = &mut quitter => panic!("the place is taken"),
        _ = &mut waiter => panic!("the place is taken"),
        () = settle() => {}
    }
    // The head is woken, and goes away before it looks.
    drop(taken);
    drop(quitter);
    drop(drive(&clock, waiter).await);
    assert!(pace.lock().queue.is_empty());
    assert_eq!(pace.lock().in_flight, 0);
}

#[tokio::test]
async fn the_whole_connection_stands_still_for_as_long_as_it_was_told() {
    let (clock, pace) = setup(10.0, 4);
    pace.note(clock.now(), &limited(Some(7)));
    // Half the pace, and no burst.
    assert_eq!(times(&clock, &pace, 3).await, [7_000, 7_200, 7_400]);
}

#[tokio::test]
async fn without_a_number_the_pauses_double_up_to_a_minute() {
    let (clock, pace) = setup(10.0, 4);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let before = clock.now();
        pace.note(before, &limited(None));
        drop(drive(&clock, pace.slot(&turn(Priority::High, 0))).await);
        pauses.push((micros(clock.now()) - micros(before)) / 1_000_000);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[tokio::test]
async fn calls_that_were_under_way_do_not_slow_it_down_again() {
    let (clock, pace) = setup(8.0, 4);
    let began = clock.now();
    clock.advance(Duration::from_millis(10));
    for _ in 0..4 {
        pace.note(began, &limited(None));
    }
    let state = pace.lock();
    assert_eq!(state.strikes, 1);
    assert!((state.rate - 4.0).abs() < 1e-9);
}

#[tokio::test]
async fn success_gives_the_pace_back_to_what_was_bearable_and_in_time_to_what_is_configured() {
    let (clock, pace) = setup(8.0, 4);
    pace.note(clock.now(), &limited(None));
    // An answer to a call from before the slow-down says nothing.
    pace.note(clock.now(), &Outcome::done(serde_json::Value::Null));
    assert_eq!(pace.lock().strikes, 1);
    clock.advance(Duration::from_secs(5));
    for _ in 0..9 {
        pace.note(clock.now(), &Outcome::done(serde_json::Value::Null));
    }
    assert_eq!(pace.lock().strikes, 0);
    assert!(pace.lock().rate < 8.0);
    for _ in 0..100 {
        pace.note(clock.now(), &Outcome::done(serde_json::Value::Null));
    }
    assert!((pace.lock().rate - 8.0 * BEARABLE).abs() < 1e-9);
    for _ in 0..200 {
        clock.advance(Duration::from_secs(60));
        pace.note(clock.now(), &Outcome::done(serde_json::Value::Null));
    }
    assert!((pace.lock().rate - 8.0).abs() < 1e-9, "never more");
}

#[tokio::test]
async fn the_pace_never_falls_to_nothing() {
    let (clock, pace) = setup(16.0, 4);
    for _ in 0..100 {
        clock.advance(Duration::from_secs(3_600));
        pace.note(clock.now(), &limited(Some(0)));
    }
    assert!((pace.lock().rate - 1.0).abs() < 1e-9);
}

#[tokio::test]
async fn a_clock_set_back_does_not_stop_the_calls() {
    let (clock, pace) = setup(5.0, 4);
    assert_eq!(times(&clock, &pace, 3).await, [0, 0, 200]);
    clock.set(
        start()
            .saturating_sub(jiff::SignedDuration::from_hours(1))
            .expect("in range"),
    );
    assert_eq!(
        times(&clock, &pace, 2).await,
        [-3_600_000 + 200, -3_600_000 + 400]
    );
}

#[tokio::test]
async fn a_thousand_wait_in_order_and_none_is_forgotten() {
    let (clock, pace) = setup(20.0, 4);
    let done = Arc::new(Mutex::new(Vec::new()));
    let mut all = tokio::task::JoinSet::new();
    for number in 0..1_000 {
        let (pace, done) = (Arc::clone(&pace), Arc::clone(&done));
        all.spawn(async move {
            let _permit = pace.slot(&turn(Priority::Normal, 0)).await;
            done.lock().expect("no panic").push(number);
        });
    }
    drive(&clock, all.join_all()).await;
    let done = done.lock().expect("no panic");
    assert_eq!(*done, (0..1_000).collect::<Vec<_>>());
    assert_eq!(millis(clock.now()), 998 * 50);
}

#[test]
fn a_slot_given_back_owes_the_pace_nothing_and_one_used_does() {
    let (_, pace) = setup(2.0, 8);
    let taken = |pace: &Arc<Pace>| pace.try_slot(&turn(Priority::Normal, 0)).map(Box::new);
    for _ in 0..100 {
        taken(&pace).expect("a free slot").give_back();
    }
    let used: Vec<_> = (0..3).map(|_| taken(&pace).is_some()).collect();
    assert_eq!(used, [true, true, false], "a burst of two, and no more");
}

#[tokio::test]
async fn the_older_run_goes_before_one_that_asked_earlier() {
    let (clock, pace) = setup(10.0, 1);
    let taken = pace.slot(&turn(Priority::Normal, 0)).await;
    let order = Mutex::new(Vec::new());
    let call = |run: i64| {
        let (pace, order) = (Arc::clone(&pace), &order);
        async move {
            let permit = pace.slot(&turn(Priority::Normal, run)).await;
            order.lock().expect("no panic").push(run);
            drop(permit);
        }
    };
    let all = async {
        tokio::join!(call(3), call(2), call(1), async {
            settle().await;
            drop(taken);
        })
    };
    drive(&clock, all).await;
    assert_eq!(*order.lock().expect("no panic"), [1, 2, 3]);
}

/// Starts so many calls of a rule that note when they had their slot.
fn crowd(
    all: &mut tokio::task::JoinSet<()>,
    pace: &Arc<Pace>,
    turn: &Turn,
    calls: usize,
    served: &Arc<Mutex<Vec<Arc<str>>>>,
) {
    for _ in 0..calls {
        let (pace, turn, served) = (Arc::clone(pace), turn.clone(), Arc::clone(served));
        all.spawn(async move {
            let _permit = pace.slot(&turn).await;
            served.lock().expect("no panic").push(turn.rule);
        });
    }
}

#[tokio::test]
async fn one_call_of_another_rule_does_not_wait_for_a_thousand() {
    let (clock, pace) = setup(20.0, 4);
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut all = tokio::task::JoinSet::new();
    let many = turn_of("many", Priority::Normal, 0);
    crowd(&mut all, &pace, &many, 1_000, &served);
    settle().await;
    clock.advance(Duration::from_secs(1));
    settle().await;
    let before = served.lock().expect("no panic").len();
    assert!((2..10).contains(&before), "{before}");
    for (rule, priority) in [("one", Priority::Normal), ("access", Priority::High)] {
        // A later run than all of theirs.
        let turn = turn_of(rule, priority, 9_999);
        crowd(&mut all, &pace, &turn, 1, &served);
    }
    settle().await;
    drive(&clock, all.join_all()).await;
    let served = served.lock().expect("no panic");
    let place = |rule: &str| served.iter().position(|name| **name == *rule);
    assert_eq!(place("access"), Some(before), "the urgent before all");
    assert!(place("one").is_some_and(|place| place <= before + 2));
    assert_eq!(served.len(), 1_002);
}

#[tokio::test]
async fn a_rule_that_asks_again_and_again_does_not_keep_another_one_out() {
    let (clock, pace) = setup(10.0, 2);
    let stop = Arc::new(Mutex::new(false));
    let mut greedy = tokio::task::JoinSet::new();
    greedy.spawn({
        let (pace, stop) = (Arc::clone(&pace), Arc::clone(&stop));
        async move {
            let mut calls = 0;
            while !*stop.lock().expect("no panic") {
                drop(pace.slot(&turn_of("greedy", Priority::Normal, 1)).await);
                calls += 1;
            }
            calls
        }
    });
    let modest = 50;
    drive(&clock, async {
        for _ in 0..modest {
            drop(pace.slot(&turn_of("modest", Priority::Normal, 2)).await);
        }
        *stop.lock().expect("no panic") = true;
    })
    .await;
    let greedy: i32 = drive(&clock, greedy.join_all()).await.iter().sum();
    assert!((modest - 3..=modest + 3).contains(&greedy), "{greedy}");
}
