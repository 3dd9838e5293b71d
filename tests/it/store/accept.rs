//! Accepting: nothing is lost, nothing is stored twice, `once` holds, the fast path is taken when it may be.

use kartwheel::event::{Envelope, Format};
use kartwheel::run::{Progress, State, StepProgress};
use kartwheel::store::{EventFilter, FirstIntent, HoldKind, NewRun, StoreError};
use serde_json::json;

use super::on_every_store;
use super::world::{Home, one};

on_every_store!(
    an_event_comes_back_as_it_was_stored,
    a_repeated_delivery_is_counted_and_answered_with_the_first_id,
    ten_equal_deliveries_at_once_are_one_event,
    another_source_may_use_the_same_id,
    an_id_with_a_nul_is_not_the_id_before_the_nul,
    a_second_event_with_a_once_value_is_declined_in_the_same_commit,
    once_holds_within_one_batch,
    a_run_that_failed_releases_its_once_value,
    the_first_intent_is_written_only_with_the_lease,
    a_run_that_went_wrong_before_its_start_is_stored_failed,
    a_bad_row_is_refused_alone,
    numbers_are_never_given_twice,
);

/// Invariant 1: what was answered is there after a restart.
async fn an_event_comes_back_as_it_was_stored(home: Home) {
    let world = home.open().await;
    let mut event = world.event("evt_1");
    event.raw = (*b"a=1&b=\xff\x00").into();
    event.format = Format::Form;
    event.caused_by = Some(world.id());
    let mut envelope = Envelope::default();
    envelope
        .headers
        .insert("content-type".into(), json!("text/plain"));
    let input = r#"{"price":49.10,"name":"Ada\u0000Lovelace"}"#;
    envelope.input = serde_json::from_str(input).unwrap();
    let event = event.with_tree(json!({}), envelope.clone());
    let run = world.run(&event);
    let new = NewRun {
        run,
        take: false,
        intent: None,
    };
    let accepted = world.store.accept(world.accept(event.clone(), vec![new]));
    assert!(!accepted.await.unwrap().duplicate);

    let world = world.reopen().await;
    let stored = world.reader().event(event.id).await.unwrap().unwrap();
    assert_eq!(stored.event.raw, event.raw);
    assert_eq!(stored.event.person, event.person);
    assert_eq!(stored.event.format, event.format);
    assert_eq!(stored.event.live, event.live);
    assert_eq!(stored.event.caused_by, event.caused_by);
    assert_eq!(stored.event.received_at, event.received_at);
    assert_eq!(stored.envelope.headers, envelope.headers);
    assert_eq!(stored.envelope.input.to_string(), input, "digits are kept");
    assert_eq!(&*stored.rule_set, "set1");
    assert_eq!(stored.verdicts[0].decision, "matched");
    assert_eq!(world.claim(1).await[0].event.raw, event.raw);
}

/// Invariant 3.
async fn a_repeated_delivery_is_counted_and_answered_with_the_first_id(home: Home) {
    let world = home.open().await;
    let first = world.event("evt_1");
    let second = world.event("evt_1");
    let new = NewRun {
        run: world.run(&second),
        take: true,
        intent: None,
    };
    let stored = world.store.accept(world.accept(first.clone(), vec![]));
    stored.await.unwrap();
    let world = world.reopen().await;
    let repeated = world.store.accept(world.accept(second, vec![new]));
    let repeated = repeated.await.unwrap();
    assert!(repeated.duplicate);
    assert_eq!(repeated.event, first.id);
    assert!(repeated.runs.is_empty());
    let stored = world.reader().event(first.id).await.unwrap().unwrap();
    assert_eq!(stored.duplicates, 1);
    assert!(world.claim(10).await.is_empty(), "no run was started");
}

async fn ten_equal_deliveries_at_once_are_one_event(home: Home) {
    let world = home.open().await;
    let accepts = (0..10).map(|_| {
        let event = world.event("evt_1");
        let run = NewRun {
            run: world.run(&event),
            take: true,
            intent: None,
        };
        world.accept(event, vec![run])
    });
    let answers: Vec<_> = world.accept_at_once(accepts.collect()).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let first: Vec<_> = answers.iter().filter(|answer| !answer.duplicate).collect();
    assert_eq!(first.len(), 1);
    assert!(answers.iter().all(|answer| answer.event == first[0].event));
    let counts = world.reader().counts(world.now()).await.unwrap();
    assert_eq!(counts.events, 1);
    assert_eq!(counts.runs, [(State::Running, 1)]);
    let stored = world.reader().event(first[0].event).await.unwrap();
    assert_eq!(stored.unwrap().duplicates, 9);
}

async fn another_source_may_use_the_same_id(home: Home) {
    let world = home.open().await;
    for source in ["shop", "forms"] {
        let mut event = world.event("evt_1");
        event.source = source.into();
        let accepted = world.store.accept(world.accept(event, vec![]));
        assert!(!accepted.await.unwrap().duplicate, "{source}");
    }
}

async fn an_id_with_a_nul_is_not_the_id_before_the_nul(home: Home) {
    let world = home.open().await;
    for sender_id in ["evt_1", "evt_1\u{0}", "evt_1\u{0}2"] {
        let event = world.event(sender_id);
        let accepted = world.store.accept(world.accept(event.clone(), vec![]));
        assert!(!accepted.await.unwrap().duplicate, "{sender_id:?}");
        let stored = world.reader().event(event.id).await.unwrap().unwrap();
        assert_eq!(stored.event.sender_id, sender_id);
    }
}

