//! What people and workers write: intents, outcomes, cancels, and what each refuses.

use kartwheel::action::Class;
use kartwheel::run::{Progress, State};
use kartwheel::store::{Changed, HoldKind, Next, StoreError, Written};
use serde_json::json;

use super::on_every_store;
use super::world::{Home, YES, ended, ids};

on_every_store!(
    an_intent_carries_its_progress,
    an_intent_is_refused_while_its_connection_is_held,
    a_step_may_call_another_connection,
    a_cancelled_run_may_begin_nothing_and_keeps_its_outcome,
    a_record_that_goes_on_keeps_lease_and_key,
    a_change_is_carried_out_only_on_what_was_seen,
    a_change_that_the_table_does_not_know_is_refused,
    a_proven_run_takes_its_once_value_unless_another_has_it,
    a_resumed_run_does_not_take_back_a_once_value_that_is_in_use,
    a_cancel_of_a_running_run_wins_against_a_record_that_comes_with_it,
    attempts_are_told_in_order,
    a_run_that_is_over_is_never_due,
    rules_are_kept_once_and_found_by_hash,
    a_lost_answer_is_settled_by_what_is_seen_later,
    of_two_outcomes_in_one_batch_the_first_that_tells_something_stays,
    an_approval_is_kept_for_the_audit_like_every_change,
);

/// What nothing proves has no `once` value yet, so that it is in nobody's way.
async fn a_proven_run_takes_its_once_value_unless_another_has_it(home: Home) {
    let world = home.open().await;
    let unproven = || world.start_keyed("ada@example.com");
    let (first, lease) = unproven().await;
    let once = |value: &str| Next::Once(value.to_owned());
    let lease = lease.unwrap();
    assert_eq!(world.record(lease, None, once("order 7")).await, YES);
    assert_eq!(
        world.record(lease, None, once("order 7")).await,
        YES,
        "it has it"
    );
    let stored = world.stored(first.id).await;
    assert_eq!(
        (stored.state, stored.once.as_deref()),
        (State::Running, Some("order 7"))
    );
    let (later, _) = world
        .start(true, |run| run.once = Some("order 7".into()))
        .await;
    assert_eq!(later.state, State::Declined);
    world.rest(lease, State::Done, None).await;

    let (second, lease) = unproven().await;
    let lease = lease.expect("the key is free");
    assert_eq!(
        world.record(lease, None, once("order 7")).await,
        Written::Declined
    );
    let stored = world.stored(second.id).await;
    assert_eq!(
        (stored.state, stored.once.as_deref()),
        (State::Declined, Some("order 7")),
        "as one that was declined when it came"
    );
    assert_eq!(stored.why, Some(format!("once, run {}", first.id)));
    let (third, lease) = unproven().await;
    assert_eq!(
        third.state,
        State::Running,
        "a declined run has let go of the key"
    );
    assert_eq!(
        world.record(lease.unwrap(), None, once("order 8")).await,
        YES
    );
}

async fn an_intent_carries_its_progress(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let mut progress = Progress {
        waited_micros: 7,
        ..Progress::default()
    };
    progress.vars.insert("name".into(), json!("Ada\u{0}"));
    let begin = kartwheel::store::Begin {
        progress: progress.clone(),
        unless_held: true,
        now: world.advance(1),
        ..world.beginning(lease.unwrap(), 1)
    };
    assert_eq!(world.store.begin(begin).await.unwrap(), YES);
    let stored = world.stored(run.id).await;
    assert_eq!(
        (stored.progress, stored.updated_at),
        (progress, world.now())
    );
}

/// Invariants 4 and 5.
async fn an_intent_is_refused_while_its_connection_is_held(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    for connection in ["main", ""] {
        world.hold(connection, HoldKind::Paused).await;
        assert_eq!(world.begin(lease, 1, true).await, Written::Held);
        assert!(world.reader().attempts(run.id).await.unwrap().is_empty());
        world.release(connection, None).await;
    }
    world.hold("other", HoldKind::Down).await;
    assert_eq!(world.begin(lease, 1, true).await, YES);
    world.hold("main", HoldKind::Down).await;
    assert_eq!(world.begin(lease, 2, false).await, YES, "a safe call");
}

async fn a_step_may_call_another_connection(home: Home) {
    let world = home.open().await;
    let (_, lease) = world.start(true, |_| {}).await;
    world.hold("other", HoldKind::Down).await;
    let begin = kartwheel::store::Begin {
        unless_held: true,
        connection: "other".into(),
        ..world.beginning(lease.unwrap(), 1)
    };
    assert_eq!(world.store.begin(begin).await.unwrap(), Written::Held);
}

