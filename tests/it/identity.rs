//! Identity: an event that brings only a customer's id is about the person that an earlier event told of.

use std::time::Duration;

use kartwheel::run::State;
use serde_json::{Value, json};

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
    let stored = world.reader().event(ended).await.expect("it answers");
    let person = stored.expect("it is kept").event.person;
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
    world.advance(Duration::from_secs(60)).await;
    let run = world.run_of(ended).await;
    assert_eq!(run.state, State::Failed, "{run:?}");
    assert_eq!(world.verbs(), Vec::<String>::new());
    world.end(&[State::Failed]).await;
}
