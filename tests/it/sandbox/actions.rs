//! The catalogue, the forms in which an action is run, and what is refused.

use kartwheel::kartra::ACTIONS;
use kartwheel::sandbox::CONNECTION_ID;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, World, error, number, read, tag_input, with};

fn keys(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items").iter();
    items.filter_map(|action| action["key"].as_str()).collect()
}

#[tokio::test]
async fn the_catalogue_has_the_twenty_with_schemas() {
    let world = World::start().await;
    let path = format!("/actions?connectionId={CONNECTION_ID}&limit=1000&cursor=0");
    let (_, all) = world.get(&path).await;
    let expected: Vec<_> = ACTIONS.iter().map(|spec| spec.key).collect();
    assert_eq!(keys(&all), expected);
    let assign = &all["items"][0];
    assert_eq!(assign["name"], "Assign Tag to Lead");
    assert_eq!(assign["inputSchema"]["required"], json!(["tag_name"]));
    assert_eq!(
        assign["inputSchema"]["properties"]["email"]["type"],
        "string"
    );
    assert_eq!(assign["outputSchema"]["type"], "object");
    for (spec, shown) in ACTIONS.iter().zip(all["items"].as_array().unwrap()) {
        let properties = shown["inputSchema"]["properties"].as_object().unwrap();
        let fields: Vec<_> = spec.fields.iter().map(|field| field.name).collect();
        assert_eq!(
            properties.keys().collect::<Vec<_>>(),
            fields,
            "{}",
            spec.key
        );
        for by in [shown["id"].as_str().unwrap(), spec.key] {
            let (status, one) = world
                .get(&format!("/actions/{by}?connectionId={CONNECTION_ID}"))
                .await;
            assert_eq!((status, &one), (200, shown));
        }
    }
    assert_eq!(world.get("/actions/no-such-action").await.0, 404);
    let (status, body) = world
        .get("/actions?connectionId=68f0c1a2b3d4e5f60123ffff")
        .await;
    assert_eq!((status, error(&body)), (404, ("bad_request", "not_found")));
}

#[tokio::test]
async fn an_intent_ranks_and_pages_join_without_a_gap() {
    let world = World::start().await;
    let ask = |intent: &str| {
        let intent = intent.replace(' ', "+");
        format!("/actions?connectionId={CONNECTION_ID}&intent={intent}&limit=3")
    };
    for (intent, best) in [
        ("assign a tag to a lead", "assign-tag"),
        ("grant membership access", "grant-membership-access"),
        ("refund a transaction", "refund-transaction"),
    ] {
        let (_, found) = world.get(&ask(intent)).await;
        assert_eq!(keys(&found)[0], best, "{intent}");
    }
    let (_, none) = world.get(&ask("zeppelin")).await;
    assert_eq!(none["items"], json!([]));
    assert_eq!(world.get(&ask(&"x".repeat(201))).await.0, 400);
    let mut found = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let (_, page) = world
            .get(&format!("/actions?limit=7&cursor={cursor}"))
            .await;
        found.extend(keys(&page).into_iter().map(str::to_owned));
        match page.get("cursor") {
            Some(next) => cursor = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(found.len(), 20);
    found.dedup();
    assert_eq!(found.len(), 20);
}

#[tokio::test]
async fn the_catalogue_can_change_under_a_client() {
    let world = World::start().await;
    world.add_ada();
    let id = |list: &Value| list["items"][0]["id"].as_str().unwrap().to_owned();
    let before = id(&world.get("/actions").await.1);
    world.state().set(|settings| {
        settings.action_keys = false;
        settings.action_generation = 1;
        settings
            .without_actions
            .insert("grant-membership-access".to_owned());
        let further = ("assign-tag".to_owned(), vec!["reason".to_owned()]);
        settings.also_required.extend([further]);
    });
    let (_, list) = world.get("/actions").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 19);
    assert_eq!(list["items"][0].get("key"), None);
    assert_eq!(
        list["items"][0]["inputSchema"]["required"],
        json!(["tag_name", "reason"])
    );
    let after = id(&list);
    assert_ne!(before, after);
    let act =
        |id: &str, input: Value| json!({ "id": id, "connectionId": CONNECTION_ID, "input": input });
    assert_eq!(world.post("/act", act(&before, tag_input())).await.0, 404);
    assert_eq!(world.post("/act", act(&after, tag_input())).await.0, 400);
    let reasoned = with(tag_input(), "reason", json!("because"));
    assert_eq!(world.post("/act", act(&after, reasoned)).await.0, 200);
    assert_eq!(world.run("grant-membership-access", json!({})).await.0, 404);
}

