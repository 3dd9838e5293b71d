//! What a run's `timeout` and a step's `within` leave out: whatever keeps the run from going on and is not its rule's fault.

use std::time::Duration;

use kartwheel::clock::Clock;
use kartwheel::engine::Resolution;
use kartwheel::run::State;
use kartwheel::sandbox::{Delay, Fault, FaultKind};

use crate::faults::{REFUND, TAG, effects, start, under};
use crate::world::{SOURCES, START, World};

const DAY: Duration = Duration::from_secs(86_400);

/// Two connections, the second step on `other`, little time.
async fn on_two_connections() -> World {
    let rule = TAG
        .replace("trigger:", "connection: main\ntimeout: 1m\ntrigger:")
        .replace(
            "tag_name: buyer }",
            "tag_name: buyer }\n    connection: other\n    retry: { within: 1m, backoff: 1s..2s }",
        );
    World::with_other(&rule).await
}

/// It was never in anybody's hands: it came while nothing was sent.
#[tokio::test]
async fn a_hold_of_the_runs_own_connection() {
    let world = World::with(&TAG.replace("trigger:", "timeout: 1h\ntrigger:")).await;
    let engine = world.app().engine();
    engine.pause(Some("main"), "renaming").await.expect("held");
    let event = start(&world).await;
    world.advance(DAY).await;
    engine.unpause(Some("main")).await.expect("released");
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Done, "{run:?}");
    world.end(&[State::Done]).await;
}

/// Before its first try, and between two.
#[tokio::test]
async fn a_hold_of_the_connection_of_a_step() {
    for tried in [false, true] {
        let world = on_two_connections().await;
        let busy = || {
            let busy = Fault::on_verb("assign-tag", FaultKind::LockTimeout);
            world.sandbox.world().add_fault(busy.times(1));
        };
        let engine = world.app().engine();
        let pause = async || engine.pause(Some("other"), "renaming").await.expect("held");
        busy();
        let event = match tried {
            true => {
                let event = start(&world).await;
                pause().await;
                busy();
                event
            }
            false => {
                pause().await;
                start(&world).await
            }
        };
        world.advance(Duration::from_secs(300)).await;
        assert_eq!(world.run_of(event).await.state, State::Ready);
        engine.unpause(Some("other")).await.expect("released");
        world.advance(Duration::from_secs(60)).await;
        let run = world.run_of(event).await;
        assert_eq!(
            (run.state, run.progress.steps["1"].counted),
            (State::Done, 1 + u32::from(tried)),
            "{run:?}"
        );
        world.end(&[State::Done]).await;
    }
}

#[tokio::test]
async fn a_wait_that_the_other_side_asks_for() {
    let rule = TAG.replace("trigger:", "timeout: 10m\ntrigger:").replace(
        "tag_name: buyer }",
        "tag_name: buyer }\n    retry: { within: 10m }",
    );
    let (world, run) = under(
        &rule,
        "assign-tag",
        FaultKind::RateLimited {
            retry_after: Some(700),
        },
        4,
    )
    .await;
    assert_eq!(run.state, State::Done, "{run:?}");
    assert_eq!(effects(&world, "assign-tag"), 1);
    world.end(&[State::Done]).await;
}

/// Some had their slot, the others wait for the pace or in the store, for longer than each of them may take.
#[tokio::test]
async fn the_pace() {
    let rule = TAG.replace("trigger:", "timeout: 5s\ntrigger:");
    let sources = format!("sources:{SOURCES}");
    let world = World::at_pace(START, &rule, "per_second: 2, at_once: 1", &sources).await;
    for order in 0..20 {
        let email = format!("p{order}@example.com");
        world.order(&order.to_string(), &email).await.event();
    }
    world.settle().await;
    let took = world.clock.now().duration_since(world.clock_start());
    assert!(took.as_secs() >= 20, "{took:?}");
    assert_eq!(effects(&world, "assign-tag"), 20);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn the_days_until_a_person_settles_a_call_in_doubt() {
    for resolution in [Resolution::Done, Resolution::Repeat] {
        let rule = REFUND.replace("trigger:", "timeout: 1h\ntrigger:").replace(
            "refund_amount: 5 }",
            "refund_amount: 5 }\n  - assign-tag: { email: '${{ person.email }}', tag_name: refunded }",
        );
        let (world, run) = under(&rule, "refund-transaction", FaultKind::DropBefore, 1).await;
        assert_eq!(run.state, State::NeedsPerson);
        world.advance(DAY).await;
        let engine = world.app().engine();
        let resolved = engine.resolve(run.id, resolution, "").await;
        resolved.expect("resolved");
        world.settle().await;
        assert_eq!(world.runs().await[0].state, State::Done, "{resolution:?}");
        assert_eq!(effects(&world, "assign-tag"), 1);
        world.end(&[State::Done]).await;
    }
}

/// Nobody ran: neither a run whose call was under way counts that, nor one that had not begun.
#[tokio::test]
async fn the_time_between_a_crash_and_the_next_start() {
    let rule = TAG.replace("trigger:", "timeout: 1h\ntrigger:");
    let mut world = World::with(&rule).await;
    world.start_to_crash().await;
    let late = FaultKind::DelayAfter(Delay::ClockMs(1_000));
    let late = Fault::on_verb("create-lead", late);
    world.sandbox.world().add_fault(late.times(1));
    let first = world.order("1", "ada@example.com").await.event();
    // Time for the pace: the look at the start took one of its slots.
    world.clock.advance(Duration::from_secs(1));
    world.sandbox.world().effects_reached(1).await;
    let second = world.order("2", "ada@example.com").await.event();
    world.crash();
    world.clock.advance(DAY);
    world.start().await;
    world.advance(Duration::from_secs(3_000)).await;
    for event in [first, second] {
        let run = world.run_of(event).await;
        assert_eq!(run.state, State::Done, "{run:?}");
    }
    world.end(&[State::Done]).await;
}

/// Somebody sets the clock while calls are under way: nobody has waited a year for them.
#[tokio::test]
async fn a_clock_that_is_set_during_a_call() {
    for fault in [
        FaultKind::DelayAfter(Delay::ClockMs(1_000)),
        FaultKind::DelayBefore(Delay::ClockMs(1_000)),
    ] {
        let rule = TAG.replace("trigger:", "timeout: 1h\ntrigger:");
        let world = World::with(&rule).await;
        world
            .sandbox
            .world()
            .add_fault(Fault::on_verb("create-lead", fault).times(1));
        let event = world.order("1", "ada@example.com").await.event();
        while world.sandbox.world().calls_of("create-lead").is_empty() {
            world.clock.advance(Duration::from_millis(200));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world
            .clock
            .jump(kartwheel::clock::after(world.clock.now(), 365 * DAY));
        world.settle().await;
        let run = world.run_of(event).await;
        assert_eq!(run.state, State::Done, "{run:?}");
        world.end(&[State::Done]).await;
    }
}
