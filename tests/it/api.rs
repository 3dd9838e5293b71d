//! The console's API over real HTTP: who may come in, what is shown, what is passed on, and how it refuses.

mod catalog;
mod house;

use kartwheel::clock::Clock;
use kartwheel::store;
use kartwheel::web::api::Refusal;
use kartwheel::web::api::ids::short;
use serde_json::{Value, json};
use uuid::Uuid;

use house::{House, TOKEN};

#[tokio::test]
async fn nobody_comes_in_without_the_token_and_every_refusal_looks_the_same() {
    let house = House::open().await;
    let mut answers = Vec::new();
    for path in ["/health", "/runs", "/runs/nothing", "/no-such-path"] {
        for token in [
            None,
            Some("wrong"),
            Some(""),
            Some("a-token-of-the-test"),
            Some("a-token-of-the-tests ."),
            Some("A-token-of-the-tests"),
        ] {
            let mut request = house.http.get(format!("{}{path}", house.base));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 401, "{path} {token:?}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            answers.push(answer.text().await.unwrap());
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let request = house
        .http
        .post(format!("{}/runs/{}/cancel", house.base, house.run));
    assert_eq!(
        request
            .basic_auth("x", Some(TOKEN))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        401
    );
    assert_eq!(house.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_is_shown_with_its_event_its_verdict_and_what_comes_next() {
    let house = House::open().await;
    for id in [
        house.run.to_string(),
        short(house.run),
        short(house.run).to_uppercase(),
    ] {
        let (status, run) = house.get(&format!("/runs/{id}")).await;
        assert_eq!(status, 200, "{run}");
        assert_eq!(run["id"], json!(house.run));
        assert_eq!(run["state"], "ready");
        assert_eq!(run["event"]["id"], json!(house.event));
        assert_eq!(
            run["event"].get("body"),
            None,
            "the body is shown by its event only"
        );
        assert_eq!(run["verdict"]["decision"], "matched");
        assert_eq!(run["verdict"]["rule"], "course");
        assert!(
            run["next"]["commands"][0]["command"]
                .as_str()
                .unwrap()
                .starts_with("kartwheel runs cancel"),
            "{run}"
        );
    }
}

#[tokio::test]
async fn an_event_is_shown_with_its_verdicts_its_runs_and_its_body() {
    let house = House::open().await;
    let (status, event) = house.get(&format!("/events/{}", short(house.event))).await;
    assert_eq!(status, 200, "{event}");
    assert_eq!(
        event["body"],
        json!({"amount": 4900, "email": "ada@example.com"})
    );
    assert_eq!(event["verdicts"].as_array().unwrap().len(), 2);
    let declined = event["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|verdict| verdict["rule"] == "vip")
        .unwrap();
    assert_eq!(declined["path"], "$.body.amount");
    assert_eq!(declined["actual"], "4900");
    assert_eq!(event["runs"][0]["id"], json!(house.run));
    let (_, list) = house
        .get("/events?source=shop&type=order.*&email=ada@example.com")
        .await;
    assert_eq!(list["events"].as_array().unwrap().len(), 1);
    assert_eq!(list["events"][0].get("body"), None);
    let (_, list) = house.get("/events?email=nobody@example.com").await;
    assert_eq!(list["events"], json!([]));
}

#[tokio::test]
async fn lists_are_cut_and_go_on_with_next() {
    let house = House::open().await;
    let (_, second) = house.happen("grace@example.com").await;
    let (_, page) = house.get("/runs?limit=1").await;
    assert_eq!(page["runs"][0]["id"], json!(second), "newest first");
    let (_, page) = house
        .get(&format!("/runs?limit=1&before={}", page["next"]))
        .await;
    assert_eq!(page["runs"][0]["id"], json!(house.run));
    let (_, page) = house
        .get(&format!("/runs?limit=1&before={}", page["next"]))
        .await;
    assert_eq!(page, json!({"runs": [], "next": null}));
    let (_, page) = house
        .get(&format!(
            "/runs?state=ready&rule=course&key=grace@example.com&event={}",
            short(house.event)
        ))
        .await;
    assert_eq!(page["runs"], json!([]));
    for wrong in [
        "/runs?limit=0",
        "/runs?limit=501",
        "/runs?stat=done",
        "/runs?state=sleeping",
        "/events?since=yesterday",
    ] {
        let (status, answer) = house.get(wrong).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!("invalid_request")),
            "{wrong}: {answer}"
        );
    }
}

#[tokio::test]
async fn what_a_person_asks_is_passed_on_and_answered_with_the_run() {
    let house = House::open().await;
    let id = short(house.run);
    let (status, answer) = house
        .post(
            &format!("/runs/{id}/cancel"),
            r#"{"reason": " refunded by hand "}"#,
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["run"]["id"], json!(house.run));
    house.post(&format!("/runs/{id}/retry"), "").await;
    house.post(&format!("/runs/{id}/resume"), "{}").await;
    house
        .post(
            &format!("/runs/{id}/resolve"),
            r#"{"as": "done", "reason": "seen"}"#,
        )
        .await;
    house
        .post("/runs/cancel?rule=course", r#"{"reason": "all"}"#)
        .await;
    house.post("/runs/cancel?rule=other", "").await;
    house.post("/pause", r#"{"reason": "night"}"#).await;
    house.post("/pause", r#"{"connection": "main"}"#).await;
    house.post("/resume", "").await;
    house.post("/resume", r#"{"connection": "main"}"#).await;
    assert_eq!(
        house.asked(),
        [
            format!("cancel {id} refunded by hand"),
            format!("retry {id} "),
            format!("resume {id} "),
            format!("resolve {id} done seen"),
            format!("cancel {id} all"),
            "pause None night".into(),
            r#"pause Some("main") "#.into(),
            "unpause None".into(),
            r#"unpause Some("main")"#.into(),
        ]
    );
}

#[tokio::test]
async fn a_refusal_of_the_engine_comes_through_with_what_to_do() {
    let house = House::open().await;
    let refusal = Refusal::new(409, "state", "the run is done").help("Send the event again.");
    *house.notebook.refuse.lock().unwrap() = Some(refusal);
    let (status, answer) = house.post(&format!("/runs/{}/retry", house.run), "").await;
    assert_eq!(status, 409);
    assert_eq!(
        answer,
        json!({"error": {"code": "state", "message": "the run is done", "help": "Send the event again."}})
    );
    let (status, answer) = house.post("/runs/cancel?rule=course", "").await;
    assert_eq!(
        (status, answer),
        (200, json!({"cancelled": [], "more": false})),
        "a run that ended meanwhile needs no cancelling"
    );
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_in_json_and_changes_nothing() {
    let house = House::open().await;
    let id = house.run;
    let long = format!(r#"{{"reason": "{}"}}"#, "x".repeat(501));
    let large = format!(r#"{{"reason": "{}"}}"#, "x".repeat(20_000));
    for (path, body, expected) in [
        (format!("/runs/{id}/cancel"), "not json".to_owned(), 400),
        (
            format!("/runs/{id}/cancel"),
            r#"{"why": "x"}"#.to_owned(),
            400,
        ),
        (format!("/runs/{id}/cancel"), long, 400),
        (format!("/runs/{id}/cancel"), large, 413),
        (
            format!("/runs/{id}/resolve"),
            r#"{"as": "maybe"}"#.to_owned(),
            400,
        ),
        (format!("/runs/{id}/resolve"), String::new(), 400),
        ("/runs/xyz/cancel".to_owned(), String::new(), 400),
        (format!("/runs/{}/cancel", house.event), String::new(), 404),
        (format!("/runs/{}/cancel", Uuid::nil()), String::new(), 404),
        ("/runs/cancel".to_owned(), String::new(), 400),
        ("/runz".to_owned(), String::new(), 404),
    ] {
        let (status, answer) = house.post(&path, body).await;
        assert_eq!(status, expected, "{path}: {answer}");
        assert!(answer["error"]["message"].is_string(), "{path}: {answer}");
    }
    assert_eq!(house.asked(), Vec::<String>::new());
    let wrong_method = house
        .http
        .delete(format!("{}/runs/{id}", house.base))
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(wrong_method.status().as_u16(), 405);
    assert_eq!(wrong_method.headers()["allow"], "GET,HEAD");
    let answer: Value = wrong_method.json().await.unwrap();
    assert_eq!(answer["error"]["code"], "method_not_allowed");
}

#[tokio::test]
async fn health_tells_the_numbers_and_refusals_are_counted() {
    let house = House::open().await;
    let refused = store::Refused {
        source: "shop".into(),
        reason: "signature".into(),
        detail: "no signature matches".into(),
        at: house.clock.now(),
        count: 1,
    };
    house.store.refused(refused.clone()).await.unwrap();
    house.store.refused(refused).await.unwrap();
    let (status, health) = house.get("/health").await;
    assert_eq!(status, 200);
    assert_eq!(health["events"], 1);
    assert_eq!(health["runs"]["ready"], 1);
    assert_eq!(health["due"], 1);
    assert_eq!(health["holds"], json!([]));
    let (_, refusals) = house.get("/refusals").await;
    assert_eq!(refusals["refusals"][0]["count"], 2, "{refusals}");
    assert_eq!(refusals["refusals"][0]["reason"], "signature");
    let shaken = store::Handshake {
        source: "shop".into(),
        kind: "ping".into(),
        at: house.clock.now(),
        count: 3,
    };
    house.store.handshake(shaken).await.unwrap();
    let (_, handshakes) = house.get("/handshakes").await;
    let first = &handshakes["handshakes"][0];
    assert_eq!(
        (&first["kind"], &first["count"]),
        (&json!("ping"), &json!(3))
    );
}