async fn a_second_event_with_a_once_value_is_declined_in_the_same_commit(home: Home) {
    let world = home.open().await;
    let (first, _) = world
        .start(true, |run| run.once = Some("order 7".into()))
        .await;
    let (second, lease) = world
        .start(true, |run| run.once = Some("order 7".into()))
        .await;
    assert_eq!(first.state, State::Running);
    assert_eq!((second.state, lease), (State::Declined, None));
    assert_eq!(second.why, Some(format!("once, run {}", first.id)));
    let stored = world.stored(second.id).await;
    assert_eq!((stored.state, stored.why), (State::Declined, second.why));
    let (other_rule, _) = world
        .start(true, |run| {
            run.once = Some("order 7".into());
            run.rule = "receipt".into();
        })
        .await;
    assert_eq!(other_rule.state, State::Running);
}

async fn once_holds_within_one_batch(home: Home) {
    let world = home.open().await;
    let accepts: Vec<_> = (0..20)
        .map(|number| {
            let event = world.event(&format!("evt_{number}"));
            let mut run = world.run(&event);
            run.once = Some("order 7".into());
            let new = NewRun {
                run,
                take: true,
                intent: None,
            };
            world.accept(event, vec![new])
        })
        .collect();
    let answers = world.accept_at_once(accepts).await;
    let states: Vec<_> = answers
        .into_iter()
        .map(|answer| one(answer.unwrap()).0.state)
        .collect();
    assert_eq!(
        states
            .iter()
            .filter(|state| **state == State::Running)
            .count(),
        1
    );
    assert_eq!(
        states
            .iter()
            .filter(|state| **state == State::Declined)
            .count(),
        19
    );
}

async fn a_run_that_failed_releases_its_once_value(home: Home) {
    let world = home.open().await;
    for state in [State::Failed, State::Cancelled] {
        let (_, lease) = world
            .start(true, |run| run.once = Some("order 7".into()))
            .await;
        let lease = lease.expect("the value is free");
        world.rest(lease, state, None).await;
    }
    let (run, lease) = world
        .start(true, |run| run.once = Some("order 7".into()))
        .await;
    world.rest(lease.unwrap(), State::Done, None).await;
    let (after_done, _) = world
        .start(true, |run| run.once = Some("order 7".into()))
        .await;
    assert_eq!(after_done.why, Some(format!("once, run {}", run.id)));
}

/// Invariant 4: an intent that no lease stands behind would look like a call that was made.
async fn the_first_intent_is_written_only_with_the_lease(home: Home) {
    let world = home.open().await;
    for (connection, held, intents) in [("main", false, 1), ("main", true, 0)] {
        if held {
            world.hold(connection, HoldKind::Paused).await;
        }
        let event = world.event(&format!("evt {held}"));
        let begun = StepProgress {
            attempts: 1,
            ..StepProgress::default()
        };
        let mut progress = Progress::default();
        progress.steps.insert("0".into(), begun);
        let new = NewRun {
            run: world.run(&event),
            take: true,
            intent: Some(FirstIntent {
                attempt: world.intent(1),
                progress,
            }),
        };
        let accepted = world.store.accept(world.accept(event, vec![new]));
        let (run, lease) = one(accepted.await.unwrap());
        assert_eq!(lease.is_some(), !held);
        let steps = world.stored(run.id).await.progress.steps;
        assert_eq!(steps.contains_key("0"), !held);
        let attempts = world.reader().attempts(run.id).await.unwrap();
        assert_eq!(attempts.len(), intents);
        if let Some(attempt) = attempts.first() {
            assert_eq!(*attempt, world.intent(1));
        }
    }
}

async fn a_run_that_went_wrong_before_its_start_is_stored_failed(home: Home) {
    let world = home.open().await;
    let (run, lease) = world
        .start(true, |run| {
            run.state = State::Failed;
            run.why = Some("`once` is empty".into());
            run.key = Some("a".into());
            run.once = Some("1".into());
        })
        .await;
    assert_eq!((run.state, lease), (State::Failed, None));
    assert_eq!(world.stored(run.id).await.why, run.why);
    let (next, lease) = world
        .start(true, |run| {
            run.key = Some("a".into());
            run.once = Some("1".into());
        })
        .await;
    assert!(lease.is_some(), "{next:?} finds key and value free");
}

/// A batch that fails for a row is split until that row stands alone.
async fn a_bad_row_is_refused_alone(home: Home) {
    let world = home.open().await;
    let known = world.event("evt_0");
    let stored = world.store.accept(world.accept(known.clone(), vec![]));
    stored.await.unwrap();
    let accepts = (1..40).map(|number| {
        let mut event = world.event(&format!("evt_{number}"));
        if number == 17 {
            event.id = known.id;
        }
        world.accept(event, vec![])
    });
    let answers = world.accept_at_once(accepts.collect()).await;
    for (number, answer) in (1..).zip(answers) {
        match number {
            17 => assert!(matches!(answer, Err(StoreError::Row(_))), "{answer:?}"),
            _ => assert!(answer.is_ok(), "{number}: {answer:?}"),
        }
    }
    let all = EventFilter::default();
    assert_eq!(world.reader().events(&all, false).await.unwrap().len(), 39);
}

async fn numbers_are_never_given_twice(home: Home) {
    let world = home.open().await;
    let (first, _) = world.start(false, |_| {}).await;
    let world = world.reopen().await;
    let (second, _) = world.start(false, |_| {}).await;
    assert!(second.seq > first.seq);
}
