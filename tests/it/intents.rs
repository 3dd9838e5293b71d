//! Intents: which rides in which commit, until when its call may be sent, and what one means that a dead process left.

mod bench;

use std::collections::HashMap;
use std::sync::Arc;

use kartwheel::action::{Class, Limit, Priority};
use kartwheel::clock::{Clock, after};
use kartwheel::engine::{LEASE, SEND_WITHIN};
use kartwheel::run::{Attempt, Progress, Run, State, StepProgress, StepState};
use kartwheel::store::{Accept, FirstIntent, NewRun, StoredVerdict};
use serde_json::json;
use uuid::Uuid;

use bench::{Bench, database, order};

use crate::faults::{REFUND, effects};
use crate::world::{REST_WITHIN, World};

const TAG: &str = "
id: tag
trigger: { webhook: shop }
vars: { email: '${{ body.email }}' }
actions:
  - if: ${{ body.never }}
    assign-tag: { email: '${{ vars.email }}', tag_name: never }
  - assign-tag: { email: '${{ vars.email }}', tag_name: buyer }
";

/// One commit less for each event: what the sender's 200 stands for holds the first call already.
#[tokio::test]
async fn the_first_intent_of_a_safe_call_rides_in_the_accepts_commit() {
    let bench = Bench::with(TAG, false, HashMap::new()).await;
    let run = bench.accept().await;
    assert_eq!(run.state, State::Running);
    let states: Vec<_> = run
        .progress
        .steps
        .iter()
        .map(|(path, step)| (&**path, step.state, step.attempts))
        .collect();
    assert_eq!(
        states,
        [("0", StepState::Skipped, 0), ("1", StepState::Running, 1)]
    );
    bench.engine.settled().await.unwrap();
    let [attempt] = &bench.attempts(&run).await[..] else {
        panic!("one attempt")
    };
    assert_eq!(attempt.class, Some(Class::Done));
    let ended = bench.engine.store().reader().run(run.id).await.unwrap();
    assert_eq!(ended.unwrap().state, State::Done);
    assert_eq!(bench.outside.calls.lock().unwrap().len(), 1);
}

/// What is decided in a commit of its own, or not yet, does not ride.
#[tokio::test]
async fn no_other_intent_rides_in_the_accepts_commit() {
    let limit = |limits: &str| TAG.replace("actions:", &format!("limits: {limits}\nactions:"));
    let of_tag = |more: &str| {
        TAG.replace(
            "tag_name: buyer }",
            &format!("tag_name: buyer }}\n    {more}"),
        )
    };
    let unsafe_first = REFUND.to_owned();
    let cases = [
        ("unsafe", unsafe_first, false, None),
        ("limit of the rule", limit("{ per_day: 9 }"), false, None),
        (
            "limit of the action",
            limit("{ assign-tag: { per_day: 9 } }"),
            false,
            None,
        ),
        ("approval", of_tag("approve: true"), false, None),
        (
            "sleep",
            TAG.replace("actions:", "actions:\n  - wait: 1h"),
            false,
            None,
        ),
        (
            "observe",
            TAG.replace("actions:", "mode: observe\nactions:"),
            false,
            None,
        ),
        ("no slot", TAG.to_owned(), true, None),
        ("held", TAG.to_owned(), false, Some("main")),
        ("everything held", TAG.to_owned(), false, Some("")),
        (
            "step held",
            of_tag("connection: other"),
            false,
            Some("other"),
        ),
    ];
    for (case, rule, is_busy, held) in cases {
        let bench = Bench::with(&rule, is_busy, HashMap::new()).await;
        if let Some(connection) = held {
            let connection = Some(connection).filter(|name| !name.is_empty());
            bench.engine.pause(connection, "").await.unwrap();
        }
        let run = bench.accept().await;
        assert!(run.progress.steps.is_empty(), "{case}: {run:?}");
    }
    let limits = HashMap::from([(
        Arc::from("main"),
        vec![Limit {
            verb: None,
            per_hour: Some(9),
            per_day: None,
        }],
    )]);
    let bench = Bench::with(TAG, false, limits).await;
    let run = bench.accept().await;
    assert!(run.progress.steps.is_empty(), "limit of the connection");
}

