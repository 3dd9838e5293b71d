//! Runs that wait until it is known who their event is about: made due in the commit that tells it, judged in one commit.

use std::time::Duration;

use kartwheel::clock::after;
use kartwheel::event::{Event, Person};
use kartwheel::run::{Progress, Run, State};
use kartwheel::store::{Accept, Accepted, Claimed, Judged, NewRun, StoredVerdict, Written};
use serde_json::json;

use super::on_every_store;
use super::world::{Home, World, YES, ids, one};

on_every_store!(
    who_is_told_of_is_awaited_no_longer,
    nobody_else_and_no_repeat_is_who_was_awaited,
    what_comes_in_one_commit_meets_in_either_order,
    what_was_told_since_the_event_was_read_is_not_missed,
    who_is_never_told_of_is_done_without_when_the_time_is_up,
    a_wait_for_two_ids_ends_with_the_first,
    a_judgement_is_kept_with_the_run_and_its_event,
    a_judgement_of_a_run_that_is_cancelled_or_taken_changes_nothing,
    a_judgement_can_decline,
    once_counts_as_in_an_accept,
    a_run_takes_its_key_in_its_old_place,
    two_rules_of_one_event_are_judged_apart,
    a_judgement_by_another_address_is_to_be_made_again,
    a_cancelled_run_is_not_woken,
    a_run_that_was_judged_waits_for_nobody_else,
    a_wait_outlives_the_process_and_so_does_its_end,
);

const WAIT: Duration = Duration::from_secs(600);

/// An event that brings this customer's id, with an address or without.
fn about(world: &World, customer: &str, email: Option<&str>) -> Event {
    let mut event = world.event(&world.id().to_string());
    event.person = Person {
        email: email.map(Into::into),
        ..Person::default()
    };
    event.person.ids.insert("customer".into(), customer.into());
    event
}

/// A run of this rule that waits to know whom the event is about.
fn unjudged(world: &World, event: &Event, rule: &str) -> NewRun {
    let run = Run {
        rule: rule.into(),
        state: State::Waiting,
        why: Some("identity".into()),
        due_at: Some(after(world.now(), WAIT)),
        progress: Progress {
            unjudged: true,
            ..Progress::default()
        },
        ..world.run(event)
    };
    NewRun {
        run,
        take: false,
        intent: None,
    }
}

/// What the engine hands over for an event that these rules wait to know the person of.
fn waits(world: &World, event: Event, rules: &[&str]) -> Accept {
    let runs = rules.iter().map(|rule| unjudged(world, &event, rule));
    let runs = runs.collect();
    world.accept(event, runs)
}

async fn wait_for(world: &World, customer: &str) -> Run {
    let event = about(world, customer, None);
    let accepted = world.store.accept(waits(world, event, &["welcome"])).await;
    let accepted = accepted.unwrap();
    assert!(!accepted.woke);
    let (run, lease) = one(accepted);
    assert_eq!((run.state, lease), (State::Waiting, None));
    run
}

/// An event tells whose this customer's id is.
async fn tell(world: &World, customer: &str, email: &str) -> Accepted {
    let event = about(world, customer, Some(email));
    world
        .store
        .accept(world.accept(event, vec![]))
        .await
        .unwrap()
}

/// The judgement that this run begins, as `shape` makes it.
fn judged(world: &World, claimed: &Claimed, email: &str, shape: impl FnOnce(&mut Run)) -> Judged {
    let mut run = claimed.run.clone();
    run.state = State::Ready;
    run.progress = Progress::default();
    shape(&mut run);
    let mut verdict = StoredVerdict::new(run.rule.clone(), run.rule_hash.clone(), "matched");
    verdict.note = Some("judged again".into());
    Judged {
        lease: claimed.lease,
        person: Person {
            email: Some(email.into()),
            ..claimed.event.person.clone()
        },
        verdict,
        run,
        now: world.now(),
    }
}

async fn judge(world: &World, judged: Judged) -> Written {
    world.store.judge(judged).await.unwrap()
}

