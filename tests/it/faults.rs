//! What goes wrong outside, and how each run ends: by class, by verb, and never with a second refund.

use std::time::Duration;

use kartwheel::action::Class;
use kartwheel::run::{Run, State};
use kartwheel::sandbox::{Fault, FaultKind, KartraForm};
use serde_json::json;
use uuid::Uuid;

use crate::world::World;

pub(crate) const TAG: &str = "
id: tag
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
";
pub(crate) const GRANT: &str = "
id: grant
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - grant-membership-access: { email: '${{ person.email }}', membership_name: Academy, level_name: Gold }
";
pub(crate) const REFUND: &str = "
id: refund
trigger: { webhook: shop }
actions:
  - refund-transaction: { transaction_id: '${{ body.transaction }}', refund_amount: 5 }
";

/// Runs the rule once under this fault and lets an hour pass.
pub(crate) async fn under(rule: &str, verb: &str, kind: FaultKind, times: u64) -> (World, Run) {
    let world = World::with(rule).await;
    world
        .sandbox
        .world()
        .add_fault(Fault::on_verb(verb, kind).times(times));
    let event = start(&world).await;
    world.advance(Duration::from_secs(3_600)).await;
    let run = world.run_of(event).await;
    (world, run)
}

pub(crate) async fn start(world: &World) -> Uuid {
    let transaction = world.sandbox.world().add_sale("ada@example.com", 29_700);
    let body = json!({ "id": "1", "type": "order", "email": "ada@example.com", "transaction": transaction });
    let event = world.send("shop", &body).await.event();
    world.settle().await;
    event
}

/// How often the verb took effect.
pub(crate) fn effects(world: &World, verb: &str) -> usize {
    world.sandbox.world().effects_of(verb).len()
}

async fn classes(world: &World, run: &Run, step: &str) -> Vec<Class> {
    let attempts = world.attempts(run).await;
    attempts
        .into_iter()
        .filter(|attempt| &*attempt.step == step)
        .filter_map(|attempt| attempt.class)
        .collect()
}

/// What leaves no doubt that nothing was done is tried again, whatever the verb.
#[tokio::test]
async fn what_was_surely_not_done_is_sent_again_even_a_refund() {
    let cases = [
        (
            FaultKind::RateLimited { retry_after: None },
            Class::RateLimited,
        ),
        (
            FaultKind::RateLimited {
                retry_after: Some(7),
            },
            Class::RateLimited,
        ),
        (
            FaultKind::RateLimitedByKartra {
                retry_after: Some(3),
            },
            Class::RateLimited,
        ),
        (FaultKind::LockTimeout, Class::Transient),
    ];
    for (kind, class) in cases {
        for (rule, verb, step) in [
            (TAG, "assign-tag", "1"),
            (GRANT, "grant-membership-access", "1"),
            (REFUND, "refund-transaction", "0"),
        ] {
            let (world, run) = under(rule, verb, kind.clone(), 3).await;
            assert_eq!(run.state, State::Done, "{kind:?} {run:?}");
            assert_eq!(
                classes(&world, &run, step).await,
                [class, class, class, Class::Done],
                "{kind:?}"
            );
            assert_eq!(effects(&world, verb), 1, "{kind:?} {verb}");
            let counted = run.progress.steps[step].counted;
            assert_eq!(
                counted,
                if class == Class::RateLimited { 0 } else { 3 },
                "an attempt that met a rate limit does not count"
            );
            world.end(&[State::Done]).await;
        }
    }
}

/// Doubt: what is safe is repeated, what is not is looked up, and nothing is done twice that must not be.
#[tokio::test]
async fn an_unknown_outcome_is_repeated_only_where_that_is_safe() {
    let done_but_lost = [
        FaultKind::DropAfter,
        FaultKind::CutBody,
        FaultKind::Html502After,
        FaultKind::Garbage,
        FaultKind::EmptyBody,
    ];
    let lost_undone = [
        FaultKind::DropBefore,
        FaultKind::Internal,
        FaultKind::External {
            status: 503,
            retry_after: None,
        },
    ];
    for (kind, done) in done_but_lost
        .into_iter()
        .map(|kind| (kind, 1))
        .chain(lost_undone.into_iter().map(|kind| (kind, 0)))
    {
        let (world, run) = under(TAG, "assign-tag", kind.clone(), 2).await;
        assert_eq!(run.state, State::Done, "{kind:?} {run:?}");
        assert_eq!(
            classes(&world, &run, "1").await,
            [Class::Unknown, Class::Unknown, Class::Done],
            "{kind:?}"
        );
        assert!(
            world
                .sandbox
                .world()
                .lead("ada@example.com")
                .is_some_and(|lead| lead.has_tag("buyer"))
        );
        world.end(&[State::Done]).await;
        looked_up(kind, done == 1).await;
    }
}