#[tokio::test]
async fn every_form_of_running_does_the_same() {
    let world = World::start().await;
    world.add_ada();
    let (_, shown) = world.get("/actions/assign-tag").await;
    let id = shown["id"].as_str().unwrap();
    let wrapped = json!({ "input": tag_input(), "meta": { "runId": "r" } });
    for (path, body) in [
        (
            "/act".to_owned(),
            json!({ "id": id, "connectionId": CONNECTION_ID, "input": tag_input() }),
        ),
        (
            "/act".to_owned(),
            json!({ "key": "assign-tag", "connectionKey": "kartra", "input": tag_input() }),
        ),
        (
            "/act".to_owned(),
            json!({ "key": "assign-tag", "integrationKey": "kartra", "input": tag_input() }),
        ),
        (
            format!("/actions/{id}/run?connectionId={CONNECTION_ID}"),
            wrapped.clone(),
        ),
        (
            format!("/actions/assign-tag/run?connectionId={CONNECTION_ID}"),
            wrapped.clone(),
        ),
        (
            format!("/action/run?key=assign-tag&connectionId={CONNECTION_ID}"),
            wrapped,
        ),
        (
            format!("/connections/{CONNECTION_ID}/actions/assign-tag/run"),
            tag_input(),
        ),
    ] {
        let (status, body) = world.post(&path, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert_eq!(number(&body["output"]), "103", "{path}");
        assert!(body["actionRunId"].is_string());
    }
    assert_eq!(world.state().effects_of("assign-tag").len(), 7);
    assert_eq!(world.state().effects_of_run("r").len(), 3);
    let changes = world
        .state()
        .effects()
        .iter()
        .filter(|effect| effect.changed)
        .count();
    assert_eq!(changes, 1, "the tag is there after the first");
    assert_eq!(world.ada().tags, ["vip"]);
}

#[tokio::test]
async fn a_body_that_is_not_as_it_should_be_is_refused() {
    let world = World::start().await;
    let good = json!({ "key": "assign-tag", "connectionId": CONNECTION_ID, "input": tag_input() });
    for (why, body, status) in [
        ("an unknown field", with(good.clone(), "foo", json!(1)), 400),
        ("two selectors", with(good.clone(), "id", json!("x")), 400),
        ("no selector", json!({ "connectionId": CONNECTION_ID }), 400),
        ("no connection", json!({ "key": "assign-tag" }), 400),
        (
            "another's connection",
            with(good.clone(), "connectionId", json!("nobody's")),
            404,
        ),
        (
            "no such action",
            with(good.clone(), "key", json!("assign-hat")),
            404,
        ),
        (
            "a key that is no text",
            with(good.clone(), "key", json!(7)),
            400,
        ),
        (
            "meta that is no object",
            with(good.clone(), "meta", json!("x")),
            400,
        ),
        (
            "no field that is needed",
            with(good.clone(), "input", json!({ "email": ADA })),
            400,
        ),
        (
            "a field of another type",
            with(good.clone(), "input", json!({ "tag_name": 7 })),
            400,
        ),
        (
            "input that is no object",
            with(good.clone(), "input", json!([])),
            400,
        ),
        ("no object at all", json!([]), 400),
        (
            "code",
            json!({ "code": "x", "connectionId": CONNECTION_ID }),
            400,
        ),
    ] {
        let (answered, body) = world.post("/act", body).await;
        assert_eq!(answered, status, "{why}: {body}");
        assert_eq!(body["type"], "bad_request", "{why}");
    }
    let garbage = world.request(Method::POST, "/act").body("{").send().await;
    assert_eq!(read(garbage.unwrap()).await.0, 400);
    assert_eq!(world.post("/no/such/route", json!({})).await.0, 404);
    assert!(world.state().effects().is_empty());
}

#[tokio::test]
async fn what_the_schema_does_not_name_is_dropped() {
    let world = World::start().await;
    world.add_ada();
    let input = with(tag_input(), "tag_nmae", json!("typo"));
    world.output("assign-tag", input.clone()).await;
    assert_eq!(*world.state().effects()[0].input, tag_input());
    assert_eq!(*world.state().calls()[0].input.clone().unwrap(), input);
}

#[tokio::test]
async fn a_schema_can_be_another_one_from_now_on() {
    let world = World::start().await;
    world.add_ada();
    let (_, before) = world.get("/actions/assign-tag").await;
    let schema = json!({
        "type": "object",
        "properties": { "email": { "type": "string" }, "tag_name": { "type": "string" }, "weight": { "type": "integer" } },
        "required": ["email", "tag_name", "weight"],
    });
    let body = json!({ "input_schemas": { "assign-tag": schema } });
    let request = world.request(Method::PATCH, "/_sandbox/settings");
    let changed = request.json(&body).send().await;
    assert_eq!(changed.expect("an answer").status(), 200);
    let (_, after) = world.get("/actions/assign-tag").await;
    assert_eq!(after["inputSchema"], schema);
    assert_eq!(after["id"], before["id"]);
    assert_ne!(after["revision"], before["revision"]);
    assert_eq!(world.tag().await.0, 400, "weight is missing");
    let weighed = with(tag_input(), "weight", json!("7"));
    assert_eq!(
        world.run("assign-tag", weighed).await.0,
        400,
        "not a number"
    );
    let weighed = with(tag_input(), "weight", json!(7));
    assert_eq!(
        world
            .run("assign-tag", with(weighed, "more", json!(1)))
            .await
            .0,
        200
    );
    assert_eq!(
        world.state().effects()[0]
            .input
            .as_object()
            .map(|input| input.len()),
        Some(3)
    );
}

#[tokio::test]
async fn kartra_and_its_actions_are_found_by_name() {
    let world = World::start().await;
    let (_, found) = world.get("/search?q=kartra&limit=10").await;
    let first = &found["items"][0];
    assert_eq!(
        (&first["elementType"], &first["element"]["name"]),
        (&json!("app"), &json!("Kartra"))
    );
    assert!(first["element"]["id"].is_string() && first["element"]["logoUri"].is_string());
    let (_, action) = world
        .get("/search?q=assign+tag&elementType=Action&limit=1")
        .await;
    assert_eq!(action["items"][0]["element"]["name"], "Assign Tag to Lead");
    assert_eq!(action["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.get("/search?q=zeppelin").await.1["items"], json!([]));
    for bad in [
        "/search",
        "/search?q=",
        "/search?q=x&limit=0",
        "/search?q=x&limit=101",
    ] {
        assert_eq!(world.get(bad).await.0, 400, "{bad}");
    }
}
