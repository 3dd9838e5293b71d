//! Identity: an event that brings only a customer's id is about the person that an earlier event told of.

mod wait;

use std::time::Duration;

use kartwheel::clock::{Clock, after};
use kartwheel::run::{Run, State};
use kartwheel::store::{self, Accept, OpenOptions, StoredEvent, StoredVerdict};
use kartwheel::trigger::IDENTITY_WAIT;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::kartwheel;

use crate::world::World;

const REVOKE: &str = "
id: end-of-access
trigger: { webhook: pay, events: customer.subscription.deleted }
actions:
  - revoke-membership-access:
      email: \"${{ person.email }}\"
      membership_name: Signature Membership
      level_name: Gold
";
const STRIPE: &str = "  pay: { preset: stripe, secret: env:SHOP_SECRET }\n";

/// The sender's own body, with its type and customer, and another id.
fn sent(body: &str, id: &str, customer: &str) -> Value {
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    body["id"] = id.into();
    body["livemode"] = true.into();
    body["data"]["object"]["customer"] = customer.into();
    body
}

fn checkout(id: &str, customer: &str, email: &str) -> Value {
    let sample = include_str!("../data/payloads/stripe-checkout.session.completed.json");
    let mut body = sent(sample, id, customer);
    body["data"]["object"]["customer_details"] = json!({"email": email, "name": "Ada Lovelace"});
    body
}

fn deleted(id: &str, customer: &str) -> Value {
    let sample = include_str!("../data/payloads/stripe-customer.subscription.deleted.json");
    sent(sample, id, customer)
}

#[tokio::test]
async fn a_subscription_that_ends_takes_the_access_of_the_person_who_bought_it() {
    let mut world = World::with_settings(REVOKE, STRIPE).await;
    let bought = [
        ("evt_1", "cus_1", "ada@example.com"),
        ("evt_2", "cus_2", "grace@example.com"),
    ];
    let mut events = Vec::new();
    for (id, customer, email) in bought {
        let answered = world.send("pay", &checkout(id, customer, email)).await;
        events.push(answered.event());
    }
    world.restart().await;
    let ended = world.send("pay", &deleted("evt_3", "cus_1")).await;
    let ended = ended.event();
    world.advance(Duration::from_secs(60)).await;

    let run = world.run_of(ended).await;
    let attempts = world.attempts(&run).await;
    assert_eq!(&*attempts[0].verb, "revoke-membership-access", "{run:?}");
    assert_eq!(attempts[0].input["email"], "ada@example.com");
    assert_eq!(run.key.as_deref(), Some("ada@example.com"));
    let person = world.event_of(ended).await.event.person;
    assert_eq!(person.email.as_deref(), Some("ada@example.com"));
    assert_eq!(person.first_name.as_deref(), Some("Ada"));
    assert_eq!(person.known_by, Some(events[0]));
    world.end(&[State::Done, State::Failed]).await;
}

#[tokio::test]
async fn a_customer_of_whom_nothing_was_told_stays_unknown() {
    let world = World::with_settings(REVOKE, STRIPE).await;
    world
        .send("pay", &checkout("evt_1", "cus_1", "ada@example.com"))
        .await;
    let ended = world.send("pay", &deleted("evt_2", "cus_9")).await;
    let ended = ended.event();
    world.advance(IDENTITY_WAIT).await;
    let run = world.run_of(ended).await;
    assert_eq!(run.state, State::Failed, "{run:?}");
    assert_eq!(world.verbs(), Vec::<String>::new());
    world.end(&[State::Failed]).await;
}

