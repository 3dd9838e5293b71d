//! The log of runs: what a client finds there after it lost an answer.

use std::time::Duration;

use kartwheel::sandbox::{CONNECTION_ID, Fault, FaultKind, RunLogs};
use serde_json::{Value, json};

use super::{ADA, World, error, tag_input};

fn ids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items").iter();
    items.filter_map(|run| run["id"].as_str()).collect()
}

#[tokio::test]
async fn every_run_is_found_with_its_meta() {
    let world = World::start().await;
    world.add_ada();
    let (_, ran) = world.tag().await;
    let id = ran["actionRunId"].as_str().expect("an id");
    let (status, log) = world.get(&format!("/action-run-logs/{id}")).await;
    assert_eq!(status, 200);
    assert_eq!(
        log["meta"],
        json!({ "runId": "run-1", "step": "2", "attempt": 1 })
    );
    assert_eq!(log["status"], "success");
    assert_eq!(log["name"], "Assign Tag to Lead");
    assert_eq!(log["input"], json!({ "email": ADA, "tag_name": "vip" }));
    assert_eq!(log["output"], ran["output"]);
    assert_eq!(log["createdAt"], "2026-10-05T12:00:00.000Z");
    let (status, details) = world.get(&format!("/action-run-logs/{id}/details")).await;
    assert_eq!(status, 200);
    assert_eq!(details["logs"][0]["type"], "api-request");
    assert_eq!(
        world
            .get("/action-run-logs/6900000000000000000000ff")
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn an_answer_that_was_lost_is_in_the_log_and_one_that_never_was_is_not() {
    let world = World::start().await;
    world.add_ada();
    world.state().add_fault(Fault::new(FaultKind::DropBefore));
    world.state().add_fault(Fault::new(FaultKind::DropAfter));
    for _ in 0..2 {
        let request = world.running("assign-tag", &tag_input());
        assert!(request.send().await.is_err());
    }
    let (_, list) = world
        .get("/action-run-logs?from=2026-10-05T11:59:00Z")
        .await;
    assert_eq!(ids(&list).len(), 1, "the second only");
    assert_eq!(list["items"][0]["status"], "success");
}

#[tokio::test]
async fn a_log_can_be_filtered_and_paged_newest_first() {
    let world = World::start().await;
    world.add_ada();
    for tag in ["vip", "buyer", "no such tag"] {
        world
            .run("assign-tag", json!({ "email": ADA, "tag_name": tag }))
            .await;
        world.clock.advance(Duration::from_secs(60));
    }
    let (_, bad) = world.run("assign-tag", json!({ "email": ADA })).await;
    let failed = bad["actionRunId"].as_str().expect("a failed run has an id");
    let (_, errors) = world.get("/action-run-logs?status=error").await;
    assert_eq!(ids(&errors), [failed]);
    assert_eq!(error(&errors["items"][0]["error"]).0, "bad_request");
    let (_, all) = world
        .get(&format!("/action-run-logs?connectionId={CONNECTION_ID}"))
        .await;
    assert_eq!(ids(&all).len(), 4);
    assert!(ids(&all).is_sorted_by(|newer, older| newer > older));
    let (_, first) = world.get("/action-run-logs?limit=3&cursor=0").await;
    let cursor = first["cursor"].as_str().expect("there is more");
    let (_, second) = world
        .get(&format!("/action-run-logs?limit=3&cursor={cursor}"))
        .await;
    assert_eq!(second.get("cursor"), None);
    assert_eq!([ids(&first), ids(&second)].concat(), ids(&all));
    let (_, window) = world
        .get("/action-run-logs?from=2026-10-05T12:01:00Z&to=2026-10-05T12:02:00Z")
        .await;
    assert_eq!(ids(&window), ids(&all)[1..3]);
    for nothing in ["connectionId=other", "actionId=get-lead", "tenantId=other"] {
        let (_, none) = world.get(&format!("/action-run-logs?{nothing}")).await;
        assert_eq!(none["items"], json!([]), "{nothing}");
    }
    for bad in ["from=yesterday", "status=good", "limit=0"] {
        assert_eq!(
            world.get(&format!("/action-run-logs?{bad}")).await.0,
            400,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_log_may_come_late_or_never() {
    let world = World::start().await;
    world.add_ada();
    world
        .state()
        .set(|settings| settings.run_logs = RunLogs::AfterMs(2_000));
    world.tag().await;
    assert_eq!(world.get("/action-run-logs").await.1["items"], json!([]));
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(ids(&world.get("/action-run-logs").await.1).len(), 1);
    world
        .state()
        .set(|settings| settings.run_logs = RunLogs::Never);
    let (_, ran) = world.tag().await;
    let path = format!("/action-run-logs/{}", ran["actionRunId"].as_str().unwrap());
    assert_eq!(world.get(&path).await.0, 404);
}

#[tokio::test]
async fn only_so_many_are_kept() {
    let world = World::start_with(|options| {
        options.logs_kept = 2;
        options.calls_kept = 2;
        options.effects_kept = 2;
    })
    .await;
    world.add_ada();
    let mut runs = Vec::new();
    for _ in 0..5 {
        let (_, ran) = world.tag().await;
        runs.push(ran["actionRunId"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        ids(&world.get("/action-run-logs").await.1),
        [&runs[4], &runs[3]]
    );
    assert_eq!(
        world.get(&format!("/action-run-logs/{}", runs[4])).await.0,
        200
    );
    assert_eq!(
        world.get(&format!("/action-run-logs/{}", runs[0])).await.0,
        404
    );
    assert_eq!(world.state().calls().len(), 2);
    assert_eq!(world.state().effects().len(), 2);
    assert_eq!(world.state().effects_total(), 5);
}
