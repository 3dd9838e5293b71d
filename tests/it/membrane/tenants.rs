//! Several connections: each with its own identity, and the trouble of one is no trouble of another.

use std::sync::atomic::{AtomicBool, Ordering};

use kartwheel::action::{Actions, Class, Readiness};
use kartwheel::membrane::{Auth, ConnectionSettings, Settings};
use kartwheel::sandbox::{CONNECTION_ID, Options, Sandbox};
use serde_json::json;

use super::fake::{CONNECTION, Fake, Reply, healthy};

#[tokio::test]
async fn every_connection_has_its_own_identity_where_it_says_so() {
    let fake = Fake::start(healthy).await;
    let clock = super::clock();
    let settings = super::settings(&fake.url()).with_connection(
        "agency",
        ConnectionSettings {
            id: Some("c2".to_owned()),
            auth: Some(Auth::Token("agency-token".into())),
            ..ConnectionSettings::default()
        },
    );
    let client = super::client(settings, &clock);
    let mut call = super::call(&clock, "assign-tag", super::tag());
    client.call(&call).await;
    call.connection = "agency".into();
    client.call(&call).await;
    let acts = fake.seen_at("/act");
    assert!(acts[0].header("authorization").starts_with("Bearer eyJ"));
    assert_eq!(acts[0].body["connectionId"], CONNECTION);
    assert_eq!(acts[1].header("authorization"), "Bearer agency-token");
    assert_eq!(acts[1].body["connectionId"], "c2");
}

fn signed(tenant: &str, secret: &str) -> Auth {
    Auth::Signed {
        workspace_key: "sandbox".to_owned(),
        workspace_secret: secret.into(),
        tenant_key: tenant.to_owned(),
    }
}

/// Two agencies, each with its own identity; neither uses the shared one.
fn agencies(url: &str, one: Auth, two: Auth) -> Settings {
    let connection = |auth| ConnectionSettings {
        id: Some(CONNECTION_ID.to_owned()),
        auth: Some(auth),
        ..ConnectionSettings::default()
    };
    let mut settings = super::settings(url);
    settings.connections.clear();
    settings
        .with_connection("one", connection(one))
        .with_connection("two", connection(two))
}

#[tokio::test]
async fn an_identity_that_is_refused_stops_its_own_connection_only() {
    let clock = super::clock();
    let sandbox = Sandbox::start(Options {
        clock: clock.clone(),
        ..Options::default()
    })
    .await
    .expect("a sandbox");
    let one = signed("agency-one", "sandbox-secret");
    let two = signed("agency-two", "next-secret");
    let client = super::client(agencies(&sandbox.url(), one, two), &clock);
    let classes = async || {
        let mut call = super::call(&clock, "retrieve-account-tags", json!({}));
        let mut classes = Vec::new();
        for name in ["one", "two"] {
            call.connection = name.into();
            classes.push(client.call(&call).await.class);
        }
        classes
    };
    for (secret, good, bad) in [
        ("sandbox-secret", "one", "two"),
        ("next-secret", "two", "one"),
        ("sandbox-secret", "one", "two"),
    ] {
        sandbox.world().rotate_secret(secret);
        let report = client.check(good).await.expect("a report");
        assert_eq!(report.tenant.internal_id, format!("agency-{good}"));
        assert_eq!(report.readiness, Readiness::Ready);
        let readiness = client.readiness(bad).await;
        assert!(
            matches!(readiness, Readiness::NotReady { .. }),
            "{readiness:?}"
        );
        let mut expected = [Class::Done, Class::OurToken];
        if good == "two" {
            expected.reverse();
        }
        assert_eq!(classes().await, expected);
    }
}

#[tokio::test]
async fn a_token_is_renewed_for_its_own_tenant_only() {
    let expired = AtomicBool::new(false);
    let fake = Fake::start(move |seen| {
        let first = !expired.swap(true, Ordering::SeqCst);
        if first {
            let error =
                json!({ "type": "bad_request", "key": "not_authenticated", "message": "expired" });
            return Reply::json(401, &error);
        }
        healthy(seen)
    })
    .await;
    let clock = super::clock();
    let settings = agencies(&fake.url(), signed("one", "s"), signed("two", "s"));
    let client = super::client(settings, &clock);
    let mut call = super::call(&clock, "assign-tag", super::tag());
    for name in ["two", "one", "two", "one"] {
        call.connection = name.into();
        assert_eq!(client.call(&call).await.class, Class::Done, "{name}");
    }
    let seen = fake.seen();
    let mut tokens: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("authorization"))
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 3, "two of the tenant that was refused once");
}

#[tokio::test]
async fn too_many_calls_of_one_connection_slow_down_that_one() {
    let fake = Fake::acting(|seen| match seen.body["connectionId"].as_str() {
        Some(CONNECTION) => Reply::json(429, &json!(null)).with("retry-after", "60"),
        _ => healthy(seen),
    })
    .await;
    let clock = super::clock();
    let settings = super::settings(&fake.url()).with_connection(
        "two",
        ConnectionSettings {
            id: Some("c2".to_owned()),
            ..ConnectionSettings::default()
        },
    );
    let client = super::client(settings, &clock);
    let call = super::call(&clock, "assign-tag", super::tag());
    assert_eq!(client.call(&call).await.class, Class::RateLimited);
    let turn = super::turn("rule", kartwheel::action::Priority::High);
    assert!(client.try_slot("main", &turn).is_none());
    assert!(client.try_slot("two", &turn).is_some());
}
