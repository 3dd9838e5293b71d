//! After a lost answer: when it is looked up, when silence counts, and who decides.

use std::time::Duration;

use jiff::SignedDuration;

use kartwheel::action::{Class, Evidence, Outcome};
use kartwheel::clock::{after, between};
use kartwheel::engine::SEND_WITHIN;
use kartwheel::engine::look::{SILENCE_COUNTS_AFTER, SILENCE_TWICE_APART, looked};
use kartwheel::engine::plan::{PlannedCall, Todo};
use kartwheel::engine::settle::{Lost, settle};
use kartwheel::run::{State, StepState};
use kartwheel::store::HoldKind;

use super::{REFUND, Scene, due_of, state_of};

const GRANT: &str = "actions:\n  - grant-membership-access: { email: ada@example.com, membership_name: Academy, level_name: Gold }\n";

/// A scene whose one call was sent and never answered.
fn lost(rest: &str) -> (Scene, PlannedCall) {
    let mut scene = Scene::of(rest);
    let call = scene.call();
    scene.end(&call, Outcome::new(Class::Unknown, "no answer"), false);
    assert_eq!(scene.run.progress.steps["0"].state, StepState::Unknown);
    (scene, call)
}

fn nothing() -> Evidence {
    Evidence::NotDone("nothing of it is to be seen".into())
}

impl Scene {
    /// Lets time pass until the next look, and gives how long after the call that is.
    fn until_look(&mut self) -> Duration {
        let sent = self.run.created_at;
        match self.next() {
            Todo::Look { .. } => between(sent, self.now),
            todo => {
                assert_eq!(state_of(Some(&todo)), Some(State::Retrying), "{todo:?}");
                self.now = due_of(Some(&todo)).expect("a look is due");
                assert!(matches!(self.next(), Todo::Look { .. }));
                between(sent, self.now)
            }
        }
    }

    /// Takes evidence in; gives what the attempt is told.
    fn find(&mut self, call: &PlannedCall, evidence: Evidence) -> (Option<Todo>, Option<Outcome>) {
        let progress = self.run.progress.clone();
        let (settled, outcome) = looked(&self.run, progress, call, evidence, &self.sight());
        self.run.progress = settled.progress;
        (settled.todo, outcome)
    }
}

#[test]
fn silence_counts_late_and_twice_then_a_refund_is_a_persons_turn_and_is_never_planned_again() {
    let (mut scene, call) = lost(REFUND);
    assert!(
        scene.until_look() < SILENCE_COUNTS_AFTER,
        "an early look can find it"
    );
    scene.find(&call, nothing());
    assert_eq!(scene.until_look(), SILENCE_COUNTS_AFTER);
    scene.find(&call, nothing());
    assert_eq!(
        scene.until_look(),
        SILENCE_COUNTS_AFTER + SILENCE_TWICE_APART
    );
    scene.find(&call, nothing());
    let todo = scene.next();
    assert_eq!(state_of(Some(&todo)), Some(State::NeedsPerson), "{todo:?}");
    let Todo::Rest { why: Some(why), .. } = todo else {
        panic!("a reason is given")
    };
    assert!(why.contains("nothing of it is to be seen"), "{why}");
}

#[test]
fn a_grant_that_was_not_done_is_sent_again_by_its_policy() {
    let (mut scene, call) = lost(GRANT);
    for _ in 0..2 {
        scene.until_look();
        scene.find(&call, nothing());
    }
    scene.until_look();
    let (todo, _) = scene.find(&call, nothing());
    assert_eq!(state_of(todo.as_ref()), Some(State::Retrying));
    scene.now = due_of(todo.as_ref()).expect("a due time");
    let again = scene.call();
    assert_eq!((again.number, &again.input), (2, &call.input));
    assert_eq!(scene.run.progress.steps["0"].counted, 1);
}