async fn who_is_told_of_is_awaited_no_longer(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    assert!(world.claim(10).await.is_empty(), "it waits");
    assert!(tell(&world, "cus_1", "ada@example.com").await.woke);
    let claimed = world.claim(10).await;
    assert_eq!(ids(&claimed), [run.id]);
    assert!(claimed[0].run.progress.unjudged);
}

async fn nobody_else_and_no_repeat_is_who_was_awaited(home: Home) {
    let world = home.open().await;
    wait_for(&world, "cus_1").await;
    assert!(!tell(&world, "cus_2", "grace@example.com").await.woke);
    let mut of_another = about(&world, "cus_1", Some("ada@example.com"));
    of_another.source = "other".into();
    let mut looked_up = about(&world, "cus_1", Some("ada@example.com"));
    looked_up.person.known_by = Some(world.id());
    for event in [of_another, looked_up, about(&world, "cus_1", None)] {
        let accepted = world.store.accept(world.accept(event, vec![])).await;
        assert!(!accepted.unwrap().woke);
    }
    assert!(world.claim(10).await.is_empty());
}

async fn what_comes_in_one_commit_meets_in_either_order(home: Home) {
    let world = home.open().await;
    for (customer, told_first) in [("cus_1", true), ("cus_2", false)] {
        let waiting = waits(&world, about(&world, customer, None), &["welcome"]);
        let telling = about(&world, customer, Some("ada@example.com"));
        let mut both = vec![waiting, world.accept(telling, vec![])];
        if told_first {
            both.reverse();
        }
        let accepted = world.store.accept_all(both).await.unwrap();
        assert!(accepted.iter().all(|accepted| accepted.woke));
        assert_eq!(world.claim(10).await.len(), 1, "{customer}");
    }
}

/// The event was read when nobody was known, and stored when somebody was.
async fn what_was_told_since_the_event_was_read_is_not_missed(home: Home) {
    let world = home.open().await;
    let read_before = waits(&world, about(&world, "cus_1", None), &["welcome"]);
    tell(&world, "cus_1", "ada@example.com").await;
    let accepted = world.store.accept(read_before).await.unwrap();
    assert!(accepted.woke);
    assert_eq!(ids(&world.claim(10).await), [one(accepted).0.id]);
}

async fn who_is_never_told_of_is_done_without_when_the_time_is_up(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    assert_eq!(world.reader().next_due().await.unwrap(), run.due_at);
    world.advance(WAIT.as_secs() - 1);
    assert!(world.claim(10).await.is_empty());
    world.advance(1);
    assert_eq!(ids(&world.claim(10).await), [run.id]);
}

async fn a_wait_for_two_ids_ends_with_the_first(home: Home) {
    let world = home.open().await;
    let mut event = about(&world, "cus_1", None);
    event.person.ids.insert("number".into(), json!(7));
    let accepted = world.store.accept(waits(&world, event, &["welcome"])).await;
    let mut told = about(&world, "cus_9", Some("ada@example.com"));
    told.person.ids.insert("number".into(), json!(7));
    let told = world.store.accept(world.accept(told, vec![])).await;
    assert!(told.unwrap().woke);
    assert_eq!(ids(&world.claim(10).await), [one(accepted.unwrap()).0.id]);
    assert!(!tell(&world, "cus_1", "ada@example.com").await.woke, "due");
}

async fn a_judgement_is_kept_with_the_run_and_its_event(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    tell(&world, "cus_1", "Ada@example.com").await;
    let claimed = world.claim(10).await;
    let made = judged(&world, &claimed[0], "Ada@example.com", |run| {
        run.key = Some("ada@example.com".into());
        run.once = Some("7".into());
        run.progress.vars.insert("amount".into(), json!(0.1));
    });
    assert_eq!(
        judge(&world, made.clone()).await,
        Written::Yes { woke: true }
    );
    let world = world.reopen().await;
    let stored = world.stored(run.id).await;
    assert_eq!(stored.state, State::Ready);
    assert_eq!((stored.key, stored.once), (made.run.key, made.run.once));
    assert_eq!(stored.progress, made.run.progress);
    let event = world.reader().event(run.event).await.unwrap().unwrap();
    assert_eq!(event.event.person, made.person);
    assert_eq!(event.verdicts, [made.verdict]);
    let filter = kartwheel::store::EventFilter {
        email: Some("ada@example.com".into()),
        limit: 10,
        ..Default::default()
    };
    assert_eq!(
        world.reader().events(&filter, false).await.unwrap().len(),
        2
    );
    assert_eq!(ids(&world.claim(10).await), [run.id], "it is carried out");
}

