//! The pure half of the engine: what a run does next, and what an outcome means for it.

mod look;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use kartwheel::action::{Catalog, Class, Limit, Outcome, Priority, Safety};
use kartwheel::clock::{after, from_micros};
use kartwheel::engine::plan::{self, CALM, CRASHES_MAX, PlannedCall, Sight, Todo};
use kartwheel::engine::settle::{self, Lost, RETRY_AFTER_MAX, settle};
use kartwheel::event::Unproven;
use kartwheel::kartra;
use kartwheel::rule::{self, Rule};
use kartwheel::run::{CHECK, Failure, Progress, Run, State};
use kartwheel::store::HoldKind;

/// A rule, a run of it, and a moment.
struct Scene {
    rule: Arc<Rule>,
    run: Run,
    tree: Arc<Value>,
    catalog: Catalog,
    now: Timestamp,
    started: Timestamp,
    set_by: SignedDuration,
    none: HashSet<Arc<str>>,
    limits: HashMap<Arc<str>, Vec<Limit>>,
}

impl Scene {
    fn of(rest: &str) -> Self {
        let text = format!("id: scene\ntrigger: {{ webhook: shop }}\n{rest}");
        let rule = rule::from_text("scene.yaml", &text, kartra::catalog()).expect("a good rule");
        let now = from_micros(1_800_000_000_000_000);
        let run = Run {
            seq: 1,
            id: Uuid::from_u128(7),
            event: Uuid::from_u128(8),
            rule: rule.id.clone(),
            rule_hash: rule.hash.clone(),
            connection: "main".into(),
            priority: Priority::Normal,
            key: None,
            once: None,
            state: State::Running,
            why: None,
            due_at: None,
            progress: plan::beginning(Map::new(), now),
            created_at: now,
            updated_at: now,
        };
        Self {
            rule,
            run,
            tree: Arc::new(json!({ "body": { "email": "ada@example.com" } })),
            catalog: kartra::catalog(),
            now,
            started: now,
            set_by: SignedDuration::ZERO,
            none: HashSet::new(),
            limits: HashMap::new(),
        }
    }

    fn sight(&self) -> Sight<'_> {
        Sight {
            rule: &self.rule,
            tree: &self.tree,
            catalog: &self.catalog,
            now: self.now,
            started: self.started,
            set_by: self.set_by,
            observed: &self.none,
            limits: &self.limits,
            traced: false,
        }
    }

    fn next(&mut self) -> Todo {
        let (progress, todo) = plan::next(&self.run, self.run.progress.clone(), &self.sight());
        self.run.progress = progress;
        self.rest(Some(&todo));
        todo
    }

    /// As the worker: a run that rests waits.
    fn rest(&mut self, todo: Option<&Todo>) {
        if state_of(todo).is_some_and(|state| !state.is_over()) {
            self.run.progress.wait_from(self.now);
        }
    }

    /// The call that comes next, its intent taken into the progress.
    fn call(&mut self) -> PlannedCall {
        let Todo::Call(call) = self.next() else {
            panic!("no call comes next")
        };
        let progress = self.run.progress.clone();
        self.run.progress = settle::under_way(progress, &call, &self.rule, self.now);
        *call
    }

    fn end(&mut self, call: &PlannedCall, outcome: Outcome, crashed: bool) -> settle::Settled {
        let progress = self.run.progress.clone();
        let lost = if crashed {
            Lost::WithTheProcess(self.now)
        } else {
            Lost::OnTheWay(self.now)
        };
        let settled = settle(&self.run, progress, call, outcome, lost, &self.sight());
        self.run.progress = settled.progress.clone();
        self.rest(settled.todo.as_ref());
        settled
    }
}

fn state_of(todo: Option<&Todo>) -> Option<State> {
    match todo {
        Some(Todo::Rest { state, .. }) => Some(*state),
        _ => None,
    }
}

fn due_of(todo: Option<&Todo>) -> Option<Timestamp> {
    match todo {
        Some(Todo::Rest { due_at, .. }) => *due_at,
        _ => None,
    }
}

const TAG: &str =
    "actions:\n  - assign-tag: { email: \"${{ body.email }}\", tag_name: vip }\n  - stop: well\n";
const REFUND: &str = "actions:\n  - refund-transaction: { transaction_id: 1, refund_amount: 5 }\n";

