//! What keeps a rule from doing harm: limits, approvals, fallbacks, and an amount that says nothing.

use std::time::Duration;

use kartwheel::action::Class;
use kartwheel::run::State;
use kartwheel::sandbox::{Fault, FaultKind};
use kartwheel::store::{Alert, AlertKind};
use serde_json::json;

use crate::faults::{REFUND, TAG, effects, start};
use crate::world::{SOURCES, START, World};

const UNSUBSCRIBE: &str = "
id: leave
trigger: { webhook: shop }
actions:
  - unsubscribe-lead-from-list: { email: '${{ person.email }}', list_name: Buyers }
";

pub(crate) async fn standing(world: &World) -> Vec<Alert> {
    world
        .reader()
        .alerts(true, 100)
        .await
        .expect("the store answers")
}

/// Sends orders of different people, and gives how many runs are done and how many are held.
async fn done_and_held(world: &World, from: u32, orders: u32) -> (usize, usize) {
    for number in from..from + orders {
        let email = format!("p{number}@example.com");
        world.sandbox.world().add_sale(&email, 100);
        world.order(&number.to_string(), &email).await.event();
    }
    world.settle().await;
    let runs = world.runs().await;
    let count = |state| runs.iter().filter(|run| run.state == state).count();
    (count(State::Done), count(State::Held))
}

#[tokio::test]
async fn a_limit_of_a_rule_holds_what_is_over_it_and_tells_once() {
    for (limits, scope) in [
        ("limits: { per_hour: 3 }", "rule leave"),
        (
            "limits: { unsubscribe-lead-from-list: { per_day: 3 } }",
            "rule leave unsubscribe-lead-from-list",
        ),
    ] {
        let world =
            World::with(&UNSUBSCRIBE.replace("actions:", &format!("{limits}\nactions:"))).await;
        assert_eq!(done_and_held(&world, 0, 8).await, (3, 5), "{limits}");
        assert_eq!(effects(&world, "unsubscribe-lead-from-list"), 3);
        let alerts = standing(&world).await;
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert_eq!(
            (alerts[0].kind, &*alerts[0].subject),
            (AlertKind::LimitReached, scope)
        );
        let runs = world.runs().await;
        let held = runs
            .iter()
            .find(|run| run.state == State::Held)
            .expect("a held run");
        let why = held.why.as_deref().expect("a reason");
        assert!(
            why.starts_with("budget: ") && why.contains("limit of 3"),
            "{why}"
        );
        // A person lets one go on beyond the limit; the others stay.
        world
            .app()
            .engine()
            .resume(held.id, "looked at it")
            .await
            .expect("resumed");
        world.settle().await;
        assert_eq!(effects(&world, "unsubscribe-lead-from-list"), 4);
        assert_eq!(standing(&world).await, alerts, "others wait still");
        world.end(&[State::Done, State::Held]).await;
    }
}

#[tokio::test]
async fn a_limit_of_a_connection_counts_over_all_rules_and_leaves_others_alone() {
    let rules = format!(
        "{UNSUBSCRIBE}---{}",
        UNSUBSCRIBE.replace("id: leave", "id: other")
    );
    let world = World::with(&rules).await;
    let file = world.dir.path().join("kartwheel.yaml");
    let text = std::fs::read_to_string(&file).expect("settings");
    let limited = text.replace(
        "per_second: 1000",
        "limits: { unsubscribe-lead-from-list: { per_hour: 3 } }, per_second: 1000",
    );
    assert_ne!(text, limited);
    std::fs::write(&file, limited).expect("written");
    let mut world = world;
    world.restart().await;
    assert_eq!(done_and_held(&world, 0, 4).await, (3, 5));
    assert_eq!(
        standing(&world).await[0].subject,
        "connection main unsubscribe-lead-from-list"
    );
    // The hour passes: what comes new is carried out, what was held waits for a person.
    world.advance(Duration::from_secs(3_601)).await;
    assert_eq!(done_and_held(&world, 10, 1).await, (5, 5));
    world.end(&[State::Done, State::Held]).await;
}

