//! Kartra's own API through Membrane's proxy.

use kartwheel::sandbox::CONNECTION_ID;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, World, error, read};

async fn send(world: &World, path: &str, form: &'static str) -> (u16, Value) {
    let path = format!("/connections/{CONNECTION_ID}/proxy{path}");
    let request = world.request(Method::POST, &path).body(form);
    read(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn commands_are_chained_and_each_has_its_own_answer() {
    let world = World::start().await;
    let form = "lead[email]=ada%40example.com&lead[first_name]=Ada&actions[0][cmd]=create_lead\
        &actions[1][cmd]=assign_tag&actions[1][tag_name]=vip&actions[2][cmd]=assign_tag&actions[2][tag_name]=none";
    let (status, answer) = send(&world, "/", form).await;
    assert_eq!((status, &answer["status"]), (200, &json!("Success")));
    assert_eq!(answer["actions"][0]["create_lead"]["status"], "Success");
    assert_eq!(answer["actions"][1]["assign_tag"]["type"], "103");
    assert_eq!(answer["actions"][2]["assign_tag"]["type"], "212");
    assert_eq!(world.ada().field("first_name"), "Ada");
    assert!(world.ada().has_tag("vip"));
    assert_eq!(world.state().effects().len(), 2);
    let (_, lead) = send(&world, "/api", "get_lead[email]=ada@example.com").await;
    assert_eq!(lead["lead_details"]["email"], ADA);
    let (_, tags) = send(&world, "", "actions[0][cmd]=retrieve_account_tags").await;
    assert_eq!(tags["account_tags"][0], "buyer");
    for (form, number) in [("lead[email]=x", "254"), ("actions[0][cmd]=fly", "262")] {
        assert_eq!(send(&world, "/", form).await.1["type"], number);
    }
}

#[tokio::test]
async fn an_inline_request_is_the_same_as_an_output() {
    let world = World::start().await;
    world.add_ada();
    let api = |path: &str| {
        let body =
            "lead[email]=ada@example.com&actions[0][cmd]=assign_tag&actions[0][tag_name]=vip";
        json!({ "connectionId": CONNECTION_ID, "api": { "method": "POST", "path": path, "body": body } })
    };
    let (status, answer) = world.post("/act", api("/")).await;
    assert_eq!((status, &answer["output"]["status"]), (200, &json!(200)));
    assert_eq!(
        answer["output"]["data"]["actions"][0]["assign_tag"]["type"],
        "103"
    );
    assert!(world.ada().has_tag("vip"));
    let id = answer["actionRunId"].as_str().expect("an id");
    let (_, log) = world.get(&format!("/action-run-logs/{id}")).await;
    assert_eq!(log["output"], answer["output"], "it is logged as any run");
    assert_eq!(
        world.post("/act", api("/leads/1")).await.1["output"]["status"],
        404
    );
}

#[tokio::test]
async fn kartras_404_is_its_own_and_a_lost_connection_is_membranes() {
    let world = World::start().await;
    let path = format!("/connections/{CONNECTION_ID}/proxy/leads/1?limit=10");
    let response = world.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.text().await.unwrap(), "Not Found");
    let disconnect = format!("/connections/{CONNECTION_ID}/disconnect");
    world.post(&disconnect, json!({})).await;
    let (status, body) = send(&world, "/", "actions[0][cmd]=retrieve_account_tags").await;
    assert_eq!(
        (status, error(&body)),
        (400, ("connection", "connection_is_defunct"))
    );
}