#[test]
fn what_the_logs_say_is_the_answer() {
    let cases = [
        (Class::Done, StepState::Ok, None),
        (Class::Already, StepState::Already, None),
        (Class::RuleWrong, StepState::Failed, Some(State::Failed)),
        (Class::Transient, StepState::Pending, Some(State::Retrying)),
        (
            Class::RateLimited,
            StepState::Pending,
            Some(State::Retrying),
        ),
    ];
    for (class, state, rests) in cases {
        let (mut scene, call) = lost(REFUND);
        scene.until_look();
        let evidence = Evidence::Outcome(Outcome::new(class, "so it was"));
        let (todo, outcome) = scene.find(&call, evidence);
        assert_eq!(scene.run.progress.steps["0"].state, state, "{class:?}");
        assert_eq!(state_of(todo.as_ref()), rests, "{class:?}");
        let told = outcome.expect("the attempt is told").message;
        assert!(
            told.contains("looked up") && told.contains("so it was"),
            "{told}"
        );
    }
}

#[test]
fn what_does_not_tell_is_looked_at_once_more_and_then_a_persons_turn() {
    for evidence in [
        Evidence::Unclear("a refund of 5.00 is there".into()),
        Evidence::Outcome(Outcome::new(Class::Unknown, "a refund of 5.00 is there")),
    ] {
        let (mut scene, call) = lost(GRANT);
        scene.until_look();
        scene.find(&call, evidence.clone());
        assert_eq!(scene.until_look(), SILENCE_COUNTS_AFTER);
        scene.find(&call, evidence);
        let todo = scene.next();
        assert_eq!(state_of(Some(&todo)), Some(State::NeedsPerson));
        let Todo::Rest { why: Some(why), .. } = todo else {
            panic!("a reason is given")
        };
        assert!(why.contains("a refund of 5.00 is there"), "{why}");
    }
}

#[test]
fn a_look_that_cannot_be_made_is_made_later_and_never_for_ever() {
    let (mut scene, call) = lost(REFUND);
    let mut looks = 0;
    let mut pause = Duration::ZERO;
    while !matches!(state_of(Some(&scene.next())), Some(State::NeedsPerson)) {
        scene.until_look();
        let before = scene.now;
        let failed = Outcome::new(Class::Transient, "no connection was made");
        scene.find(&call, Evidence::Failed(failed));
        looks += 1;
        assert!(looks <= 100, "it ends");
        if let Some(due) = due_of(Some(&scene.next())) {
            pause = between(before, due);
        }
    }
    assert!(
        looks > 5 && pause >= Duration::from_secs(60),
        "{looks} {pause:?}"
    );
}

/// That there were too many calls is over some time, and it is not the look that is at fault.
#[test]
fn a_look_that_met_a_rate_limit_is_not_counted() {
    let (mut scene, call) = lost(REFUND);
    for _ in 0..100 {
        scene.until_look();
        let limited = Outcome::new(Class::RateLimited, "too many calls");
        scene.find(&call, Evidence::Failed(limited));
    }
    scene.until_look();
}

#[test]
fn a_look_on_a_lapsed_connection_holds_it_and_is_not_counted() {
    let (mut scene, call) = lost(REFUND);
    scene.until_look();
    for _ in 0..100 {
        let down = Outcome::new(Class::ConnectionDown, "lapsed");
        let progress = scene.run.progress.clone();
        let (settled, _) = looked(
            &scene.run,
            progress,
            &call,
            Evidence::Failed(down),
            &scene.sight(),
        );
        assert_eq!(settled.hold, Some(HoldKind::Down));
        scene.run.progress = settled.progress;
    }
    assert!(matches!(scene.next(), Todo::Look { .. }));
    scene.now = after(scene.now, Duration::from_secs(86_400));
    assert!(matches!(scene.next(), Todo::Look { .. }));
}

impl Scene {
    /// The clock is set, by so much; no time passes.
    fn set_clock(&mut self, by: SignedDuration) {
        self.now += by;
        self.set_by += by;
    }
}

/// However the clock is set meanwhile, in either direction and at any stage: silence counts by time that has passed.
#[test]
fn a_search_takes_as_long_as_ever_when_the_clock_is_set() {
    let year = SignedDuration::from_hours(24 * 365);
    let full = SILENCE_COUNTS_AFTER + SILENCE_TWICE_APART;
    for by in [SignedDuration::from_hours(1), year, -year] {
        for stage in 0..3 {
            let (mut scene, call) = lost(REFUND);
            let mut sent = scene.now;
            for look in 0..3 {
                if look == stage {
                    scene.set_clock(by);
                    sent += by;
                }
                scene.until_look();
                scene.find(&call, nothing());
            }
            assert_eq!(between(sent, scene.now), full, "{by} {stage}");
            let todo = scene.next();
            assert_eq!(state_of(Some(&todo)), Some(State::NeedsPerson));
        }
    }
}