async fn a_judgement_of_a_run_that_is_cancelled_or_taken_changes_nothing(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    tell(&world, "cus_1", "ada@example.com").await;
    let late = world.claim(10).await;
    world.advance(60);
    world
        .store
        .rescue(world.node, world.now(), false)
        .await
        .unwrap();
    let taken = world.claim(10).await;
    assert_eq!(ids(&taken), [run.id]);
    let made = judged(&world, &late[0], "ada@example.com", |_| {});
    assert_eq!(judge(&world, made).await, Written::LeaseLost);
    world.change(run.id, State::Cancelled).await;
    let made = judged(&world, &taken[0], "ada@example.com", |_| {});
    assert_eq!(judge(&world, made).await, Written::Cancelled);
    assert_eq!(world.state(&run).await, State::Cancelled);
    let event = world.reader().event(run.event).await.unwrap().unwrap();
    assert_eq!(event.event.person.email, None);
    assert_eq!(event.verdicts[0].note, None);
}

async fn a_judgement_can_decline(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    tell(&world, "cus_1", "ada@example.com").await;
    let claimed = world.claim(10).await;
    let made = judged(&world, &claimed[0], "ada@example.com", |run| {
        run.state = State::Declined;
        run.why = Some("of another house".into());
    });
    judge(&world, made).await;
    let stored = world.stored(run.id).await;
    assert_eq!(stored.state, State::Declined);
    assert_eq!(stored.why.as_deref(), Some("of another house"));
    assert_eq!(stored.due_at, None);
    assert!(world.claim(10).await.is_empty());
}

async fn once_counts_as_in_an_accept(home: Home) {
    let world = home.open().await;
    let older = wait_for(&world, "cus_1").await;
    let younger = wait_for(&world, "cus_1").await;
    let (first, _) = world.start(false, |run| run.once = Some("7".into())).await;
    tell(&world, "cus_1", "ada@example.com").await;
    let claimed = world.claim(10).await;
    for claimed in claimed.iter().filter(|claimed| claimed.run.id != first.id) {
        let once = if claimed.run.id == older.id { "7" } else { "8" };
        let made = judged(&world, claimed, "ada@example.com", |run| {
            run.once = Some(once.into());
        });
        judge(&world, made).await;
    }
    let declined = world.stored(older.id).await;
    assert_eq!(declined.state, State::Declined);
    assert_eq!(declined.why, Some(format!("once, run {}", first.id)));
    assert_eq!(world.state(&younger).await, State::Ready);
    let (late, _) = world.start(false, |run| run.once = Some("8".into())).await;
    assert_eq!(late.why, Some(format!("once, run {}", younger.id)));
}

async fn a_run_takes_its_key_in_its_old_place(home: Home) {
    let world = home.open().await;
    let unjudged = wait_for(&world, "cus_1").await;
    let (_, first) = world.start_keyed("ada").await;
    let (last, _) = world.start_keyed("ada").await;
    tell(&world, "cus_1", "ada@example.com").await;
    let claimed = world.claim(10).await;
    assert_eq!(ids(&claimed), [unjudged.id]);
    let made = judged(&world, &claimed[0], "ada@example.com", |run| {
        run.key = Some("ada".into());
    });
    assert_eq!(judge(&world, made).await, YES);
    assert!(world.claim(10).await.is_empty(), "the key is taken");
    world.rest(first.unwrap(), State::Done, None).await;
    let next = world.claim(10).await;
    assert_eq!(ids(&next), [unjudged.id]);
    world.rest(next[0].lease, State::Done, None).await;
    assert_eq!(ids(&world.claim(10).await), [last.id]);
}

