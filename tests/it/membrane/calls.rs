//! What is sent again and what is not: tokens, ids, headers, connections that are not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kartwheel::action::{Actions, Class, Priority, Readiness};
use kartwheel::membrane::{Auth, ConnectionSettings};
use serde_json::{Value, json};

use super::fake::{CONNECTION, Fake, Reply, Seen, actions, healthy};

fn refused_token() -> Reply {
    Reply::json(
        401,
        &json!({ "type": "bad_request", "key": "not_authenticated", "message": "expired" }),
    )
}

fn not_found() -> Reply {
    Reply::json(
        404,
        &json!({ "type": "bad_request", "key": "not_found", "message": "Action not found" }),
    )
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_goes_out_again() {
    let count = AtomicUsize::new(0);
    let fake = Fake::acting(move |seen| match count.fetch_add(1, Ordering::SeqCst) {
        0 => refused_token(),
        _ => healthy(seen),
    })
    .await;
    let outcome = super::assign_tag(&fake.url()).await;
    assert_eq!(outcome.class, Class::Done, "{}", outcome.message);
    let acts = fake.seen_at("/act");
    assert_eq!(acts.len(), 2);
    assert_ne!(
        acts[0].header("authorization"),
        acts[1].header("authorization")
    );
    assert_eq!(acts[0].body, acts[1].body);
}

#[tokio::test]
async fn an_error_is_one_whatever_the_status_says() {
    let fake = Fake::acting(|_| {
        let error = json!({ "type": "connection", "key": "connection_is_defunct", "message": "m" });
        Reply::json(200, &error)
    })
    .await;
    assert_eq!(
        super::assign_tag(&fake.url()).await.class,
        Class::ConnectionDown
    );
}

#[tokio::test]
async fn a_connection_that_lapsed_with_401_costs_no_second_call() {
    let fake = Fake::acting(|_| {
        Reply::json(
            401,
            &json!({ "type": "connection", "key": "access_token_expired", "message": "m" }),
        )
    })
    .await;
    assert_eq!(
        super::assign_tag(&fake.url()).await.class,
        Class::ConnectionDown
    );
    assert_eq!(fake.seen_at("/act").len(), 1);
}

#[tokio::test]
async fn a_given_token_is_used_as_it_is_and_never_renewed() {
    let fake = Fake::start(|_| refused_token()).await;
    let mut settings = super::settings(&fake.url());
    settings.auth = Auth::Token("given-token".into());
    let clock = super::clock();
    let client = super::client(settings, &clock);
    let outcome = client
        .call(&super::call(&clock, "assign-tag", super::tag()))
        .await;
    assert_eq!(outcome.class, Class::OurToken, "{}", outcome.message);
    assert!(!outcome.message.contains("given-token"));
    assert_eq!(fake.seen().len(), 1);
    assert_eq!(fake.seen()[0].header("authorization"), "Bearer given-token");
    assert!(matches!(
        client.readiness("main").await,
        Readiness::NotReady { .. }
    ));
}

#[tokio::test]
async fn a_token_is_kept_for_an_hour_less_a_minute() {
    let fake = Fake::start(healthy).await;
    let clock = super::clock();
    let client = super::client(super::settings(&fake.url()), &clock);
    for minutes in [0, 58, 2] {
        clock.advance(Duration::from_secs(minutes * 60));
        let call = super::call(&clock, "assign-tag", super::tag());
        assert_eq!(client.call(&call).await.class, Class::Done);
    }
    let tokens: Vec<_> = fake
        .seen_at("/act")
        .iter()
        .map(|seen| seen.header("authorization").to_owned())
        .collect();
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
}

/// The ids change between the first list and the second.
fn republished(lists: &AtomicUsize, seen: &Seen) -> Reply {
    match seen.path.as_str() {
        "/actions" if lists.fetch_add(1, Ordering::SeqCst) == 0 => Reply::json(
            200,
            &json!({ "items": [{ "id": "old", "key": "assign-tag" }] }),
        ),
        "/act" if seen.body["id"] == "old" => not_found(),
        _ => healthy(seen),
    }
}

#[tokio::test]
async fn an_id_that_changed_is_looked_up_again_and_the_call_goes_out_once_more() {
    let lists = AtomicUsize::new(0);
    let fake = Fake::start(move |seen| republished(&lists, seen)).await;
    let outcome = super::assign_tag(&fake.url()).await;
    assert_eq!(outcome.class, Class::Done, "{}", outcome.message);
    let ids: Vec<_> = fake
        .seen_at("/act")
        .iter()
        .map(|seen| seen.body["id"].clone())
        .collect();
    assert_eq!(ids, ["old", "68a000000000000000000001"]);
    assert_eq!(fake.seen_at("/actions").len(), 2);
}

#[tokio::test]
async fn an_id_that_did_not_change_is_not_sent_twice() {
    let fake = Fake::acting(|_| not_found()).await;
    let outcome = super::assign_tag(&fake.url()).await;
    assert_eq!(outcome.class, Class::RuleWrong);
    assert_eq!(
        (fake.seen_at("/act").len(), fake.seen_at("/actions").len()),
        (1, 2)
    );
}

#[tokio::test]
async fn not_found_inside_a_run_that_was_started_repeats_nothing() {
    let lists = AtomicUsize::new(0);
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/act" => Reply::json(
            404,
            &json!({ "type": "bad_request", "key": "not_found", "message": "m", "actionRunId": "a1" }),
        ),
        _ => republished(&lists, seen),
    })
    .await;
    assert_eq!(super::assign_tag(&fake.url()).await.class, Class::RuleWrong);
    assert_eq!(fake.seen_at("/act").len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_gone_holds_its_runs() {
    let fake = Fake::start(|_| not_found()).await;
    let outcome = super::assign_tag(&fake.url()).await;
    assert_eq!(outcome.class, Class::ConnectionDown);
    assert!(
        outcome.message.contains("check connections.main.id"),
        "{}",
        outcome.message
    );

    let clock = super::clock();
    let client = super::client(super::settings(&fake.url()), &clock);
    let mut call = super::call(&clock, "assign-tag", super::tag());
    call.connection = "other".into();
    let outcome = client.call(&call).await;
    assert_eq!(outcome.class, Class::ConnectionDown);
    assert!(outcome.message.contains("\"other\""), "{}", outcome.message);
    assert!(matches!(
        client.readiness("other").await,
        Readiness::NotReady { .. }
    ));
    drop(
        client
            .slot("other", &super::turn("rule", Priority::Normal))
            .await,
    );
}

#[tokio::test]
async fn refused_credentials_hold_a_lapsed_connection_and_call_for_a_person_when_it_is_ready() {
    for (state, class) in [
        ("CLIENT_ACTION_REQUIRED", Class::ConnectionDown),
        ("READY", Class::NotAllowed),
    ] {
        let fake = Fake::start(move |seen| match seen.path.as_str() {
            "/act" => Reply::json(
                400,
                &json!({ "type": "internal", "message": "m", "data": { "response": { "status": 403, "data": "no" } } }),
            ),
            "/actions" => healthy(seen),
            _ => Reply::json(200, &json!({ "id": CONNECTION, "state": state })),
        })
        .await;
        let outcome = super::assign_tag(&fake.url()).await;
        assert_eq!(outcome.class, class, "{}", outcome.message);
    }
}

#[tokio::test]
async fn ready_means_that_a_cheap_read_works_too() {
    let fake = Fake::acting(|_| {
        Reply::json(
            200,
            &json!({ "output": { "status": "Error", "message": "no", "type": "203" } }),
        )
    })
    .await;
    let client = super::client(super::settings(&fake.url()), &super::clock());
    let report = client.check("main").await.expect("a report");
    assert!(matches!(report.readiness, Readiness::NotReady { .. }));
    let readiness = client.readiness("main").await;
    assert!(
        matches!(&readiness, Readiness::NotReady { text, .. } if text.contains("does not accept the API key (203)")),
        "{readiness:?}"
    );
    assert_eq!(
        fake.seen_at("/act")[0].body["id"],
        "68a000000000000000000007"
    );
}

#[tokio::test]
async fn the_version_can_be_changed_and_left_out_and_slashes_do_not_matter() {
    for (version, sent) in [(Some("legacy"), "legacy"), (None, "")] {
        let fake = Fake::start(healthy).await;
        for end in ["", "/", "//"] {
            let mut settings = super::settings(&format!("{}{end}", fake.url()));
            settings.api_version = version.map(str::to_owned);
            let clock = super::clock();
            let client = super::client(settings, &clock);
            let call = super::call(&clock, "assign-tag", super::tag());
            assert_eq!(client.call(&call).await.class, Class::Done);
        }
        let acts = fake.seen_at("/act");
        assert_eq!(acts.len(), 3);
        assert!(
            acts.iter()
                .all(|seen| seen.header("membrane-api-version") == sent)
        );
    }
}

#[tokio::test]
async fn a_base_with_a_path_and_odd_ids_are_joined_and_encoded() {
    let fake =
        Fake::start(|_| Reply::json(200, &json!({ "id": "a/b ?", "state": "BUILDING" }))).await;
    let settings = super::settings(&format!("{}/membrane/", fake.url())).with_connection(
        "main",
        ConnectionSettings {
            id: Some("a/b ?".to_owned()),
            ..ConnectionSettings::default()
        },
    );
    let readiness = super::client(settings, &super::clock())
        .readiness("main")
        .await;
    assert!(matches!(readiness, Readiness::NotReady { .. }));
    assert_eq!(fake.seen()[0].path, "/membrane/connections/a%2Fb%20%3F");
}

#[tokio::test]
async fn numbers_of_the_input_arrive_as_they_were_written() {
    let fake = Fake::start(healthy).await;
    let clock = super::clock();
    let client = super::client(super::settings(&fake.url()), &clock);
    let input: Value =
        serde_json::from_str(r#"{"transaction_id":12345678901234567890123,"refund_amount":10.10}"#)
            .expect("JSON");
    client
        .call(&super::call(&clock, "refund-transaction", input))
        .await;
    assert_eq!(
        fake.seen_at("/act")[0].body["input"].to_string(),
        r#"{"transaction_id":12345678901234567890123,"refund_amount":10.10}"#
    );
}

#[tokio::test]
async fn fifty_calls_at_once_read_the_list_once() {
    let fake = Fake::start(|seen| match seen.path.as_str() {
        "/actions" => Reply::json(200, &json!({ "items": actions() })),
        _ => healthy(seen),
    })
    .await;
    let clock = super::clock();
    let client = Arc::new(super::client(super::settings(&fake.url()), &clock));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let client = Arc::clone(&client);
        let call = super::call(&clock, "assign-tag", super::tag());
        calls.spawn(async move { client.call(&call).await.class });
    }
    assert!(
        calls
            .join_all()
            .await
            .iter()
            .all(|class| *class == Class::Done)
    );
    assert_eq!(
        (fake.seen_at("/actions").len(), fake.seen_at("/act").len()),
        (1, 50)
    );
}