/// Every class, on a safe verb and on a refund: where the run stands, and what holds the connection.
#[test]
fn the_table_of_outcomes_is_total() {
    use Class::{
        Already, ConnectionDown, Done, NotAllowed, OurToken, RateLimited, Refused, RuleWrong,
        TargetMissing, Transient, Unknown,
    };
    let rows = [
        (Done, None, None, None),
        (Already, None, None, None),
        (
            Transient,
            Some(State::Retrying),
            Some(State::Retrying),
            None,
        ),
        (
            RateLimited,
            Some(State::Retrying),
            Some(State::Retrying),
            None,
        ),
        (
            ConnectionDown,
            Some(State::Retrying),
            Some(State::Retrying),
            Some(HoldKind::Down),
        ),
        (
            OurToken,
            Some(State::Retrying),
            Some(State::Retrying),
            Some(HoldKind::Token),
        ),
        (
            NotAllowed,
            Some(State::Retrying),
            Some(State::Retrying),
            Some(HoldKind::NotAllowed),
        ),
        (RuleWrong, Some(State::Failed), Some(State::Failed), None),
        (
            TargetMissing,
            Some(State::Failed),
            Some(State::Failed),
            None,
        ),
        (Refused, Some(State::Failed), Some(State::Failed), None),
        (Unknown, Some(State::Retrying), None, None),
    ];
    for (class, safe, refund, hold) in rows {
        for (rest, expected) in [(TAG, safe), (REFUND, refund)] {
            let mut scene = Scene::of(rest);
            let call = scene.call();
            let settled = scene.end(&call, Outcome::new(class, "said"), false);
            assert_eq!(
                state_of(settled.todo.as_ref()),
                expected,
                "{class:?} {}",
                call.verb
            );
            assert_eq!(settled.hold, hold, "{class:?}");
        }
    }
}

#[test]
fn retry_after_wins_up_to_a_quarter_of_an_hour_and_counts_no_attempt() {
    for (asked, obeyed) in [(7, Duration::from_secs(7)), (7_200, RETRY_AFTER_MAX)] {
        let mut scene = Scene::of(TAG);
        let call = scene.call();
        let outcome = Outcome {
            retry_after: Some(Duration::from_secs(asked)),
            ..Outcome::new(Class::RateLimited, "slow down")
        };
        let settled = scene.end(&call, outcome, false);
        assert_eq!(
            due_of(settled.todo.as_ref()),
            Some(after(scene.now, obeyed))
        );
        assert_eq!(settled.progress.steps["0"].counted, 0);
    }
}

/// What keeps a run waiting is not its rule's fault, unless it is the pause of the rule's own policy.
#[test]
fn within_stands_still_while_the_run_cannot_go_on() {
    use Class::{ConnectionDown, NotAllowed, OurToken, RateLimited, Transient};
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    for (first, end) in [
        (ConnectionDown, State::Retrying),
        (OurToken, State::Retrying),
        (NotAllowed, State::Retrying),
        (RateLimited, State::Retrying),
        // Its pause of at most two seconds counts, and the hours after it do not.
        (Transient, State::Retrying),
        // An answer that takes three hours is the call's own time.
        (Class::Done, State::Failed),
    ] {
        let mut scene = Scene::of(
            "actions:\n  - assign-tag: { email: a@example.com, tag_name: vip }\n    retry: { within: 1h, backoff: 1s..2s }\n",
        );
        let mut call = scene.call();
        if first != Class::Done {
            scene.end(&call, Outcome::new(first, "said"), false);
            scene.now = after(scene.now, hours(3));
            call = scene.call();
        } else {
            scene.now = after(scene.now, hours(3));
        }
        let settled = scene.end(&call, Outcome::new(Transient, "busy"), false);
        assert_eq!(state_of(settled.todo.as_ref()), Some(end), "{first:?}");
    }
}

/// Whatever else stands still: a rule that tries again and again uses its own time up.
#[test]
fn the_pauses_of_the_policy_count_towards_within_and_timeout() {
    for (timeout, within) in [("", "within: 10m, "), ("timeout: 10m\n", "")] {
        let mut scene = Scene::of(&format!(
            "{timeout}actions:\n  - assign-tag: {{ email: a@example.com, tag_name: vip }}\n    retry: {{ {within}attempts: 50, backoff: 4m..4m }}\n"
        ));
        let message = loop {
            let planned = scene.next();
            if let Some(Failure { message, .. }) = &scene.run.progress.failure {
                break message.clone();
            }
            assert!(matches!(planned, Todo::Call(_)));
            let call = scene.call();
            let settled = scene.end(&call, Outcome::new(Class::Transient, "busy"), false);
            scene.now = due_of(settled.todo.as_ref()).unwrap_or(scene.now);
        };
        assert!(message.contains("10m"), "{message}");
    }
}