/// Each limit is one to be looked at: that a person lets a run go beyond one says nothing of the next.
#[tokio::test]
async fn a_resume_lifts_the_limit_that_held_the_run_and_no_other() {
    let rule = "
id: both
limits: { assign-tag: { per_hour: 0 }, refund-transaction: { per_day: 0 } }
trigger: { webhook: shop }
actions:
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
  - assign-tag: { email: '${{ person.email }}', tag_name: vip }
  - refund-transaction: { transaction_id: '${{ body.transaction }}', refund_amount: 5 }
";
    let world = World::with(rule).await;
    let busy = Fault::on_verb("assign-tag", FaultKind::LockTimeout).times(1);
    world.sandbox.world().add_fault(busy);
    let event = start(&world).await;
    for sent in [(0, 0), (1, 0), (2, 0)] {
        // A call that may go out is tried as often as it takes.
        world.advance(Duration::from_secs(60)).await;
        let run = world.run_of(event).await;
        assert_eq!(run.state, State::Held, "{run:?}");
        let now = (
            effects(&world, "assign-tag"),
            effects(&world, "refund-transaction"),
        );
        assert_eq!(now, sent);
        let scope = ["assign-tag", "assign-tag", "refund-transaction"][sent.0];
        let alerts = standing(&world).await;
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        assert_eq!(alerts[0].subject, format!("rule both {scope}"));
        let engine = world.app().engine();
        engine.resume(run.id, "one more").await.expect("resumed");
        world.settle().await;
    }
    assert_eq!(effects(&world, "refund-transaction"), 1);
    assert_eq!(standing(&world).await, []);
    world.end(&[State::Done]).await;
}

/// A repeat of the same call is not counted again, and a held run lets others of its person pass.
#[tokio::test]
async fn a_step_counts_once_and_a_held_run_gives_its_key_up() {
    let tag = TAG.replace("id: tag", "id: tagging");
    let limited = REFUND.replace("actions:", "limits: { refund-transaction: { per_day: 1 } }\nmatch: { $.body.transaction: { exists: true } }\nactions:");
    let world = World::with(&format!("{limited}---{tag}")).await;
    let busy = Fault::on_verb("refund-transaction", FaultKind::LockTimeout).times(3);
    world.sandbox.world().add_fault(busy);
    start(&world).await;
    world.advance(Duration::from_secs(600)).await;
    assert_eq!(effects(&world, "refund-transaction"), 1);
    let again = world.sandbox.world().add_sale("ada@example.com", 100);
    let body =
        json!({ "id": "2", "type": "order", "email": "ada@example.com", "transaction": again });
    world.send("shop", &body).await.event();
    world.settle().await;
    let runs = world.runs().await;
    let of = |rule: &str| {
        runs.iter()
            .rev()
            .find(|run| &*run.rule == rule)
            .expect("a run")
            .state
    };
    assert_eq!(
        (of("refund"), of("tagging")),
        (State::Held, State::Done),
        "{runs:?}"
    );
    world.end(&[State::Done, State::Held]).await;
}

#[tokio::test]
async fn a_step_that_wants_approval_waits_for_it_and_is_sent_once() {
    let rule = REFUND.replace(
        "refund_amount: 5 }",
        "refund_amount: 5 }\n    approve: true",
    );
    let mut world = World::with(&rule).await;
    let event = start(&world).await;
    world.advance(Duration::from_secs(86_400)).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Held, "{run:?}");
    let why = run.why.clone().expect("a reason");
    assert!(
        why.starts_with("approval: ") && why.contains("\"refund_amount\":5"),
        "{why}"
    );
    assert_eq!(world.verbs(), Vec::<String>::new());
    let engine = world.app().engine();
    let refused = engine
        .resume(run.id, "")
        .await
        .expect_err("it wants an approval");
    assert!(refused.to_string().contains("runs approve"), "{refused}");
    world.restart().await;
    assert_eq!(
        world.run_of(event).await.state,
        State::Held,
        "a restart approves nothing"
    );
    let engine = world.app().engine();
    engine.approve(run.id, "agreed").await.expect("approved");
    world.settle().await;
    assert_eq!(world.run_of(event).await.state, State::Done);
    assert_eq!(effects(&world, "refund-transaction"), 1);
    engine
        .approve(run.id, "again")
        .await
        .expect_err("nothing waits");
    world.end(&[State::Done]).await;
}

