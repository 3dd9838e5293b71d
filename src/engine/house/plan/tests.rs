//! What goes in which order, and when the door closes.

use super::*;
use crate::clock::from_micros;

const MB: u64 = 1_000_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn plan() -> Plan {
    Plan::new(Retention {
        events: DAY * 90,
        failed: DAY * 365,
        keys: DAY * 400,
        at_most: 160 * MB,
    })
}

fn at(seconds: u64) -> Timestamp {
    clock::after(
        from_micros(1_800_000_000_000_000),
        Duration::from_secs(seconds),
    )
}

fn used(mb: u64) -> Space {
    Space {
        used: mb * MB,
        ..Space::default()
    }
}

/// The steps until it rests, each of which removes so much and comes to its end.
fn steps(plan: &mut Plan, now: Timestamp, space: Space, gone: u64) -> Vec<(Part, u64, u64)> {
    let mut taken = Vec::new();
    while let Next::Expire(expire) = plan.next(now, &space) {
        let days = |before| clock::between(before, now).as_secs() / DAY.as_secs();
        let far = |before| {
            if before == Timestamp::MIN {
                0
            } else {
                days(before)
            }
        };
        taken.push((expire.part, far(expire.well_before), far(expire.ill_before)));
        plan.done(&Expired { gone, next: None });
        assert!(taken.len() < 100, "it never rests");
    }
    taken
}

#[test]
fn by_age_bodies_go_first_and_the_keys_last_once_an_hour() {
    let mut plan = plan();
    let all = [
        (Part::Bodies, 90, 365),
        (Part::Events, 400, 400),
        (Part::Counts, 400, 400),
    ];
    assert_eq!(steps(&mut plan, at(0), used(1), 5), all);
    assert_eq!(steps(&mut plan, at(3_599), used(1), 5), []);
    assert_eq!(steps(&mut plan, at(3_600), used(1), 5), all);
    assert_eq!(plan.pressed(), Pressed::No);
}

#[test]
fn a_step_goes_on_where_the_last_one_stopped() {
    let mut plan = plan();
    let Next::Expire(first) = plan.next(at(0), &used(1)) else {
        panic!("nothing to do");
    };
    let next = Some(77);
    plan.done(&Expired { gone: 9, next });
    let second = plan.next(at(0), &used(1));
    assert_eq!(second, Next::Expire(Expire { after: 77, ..first }));
}

#[test]
fn keys_are_never_kept_shorter_than_their_least_nor_events_than_their_bodies() {
    let short = Retention {
        events: DAY * 50,
        failed: DAY * 70,
        keys: DAY,
        at_most: u64::MAX,
    };
    let taken = steps(&mut Plan::new(short), at(0), used(1), 0);
    assert_eq!(taken[1], (Part::Events, 50, 70));
    let shorter = Retention {
        events: DAY,
        failed: DAY,
        ..short
    };
    let taken = steps(&mut Plan::new(shorter), at(0), used(1), 0);
    assert_eq!(taken[1], (Part::Events, 30, 30));
}

#[test]
fn near_the_ceiling_history_goes_before_its_time_and_then_the_door_closes() {
    let mut plan = plan();
    steps(&mut plan, at(0), used(1), 0);
    assert_eq!(
        steps(&mut plan, at(1), used(150), 5),
        [],
        "exactly at the margin"
    );
    let taken = steps(&mut plan, at(2), used(151), 0);
    let early = [
        (Part::Bodies, 0, 0),
        (Part::Bodies, 0, 0),
        (Part::Calls, 1, 1),
        (Part::Counts, 30, 30),
        (Part::Events, 30, 30),
    ];
    assert_eq!(taken, early);
    assert_eq!(plan.pressed(), Pressed::Yes, "there is room yet");
    assert_eq!(
        steps(&mut plan, at(3), used(161), 0),
        [],
        "it was just tried"
    );
    assert_eq!(plan.pressed(), Pressed::Full);
    assert_eq!(steps(&mut plan, at(62), used(161), 0), early);
    assert_eq!(plan.pressed(), Pressed::Full, "while it is tried, too");
    plan.next(at(63), &used(160));
    assert_eq!(plan.pressed(), Pressed::Yes, "there is room again");
    plan.next(at(64), &used(141));
    assert_eq!(
        plan.pressed(),
        Pressed::Yes,
        "the alert does not come and go"
    );
    plan.next(at(65), &used(140));
    assert_eq!(plan.pressed(), Pressed::No);
}

#[test]
fn what_is_removed_is_gone_on_with_until_there_is_room() {
    let mut plan = plan();
    plan.next_pass = Timestamp::MAX;
    for _ in 0..20 {
        assert!(matches!(plan.next(at(0), &used(165)), Next::Expire(_)));
        assert_eq!(plan.pressed(), Pressed::Yes, "it is being made room");
        plan.done(&Expired {
            gone: 1,
            next: None,
        });
    }
    plan.next(at(0), &used(171));
    assert_eq!(plan.pressed(), Pressed::Full, "not fast enough");
    assert_eq!(plan.next(at(0), &used(100)), Next::Rest);
    assert_eq!(plan.pressed(), Pressed::No);
}

#[test]
fn free_pages_go_back_to_the_disk_beyond_what_comes_next_needs() {
    let mut plan = plan();
    steps(&mut plan, at(0), used(1), 0);
    let free = |free| Space {
        used: 8 * MB,
        free,
        log: 0,
    };
    assert_eq!(plan.next(at(1), &free(16 << 20)), Next::Rest);
    assert_eq!(plan.next(at(1), &free(20 << 20)), Next::Shrink);
    assert_eq!(plan.next(at(1), &free(19 << 20)), Next::Shrink);
    assert_eq!(
        plan.next(at(1), &free(19 << 20)),
        Next::Rest,
        "it gives nothing back"
    );
}

#[test]
fn a_log_that_nobody_can_start_anew_is_told_of_and_in_the_end_keeps_events_out() {
    let mut plan = plan();
    steps(&mut plan, at(0), used(1), 0);
    let log = |log| Space {
        log,
        ..Space::default()
    };
    assert!(!log_is_long(&log(1 << 30)) && log_is_long(&log((1 << 30) + 1)));
    plan.next(at(1), &log(4 << 30));
    assert_eq!(plan.pressed(), Pressed::No);
    plan.next(at(1), &log((4 << 30) + 1));
    assert_eq!(plan.pressed(), Pressed::Full);
    assert!(
        plan.words(&log(5 << 30))
            .contains("the log beside the database has 5.3 GB")
    );
}
