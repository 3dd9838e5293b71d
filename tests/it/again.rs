//! What it means when a person starts a failed run again: never a refund in doubt, never a run without its `once`, and time anew.

use std::time::Duration;

use kartwheel::engine::Resolution;
use kartwheel::kartra;
use kartwheel::run::{State, StepState};
use kartwheel::sandbox::{Delay, Fault, FaultKind, KartraForm};
use kartwheel::web::api::story::Story;

use crate::faults::{REFUND, TAG, effects, start, under};
use crate::world::World;

/// Letting a run fail says nothing about whether the call was done: a retry asks again, and neither skips the step nor sends it.
#[tokio::test]
async fn a_refund_in_doubt_that_was_let_fail_is_still_in_doubt() {
    let (world, run) = under(REFUND, "refund-transaction", FaultKind::DropBefore, 1).await;
    let engine = world.app().engine();
    let failed = engine.resolve(run.id, Resolution::Fail, "no answer").await;
    let failed = failed.expect("resolved");
    assert_eq!(failed.state, State::Failed);
    assert_eq!(failed.why.as_deref(), Some("no answer"));
    engine.retry(run.id, "").await.expect("retried");
    world.settle().await;
    assert_eq!(world.runs().await[0].state, State::NeedsPerson);
    assert_eq!(effects(&world, "refund-transaction"), 0);
    let done = engine.resolve(run.id, Resolution::Done, "seen").await;
    done.expect("resolved");
    world.settle().await;
    assert_eq!(world.runs().await[0].state, State::Done);
    assert_eq!(effects(&world, "refund-transaction"), 0);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_run_that_failed_before_its_first_step_is_not_carried_out_without_its_once() {
    let world = World::with(&TAG.replace("actions:", "once: ${{ body.order }}\nactions:")).await;
    let event = start(&world).await;
    let run = world.run_of(event).await;
    assert_eq!((run.state, run.once.as_deref()), (State::Failed, None));
    let engine = world.app().engine();
    for again in [
        engine.retry(run.id, "").await,
        engine.resume(run.id, "").await,
    ] {
        let refused = again.expect_err("it has no `once`").to_string();
        assert!(refused.contains("correct the rule"), "{refused}");
    }
    assert_eq!(world.verbs(), Vec::<String>::new());
    world.end(&[State::Failed]).await;
}

/// The days between a failure and the person who looks at it are not the run's own.
#[tokio::test]
async fn a_run_that_is_retried_may_take_its_timeout_anew() {
    let rule = TAG.replace("actions:", "timeout: 1m\nactions:");
    let world = World::with(&rule).await;
    let missing = FaultKind::KartraError {
        number: 212,
        form: KartraForm::Flat,
    };
    let fault = Fault::on_verb("assign-tag", missing).times(1);
    world.sandbox.world().add_fault(fault);
    let event = start(&world).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Failed);
    world.advance(Duration::from_secs(7_200)).await;
    let engine = world.app().engine();
    engine.retry(run.id, "").await.expect("retried");
    world.settle().await;
    assert_eq!(world.run_of(event).await.state, State::Done);
    world.end(&[State::Done]).await;
}

/// A cancel during a call: the call may still arrive and is shown as it ended, and nothing is sent after it.
#[tokio::test]
async fn nothing_is_sent_after_a_cancel_and_what_was_under_way_is_shown() {
    let world = World::with(TAG).await;
    let late = FaultKind::DelayAfter(Delay::ClockMs(1_000));
    world
        .sandbox
        .world()
        .add_fault(Fault::on_verb("create-lead", late));
    let event = world.order("1", "ada@example.com").await.event();
    // Time for the pace: the look at the start took one of its slots.
    world.clock.advance(Duration::from_secs(1));
    world.sandbox.world().effects_reached(1).await;
    let run = world.run_of(event).await;
    let engine = world.app().engine();
    let ended = run.id;
    engine.cancel(run.id, "wrong person").await.expect("ended");
    world.clock.advance(Duration::from_secs(1));
    world.settle().await;
    let run = world.run_of(event).await;
    assert_eq!(
        (run.state, run.why.as_deref()),
        (State::Cancelled, Some("wrong person"))
    );
    assert_eq!(world.verbs(), ["get-lead", "create-lead"]);
    let story = Story::load(world.reader(), kartra::catalog(), run).await;
    let story = story.expect("the store answers");
    let states: Vec<_> = story
        .steps()
        .iter()
        .map(|step| step.progress.state)
        .collect();
    assert_eq!(states, [StepState::Ok, StepState::Pending]);
    let refused = engine.resume(ended, "").await.expect_err("it ended");
    assert!(refused.to_string().contains("with a new id"), "{refused}");
    world.end(&[State::Cancelled]).await;
}

/// What a person allowed stays allowed: neither a retry nor a call that is sent once more asks for it again.
#[tokio::test]
async fn a_call_that_was_approved_is_not_asked_for_again() {
    let rule = REFUND.replace(
        "refund_amount: 5 }",
        "refund_amount: 5 }\n    approve: true",
    );
    let no_such = FaultKind::KartraError {
        number: 245,
        form: KartraForm::Flat,
    };
    for (fault, state) in [
        (no_such, State::Failed),
        (FaultKind::DropBefore, State::NeedsPerson),
    ] {
        let world = World::with(&rule).await;
        let fault = Fault::on_verb("refund-transaction", fault).times(1);
        world.sandbox.world().add_fault(fault);
        let event = start(&world).await;
        let run = world.run_of(event).await.id;
        let engine = world.app().engine();
        engine.approve(run, "agreed").await.expect("approved");
        world.advance(Duration::from_secs(3_600)).await;
        assert_eq!(world.run_of(event).await.state, state);
        assert_eq!(effects(&world, "refund-transaction"), 0);
        let again = match state {
            State::Failed => engine.retry(run, "").await,
            _ => engine.resolve(run, Resolution::Repeat, "").await,
        };
        again.expect("it goes on");
        world.settle().await;
        let run = world.run_of(event).await;
        assert_eq!(run.state, State::Done, "{run:?}");
        assert_eq!(effects(&world, "refund-transaction"), 1);
        world.end(&[State::Done]).await;
    }
}

/// The sender's repeat is answered as seen before: it is not advised.
#[tokio::test]
async fn a_run_that_ended_says_what_is_true_of_it() {
    let world = World::with(TAG).await;
    let run = world.run_of(start(&world).await).await;
    assert_eq!(run.state, State::Done);
    let engine = world.app().engine();
    for refused in [
        engine.retry(run.id, "").await,
        engine.resume(run.id, "").await,
    ] {
        let refused = refused.expect_err("it is done").to_string();
        assert!(refused.contains("nothing to do"), "{refused}");
    }
    world.end(&[State::Done]).await;
}
