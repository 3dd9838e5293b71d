//! Connections: found, made, waited for, lost.

use std::time::Duration;

use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, EnsureScript, ToDo};
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, error};

#[tokio::test]
async fn ensure_finds_the_kartra_connection_by_any_of_its_addresses() {
    let world = World::start().await;
    for url in ["https://kartra.com/", "kartra.com", "app.kartra.com/x?y=1"] {
        let (status, connection) = world
            .post("/connections/ensure", json!({ "appUrl": url }))
            .await;
        assert_eq!(status, 200);
        assert_eq!(connection["id"], CONNECTION_ID, "{url}");
        assert_eq!(connection["state"], "READY");
        assert_eq!(connection["connected"], true);
    }
    for url in ["localhost", "10.0.0.1", "ftp://kartra.com", ""] {
        let (status, body) = world
            .post("/connections/ensure", json!({ "appUrl": url }))
            .await;
        assert_eq!((status, error(&body)), (400, ("bad_request", "")), "{url}");
    }
}

#[tokio::test]
async fn ensure_makes_a_connection_once_and_lets_it_be_built() {
    let world = World::start().await;
    world.state().set(|settings| {
        settings.ensure_unknown = EnsureScript {
            building_ms: 5_000,
            state: ConnectionState::ClientActionRequired,
            to_do: ToDo::Connect,
        };
    });
    let wanted = json!({ "appUrl": "https://crm.example.com", "name": "CRM" });
    let (_, made) = world.post("/connections/ensure", wanted.clone()).await;
    assert_eq!(made["state"], "BUILDING");
    assert_eq!(made["name"], "CRM");
    assert!(made["buildingAgentSessionId"].is_string());
    let (_, again) = world.post("/connections/ensure", wanted).await;
    assert_eq!(again["id"], made["id"]);
    world.clock.advance(Duration::from_secs(5));
    let path = format!("/connections/{}", made["id"].as_str().unwrap());
    let (_, built) = world.get(&path).await;
    assert_eq!(built["state"], "CLIENT_ACTION_REQUIRED");
    assert_eq!(built["clientAction"]["type"], "connect");
    assert_eq!(built.get("error"), None, "it never worked");
    let (_, actions) = world
        .get(&format!(
            "/actions?connectionId={}",
            made["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(actions["items"], json!([]), "only Kartra has actions here");
}

#[tokio::test]
async fn get_is_held_until_the_state_changes() {
    let world = World::start().await;
    world
        .state()
        .set_connection(CONNECTION_ID, ConnectionState::Building);
    let path = format!("/connections/{CONNECTION_ID}?wait=true&timeout=30");
    let (held, ()) = tokio::join!(world.get(&path), async {
        while world.clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        world
            .state()
            .set_connection(CONNECTION_ID, ConnectionState::Ready);
    });
    assert_eq!(held.1["state"], "READY");
    // At once when there is nothing to wait for.
    assert_eq!(world.get(&path).await.1["state"], "READY");
}

#[tokio::test]
async fn get_answers_with_the_same_when_the_time_is_up() {
    let world = World::start().await;
    world
        .state()
        .set_connection(CONNECTION_ID, ConnectionState::Building);
    let path = format!("/connections/{CONNECTION_ID}?wait=true&timeout=7");
    let (held, ()) = tokio::join!(
        world.get(&path),
        world.advance_when_asleep(Duration::from_secs(7))
    );
    assert_eq!(held.0, 200);
    assert_eq!(held.1["state"], "BUILDING");
    for timeout in ["0", "61", "soon"] {
        let path = format!("/connections/{CONNECTION_ID}?wait=true&timeout={timeout}");
        assert_eq!(world.get(&path).await.0, 400, "{timeout}");
    }
}

#[tokio::test]
async fn a_lost_connection_runs_nothing_until_it_is_ready_again() {
    let world = World::start().await;
    world.add_ada();
    let path = format!("/connections/{CONNECTION_ID}");
    let test = format!("{path}/test");
    assert_eq!(world.post(&test, json!({})).await.1["success"], true);
    let (status, _) = world.post(&format!("{path}/disconnect"), json!({})).await;
    assert_eq!(status, 204);
    let (_, lost) = world.get(&path).await;
    assert_eq!(lost["state"], "CLIENT_ACTION_REQUIRED");
    assert_eq!(lost["error"]["key"], "access_token_expired");
    assert_eq!(world.post(&test, json!({})).await.1["success"], false);
    let (status, body) = world.tag().await;
    assert_eq!(status, 400);
    assert_eq!(error(&body), ("connection", "connection_is_defunct"));
    assert!(body["actionRunId"].is_string());
    let refreshed = world
        .request(Method::POST, &format!("{path}/refresh-credentials"))
        .send()
        .await
        .unwrap();
    assert_eq!(refreshed.status(), 204);
    assert!(world.state().effects().is_empty());
    world
        .state()
        .set_connection(CONNECTION_ID, ConnectionState::Ready);
    assert_eq!(world.tag().await.0, 200);
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let world = World::start().await;
    let wanted = json!({ "appUrl": "crm.example.com" });
    let (_, made) = world.post("/connections/ensure", wanted).await;
    let (_, first) = world.get("/connections?limit=1&cursor=0").await;
    assert_eq!(first["items"][0]["id"], CONNECTION_ID);
    let cursor = first["cursor"].as_str().expect("there is more");
    let (_, second) = world
        .get(&format!("/connections?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(second["items"][0]["id"], made["id"]);
    assert_eq!(second.get("cursor"), None);
    let (_, found) = world
        .get("/connections?search=kartra&disconnected=false")
        .await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let (_, lost) = world.get("/connections?disconnected=true").await;
    assert_eq!(lost["items"][0]["id"], made["id"], "it is being built");
    assert_eq!(lost["items"].as_array().unwrap().len(), 1);
    for limit in ["0", "1001", "many"] {
        assert_eq!(
            world.get(&format!("/connections?limit={limit}")).await.0,
            400
        );
    }
    let (status, body) = world.get("/connections/000000000000000000000000").await;
    assert_eq!((status, error(&body)), (404, ("bad_request", "not_found")));
}

#[tokio::test]
async fn a_request_to_reconnect_is_pending_until_a_person_did_it() {
    let world = World::start().await;
    world
        .state()
        .set_connection(CONNECTION_ID, ConnectionState::ClientActionRequired);
    let wanted =
        json!({ "connectionId": CONNECTION_ID, "redirectUri": "https://example.com/done" });
    let (status, made) = world.post("/connection-requests", wanted).await;
    assert_eq!((status, &made["status"]), (201, &json!("pending")));
    let id = made["requestId"].as_str().unwrap();
    let path = format!("/connection-requests/{id}");
    assert_eq!(world.get(&path).await.1["status"], "pending");
    let done = json!({ "status": "success" });
    assert_eq!(world.post(&format!("/_sandbox{path}"), done).await.0, 200);
    let (_, after) = world.get(&path).await;
    assert_eq!(after["status"], "success");
    assert_eq!(after["resultConnectionId"], CONNECTION_ID);
    assert_eq!(
        world.state().connection(CONNECTION_ID),
        Some(ConnectionState::Ready)
    );
    assert_eq!(world.get("/connection-requests/creq_none").await.0, 404);
}

/// Each state that a new connection can come to, and what it shows then: at once, or after it was built.
#[tokio::test]
async fn a_new_connection_comes_to_every_state_and_says_what_is_the_matter() {
    let (ask, fill) = (ToDo::Connect, ToDo::ProvideInput);
    for (state, to_do, shown) in [
        (ConnectionState::Ready, ask, json!({ "connected": true })),
        (
            ConnectionState::ClientActionRequired,
            ask,
            json!({ "clientAction": { "type": "connect" } }),
        ),
        (
            ConnectionState::ClientActionRequired,
            fill,
            json!({ "clientAction": { "type": "provide-input" } }),
        ),
        (
            ConnectionState::ConfigurationError,
            ask,
            json!({ "errors": [{ "type": "configuration" }] }),
        ),
        (
            ConnectionState::SetupFailed,
            ask,
            json!({ "errors": [{ "type": "internal" }], "error": { "type": "internal" } }),
        ),
    ] {
        for building_ms in [0, 9_000] {
            let world = World::start().await;
            let script = EnsureScript {
                building_ms,
                state,
                to_do,
            };
            world.state().set(|settings| {
                settings.ensure = script;
                settings.empty_tenants.insert("default".to_owned());
            });
            let wanted = json!({ "appUrl": "https://kartra.com/" });
            let (_, made) = world.post("/connections/ensure", wanted).await;
            let path = format!(
                "/connections/{}?wait=true",
                made["id"].as_str().expect("an id")
            );
            let built = if building_ms == 0 {
                made
            } else {
                assert_eq!(made["state"], "BUILDING");
                let step = world.advance_when_asleep(Duration::from_secs(9));
                tokio::join!(world.get(&path), step).0.1
            };
            assert_eq!(built["state"], json!(state));
            assert_contains(&built, &shown);
            let link = built["clientAction"].get("uiUrl").is_some();
            assert_eq!(link, shown["clientAction"]["type"] == "connect");
            assert_eq!(built.get("buildingAgentSessionId"), None);
        }
    }
}

/// All of `part` is in `whole`.
fn assert_contains(whole: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            for (name, part) in fields {
                assert_contains(&whole[name], part);
            }
        }
        Value::Array(items) => {
            for (place, part) in items.iter().enumerate() {
                assert_contains(&whole[place], part);
            }
        }
        _ => assert_eq!(whole, part),
    }
}

#[tokio::test]
async fn an_application_that_nobody_knows_is_built_until_a_person_must_connect() {
    let world = World::start().await;
    let wanted = json!({ "appUrl": "crm.example.com" });
    let (_, made) = world.post("/connections/ensure", wanted).await;
    assert_eq!(made["state"], "BUILDING");
    world.clock.advance(Duration::from_secs(120));
    let path = format!("/connections/{}", made["id"].as_str().expect("an id"));
    assert_eq!(world.get(&path).await.1["state"], "CLIENT_ACTION_REQUIRED");
}

#[tokio::test]
async fn a_question_for_a_person_is_asked_by_control_and_answered_by_it() {
    let world = World::start().await;
    let path = format!("/connections/{CONNECTION_ID}");
    let ask = json!({ "state": "CLIENT_ACTION_REQUIRED", "to_do": "provide-input" });
    world.post(&format!("/_sandbox{path}"), ask).await;
    let (_, asked) = world.get(&path).await;
    assert_eq!(asked["clientAction"]["type"], "provide-input");
    assert!(world.state().ask_for(CONNECTION_ID, ToDo::Connect));
    let (_, asked) = world.get(&path).await;
    assert_eq!(asked["clientAction"]["type"], "connect");
    let answer = json!({ "state": "READY" });
    world.post(&format!("/_sandbox{path}"), answer).await;
    assert_eq!(world.get(&path).await.1.get("clientAction"), None);
}

#[tokio::test]
async fn a_connection_is_changed_archived_and_restored() {
    let world = World::start().await;
    let path = format!("/connections/{CONNECTION_ID}");
    let send = async |method: Method, path: &str, body: Value| {
        let answer = world.request(method, path).json(&body).send().await;
        super::read(answer.expect("an answer")).await
    };
    let change = json!({ "name": "Shop", "key": "shop", "meta": { "a": 1 } });
    let (status, changed) = send(Method::PATCH, &path, change).await;
    assert_eq!((status, &changed["name"]), (200, &json!("Shop")));
    assert_eq!(world.get("/connections/shop").await.1, changed);
    let (_, put) = send(Method::PUT, "/connections/shop", json!({ "key": "store" })).await;
    assert_eq!((put.get("meta"), &put["name"]), (None, &json!("Shop")));
    assert_eq!(world.get("/connections/shop").await.0, 404);
    for wrong in [
        json!([]),
        json!({ "key": "" }),
        json!({ "name": 7 }),
        json!({ "meta": 1 }),
    ] {
        assert_eq!(
            send(Method::PATCH, &path, wrong.clone()).await.0,
            400,
            "{wrong}"
        );
    }
    assert_eq!(
        send(Method::DELETE, "/connections/store", json!({}))
            .await
            .0,
        204
    );
    assert_eq!(world.get(&path).await.0, 404);
    assert_eq!(world.tag().await.0, 404);
    assert_eq!(send(Method::DELETE, &path, json!({})).await.0, 404);
    assert_eq!(send(Method::PATCH, &path, json!({})).await.0, 404);
    assert_eq!(world.get("/connections").await.1["items"], json!([]));
    let (_, all) = world.get("/connections?includeArchived=true").await;
    assert!(all["items"][0]["archivedAt"].is_string());
    let (status, back) = world.post(&format!("{path}/restore"), json!({})).await;
    assert_eq!((status, back.get("archivedAt")), (200, None));
    assert_eq!(world.get(&path).await.0, 200);
    assert_eq!(
        world.post("/connections/nobody/restore", json!({})).await.0,
        404
    );
}