async fn two_rules_of_one_event_are_judged_apart(home: Home) {
    let world = home.open().await;
    let event = about(&world, "cus_1", None);
    let id = event.id;
    let accepted = world.store.accept(waits(&world, event, &["a", "b"])).await;
    assert_eq!(accepted.unwrap().runs.len(), 2);
    tell(&world, "cus_1", "ada@example.com").await;
    let claimed = world.claim(10).await;
    let judgements = claimed.iter().map(|claimed| {
        let mut made = judged(&world, claimed, "ada@example.com", |_| {});
        made.verdict.note = Some(claimed.run.rule.to_string());
        world.store.judge(made)
    });
    for written in futures_util::future::join_all(judgements).await {
        assert!(matches!(written, Ok(Written::Yes { .. })), "{written:?}");
    }
    let stored = world.reader().event(id).await.unwrap().unwrap();
    for verdict in stored.verdicts {
        assert_eq!(verdict.note.as_deref(), Some(&*verdict.rule));
    }
    assert_eq!(world.claim(10).await.len(), 2);
}

/// One event is about one person, whatever became of the address between the judgements of its rules.
async fn a_judgement_by_another_address_is_to_be_made_again(home: Home) {
    let world = home.open().await;
    let event = about(&world, "cus_1", None);
    let id = event.id;
    let accepted = world.store.accept(waits(&world, event, &["a", "b"])).await;
    accepted.unwrap();
    tell(&world, "cus_1", "old@example.com").await;
    let claimed = world.claim(10).await;
    let first = judged(&world, &claimed[0], "old@example.com", |_| {});
    let second = judged(&world, &claimed[1], "new@example.com", |_| {});
    judge(&world, first).await;
    judge(&world, second).await;
    let run = world.stored(claimed[1].run.id).await;
    assert_eq!((run.state, run.progress.unjudged), (State::Ready, true));
    let stored = world.reader().event(id).await.unwrap().unwrap();
    assert_eq!(
        stored.event.person.email.as_deref(),
        Some("old@example.com")
    );
    let again = world.claim(10).await.into_iter();
    let again = again.filter(|claimed| claimed.run.progress.unjudged);
    let again: Vec<_> = again.collect();
    assert_eq!(ids(&again), [run.id]);
    let made = judged(&world, &again[0], "old@example.com", |_| {});
    judge(&world, made).await;
    assert!(!world.stored(run.id).await.progress.unjudged);
}

async fn a_cancelled_run_is_not_woken(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    world.change(run.id, State::Cancelled).await;
    assert!(!tell(&world, "cus_1", "ada@example.com").await.woke);
    assert_eq!(world.stored(run.id).await.due_at, None);
    assert!(world.claim(10).await.is_empty());
}

/// It may sleep by then, as its rule says.
async fn a_run_that_was_judged_waits_for_nobody_else(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    tell(&world, "cus_1", "ada@example.com").await;
    let claimed = world.claim(10).await;
    let made = judged(&world, &claimed[0], "ada@example.com", |_| {});
    judge(&world, made).await;
    let claimed = world.claim(10).await;
    let later = after(world.now(), WAIT);
    world
        .rest(claimed[0].lease, State::Waiting, Some(later))
        .await;
    assert!(!tell(&world, "cus_1", "ada@example.com").await.woke);
    assert_eq!(world.stored(run.id).await.due_at, Some(later));
}

async fn a_wait_outlives_the_process_and_so_does_its_end(home: Home) {
    let world = home.open().await;
    let run = wait_for(&world, "cus_1").await;
    let world = world.reopen().await;
    tell(&world, "cus_1", "ada@example.com").await;
    let world = world.reopen().await;
    assert_eq!(ids(&world.claim(10).await), [run.id]);
    // It dies with the run in its hands.
    let world = world.reopen().await;
    let rescued = world.store.rescue(world.node, world.now(), true).await;
    assert_eq!(rescued.unwrap(), 1);
    let claimed = world.claim(10).await;
    assert_eq!(ids(&claimed), [run.id]);
    assert!(claimed[0].run.progress.unjudged);
}
