//! The exchanges around a connection: who we are, which connection, what it offers, in the words of the fixtures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kartwheel::action::{Actions, Class, Readiness};
use kartwheel::membrane::{Client, ConnectionSettings};
use serde_json::json;

use super::fake::{CONNECTION, Fake, Reply, healthy};
use super::fixtures::{assert_sent, fixture, reply_of};

#[tokio::test]
async fn the_list_is_read_page_by_page_and_keyless_actions_are_found_by_name() {
    let (first, last) = (fixture("actions-list-page"), fixture("actions-list-no-key"));
    let (first_reply, last_reply) = (reply_of(&first), reply_of(&last));
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/actions" if seen.query["cursor"] == "0" => first_reply.clone(),
        "/actions" => last_reply.clone(),
        _ => healthy(seen),
    })
    .await;
    let clock = super::clock();
    let client = super::client(super::settings(&fake.url()), &clock);
    for (verb, id) in [
        ("grant-membership-access", "68a000000000000000000002"),
        ("subscribe-lead-to-sequence", "68a000000000000000000003"),
    ] {
        client.call(&super::call(&clock, verb, json!({}))).await;
        assert_eq!(fake.seen_at("/act").last().expect("a run").body["id"], id);
    }
    let mut pages = fake.seen_at("/actions");
    assert_eq!(pages.len(), 2, "the list is kept");
    assert_eq!(
        pages[1].query,
        json!({ "connectionId": CONNECTION, "limit": "1000", "cursor": "2" })
    );
    // The file's page is a small one; ours is the largest, from the beginning on, as Membrane's own client asks.
    assert_eq!(
        pages[0].query,
        json!({ "connectionId": CONNECTION, "limit": "1000", "cursor": "0" })
    );
    pages[0].query = first["request"]["query"].clone();
    assert_sent("actions-list-page", &pages[0], &first["request"]);
}

#[tokio::test]
async fn who_we_are_is_asked_and_told() {
    let file = fixture("self-get");
    let reply = reply_of(&file);
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/self" => reply.clone(),
        _ => healthy(seen),
    })
    .await;
    let client = super::client(super::settings(&fake.url()), &super::clock());
    let report = client.check("main").await.expect("a report");
    assert_sent("self-get", &fake.seen_at("/self")[0], &file["request"]);
    assert_eq!(report.tenant.internal_id, "acct_42");
    assert_eq!(report.tenant.name, "Automation daemon");
    assert_eq!(
        (report.id.as_str(), report.state.as_str()),
        (CONNECTION, "READY")
    );
    assert_eq!(report.readiness, Readiness::Ready);
    assert_eq!(report.actions, 6);
}

#[tokio::test]
async fn a_pinned_connection_is_looked_at_by_its_id() {
    for (name, says) in [
        (
            "connection-get-disconnected",
            "https://ui.getmembrane.com/connect?connectionId=",
        ),
        (
            "connection-get-not-found",
            "check connections.main.id and the tenant key",
        ),
    ] {
        let file = fixture(name);
        let path = file["request"]["path"].as_str().expect("text").to_owned();
        let reply = reply_of(&file);
        let fake = Fake::start(move |_| reply.clone()).await;
        let settings = super::settings(&fake.url()).with_connection(
            "main",
            ConnectionSettings {
                id: path.strip_prefix("/connections/").map(str::to_owned),
                ..ConnectionSettings::default()
            },
        );
        let readiness = super::client(settings, &super::clock())
            .readiness("main")
            .await;
        assert_sent(name, &fake.seen()[0], &file["request"]);
        assert_eq!(fake.seen().len(), 1, "{name}");
        assert!(
            matches!(&readiness, Readiness::NotReady { text, .. } if text.contains(says)),
            "{name}: {readiness:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_without_an_id_is_found_by_its_name_and_told_of_as_it_is() {
    for (name, says) in [
        ("connection-ensure-ready", ""),
        ("connection-ensure-building", "wait a few minutes"),
        (
            "connection-ensure-client-action-connect",
            "https://ui.getmembrane.com/connect?connectionId=",
        ),
        (
            "connection-ensure-client-action-provide-input",
            "Say which one to connect",
        ),
        (
            "connection-ensure-configuration-error",
            "no usable authentication option",
        ),
        ("connection-ensure-setup-failed", "could not be built"),
    ] {
        let reply = reply_of(&fixture(name));
        let mut there = fixture(name)["response"]["body"].clone();
        there["name"] = json!("Kartra");
        let other = json!({ "id": "c2", "name": "HubSpot", "state": "READY" });
        let list = Reply::json(200, &json!({ "items": [other, there] }));
        let fake = Fake::start(move |seen| match seen.path.as_str() {
            "/connections" => list.clone(),
            path if path.starts_with("/connections/") => reply.clone(),
            _ => healthy(seen),
        })
        .await;
        let readiness = unpinned(&fake).readiness("main").await;
        match readiness {
            Readiness::Ready => assert_eq!(says, "", "{name}"),
            Readiness::NotReady { text, .. } => {
                assert!(!says.is_empty() && text.contains(says), "{name}: {text}");
            }
            Readiness::Unknown(text) => panic!("{name}: {text}"),
        }
        assert_eq!(fake.seen_at("/connections/ensure").len(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_is_not_there_or_not_the_only_one_is_told_of_and_never_made() {
    let (hubspot, kartra) = (
        json!({ "id": "c2", "name": "HubSpot", "state": "READY" }),
        json!({ "id": CONNECTION, "name": "Kartra", "state": "READY" }),
    );
    let lists = [
        (json!([]), "mistyped tenant key"),
        (json!([hubspot]), "called as its app (kartra.com)"),
        (json!([kartra, kartra]), "2 that may be meant"),
        (json!([kartra]), ""),
    ];
    let turn = Arc::new(AtomicUsize::new(0));
    let (at, shown) = (Arc::clone(&turn), lists.clone());
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/connections" => {
            let items = &shown[at.load(Ordering::SeqCst)].0;
            Reply::json(200, &json!({ "items": items }))
        }
        _ => healthy(seen),
    })
    .await;
    let clock = super::clock();
    let client = unpinned(&fake);
    for (number, (_, says)) in lists.iter().enumerate() {
        turn.store(number, Ordering::SeqCst);
        // Once it is there it is found, by the same client.
        if says.is_empty() {
            assert_eq!(client.readiness("main").await, Readiness::Ready);
            continue;
        }
        let readiness = client.readiness("main").await;
        let call = super::call(&clock, "assign-tag", json!({}));
        let called = client.call(&call).await;
        assert_eq!(
            called.class,
            Class::ConnectionDown,
            "{says}: held, not lost"
        );
        let survey = client.survey("main").await.expect_err("there is none");
        for told in [format!("{readiness:?}"), called.message, survey.message] {
            assert!(told.contains(says), "{told}");
            assert!(
                told.contains("`kartwheel connect --connection main`"),
                "{told}"
            );
        }
    }
    assert_eq!(fake.seen_at("/connections/ensure").len(), 0);
}

/// A client whose connection is known by its application alone.
fn unpinned(fake: &Fake) -> Client {
    let mut settings = super::settings(&fake.url());
    settings.connections.clear();
    let connection = ConnectionSettings {
        app: Some("kartra.com".to_owned()),
        ..ConnectionSettings::default()
    };
    super::client(
        settings.with_connection("main", connection),
        &super::clock(),
    )
}
