//! Kartra's limit of calls a second: what it counts, and the forms in which it refuses.

use std::time::Duration;

use kartwheel::sandbox::{CONNECTION_ID, CeilingForm};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, World, error, tag_input};

async fn world_that_takes(most: usize) -> World {
    let world = World::start().await;
    world.add_ada();
    let state = world.state();
    state.set(|settings| settings.kartra_per_second = Some(most));
    world
}

#[tokio::test]
async fn the_second_rolls_and_what_is_refused_has_no_effect() {
    let world = world_that_takes(2).await;
    assert_eq!(world.tag().await.0, 200);
    world.clock.advance(Duration::from_millis(600));
    assert_eq!(world.tag().await.0, 200);
    world.clock.advance(Duration::from_millis(399));
    assert_eq!(world.tag().await.0, 429, "999 ms after the first");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.tag().await.0, 200, "the first is a second old");
    assert_eq!(world.tag().await.0, 429, "the second one is not");
    assert_eq!(world.state().effects_total(), 3);
    assert_eq!(world.state().too_many(), 2);
    assert_eq!(world.get("/_sandbox/state").await.1["too_many"], 2);
}

#[tokio::test]
async fn it_counts_reads_and_raw_calls_too_but_nothing_of_membranes() {
    let world = world_that_takes(3).await;
    let root = format!("/connections/{CONNECTION_ID}");
    for path in ["/self", "/actions", &root] {
        assert_eq!(world.get(path).await.0, 200, "{path}");
    }
    let refused = world.run("assign-tag", json!({ "email": ADA })).await;
    assert_eq!(refused.0, 400, "Membrane itself refuses it");
    assert_eq!(world.run("get-lead", json!({ "email": ADA })).await.0, 200);
    let raw = json!({ "get_lead": { "email": ADA } });
    let proxy = format!("{root}/proxy/");
    assert_eq!(world.post(&proxy, raw.clone()).await.0, 200);
    let api = json!({ "method": "POST", "path": "/", "body": raw });
    let act = json!({ "connectionId": CONNECTION_ID, "api": api });
    assert_eq!(
        world.post("/act", act.clone()).await.1["output"]["status"],
        200
    );
    // Now it is full: in Kartra's own words where they are passed on unchanged.
    let request = world.request(Method::POST, &proxy).json(&raw);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.text().await.expect("text"), "Too many requests");
    assert_eq!(world.post("/act", act).await.1["output"]["status"], 429);
    assert_eq!(world.tag().await.0, 429);
    assert_eq!(world.state().too_many(), 3);
}

#[tokio::test]
async fn it_refuses_in_every_form_in_which_membrane_may_pass_it_on() {
    let inside = |body: &Value| body["data"]["response"]["status"].clone();
    for (form, status, kind, kartras) in [
        (CeilingForm::Connection, 429, "connection", None),
        (
            CeilingForm::Wrapped,
            400,
            "action_run",
            Some("/causedByError/data/response/status"),
        ),
        (
            CeilingForm::Internal,
            500,
            "internal",
            Some("/data/response/status"),
        ),
        (CeilingForm::Direct, 400, "action_run", Some("/data/status")),
        (CeilingForm::Output, 200, "", Some("/output/status")),
    ] {
        let world = world_that_takes(0).await;
        let state = world.state();
        state.set(|settings| settings.kartra_limit_form = form);
        let (answered, body) = world.tag().await;
        assert_eq!((answered, error(&body).0), (status, kind), "{form:?}");
        match kartras {
            Some(place) => assert_eq!(body.pointer(place), Some(&json!(429)), "{form:?}: {body}"),
            None => assert_eq!(error(&body).1, "rate_limit_exceeded", "{}", inside(&body)),
        }
        assert!(body["actionRunId"].is_string(), "{form:?}");
        assert!(state.effects().is_empty());
    }
}

#[tokio::test]
async fn it_is_off_until_it_is_set() {
    let world = World::start().await;
    world.add_ada();
    for _ in 0..50 {
        assert_eq!(world.run("assign-tag", tag_input()).await.0, 200);
    }
    assert_eq!(world.state().too_many(), 0);
}