const GREET: &str = "
id: greet
trigger: { webhook: pay, events: customer.subscription.created }
actions:
  - ensure-lead: { email: \"${{ person.email }}\" }
  - assign-tag: { email: \"${{ person.email }}\", tag_name: buyer }
---
id: note
trigger: { webhook: pay, events: customer.subscription.created }
actions:
  - ensure-lead: { email: books@example.com }
";

fn created(id: &str, customer: &str) -> Value {
    let mut body = deleted(id, customer);
    body["type"] = "customer.subscription.created".into();
    body
}

impl World {
    /// The run of this rule for this event.
    async fn of(&self, event: Uuid, rule: &str) -> Run {
        let runs = self.runs().await.into_iter();
        let mut of_it = runs.filter(|run| run.event == event && &*run.rule == rule);
        let run = of_it.next().expect("the rule has a run for the event");
        assert_eq!(of_it.next(), None, "and only one");
        run
    }

    async fn event_of(&self, id: Uuid) -> StoredEvent {
        let stored = self.reader().event(id).await.expect("it answers");
        stored.expect("it is kept")
    }

    async fn verdict(&self, event: Uuid, rule: &str) -> StoredVerdict {
        let stored = self.event_of(event).await;
        let mut verdicts = stored.verdicts.into_iter();
        let verdict = verdicts.find(|verdict| &*verdict.rule == rule);
        verdict.expect("the rule has a verdict")
    }

    /// The addresses that were tagged, in order.
    async fn tagged(&self) -> Vec<String> {
        let mut tagged = Vec::new();
        for run in self.runs().await {
            let attempts = self.attempts(&run).await.into_iter();
            let tags = attempts.filter(|attempt| &*attempt.verb == "assign-tag");
            tagged.extend(tags.map(|tag| tag.input["email"].as_str().unwrap().to_owned()));
        }
        tagged
    }
}

#[tokio::test]
async fn an_event_that_comes_before_the_one_that_brings_the_address_waits_for_it() {
    let world = World::with_settings(GREET, STRIPE).await;
    let began = world.send("pay", &created("evt_1", "cus_1")).await.event();
    world.advance(Duration::from_secs(60)).await;
    let waiting = world.of(began, "greet").await;
    assert_eq!(waiting.state, State::Waiting);
    assert_eq!(
        waiting.due_at,
        Some(after(waiting.created_at, IDENTITY_WAIT))
    );
    assert_eq!((waiting.key, waiting.once), (None, None));
    let verdict = world.verdict(began, "greet").await;
    assert_eq!(verdict.decision, "waiting");
    let note = verdict.note.expect("it says why");
    assert!(
        note.starts_with("identity") && note.contains("customer cus_1"),
        "{note}"
    );
    let other = world.of(began, "note").await;
    assert_eq!(other.state, State::Done, "it needs no address");

    world
        .send("pay", &checkout("evt_2", "cus_2", "grace@example.com"))
        .await;
    world.settle().await;
    assert_eq!(world.tagged().await, Vec::<String>::new(), "somebody else");
    let bought = checkout("evt_3", "cus_1", "Ada@example.com");
    let bought = world.send("pay", &bought).await.event();
    world.settle().await;
    assert_eq!(world.tagged().await, ["Ada@example.com"]);
    let run = world.of(began, "greet").await;
    assert_eq!(
        (run.state, run.key.as_deref()),
        (State::Done, Some("ada@example.com"))
    );
    let verdict = world.verdict(began, "greet").await;
    assert_eq!(verdict.decision, "matched");
    let note = verdict.note.expect("it says how");
    assert!(note.contains(&bought.to_string()), "{note}");
    let person = world.event_of(began).await.event.person;
    assert_eq!(person.known_by, Some(bought));
    assert_eq!(person.first_name.as_deref(), Some("Ada"));

    world
        .send("pay", &checkout("evt_4", "cus_1", "ada@example.com"))
        .await;
    world.advance(2 * IDENTITY_WAIT).await;
    assert_eq!(world.tagged().await, ["Ada@example.com"], "once");
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn an_address_that_never_comes_is_done_without() {
    let rule = "
id: count
trigger: { webhook: pay, events: customer.subscription.created }
match: { $.person.email: { empty: true } }
actions:
  - ensure-lead: { email: books@example.com }
---
id: welcome
trigger: { webhook: pay, events: customer.subscription.created }
match: { $.person.email: { ends_with: '@example.com' } }
actions:
  - ensure-lead: { email: books@example.com }
";
    let world = World::with_settings(rule, STRIPE).await;
    let began = world.send("pay", &created("evt_1", "cus_1")).await.event();
    world
        .advance(IDENTITY_WAIT.saturating_sub(Duration::from_secs(1)))
        .await;
    assert_eq!(world.of(began, "count").await.state, State::Waiting);
    assert_eq!(world.of(began, "welcome").await.state, State::Waiting);
    world.advance(Duration::from_secs(1)).await;
    assert_eq!(world.of(began, "count").await.state, State::Done);
    let verdict = world.verdict(began, "count").await;
    assert_eq!(verdict.decision, "matched");
    assert_eq!(
        verdict.note.as_deref(),
        Some("judged after 10m without the address: no event told whose customer cus_1 is")
    );
    let declined = world.of(began, "welcome").await;
    assert_eq!(declined.state, State::Declined);
    let why = declined.why.expect("it says why");
    assert!(why.starts_with("$.person.email: expected"), "{why}");
    let verdict = world.verdict(began, "welcome").await;
    assert_eq!(
        (verdict.decision.as_str(), verdict.leaf),
        ("declined", Some(0))
    );
    // Who is told of later changes nothing.
    world
        .send("pay", &checkout("evt_2", "cus_1", "ada@example.com"))
        .await;
    world.settle().await;
    assert_eq!(world.runs().await.len(), 2);
    world.end(&[State::Done, State::Declined]).await;
}

/// What does not hang on the address is decided at once: a rule waits only where it would otherwise start.
#[tokio::test]
async fn a_rule_that_declines_whoever_it_is_does_not_wait() {
    let rule = GREET.replacen(
        "actions:",
        "match: { $.body.data.object.status: paused }\nactions:",
        1,
    );
    let world = World::with_settings(&rule, STRIPE).await;
    let began = world.send("pay", &created("evt_1", "cus_1")).await.event();
    assert_eq!(world.verdict(began, "greet").await.decision, "declined");
    let run = world.run_of(began).await;
    assert_eq!(&*run.rule, "note");
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_wait_outlives_restarts_and_is_for_the_rule_as_it_was() {
    let mut world = World::with_settings(GREET, STRIPE).await;
    let began = world.send("pay", &created("evt_1", "cus_1")).await.event();
    let second = world.send("pay", &created("evt_2", "cus_2")).await.event();
    world.stop().await;
    let changed = GREET.replace("tag_name: buyer", "tag_name: vip");
    std::fs::write(world.dir.path().join("rules/rules.yaml"), changed).unwrap();
    world.start().await;
    world
        .send("pay", &checkout("evt_3", "cus_1", "ada@example.com"))
        .await;
    world.settle().await;
    let run = world.of(began, "greet").await;
    assert_eq!(run.state, State::Done);
    assert_eq!(world.attempts(&run).await[2].input["tag_name"], "buyer");
    world.restart().await;
    world.advance(IDENTITY_WAIT).await;
    let run = world.of(second, "greet").await;
    assert_eq!(run.state, State::Failed, "{run:?}");
    world.end(&[State::Done, State::Failed]).await;
}

/// The process dies right after the commit that brought the address, before anybody was told.
#[tokio::test]
async fn a_crash_between_the_address_and_the_judgement_loses_nothing() {
    let mut world = World::with_settings(GREET, STRIPE).await;
    let began = world.send("pay", &created("evt_1", "cus_1")).await.event();
    let stored = world.event_of(began).await;
    let mut told = stored.event;
    world.stop().await;
    told.id = world.clock.new_id();
    told.sender_id = "evt_2".into();
    told.kind = "checkout.session.completed".into();
    told.person.email = Some("ada@example.com".into());
    let url = world.dir.path().join("kartwheel.db").display().to_string();
    let store = store::open(&url, world.clock.clone(), OpenOptions::default());
    let store = store.await.expect("it opens");
    let accept = Accept {
        rule_set: stored.rule_set,
        verdicts: Vec::new(),
        runs: Vec::new(),
        report_of: None,
        node: world.clock.new_id(),
        lease_until: world.clock.now(),
        event: told,
    };
    let accepted = store.accept(accept).await.expect("it is stored");
    assert!(accepted.woke);
    store.close().await;

    world.start().await;
    assert_eq!(world.tagged().await, ["ada@example.com"]);
    assert_eq!(world.of(began, "greet").await.state, State::Done);
    world.restart().await;
    world.advance(IDENTITY_WAIT).await;
    assert_eq!(world.tagged().await, ["ada@example.com"], "once");
    world.end(&[State::Done]).await;
}

/// Whatever comes first, and however close: nobody waits for what is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_comes_in_the_same_moment_is_not_missed() {
    let world = World::with_settings(GREET, STRIPE).await;
    let customers: Vec<u32> = (0..40).collect();
    let sends = customers.iter().flat_map(|number| {
        let customer = format!("cus_{number}");
        let first = created(&format!("evt_a{number}"), &customer);
        let address = format!("ada{number}@example.com");
        let second = checkout(&format!("evt_b{number}"), &customer, &address);
        [first, second]
    });
    let bodies: Vec<Value> = sends.collect();
    let sends = bodies.iter().map(|body| world.send("pay", body));
    for answered in futures_util::future::join_all(sends).await {
        answered.event();
    }
    world.settle().await;
    let mut tagged = world.tagged().await;
    tagged.sort();
    let mut expected: Vec<_> = customers
        .iter()
        .map(|number| format!("ada{number}@example.com"))
        .collect();
    expected.sort();
    assert_eq!(tagged, expected);
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_run_that_waits_for_its_person_can_be_cancelled_and_only_that() {
    let world = World::with_settings(GREET, STRIPE).await;
    let began = world.send("pay", &created("evt_1", "cus_1")).await.event();
    let run = world.of(began, "greet").await;
    let engine = world.app().engine();
    for refused in [
        engine.retry(run.id, "").await,
        engine.resume(run.id, "").await,
    ] {
        let said = refused.expect_err("nothing to do").to_string();
        assert!(said.contains("waits for the event"), "{said}");
    }
    let list = kartwheel(world.dir.path(), &["runs", "list", "--state", "waiting"]);
    let why = "identity, until 01 Nov 08:10:00: no event has told yet whose customer cus_1 is";
    assert!(list.out.contains(why), "{}", list.out);
    let event = began.simple().to_string();
    let show = kartwheel(world.dir.path(), &["events", "show", &event[24..]]);
    for told in ["waiting    greet", "or after 10m"] {
        assert!(show.out.contains(told), "{}", show.out);
    }
    engine
        .cancel(run.id, "not this one")
        .await
        .expect("cancelled");
    world
        .send("pay", &checkout("evt_2", "cus_1", "ada@example.com"))
        .await;
    world.advance(IDENTITY_WAIT).await;
    assert_eq!(world.of(began, "greet").await.state, State::Cancelled);
    assert_eq!(world.tagged().await, Vec::<String>::new());
    world.end(&[State::Done, State::Cancelled]).await;
}