#[test]
fn three_crashes_in_a_row_need_a_person_and_the_third_try_waits_for_calm() {
    let mut scene = Scene::of(TAG);
    for crash in 1..=CRASHES_MAX {
        if crash == CRASHES_MAX {
            let calm = after(scene.now, CALM);
            assert_eq!(due_of(Some(&scene.next())), Some(calm));
            scene.now = calm;
        }
        let call = scene.call();
        scene.started = scene.now;
        let settled = scene.end(&call, Outcome::new(Class::Unknown, "ended"), true);
        let expected = if crash < CRASHES_MAX {
            Some(State::Retrying)
        } else {
            None
        };
        assert_eq!(state_of(settled.todo.as_ref()), expected);
    }
    assert_eq!(state_of(Some(&scene.next())), Some(State::NeedsPerson));
}

#[test]
fn a_wait_keeps_its_end_and_does_not_count_towards_the_timeout() {
    let mut scene = Scene::of("timeout: 1h\nactions:\n  - wait: 3d\n  - stop: well\n");
    let until = after(scene.now, Duration::from_secs(3 * 86_400));
    assert_eq!(due_of(Some(&scene.next())), Some(until));
    scene.now = after(scene.now, Duration::from_secs(86_400));
    assert_eq!(
        due_of(Some(&scene.next())),
        Some(until),
        "looking again does not move it"
    );
    scene.now = until;
    assert_eq!(state_of(Some(&scene.next())), Some(State::Done));
    scene.run.progress = Progress::default();
    scene.now = after(scene.run.created_at, Duration::from_secs(3_601));
    assert_eq!(state_of(Some(&scene.next())), Some(State::Failed));
}

#[test]
fn an_edit_that_changes_the_address_is_not_safe_to_repeat() {
    for (input, safety) in [
        ("first_name: Ada", Safety::Safe),
        ("new_email: b@example.com", Safety::Noticeable),
    ] {
        let mut scene = Scene::of(&format!(
            "actions:\n  - edit-lead: {{ email: a@example.com, {input} }}\n"
        ));
        assert_eq!(scene.call().safety, safety);
    }
}

/// What nothing proves does not go before what is proven, and its `once` value is taken only then.
#[test]
fn an_event_that_nothing_proves_is_looked_up_before_all_else() {
    let mut scene = Scene::of("timeout: 1h\nactions:\n  - stop: well\n");
    scene.tree = Arc::new(json!({
        "event": { "type": "sale" },
        "body": { "transaction_id": "7", "transaction_type": "sale" },
    }));
    scene.run.priority = Priority::High;
    scene.run.once = Some("order 7".into());
    plan::unproven(&mut scene.run, &Unproven::default());
    assert_eq!(scene.run.once, None);
    let call = scene.call();
    let read = (&*call.step, &*call.verb, call.safety, call.priority);
    let expected = (
        CHECK,
        "get-transaction-details",
        Safety::Safe,
        Priority::Normal,
    );
    assert_eq!(read, expected);
    let shown =
        json!({ "transaction_details": { "transaction_id": 7, "transaction_type": "sale" } });
    let settled = scene.end(&call, Outcome::done(shown), false);
    assert_eq!(settled.todo, None);
    assert_eq!(scene.next(), Todo::Once("order 7".into()));
    scene.run.progress.once = None;
    assert_eq!(state_of(Some(&scene.next())), Some(State::Done));
}

/// Being late does not make an unknown outcome known, nor what is done undone.
#[test]
fn a_timeout_neither_hides_an_unknown_outcome_nor_fails_what_is_done() {
    for (class, state) in [
        (Class::Unknown, State::Retrying),
        (Class::Done, State::Done),
    ] {
        let mut scene = Scene::of(&format!("timeout: 1m\n{REFUND}"));
        let call = scene.call();
        scene.now = after(scene.now, Duration::from_secs(61));
        let settled = scene.end(&call, Outcome::new(class, "late"), false);
        assert_eq!(settled.todo, None);
        assert_eq!(state_of(Some(&scene.next())), Some(state), "{class:?}");
    }
}