/// The days until somebody approves are not the run's own.
#[tokio::test]
async fn a_timeout_stands_still_while_a_run_waits_for_a_person() {
    let rule = REFUND
        .replace(
            "refund_amount: 5 }",
            "refund_amount: 5 }\n    approve: true",
        )
        .replace("actions:", "timeout: 1h\nlimits: { per_day: 0 }\nactions:");
    let world = World::with(&rule).await;
    let event = start(&world).await;
    world.advance(Duration::from_secs(86_400)).await;
    let engine = world.app().engine();
    let run = world.run_of(event).await.id;
    engine.approve(run, "").await.expect("approved");
    world.advance(Duration::from_secs(86_400)).await;
    let held = world.run_of(event).await;
    assert!(
        held.why
            .as_deref()
            .is_some_and(|why| why.starts_with("budget")),
        "{held:?}"
    );
    engine.resume(run, "").await.expect("resumed");
    world.settle().await;
    assert_eq!(world.run_of(event).await.state, State::Done);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_run_that_waits_for_approval_can_be_cancelled() {
    let rule = REFUND.replace(
        "refund_amount: 5 }",
        "refund_amount: 5 }\n    approve: true",
    );
    let world = World::with(&rule).await;
    let run = {
        let event = start(&world).await;
        world.run_of(event).await
    };
    world
        .app()
        .engine()
        .cancel(run.id, "no")
        .await
        .expect("cancelled");
    world.advance(Duration::from_secs(3_600)).await;
    assert_eq!(effects(&world, "refund-transaction"), 0);
    world.end(&[State::Cancelled]).await;
}

/// Kartra would take an empty amount for a refund of everything.
#[tokio::test]
async fn an_amount_that_says_nothing_is_never_sent() {
    for amount in [
        json!(""),
        json!("  "),
        json!("abc"),
        json!(0),
        json!(-5),
        json!(null),
    ] {
        let rule = REFUND.replace("refund_amount: 5", "refund_amount: '${{ body.amount }}'");
        let world = World::with(&rule).await;
        let transaction = world.sandbox.world().add_sale("ada@example.com", 29_700);
        let body = json!({ "id": "1", "type": "order", "email": "ada@example.com", "transaction": transaction, "amount": amount });
        let event = world.send("shop", &body).await.event();
        world.settle().await;
        let run = world.run_of(event).await;
        assert_eq!(run.state, State::Failed, "{amount} {run:?}");
        assert_eq!(
            world.sandbox.world().calls_of("refund-transaction").len(),
            0,
            "{amount}"
        );
        world.end(&[State::Failed]).await;
    }
}

const GRANT_OR_TAG: &str = "
id: grant
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - grant-membership-access: { email: '${{ person.email }}', membership_name: Academy, level_name: Gold }
    fallback: { assign-tag: buyer }
  - assign-tag: { email: '${{ person.email }}', tag_name: vip }
";

#[tokio::test]
async fn an_action_that_is_not_offered_gives_way_to_its_fallback() {
    let world = World::with(GRANT_OR_TAG).await;
    world.sandbox.world().set(|settings| {
        settings
            .without_actions
            .insert("grant-membership-access".into());
    });
    let event = start(&world).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Done, "{run:?}");
    let lead = world
        .sandbox
        .world()
        .lead("ada@example.com")
        .expect("a lead");
    assert!(lead.has_tag("buyer") && lead.has_tag("vip"));
    let attempts = world.attempts(&run).await;
    let of_step: Vec<_> = attempts
        .iter()
        .filter(|attempt| &*attempt.step == "1")
        .collect();
    assert_eq!(
        of_step
            .iter()
            .map(|attempt| &*attempt.verb)
            .collect::<Vec<_>>(),
        ["grant-membership-access", "assign-tag"]
    );
    assert_eq!(of_step[0].class, Some(Class::NotOffered));
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn without_a_fallback_the_run_fails_and_says_what_to_do() {
    let world =
        World::with(&GRANT_OR_TAG.replace("    fallback: { assign-tag: buyer }\n", "")).await;
    world.sandbox.world().set(|settings| {
        settings
            .without_actions
            .insert("grant-membership-access".into());
    });
    let event = start(&world).await;
    let run = world.run_of(event).await;
    assert_eq!(run.state, State::Failed);
    let why = run.why.expect("a reason");
    assert!(
        why.contains("does not offer grant-membership-access") && why.contains("fallback"),
        "{why}"
    );
    world.end(&[State::Failed]).await;
}

/// Approvals and limits of a step on another connection are its own.
#[tokio::test]
async fn a_limit_of_another_connection_is_not_ours() {
    let settings = format!(
        "  other: {{ id: {}, limits: {{ assign-tag: {{ per_day: 0 }} }} }}\nsources:{SOURCES}",
        kartwheel::sandbox::CONNECTION_ID
    );
    let rule = TAG.replace("trigger:", "connection: main\ntrigger:");
    let world = World::at(START, &rule, &settings).await;
    let event = start(&world).await;
    assert_eq!(world.run_of(event).await.state, State::Done);
    world.end(&[State::Done]).await;
}
