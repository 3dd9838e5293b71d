//! Who is let in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use super::{World, error, read};

/// 2026-10-05T12:00:00Z
const NOW: i64 = 1_791_201_600;

fn token(alg: &str, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        part(&json!({ "alg": alg, "typ": "JWT" })),
        part(claims)
    );
    let signature = match alg {
        "HS512" => {
            let mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any key will do");
            mac.chain_update(&signed).finalize().into_bytes().to_vec()
        }
        _ => {
            let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
            mac.chain_update(&signed).finalize().into_bytes().to_vec()
        }
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims() -> Value {
    json!({ "id": "acct_42", "iss": "sandbox", "exp": NOW + 60 })
}

#[tokio::test]
async fn both_names_of_claims_and_both_algorithms_are_taken() {
    let mut world = World::start().await;
    let documented = json!({ "workspaceKey": "sandbox", "tenantKey": "acct_42", "name": "Shop", "exp": NOW + 60 });
    for (alg, claims) in [("HS256", &claims()), ("HS512", &documented)] {
        world.token = token(alg, claims, "sandbox-secret");
        let (status, tenant) = world.get("/self").await;
        assert_eq!(status, 200, "{alg}: {tenant}");
        assert_eq!(tenant["internalId"], "acct_42");
        assert_eq!(tenant["workspaceKey"], "sandbox");
    }
}

#[tokio::test]
async fn the_vectors_of_membranes_own_client_are_understood() {
    // Made with the SDK's code: tenant acct_42, expires at 1790003600.
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6ImFjY3RfNDIiLCJpc3MiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJleHAiOjE3OTAwMDM2MDB9.2psSBQt4Db1S9Gx_TuhsuWlOTjirA-POJK5LMqnOMYc";
    let mut world = World::start_with(|options| {
        options.workspace_key = "11111111-2222-3333-4444-555555555555".to_owned();
        options.workspace_secret = "example-workspace-secret-not-real".to_owned();
    })
    .await;
    world.token = token.to_owned();
    assert_eq!(world.get("/self").await.0, 401, "it has expired by then");
    world.clock.set("2026-09-21T15:13:19Z".parse().unwrap());
    assert_eq!(world.get("/self").await.0, 200);
}

#[tokio::test]
async fn a_token_that_is_wrong_in_any_way_is_refused() {
    let mut world = World::start().await;
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    let good = token("HS256", &claims(), "sandbox-secret");
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    for (why, bad) in [
        ("another secret", token("HS256", &claims(), "another")),
        (
            "expired",
            token("HS256", &with("exp", json!(NOW)), "sandbox-secret"),
        ),
        (
            "no number",
            token("HS256", &with("exp", json!("soon")), "sandbox-secret"),
        ),
        (
            "another workspace",
            token("HS256", &with("iss", json!("other")), "sandbox-secret"),
        ),
        (
            "no tenant",
            token("HS256", &with("id", json!("")), "sandbox-secret"),
        ),
        ("no algorithm", token("none", &claims(), "sandbox-secret")),
        ("not signed", unsigned),
        ("not a token", "sandbox-tokens".to_owned()),
        ("empty", String::new()),
    ] {
        world.token = bad;
        let (status, body) = world.get("/self").await;
        assert_eq!(status, 401, "{why}");
        assert_eq!(error(&body), ("bad_request", "not_authenticated"), "{why}");
    }
    let url = format!("{}/act", world.sandbox.url());
    let bare = world.client.request(Method::POST, url).send().await;
    assert_eq!(read(bare.unwrap()).await.0, 401, "no header at all");
}

#[tokio::test]
async fn a_managers_token_is_good_but_not_for_this() {
    let mut world = World::start().await;
    let manager = json!({ "iss": "sandbox", "isAdmin": true, "exp": NOW + 60 });
    world.token = token("HS256", &manager, "sandbox-secret");
    let (status, body) = world.get("/actions").await;
    assert_eq!(status, 403);
    assert_eq!(error(&body), ("bad_request", "access_denied"));
}

#[tokio::test]
async fn a_new_tenant_is_made_and_sees_the_kartra_connection() {
    let mut world = World::start().await;
    let (_, first) = world.get("/self").await;
    world.token = token("HS256", &claims(), "sandbox-secret");
    let (_, other) = world.get("/self").await;
    assert_ne!(first["id"], other["id"]);
    let (_, list) = world.get("/connections").await;
    assert_eq!(list["items"][0]["tenantId"], other["id"]);
    assert_eq!(
        world
            .get("/actions?connectionId=66f0c0ffee0123456789abcd")
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn after_the_secret_was_rotated_only_the_new_one_counts() {
    let mut world = World::start().await;
    world.state().rotate_secret("fresh");
    assert_eq!(world.get("/self").await.0, 401, "the fixed token");
    world.token = token("HS256", &claims(), "sandbox-secret");
    assert_eq!(world.get("/self").await.0, 401);
    world.token = token("HS256", &claims(), "fresh");
    assert_eq!(world.get("/self").await.0, 200);
}