/// Invariant 5.
async fn a_cancelled_run_may_begin_nothing_and_keeps_its_outcome(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    world.begin(lease, 1, false).await;
    assert_eq!(world.change(run.id, State::Cancelled).await, Changed::Yes);
    assert_eq!(world.begin(lease, 2, false).await, Written::Cancelled);
    let outcome = ended(1, Class::Done, Some(json!({ "id": 7 })));
    let written = world.record(lease, Some(outcome), Next::Go(Some(world.intent(2))));
    assert_eq!(written.await, Written::Cancelled);
    assert_eq!(world.state(&run).await, State::Cancelled);
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].class, Some(Class::Done));
}

async fn a_record_that_goes_on_keeps_lease_and_key(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start_keyed("ada").await;
    let lease = lease.unwrap();
    let (second, _) = world.start_keyed("ada").await;
    world.begin(lease, 1, false).await;
    let outcome = ended(1, Class::Done, None);
    let go = Next::Go(Some(world.intent(2)));
    assert_eq!(world.record(lease, Some(outcome), go).await, YES);
    assert_eq!(world.state(&run).await, State::Running);
    assert!(world.claim(10).await.is_empty());
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts[1], world.intent(2));
    world.rest(lease, State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), [second.id]);
}

async fn a_change_is_carried_out_only_on_what_was_seen(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let seen = world.stored(run.id).await;
    world.advance(1);
    world.begin(lease.unwrap(), 1, false).await;
    let stale = world.changing(&seen, State::Cancelled);
    assert_eq!(world.store.change(stale).await.unwrap(), Changed::Moved);
    assert_eq!(world.state(&run).await, State::Running);
    let seen = world.stored(run.id).await;
    let mut unknown = world.changing(&seen, State::Cancelled);
    unknown.run = world.id();
    assert_eq!(world.store.change(unknown).await.unwrap(), Changed::Unknown);
    let mut change = world.changing(&seen, State::Failed);
    change.why = Some("gave up".into());
    change.progress = Some(Progress {
        waited_micros: 7,
        ..Progress::default()
    });
    assert_eq!(world.store.change(change).await.unwrap(), Changed::Yes);
    let stored = world.stored(run.id).await;
    assert_eq!(stored.why.as_deref(), Some("gave up"));
    assert_eq!(stored.progress.waited_micros, 7);
    assert_eq!(stored.updated_at, world.now());
}

async fn a_change_that_the_table_does_not_know_is_refused(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    world.rest(lease.unwrap(), State::Done, None).await;
    let seen = world.stored(run.id).await;
    let change = world.changing(&seen, State::Ready);
    let refused = world.store.change(change).await;
    assert!(matches!(refused, Err(StoreError::Row(_))), "{refused:?}");
    assert_eq!(world.stored(run.id).await, seen);
}

/// Invariant 3.
async fn a_resumed_run_does_not_take_back_a_once_value_that_is_in_use(home: Home) {
    let world = home.open().await;
    let once = |run: &mut kartwheel::run::Run| run.once = Some("order 7".into());
    let (first, lease) = world.start(true, once).await;
    world.rest(lease.unwrap(), State::Failed, None).await;
    let (second, lease) = world.start(true, once).await;
    let seen = world.stored(first.id).await;
    let refused = world
        .store
        .change(world.changing(&seen, State::Ready))
        .await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains(&second.id.to_string()), "{text}");
    world.rest(lease.unwrap(), State::Failed, None).await;
    assert_eq!(world.change(first.id, State::Ready).await, Changed::Yes);
}

async fn a_cancel_of_a_running_run_wins_against_a_record_that_comes_with_it(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let seen = world.stored(run.id).await;
    let done = world.rest(lease.unwrap(), State::Done, None);
    let cancel = world.store.change(world.changing(&seen, State::Cancelled));
    // Both stand in the queue when the writer looks: the record first.
    let (written, changed) = tokio::join!(done, cancel);
    assert_eq!(
        (written, changed.unwrap()),
        (Written::Cancelled, Changed::Yes)
    );
    assert_eq!(world.state(&run).await, State::Cancelled);
}

async fn attempts_are_told_in_order(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    for number in 1..=12 {
        world.begin(lease.unwrap(), number, false).await;
    }
    let attempts = world.reader().attempts(run.id).await.unwrap();
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
}