/// A second run of one person waits, and nothing of it is under way.
#[tokio::test]
async fn an_intent_rides_only_where_the_run_has_its_key() {
    let bench = Bench::with(TAG, false, HashMap::new()).await;
    let events: Vec<_> = (0..20)
        .map(|_| order(bench.clock.new_id(), bench.clock.now()))
        .collect();
    let accepting = events.into_iter().map(|event| bench.engine.accept(event));
    for accepted in futures_util::future::join_all(accepting).await {
        let (run, lease) = accepted.unwrap().runs.remove(0);
        assert_eq!(lease.is_some(), !run.progress.steps.is_empty(), "{run:?}");
    }
    bench.engine.settled().await.unwrap();
    assert_eq!(bench.outside.calls.lock().unwrap().len(), 20);
}

/// A sender that hangs up while its event is being stored takes nothing with it.
#[tokio::test]
async fn a_run_is_carried_out_although_its_sender_hung_up() {
    let bench = Bench::with(TAG, false, HashMap::new()).await;
    let event = order(bench.clock.new_id(), bench.clock.now());
    let mut accepting = Box::pin(bench.engine.accept(event));
    assert!(futures_util::poll!(&mut accepting).is_pending());
    drop(accepting);
    let sent = async {
        while bench.outside.calls.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let sent = tokio::time::timeout(REST_WITHIN, sent).await;
    sent.expect("its call is made");
    bench.engine.settled().await.unwrap();
}

/// The instant after which a call is not sent is the one that is on disk, for whoever looks for it later.
#[tokio::test]
async fn a_call_is_sent_until_the_instant_that_its_intent_names() {
    // By a commit before, by the accept's, and by a commit of its own.
    for rule in [
        TAG.replace(
            "actions:",
            "actions:\n  - get-lead: { email: '${{ vars.email }}' }",
        ),
        TAG.to_owned(),
        REFUND.to_owned(),
    ] {
        let bench = Bench::with(&rule, false, HashMap::new()).await;
        let run = bench.accept().await;
        bench.engine.settled().await.unwrap();
        let on_disk: Vec<_> = bench
            .attempts(&run)
            .await
            .iter()
            .map(|attempt| (attempt.step.clone(), attempt.send_by))
            .collect();
        let sent: Vec<_> = {
            let calls = bench.outside.calls.lock().unwrap();
            calls
                .iter()
                .map(|call| (call.step.clone(), call.send_by))
                .collect()
        };
        assert!(!sent.is_empty());
        assert_eq!(sent, on_disk);
    }
}

/// A rule that observes sends nothing, so nothing of it is in doubt after a crash: not even a refund.
#[tokio::test]
async fn an_observed_intent_that_a_dead_process_left_is_in_no_doubt() {
    let rule = REFUND.replace("trigger:", "mode: observe\ntrigger:");
    let mut world = World::with(&rule).await;
    let rules = world.app().engine().rules();
    let hash = &rules.get("refund").expect("the rule").hash;
    world.stop().await;
    let store = database(world.dir.path(), world.clock.clone()).await;
    let event = order(world.clock.new_id(), world.clock.now());
    let id = event.id;
    let accept = Accept {
        event,
        rule_set: rules.hash.clone(),
        verdicts: vec![StoredVerdict::new("refund".into(), hash.clone(), "matched")],
        runs: vec![begun_refund(&world, id, hash)],
        report_of: None,
        node: world.clock.new_id(),
        lease_until: after(world.clock.now(), LEASE),
    };
    store.accept(accept).await.unwrap();
    store.close().await;

    world.start().await;
    let run = world.run_of(id).await;
    assert_eq!(run.state, State::Done, "{run:?}");
    let attempts = world.attempts(&run).await;
    assert_eq!(attempts[0].class, Some(Class::Done));
    assert_eq!(world.verbs(), Vec::<String>::new());
    assert_eq!(effects(&world, "refund-transaction"), 0);
    world.end(&[State::Done]).await;
}

/// A run whose first call is about to be sent.
fn begun_refund(world: &World, event: Uuid, hash: &Arc<str>) -> NewRun {
    let now = world.clock.now();
    let text = ("refund".into(), hash.clone());
    let run = Run {
        priority: Priority::High,
        ..Run::due(world.clock.new_id(), event, text, "main".into(), now)
    };
    let attempt = Attempt::intended(
        "0".into(),
        1,
        "refund-transaction".into(),
        json!({ "transaction_id": 1, "refund_amount": 5 }),
        (now, after(now, SEND_WITHIN)),
    );
    let mut progress = Progress::default();
    let begun = StepProgress {
        state: StepState::Running,
        attempts: 1,
        ..StepProgress::default()
    };
    progress.steps.insert("0".into(), begun);
    NewRun {
        run,
        take: true,
        intent: Some(FirstIntent { attempt, progress }),
    }
}