/// The look itself takes a while, and the clock is set before its answer comes.
#[test]
fn a_clock_that_is_set_during_a_look_does_not_make_its_silence_count() {
    let (mut scene, call) = lost(GRANT);
    scene.until_look();
    scene.set_clock(SignedDuration::from_hours(1));
    let sent = scene.now;
    scene.find(&call, nothing());
    scene.until_look();
    scene.find(&call, nothing());
    assert_eq!(scene.run.progress.steps["0"].state, StepState::Unknown);
    assert!(between(sent, scene.now) < SILENCE_COUNTS_AFTER);
}

/// The clock was set while the answer was waited for; or the process that waited for it ended, nobody knows how long ago.
#[test]
fn a_search_begins_when_the_answer_is_missed() {
    for crashed in [false, true] {
        for by in [-1, 1].map(SignedDuration::from_hours) {
            let mut scene = Scene::of(GRANT);
            let call = scene.call();
            let send_by = scene.now;
            scene.set_clock(by);
            let missed = scene.now;
            let lost = match crashed {
                true => Lost::WithTheProcess(send_by),
                false => Lost::OnTheWay(send_by),
            };
            let unknown = Outcome::new(Class::Unknown, "no answer");
            let progress = scene.run.progress.clone();
            let settled = settle(&scene.run, progress, &call, unknown, lost, &scene.sight());
            scene.run.progress = settled.progress;
            scene.until_look();
            scene.find(&call, nothing());
            scene.until_look();
            let waited = between(missed, scene.now);
            assert!(waited >= SILENCE_COUNTS_AFTER, "{crashed} {by} {waited:?}");
            assert!(waited < SILENCE_COUNTS_AFTER + SILENCE_TWICE_APART);
        }
    }
}

/// Between two processes any time may have passed, whatever the clock shows.
#[test]
fn silence_counts_anew_in_another_process() {
    for (looks, by) in [(0, 3_600), (1, 3_600), (2, 86_400), (2, -86_400)] {
        let (mut scene, call) = lost(REFUND);
        for _ in 0..looks {
            scene.until_look();
            scene.find(&call, nothing());
        }
        scene.now += SignedDuration::from_secs(by);
        scene.started = scene.now;
        let begun = scene.now;
        while !matches!(state_of(Some(&scene.next())), Some(State::NeedsPerson)) {
            scene.until_look();
            scene.find(&call, nothing());
        }
        let waited = between(begun, scene.now);
        let full = SILENCE_COUNTS_AFTER + SILENCE_TWICE_APART;
        assert!(
            (full..=full + SEND_WITHIN).contains(&waited),
            "{looks} {by} {waited:?}"
        );
    }
}

/// What can be found is found by the next process, however often the one before it was ended.
#[test]
fn processes_that_do_not_live_long_look_all_the_same() {
    let (mut scene, call) = lost(REFUND);
    for looks in 0..5 {
        scene.now = after(scene.now, Duration::from_secs(10));
        scene.started = scene.now;
        assert!(matches!(scene.next(), Todo::Look { .. }), "{looks}");
        scene.find(&call, nothing());
        assert_eq!(state_of(Some(&scene.next())), Some(State::Retrying));
    }
}

/// The machine's clock was a year ahead when the call was lost, and was set right.
#[test]
fn a_clock_that_was_put_back_does_not_make_the_search_wait_for_a_year() {
    let (mut scene, call) = lost(REFUND);
    scene.until_look();
    scene.find(&call, nothing());
    scene.set_clock(-SignedDuration::from_hours(24 * 365));
    let begun = scene.now;
    for _ in 0..3 {
        if let Some(due) = due_of(Some(&scene.next())) {
            scene.now = due;
        }
        if matches!(scene.next(), Todo::Look { .. }) {
            scene.find(&call, nothing());
        }
    }
    assert_eq!(state_of(Some(&scene.next())), Some(State::NeedsPerson));
    assert!(between(begun, scene.now) < Duration::from_secs(300));
}
