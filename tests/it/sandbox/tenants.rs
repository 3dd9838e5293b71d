//! Tenants that are new: they see nothing until they make it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, EnsureScript};
use serde_json::json;
use sha2::Sha256;

use super::{ADA, World};

/// A token for this tenant.
fn token_of(tenant: &str) -> String {
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let head = part(json!({ "alg": "HS256", "typ": "JWT" }));
    let claims = part(json!({ "id": tenant, "iss": "sandbox", "exp": 1_900_000_000 }));
    let signed = format!("{head}.{claims}");
    let mac = Hmac::<Sha256>::new_from_slice(b"sandbox-secret").expect("any key");
    let signature = mac.chain_update(&signed).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_tenant_that_nobody_knew_can_be_new_and_empty() {
    let mut world = World::start().await;
    world.state().set(|settings| settings.tenants_empty = true);
    assert_eq!(world.get("/self").await.1["internalId"], "default");
    let (_, seen) = world.get("/connections").await;
    assert_eq!(
        seen["items"][0]["id"], CONNECTION_ID,
        "the fixed token's tenant is not new"
    );
    world.clock.advance(Duration::from_secs(60));
    world.token = token_of("tpyo");
    let (_, tenant) = world.get("/self").await;
    assert_eq!(
        tenant["createdAt"], "2026-10-05T12:01:00.000Z",
        "made by this very token"
    );
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.get("/self").await.1, tenant, "and only by the first");
    assert_eq!(world.get("/connections").await.1["items"], json!([]));
    assert_eq!(
        world.get(&format!("/connections/{CONNECTION_ID}")).await.0,
        404
    );
    assert_eq!(
        world
            .get(&format!("/actions?connectionId={CONNECTION_ID}"))
            .await
            .0,
        404
    );
    assert_eq!(world.run("get-lead", json!({ "email": ADA })).await.0, 404);
    // What it makes is its own, and has an account of its own behind it.
    world.state().set(|settings| {
        settings.ensure = EnsureScript {
            state: ConnectionState::Ready,
            ..EnsureScript::default()
        };
    });
    let kartra = json!({ "appUrl": "https://kartra.com/" });
    let (_, made) = world.post("/connections/ensure", kartra.clone()).await;
    assert_ne!(made["id"], CONNECTION_ID);
    assert_eq!(
        world.post("/connections/ensure", kartra).await.1["id"],
        made["id"]
    );
    let act =
        json!({ "key": "create-lead", "integrationKey": "kartra", "input": { "email": ADA } });
    assert_eq!(world.post("/act", act).await.0, 200);
    assert!(world.state().lead(ADA).is_none());
    let id = made["id"].as_str().expect("an id");
    let found = world
        .state()
        .account_of(id, |account| account.lead(ADA).is_some());
    assert_eq!(found.ok(), Some(true));
    world.token = "sandbox-token".to_owned();
    assert_eq!(world.get(&format!("/connections/{id}")).await.0, 404);
}

#[tokio::test]
async fn single_tenants_can_be_empty_whenever_they_came() {
    let mut world = World::start().await;
    let count = async |world: &World| {
        let (_, seen) = world.get("/connections").await;
        seen["items"].as_array().expect("a list").len()
    };
    world.token = token_of("shop");
    assert_eq!(count(&world).await, 1);
    let state = world.state();
    state.set(|settings| settings.empty_tenants.extend(["shop".to_owned()]));
    assert_eq!(count(&world).await, 0);
    world.token = token_of("other");
    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn an_empty_tenant_can_ask_a_person_to_connect() {
    let mut world = World::start().await;
    world.state().set(|settings| settings.tenants_empty = true);
    world.token = token_of("shop");
    let wanted = json!({ "integrationKey": "kartra", "name": "Our Kartra" });
    let (_, asked) = world.post("/connection-requests", wanted).await;
    assert_eq!(asked.get("connectionId"), None);
    let path = format!(
        "/connection-requests/{}",
        asked["requestId"].as_str().expect("an id")
    );
    let done = json!({ "status": "success" });
    world.post(&format!("/_sandbox{path}"), done).await;
    let (_, after) = world.get(&path).await;
    let id = after["resultConnectionId"].as_str().expect("a connection");
    let (_, made) = world.get(&format!("/connections/{id}")).await;
    assert_eq!(
        (&made["state"], &made["name"]),
        (&json!("READY"), &json!("Our Kartra"))
    );
}