/// What may be noticed or is money is looked up: found, it counts as done; not found, a grant is sent again, and a refund
/// waits for a person.
async fn looked_up(kind: FaultKind, done: bool) {
    for (rule, verb, step) in [
        (GRANT, "grant-membership-access", "1"),
        (REFUND, "refund-transaction", "0"),
    ] {
        let (world, run) = under(rule, verb, kind.clone(), 1).await;
        let is_refund = verb == "refund-transaction";
        let (state, sent, known) = match (done, is_refund) {
            (true, _) => (State::Done, 1, vec![Class::Done]),
            (false, false) => (State::Done, 2, vec![Class::Unknown, Class::Done]),
            (false, true) => (State::NeedsPerson, 1, vec![Class::Unknown]),
        };
        assert_eq!(run.state, state, "{kind:?} {run:?}");
        assert_eq!(classes(&world, &run, step).await, known, "{kind:?} {verb}");
        let calls = world.sandbox.world().calls_of(verb).len();
        assert_eq!(calls, sent, "{kind:?} {verb}");
        let effects = effects(&world, verb);
        let expected = usize::from(done || !is_refund);
        assert_eq!(effects, expected, "{kind:?} {verb}");
        world.end(&[state]).await;
    }
}

/// `ensure-lead` looks again after a lost answer, so it never makes a second lead and needs no person.
#[tokio::test]
async fn ensure_lead_converges_after_a_lost_answer() {
    for (kind, asked) in [
        (
            FaultKind::DropAfter,
            &["get-lead", "create-lead", "get-lead"][..],
        ),
        (
            FaultKind::DropBefore,
            &["get-lead", "create-lead", "get-lead", "create-lead"],
        ),
    ] {
        let world = World::with(
            "
id: lead
trigger: { webhook: shop }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
",
        )
        .await;
        world
            .sandbox
            .world()
            .add_fault(Fault::on_verb("create-lead", kind.clone()));
        let event = world.order("1", "new@example.com").await.event();
        world.advance(Duration::from_secs(60)).await;
        let run = world.run_of(event).await;
        assert_eq!(run.state, State::Done);
        assert_eq!(effects(&world, "create-lead"), 1, "{kind:?}");
        // Each is a try of the step itself: nothing waited for a look-up.
        let tries = world.attempts(&run).await.into_iter();
        let tries: Vec<_> = tries.map(|attempt| attempt.verb.to_string()).collect();
        assert_eq!(tries, asked, "{kind:?}");
        world.end(&[State::Done]).await;
    }
}

/// Kartra says no inside a success: the run fails at once and says what to correct.
#[tokio::test]
async fn a_kartra_error_inside_a_success_fails_the_run_in_its_words() {
    for form in [
        KartraForm::Flat,
        KartraForm::Nested,
        KartraForm::Wrapped,
        KartraForm::Failed,
    ] {
        let (world, run) = under(
            TAG,
            "assign-tag",
            FaultKind::KartraError { number: 212, form },
            1,
        )
        .await;
        assert_eq!(run.state, State::Failed, "{form:?} {run:?}");
        assert_eq!(
            classes(&world, &run, "1").await,
            [Class::RuleWrong],
            "{form:?}"
        );
        let why = run.why.clone().expect("a reason");
        assert!(why.contains("\"buyer\"") && why.contains("212"), "{why}");
        world.end(&[State::Failed]).await;
    }
}

#[tokio::test]
async fn a_failed_run_goes_on_from_its_failed_step_when_resumed() {
    let (world, run) = under(
        TAG,
        "assign-tag",
        FaultKind::KartraError {
            number: 212,
            form: KartraForm::Flat,
        },
        1,
    )
    .await;
    assert_eq!(run.state, State::Failed);
    world
        .app()
        .engine()
        .resume(run.id, "the tag is there now")
        .await
        .expect("resumed");
    world.settle().await;
    assert_eq!(world.runs().await[0].state, State::Done);
    assert_eq!(
        effects(&world, "create-lead"),
        0,
        "what was done stays done"
    );
    assert_eq!(world.verbs(), ["get-lead", "assign-tag", "assign-tag"]);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn attempts_end_where_the_policy_says() {
    let rule = TAG.replace(
        "tag_name: buyer }",
        "tag_name: buyer }\n    retry: { attempts: 3 }",
    );
    let (world, run) = under(&rule, "assign-tag", FaultKind::LockTimeout, 100).await;
    assert_eq!(run.state, State::Failed, "{run:?}");
    assert_eq!(world.sandbox.world().calls_of("assign-tag").len(), 3);
    assert!(
        run.why
            .as_deref()
            .is_some_and(|why| why.contains("gave up after 3 attempts")),
        "{:?}",
        run.why
    );
    world.end(&[State::Failed]).await;
}
