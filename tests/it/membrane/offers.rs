//! Actions that a connection does not offer: said as such, with nothing sent, and never said of anything else.

use std::sync::atomic::{AtomicUsize, Ordering};

use kartwheel::action::{Actions, Class, Outcome};
use serde_json::{Value, json};

use super::fake::{Fake, Reply, healthy};
use super::world::World;

fn not_found(message: &str) -> Value {
    json!({ "type": "bad_request", "key": "not_found", "message": message })
}

async fn edit_lead(url: &str) -> Outcome {
    let clock = super::clock();
    let client = super::client(super::settings(url), &clock);
    let input = json!({ "email": "ada@example.com", "first_name": "Ada" });
    client.call(&super::call(&clock, "edit-lead", input)).await
}

#[tokio::test]
async fn an_action_that_is_neither_listed_nor_known_by_its_key_is_not_offered() {
    let fake =
        Fake::acting(|_| Reply::json(404, &not_found("Action \"edit-lead\" not found"))).await;
    let outcome = edit_lead(&fake.url()).await;
    assert_eq!(outcome.class, Class::NotOffered, "{}", outcome.message);
    assert!(
        outcome.message.starts_with(
            "connection main does not offer edit-lead, and nothing was sent to the account (it offers 6 actions"
        ),
        "{}",
        outcome.message
    );
    assert_eq!(outcome.status, Some(404));
    assert_eq!(fake.seen_at("/act").len(), 1);
    assert_eq!(fake.seen_at("/act")[0].body["key"], "edit-lead");
}

#[tokio::test]
async fn what_is_not_in_the_list_is_run_by_its_key_where_membrane_knows_it() {
    let fake = Fake::start(healthy).await;
    assert_eq!(edit_lead(&fake.url()).await.class, Class::Done);
}

#[tokio::test]
async fn a_run_that_was_started_and_something_else_that_is_missing_are_not_mistaken_for_it() {
    let of_a_run = {
        let mut body = not_found("Action not found");
        body["actionRunId"] = "a1".into();
        body
    };
    for body in [of_a_run, not_found("Connection \"c1\" not found")] {
        let shown = body.to_string();
        let fake = Fake::acting(move |_| Reply::json(404, &body)).await;
        let outcome = edit_lead(&fake.url()).await;
        assert_eq!(outcome.class, Class::RuleWrong, "{shown}");
    }
}

#[tokio::test]
async fn an_action_that_was_taken_away_is_not_offered_from_then_on() {
    let lists = AtomicUsize::new(0);
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/actions" => {
            let all = json!({ "items": [{ "id": "1", "key": "edit-lead" }, { "id": "2", "key": "create-lead" }] });
            let rest = json!({ "items": [{ "id": "2", "key": "create-lead" }] });
            let first = lists.fetch_add(1, Ordering::SeqCst) == 0;
            Reply::json(200, if first { &all } else { &rest })
        }
        "/act" => Reply::json(404, &not_found("Not found")),
        _ => healthy(seen),
    })
    .await;
    let outcome = edit_lead(&fake.url()).await;
    assert_eq!(outcome.class, Class::NotOffered, "{}", outcome.message);
    // By its id, and once the list no longer had it by its key.
    assert_eq!(fake.seen_at("/act").len(), 2);
}

#[tokio::test]
async fn a_membership_action_that_the_account_lacks_reaches_nothing() {
    for keys in [true, false] {
        let world = World::start().await;
        let state = world.sandbox.world();
        state.set(|settings| {
            settings.action_keys = keys;
            settings
                .without_actions
                .insert("grant-membership-access".to_owned());
        });
        let input = json!({ "email": "ada@example.com", "membership_name": "Academy", "level_name": "Gold" });
        let call = super::call(&world.clock, "grant-membership-access", input);
        let outcome = world.client.call(&call).await;
        assert_eq!(outcome.class, Class::NotOffered, "{}", outcome.message);
        assert!(
            outcome
                .message
                .contains("(it offers 19 actions; nearest: revoke-membership-access)"),
            "{}",
            outcome.message
        );
        assert_eq!(state.effects_total(), 0);
    }
}
