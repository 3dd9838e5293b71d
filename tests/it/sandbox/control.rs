//! The control routes, and what the ledger keeps.

use kartwheel::sandbox::{CONNECTION_ID, TransactionKind};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, World, tag_input};

#[tokio::test]
async fn a_stranger_can_do_all_of_it_over_http() {
    let mut world = World::start().await;
    world.token = String::new();
    let (_, index) = world.get("/_sandbox/").await;
    assert_eq!(index["connection"], CONNECTION_ID);
    let add = json!({
        "tags": ["gold"], "lists": ["Gold"], "pages": ["Gold"], "sequences": { "Gold": 4 },
        "memberships": { "Gold": ["Only"] },
        "sales": [{ "email": ADA, "product": "Gold", "amount": "49.50", "recurring": true }],
    });
    let (status, added) = world.post("/_sandbox/account", add).await;
    assert_eq!(status, 200);
    assert!(added["sales"][0]["subscription_id"].is_number());
    let faults = json!([
        { "on": { "verb": "assign-tag" }, "nth": 2, "fault": "drop_after" },
        { "fault": { "kartra_error": { "number": 243 } }, "times": null, "chance": 0.0 },
    ]);
    let (status, ordered) = world.post("/_sandbox/faults", faults).await;
    assert_eq!(
        (status, ordered["items"].as_array().unwrap().len()),
        (200, 2)
    );
    let (_, state) = world.get("/_sandbox/state").await;
    assert_eq!((&state["leads"], &state["effects"]), (&json!(2), &json!(0)));
    let bad = json!({ "fault": "earthquake" });
    assert_eq!(world.post("/_sandbox/faults", bad).await.0, 400);

    world.token = "sandbox-token".to_owned();
    let gold = json!({ "email": ADA, "tag_name": "gold" });
    assert_eq!(world.run("assign-tag", gold.clone()).await.0, 200);
    assert!(world.running("assign-tag", &gold).send().await.is_err());
    let to = json!({ "email": ADA, "membership_name": "Gold", "level_name": "Only" });
    world.run("grant-membership-access", to).await;

    world.token = String::new();
    let (_, lead) = world.get(&format!("/_sandbox/lead?email={ADA}")).await;
    assert_eq!(lead["tags"][0]["tag_name"], "gold");
    assert_eq!(lead["memberships"][0]["membership_name"], "Gold");
    assert_eq!(
        world.get("/_sandbox/lead?email=nobody@example.com").await.0,
        404
    );
    let (_, leads) = world.get("/_sandbox/leads?limit=1").await;
    assert_eq!(leads["items"].as_array().unwrap().len(), 1);
    assert!(leads["cursor"].is_string());
    let (_, effects) = world
        .get("/_sandbox/effects?verb=assign-tag&run=run-1")
        .await;
    assert_eq!(
        effects["items"].as_array().unwrap().len(),
        2,
        "done twice, seen twice"
    );
    assert_eq!(effects["total"], 3);
    assert_eq!(effects["by_verb"]["assign-tag"], 2);
    assert_eq!(effects["items"][0]["step"], "2");
    let (_, calls) = world.get("/_sandbox/calls?verb=assign-tag&after=1").await;
    assert_eq!(calls["items"].as_array().unwrap().len(), 1);
    assert_eq!(calls["items"][0]["status"], Value::Null);
    assert_eq!(calls["items"][0]["effect"], true);
    let sale = &world.state().transactions(ADA)[0];
    assert_eq!((sale.kind, sale.amount.0), (TransactionKind::Sale, 4_950));
}

#[tokio::test]
async fn settings_secrets_and_connections_are_changed_over_http() {
    let mut world = World::start().await;
    let patch = |body: Value| {
        world
            .request(Method::PATCH, "/_sandbox/settings")
            .json(&body)
    };
    let changed = patch(json!({ "nesting": "flat", "run_logs": { "after_ms": 5 } }));
    let (status, settings) = super::read(changed.send().await.unwrap()).await;
    assert_eq!((status, &settings["nesting"]), (200, &json!("flat")));
    let wrong = patch(json!({ "nestling": "flat" })).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert_eq!(world.get("/_sandbox/settings").await.1, settings);

    let path = format!("/_sandbox/connections/{CONNECTION_ID}");
    let change = json!({ "state": "BUILDING", "then": "SETUP_FAILED", "after_ms": 1000 });
    assert_eq!(world.post(&path, change).await.1["state"], "BUILDING");
    world.clock.advance(std::time::Duration::from_secs(1));
    let (_, list) = world.get("/_sandbox/connections").await;
    assert_eq!(list["items"][0]["state"], "SETUP_FAILED");
    assert!(list["items"][0]["errors"].is_array());
    assert_eq!(world.post(&path, json!({ "state": "FINE" })).await.0, 400);
    let removed = world.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(removed.status(), 204);
    let (_, own) = world
        .post("/connections/ensure", json!({ "appUrl": "kartra.com" }))
        .await;
    assert_ne!(own["id"], CONNECTION_ID, "the tenant gets its own");
    let act = json!({ "key": "create-lead", "connectionId": own["id"], "input": { "email": ADA } });
    assert_eq!(
        world.post("/act", act).await.0,
        200,
        "with an account behind it"
    );

    let secret = json!({ "workspace_secret": "another" });
    assert_eq!(world.post("/_sandbox/secret", secret).await.0, 204);
    assert_eq!(world.get("/self").await.0, 401);
    assert_eq!(world.post("/_sandbox/reset", json!({})).await.0, 204);
    assert_eq!(world.get("/self").await.0, 200);
    world.token = String::new();
    assert_eq!(world.get("/_sandbox/effects").await.1["total"], 0);
}

#[tokio::test]
async fn requests_are_remembered_without_their_tokens() {
    let world = World::start().await;
    world.add_ada();
    let request = world
        .running("assign-tag", &tag_input())
        .header("membrane-api-version", "2025-10-21");
    request.send().await.unwrap();
    world.get("/connections?limit=5").await;
    let calls = world.state().calls();
    let act = &calls[0];
    assert_eq!(
        (act.method.as_str(), act.path.as_str(), act.status),
        ("POST", "/act", Some(200))
    );
    assert_eq!(act.verb.as_deref(), Some("assign-tag"));
    assert_eq!(act.meta.as_ref().unwrap()["attempt"], 1);
    assert!(act.effect && act.body.contains("vip"));
    let header = |name: &str| act.headers.iter().find(|(known, _)| known == name);
    assert_eq!(header("membrane-api-version").unwrap().1, "2025-10-21");
    assert_eq!(header("authorization"), None);
    assert_eq!(
        (calls[1].path.as_str(), calls[1].query.as_str()),
        ("/connections", "limit=5")
    );
    let effect = &world.state().effects()[0];
    assert_eq!(effect.run.as_deref(), Some("run-1"));
    assert_eq!(
        (effect.step.as_deref(), effect.attempt),
        (Some("2"), Some(1))
    );
    assert!(!format!("{calls:?}").contains("sandbox-token"));
}
