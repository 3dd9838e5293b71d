//! Every failpoint: the program dies there, fails there, waits there; what was promised holds all the same.

use kartwheel::clock::SettableClock;
use kartwheel::failpoint::{Fault, POINTS};

use super::fate::{Fate, Plan, What};
use super::machine::Machine;
use super::play::{Play, start};
use super::story::Story;
use crate::random::Random;

/// Plays the story that passes every point, and has this happen when it first comes to this one.
fn play(point: &'static str, what: What) {
    let clock = SettableClock::starting_at(start());
    let plan = Plan::At(point, what);
    let fate = Fate::new(&clock, Random::again(1), plan);
    let machine = Machine::new(fate, clock, true);
    let story = Story::of_all_points(&machine.sandbox, start());
    let mut play = Play::of(machine, story, Random::again(1));
    let wrong = play.play();
    assert!(wrong.is_empty(), "{what:?} at {point}: {wrong:#?}");
    let fate = &play.machine.fate;
    assert!(
        fate.passed().contains_key(point),
        "it does not pass {point}"
    );
    let deadly = [What::Dies, What::Fails(Fault::Fatal)].contains(&what);
    assert!(
        !deadly || fate.deaths() > 0,
        "it survives {what:?} at {point}"
    );
}

fn pass(point: &'static str) {
    play(point, What::Dies);
    play(point, What::Waits);
    if point.ends_with("_commit") {
        play(point, What::Fails(Fault::Fatal));
    }
    if point.ends_with("_before_commit") {
        play(point, What::Fails(Fault::Full));
    }
}

/// A test for each of these points, and the list of them.
macro_rules! points {
    ($($point:ident)*) => {
        $(#[test]
        fn $point() {
            pass(stringify!($point));
        })*

        const TESTED: &[&str] = &[$(stringify!($point)),*];
    };
}

points! {
    accept_before_commit
    accept_after_commit
    activate_rules_before_commit
    activate_rules_after_commit
    begin_before_commit
    begin_after_commit
    calm_before_commit
    calm_after_commit
    change_before_commit
    change_after_commit
    claim_before_commit
    claim_after_commit
    expire_before_commit
    expire_after_commit
    handshake_before_commit
    handshake_after_commit
    hold_before_commit
    hold_after_commit
    judge_before_commit
    judge_after_commit
    keep_snapshot_before_commit
    keep_snapshot_after_commit
    raise_before_commit
    raise_after_commit
    record_before_commit
    record_after_commit
    refused_before_commit
    refused_after_commit
    release_before_commit
    release_after_commit
    renew_before_commit
    renew_after_commit
    rescue_before_commit
    rescue_after_commit
    shrink_before_commit
    shrink_after_commit
    action_before_call
    action_after_call
    look_back_before_call
    look_back_after_call
    readiness_before_call
    readiness_after_call
    survey_before_call
    survey_after_call
    token_before_call
    token_after_call
}

#[test]
fn every_point_has_its_test() {
    assert_eq!(TESTED, POINTS);
}
