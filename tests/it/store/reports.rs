//! Reports: an event that only tells of a call of ours is known as its report, once.

use kartwheel::action::Class;
use kartwheel::run::Run;
use kartwheel::store::{Lease, Next, Traced};

use super::on_every_store;
use super::world::{Home, World, YES, ended};

on_every_store!(
    a_trace_comes_back_with_its_attempt,
    a_trace_is_found_until_it_is_reported,
    the_newest_of_several_is_found_first,
    what_was_refused_has_no_report,
    a_repeated_delivery_reports_nothing,
    depth_and_cause_come_back_with_the_event,
);

const TRACE: &str = "ada@example.com tag_assigned buyer\u{0}";

/// Writes an intent with this trace.
async fn call(world: &World, lease: Lease, number: u32, trace: &str) {
    let mut begin = world.beginning(lease, number);
    begin.attempt.trace = Some(trace.into());
    assert_eq!(world.store.begin(begin).await.unwrap(), YES);
}

/// A run with one call of this trace.
async fn calling(world: &World, trace: &str) -> (Run, Lease) {
    let (run, lease) = world.start(true, |_| {}).await;
    let lease = lease.unwrap();
    call(world, lease, 1, trace).await;
    (run, lease)
}

async fn traced(world: &World, trace: &str) -> Option<Traced> {
    traced_since(world, trace, world.now()).await
}

async fn traced_since(world: &World, trace: &str, since: jiff::Timestamp) -> Option<Traced> {
    let traces = ["something else".to_owned(), trace.to_owned()];
    world.reader().traced(&traces, since).await.unwrap()
}

/// An event that reports the call comes in, with this sender's id.
async fn report(world: &World, sender_id: &str, call: Traced) -> bool {
    let mut accept = world.accept(world.event(sender_id), vec![]);
    accept.report_of = Some(call.attempt);
    world.store.accept(accept).await.unwrap().duplicate
}

async fn a_trace_comes_back_with_its_attempt(home: Home) {
    let world = home.open().await;
    let (run, lease) = calling(&world, TRACE).await;
    world.begin(lease, 2, false).await;
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts[0].trace.as_deref(), Some(TRACE));
    assert_eq!(attempts[1].trace, None);
    // With an intent that rides along, too.
    let mut intent = world.intent(3);
    intent.trace = Some(TRACE.into());
    world
        .record(lease, None, Next::Go(Some(intent.clone())))
        .await;
    let attempts = world.reader().attempts(run.id).await.unwrap();
    assert_eq!(attempts[2], intent);
}

async fn a_trace_is_found_until_it_is_reported(home: Home) {
    let world = home.open().await;
    assert_eq!(traced(&world, TRACE).await, None);
    assert_eq!(world.reader().traced(&[], world.now()).await.unwrap(), None);
    let (run, _) = calling(&world, TRACE).await;
    let found = traced(&world, TRACE).await.unwrap();
    assert_eq!((found.run, found.depth), (run.id, 0));
    let prefix = TRACE.trim_end_matches('\u{0}');
    assert_eq!(traced(&world, prefix).await, None, "another trace");
    let later = world.advance(1);
    assert_eq!(traced_since(&world, TRACE, later).await, None, "too old");
    let since = run.created_at;
    assert_eq!(traced_since(&world, TRACE, since).await, Some(found));

    assert!(!report(&world, "evt_1", found).await);
    assert_eq!(traced_since(&world, TRACE, since).await, None);
    let world = world.reopen().await;
    assert_eq!(traced_since(&world, TRACE, since).await, None);
}

async fn the_newest_of_several_is_found_first(home: Home) {
    let world = home.open().await;
    let since = world.now();
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(calling(&world, TRACE).await.0.id);
        world.advance(1);
    }
    for (number, expected) in runs.iter().rev().enumerate() {
        let found = traced_since(&world, TRACE, since).await.unwrap();
        assert_eq!(found.run, *expected);
        report(&world, &format!("evt {number}"), found).await;
    }
    assert_eq!(traced_since(&world, TRACE, since).await, None);
}

/// A call that was refused changed nothing, so nothing can report it.
async fn what_was_refused_has_no_report(home: Home) {
    let world = home.open().await;
    for (class, reported) in [
        (Class::Done, true),
        (Class::Already, true),
        (Class::Unknown, true),
        (Class::Transient, false),
        (Class::RateLimited, false),
        (Class::Refused, false),
        (Class::NotOffered, false),
    ] {
        let trace = class.name();
        let (_, lease) = calling(&world, trace).await;
        let outcome = ended(1, class, None);
        world.record(lease, Some(outcome), Next::Go(None)).await;
        assert_eq!(traced(&world, trace).await.is_some(), reported, "{class:?}");
    }
}

/// The first event of a delivery was the report; what comes again is not the report of an older call.
async fn a_repeated_delivery_reports_nothing(home: Home) {
    let world = home.open().await;
    calling(&world, TRACE).await;
    let older = traced(&world, TRACE).await.unwrap();
    calling(&world, TRACE).await;
    let newer = traced(&world, TRACE).await.unwrap();
    assert_ne!(older, newer);
    assert!(!report(&world, "evt_1", newer).await);
    assert!(report(&world, "evt_1", older).await);
    assert_eq!(traced(&world, TRACE).await, Some(older));
}

async fn depth_and_cause_come_back_with_the_event(home: Home) {
    let world = home.open().await;
    let (run, _) = calling(&world, TRACE).await;
    let mut event = world.event("evt_1");
    event.caused_by = Some(run.id);
    event.depth = 3;
    let new = kartwheel::store::NewRun {
        run: world.run(&event),
        take: true,
        intent: None,
    };
    let accept = world.accept(event.clone(), vec![new]);
    let accepted = world.store.accept(accept).await.unwrap();
    let stored = world.reader().event(event.id).await.unwrap().unwrap();
    assert_eq!(stored.event.caused_by, Some(run.id));
    assert_eq!(stored.event.depth, 3);
    let lease = accepted.runs[0].1.unwrap();
    call(&world, lease, 1, "second").await;
    let found = traced(&world, "second").await.unwrap();
    assert_eq!((found.run, found.depth), (accepted.runs[0].0.id, 3));
}