async fn a_run_that_is_over_is_never_due(home: Home) {
    let world = home.open().await;
    for state in [
        State::Done,
        State::Failed,
        State::Cancelled,
        State::NeedsPerson,
    ] {
        let (run, lease) = world.start(true, |_| {}).await;
        let due = Some(world.now());
        assert_eq!(world.rest(lease.unwrap(), state, due).await, YES);
        assert_eq!(world.stored(run.id).await.due_at, None);
    }
    assert!(world.claim(10).await.is_empty());
}

/// Invariant 11: the text that a run is pinned to is there whatever becomes of its file.
async fn rules_are_kept_once_and_found_by_hash(home: Home) {
    let world = home.open().await;
    let text = |hash: &str, text: &str| kartwheel::store::RuleText {
        hash: hash.into(),
        rule: "welcome".into(),
        file: "rules/welcome.yaml".into(),
        text: text.into(),
    };
    for (set, rules) in [
        (
            "set1",
            vec![text("aa", "id: welcome"), text("bb", "id: other")],
        ),
        (
            "set1",
            vec![text("aa", "id: welcome"), text("bb", "id: other")],
        ),
        ("set2", vec![text("aa", "id: welcome")]),
    ] {
        let activate = kartwheel::store::ActivateRules {
            set: set.into(),
            rules,
            node: world.node,
            now: world.advance(1),
        };
        world.store.activate_rules(activate).await.unwrap();
    }
    let found = world.reader().rule_text("bb").await.unwrap();
    assert_eq!(found, Some(text("bb", "id: other")));
    assert_eq!(world.reader().rule_text("cc").await.unwrap(), None);
}

/// A look-back settles what nobody knew; the time of the call stays, and so does what was known.
async fn a_lost_answer_is_settled_by_what_is_seen_later(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    world.begin(lease, 1, false).await;
    let mut lost = ended(1, Class::Unknown, None);
    lost.outcome.action_run_id = Some("run_7".into());
    let then = world.now();
    let retry = |state| Next::Rest {
        state,
        why: None,
        due_at: None,
    };
    let rested = world
        .record(lease, Some(lost), retry(State::Retrying))
        .await;
    assert_eq!(rested, YES);
    world.advance(60);
    let lease = world.claim(1).await[0].lease;
    let mut seen = ended(1, Class::Done, Some(json!({ "id": 7 })));
    seen.outcome.app_type = Some(200);
    world.record(lease, Some(seen), Next::Go(None)).await;
    let later = ended(1, Class::Refused, None);
    world.record(lease, Some(later), Next::Go(None)).await;
    let attempt = world.reader().attempts(run.id).await.unwrap().remove(0);
    assert_eq!(attempt.class, Some(Class::Done));
    assert_eq!(attempt.output, Some(json!({ "id": 7 })));
    assert_eq!(
        (attempt.app_type, attempt.ended_at),
        (Some(200), Some(then))
    );
    assert_eq!(attempt.action_run_id.as_deref(), Some("run_7"));

    // Evidence of a lease that is over settles it too.
    world.begin(lease, 2, false).await;
    let lost = ended(2, Class::Unknown, None);
    world
        .record(lease, Some(lost), retry(State::NeedsPerson))
        .await;
    let late = ended(2, Class::Already, None);
    let written = world.record(lease, Some(late), Next::Go(None)).await;
    assert_eq!(written, Written::LeaseLost);
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts[1].class, Some(Class::Already));
    assert_eq!(world.state(&run).await, State::NeedsPerson);
}

async fn of_two_outcomes_in_one_batch_the_first_that_tells_something_stays(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    world.begin(lease, 1, false).await;
    let record = |class| world.record(lease, Some(ended(1, class, None)), Next::Go(None));
    // All three stand in the queue when the writer looks.
    tokio::join!(
        record(Class::Unknown),
        record(Class::Refused),
        record(Class::Done)
    );
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts[0].class, Some(Class::Refused));
}

async fn an_approval_is_kept_for_the_audit_like_every_change(home: Home) {
    let world = home.open().await;
    let (run, lease) = world.start(true, |_| {}).await;
    let why = Some("approval: refund-transaction");
    world
        .rest_because(lease.unwrap(), State::Held, why, None)
        .await;
    let seen = world.stored(run.id).await;
    let mut approve = world.changing(&seen, State::Ready);
    approve.action = "approve";
    assert_eq!(world.store.change(approve).await.unwrap(), Changed::Yes);
    assert_eq!(ids(&world.claim(1).await), [run.id]);
}
