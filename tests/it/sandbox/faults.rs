//! Every kind of trouble: what the client gets, and whether the work was done.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use kartwheel::sandbox::{CONNECTION_ID, ConnectionState, Delay, Fault, FaultKind, KartraForm};
use serde_json::{Value, json};

use super::{World, error, tag_input};

pub(super) async fn world_with(fault: FaultKind) -> World {
    let world = World::start().await;
    world.add_ada();
    world.state().add_fault(Fault::on_verb("assign-tag", fault));
    world
}

pub(super) fn status(code: u16, body: &str, after_work: bool) -> FaultKind {
    FaultKind::Status {
        code,
        body: body.to_owned(),
        after_work,
    }
}

fn rate_limited(retry_after: Option<u64>) -> FaultKind {
    FaultKind::RateLimited { retry_after }
}

fn rate_limited_by_kartra(retry_after: Option<u64>) -> FaultKind {
    FaultKind::RateLimitedByKartra { retry_after }
}

#[tokio::test]
async fn errors_of_membranes_come_before_the_work() {
    let (membrane, kartra) = (rate_limited(None), rate_limited_by_kartra(None));
    let external = FaultKind::External {
        status: 503,
        retry_after: Some(10),
    };
    for (fault, status, kind, key) in [
        (membrane, 429, "bad_request", "rate_limit_exceeded"),
        (kartra, 429, "connection", "rate_limit_exceeded"),
        (FaultKind::LockTimeout, 400, "concurrency", "lock_timeout"),
        (
            FaultKind::ConnectionDefunct,
            400,
            "connection",
            "connection_is_defunct",
        ),
        (
            FaultKind::AccessTokenExpired,
            400,
            "connection",
            "access_token_expired",
        ),
        (FaultKind::ConnectionDisconnectedCode, 400, "", ""),
        (
            FaultKind::TokenRejected,
            401,
            "bad_request",
            "not_authenticated",
        ),
        (FaultKind::AccessDenied, 403, "bad_request", "access_denied"),
        (
            FaultKind::InsufficientCredit,
            400,
            "insufficient_credit",
            "",
        ),
        (FaultKind::Internal, 500, "internal", ""),
        (external, 400, "action_run", ""),
        (FaultKind::ActionNotFound, 404, "bad_request", "not_found"),
        (
            FaultKind::ErrorOfType("custom_code".to_owned()),
            400,
            "custom_code",
            "",
        ),
        (status(500, r#"{"message":"?"}"#, false), 500, "", ""),
    ] {
        let world = world_with(fault.clone()).await;
        let (answered, body) = world.tag().await;
        assert_eq!((answered, error(&body)), (status, (kind, key)), "{fault:?}");
        assert!(world.state().effects().is_empty(), "{fault:?}");
        assert_eq!(world.state().calls_of("assign-tag")[0].status, Some(status));
        if world.state().connection(CONNECTION_ID) == Some(ConnectionState::Ready) {
            assert_eq!(world.tag().await.0, 200, "{fault:?} strikes once");
        }
    }
}

#[tokio::test]
async fn retry_after_is_a_header_of_membranes_and_data_of_kartras() {
    let world = world_with(rate_limited(Some(7))).await;
    let response = world
        .running("assign-tag", &tag_input())
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["retry-after"], "7");
    let world = world_with(rate_limited_by_kartra(Some(7))).await;
    let (_, body) = world.tag().await;
    assert_eq!(body["data"]["response"]["headers"]["retry-after"], "7");
    assert!(body["actionRunId"].is_string());
    let world = world_with(FaultKind::External {
        status: 503,
        retry_after: Some(7),
    })
    .await;
    let (_, body) = world.tag().await;
    let response = &body["causedByError"]["data"]["response"];
    assert_eq!(
        (&response["status"], &response["headers"]["retry-after"]),
        (&json!(503), &json!("7"))
    );
}

#[tokio::test]
async fn a_defunct_connection_stays_so_until_a_control_call() {
    let world = world_with(FaultKind::ConnectionDefunct).await;
    world.tag().await;
    let path = format!("/connections/{CONNECTION_ID}");
    let (_, lost) = world.get(&path).await;
    assert_eq!(lost["state"], "CLIENT_ACTION_REQUIRED");
    let (status, body) = world.tag().await;
    assert_eq!(
        (status, error(&body)),
        (400, ("connection", "connection_is_defunct"))
    );
    let ready = json!({ "state": "READY" });
    world.post(&format!("/_sandbox{path}"), ready).await;
    assert_eq!(world.tag().await.0, 200);
    assert_eq!(world.state().effects_total(), 1);
}

#[tokio::test]
async fn a_dropped_connection_gives_no_answer_and_the_ledger_says_whether_it_was_done() {
    for (fault, done) in [(FaultKind::DropBefore, false), (FaultKind::DropAfter, true)] {
        let world = world_with(fault.clone()).await;
        let failed = world.running("assign-tag", &tag_input()).send().await;
        let failed = failed.expect_err("there is no answer");
        assert!(!failed.is_timeout() && !failed.is_connect(), "{failed:?}");
        assert_eq!(world.ada().has_tag("vip"), done, "{fault:?}");
        assert_eq!(
            world.state().effects().len(),
            usize::from(done),
            "{fault:?}"
        );
        let call = &world.state().calls_of("assign-tag")[0];
        assert_eq!((call.status, call.effect), (None, done), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_closes_the_socket_without_a_single_byte() {
    let world = world_with(FaultKind::DropAfter).await;
    let body = json!({ "key": "assign-tag", "connectionId": CONNECTION_ID, "input": tag_input() })
        .to_string();
    let address = world.sandbox.address();
    let heard = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            socket,
            "POST /act HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sandbox-token\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut heard = Vec::new();
        // A reset is as good an end as a close.
        let _ = socket.read_to_end(&mut heard);
        heard
    });
    assert_eq!(heard.await.unwrap(), b"");
    assert!(world.ada().has_tag("vip"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_has_a_head_and_half_a_body() {
    let world = world_with(FaultKind::CutBody).await;
    let response = world
        .running("assign-tag", &tag_input())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 10);
    assert!(response.bytes().await.is_err());
    assert!(world.ada().has_tag("vip"));
}

#[tokio::test]
async fn answers_that_cannot_be_read_come_after_the_work() {
    for (fault, code, text) in [
        (FaultKind::Html502After, 502, "<html>"),
        (FaultKind::Garbage, 200, "{\"output\":"),
        (FaultKind::EmptyBody, 200, ""),
        (status(504, "gone", true), 504, "gone"),
    ] {
        let world = world_with(fault.clone()).await;
        let response = world
            .running("assign-tag", &tag_input())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), code, "{fault:?}");
        let body = response.bytes().await.unwrap();
        assert!(body.starts_with(text.as_bytes()), "{fault:?}");
        assert!(serde_json::from_slice::<Value>(&body).is_err(), "{fault:?}");
        assert!(world.ada().has_tag("vip"), "{fault:?}");
    }
}

#[tokio::test]
async fn kartras_errors_come_in_four_forms_inside_a_success_or_not() {
    let flat = json!({ "status": "Error", "message": "Tag does not exist", "type": "212" });
    let nested = json!({ "status": "Success", "actions": [{ "assign_tag": flat }] });
    for (form, output) in [
        (KartraForm::Flat, flat.clone()),
        (KartraForm::Nested, nested),
        (
            KartraForm::Wrapped,
            json!({ "status": 200, "headers": {}, "data": flat }),
        ),
    ] {
        let world = world_with(FaultKind::KartraError { number: 212, form }).await;
        assert_eq!(world.output("assign-tag", tag_input()).await, output);
        assert!(world.state().effects().is_empty());
    }
    let form = KartraForm::Failed;
    let world = world_with(FaultKind::KartraError { number: 212, form }).await;
    let (status, body) = world.tag().await;
    assert_eq!(
        (status, error(&body).0, &body["data"]),
        (400, "action_run", &flat)
    );
}

#[tokio::test]
async fn an_output_can_be_anything() {
    for (fault, expected) in [
        (FaultKind::OutputMissing, None),
        (FaultKind::OutputNull, Some(json!(null))),
        (FaultKind::OutputText, Some(json!("done"))),
        (
            FaultKind::OutputArray,
            Some(json!([{ "status": "Success" }])),
        ),
    ] {
        let world = world_with(fault.clone()).await;
        let (status, body) = world.tag().await;
        assert_eq!(
            (status, body.get("output")),
            (200, expected.as_ref()),
            "{fault:?}"
        );
        assert!(body["actionRunId"].is_string());
        assert!(world.ada().has_tag("vip"), "{fault:?}");
    }
    let world = world_with(FaultKind::OutputLarge(1_000_000)).await;
    let output = world.output("assign-tag", tag_input()).await;
    assert_eq!(output["filling"].as_str().unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn a_delay_on_the_clock_holds_the_work_or_the_answer() {
    let five = Delay::ClockMs(5_000);
    for (fault, done_meanwhile) in [
        (FaultKind::DelayBefore(five), false),
        (FaultKind::DelayAfter(five), true),
    ] {
        let world = world_with(fault.clone()).await;
        let (answer, ()) = tokio::join!(world.tag(), async {
            while world.clock.next_wake().is_none() {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.ada().has_tag("vip"), done_meanwhile, "{fault:?}");
            world.clock.advance(Duration::from_secs(5));
        });
        assert_eq!(answer.0, 200, "{fault:?}");
        assert!(world.ada().has_tag("vip"));
    }
}

#[tokio::test]
async fn the_work_is_done_even_if_the_client_has_gone() {
    let world = world_with(FaultKind::DelayBefore(Delay::ClockMs(60_000))).await;
    let request = world.running("assign-tag", &tag_input()).send();
    tokio::select! {
        _ = request => panic!("the answer cannot come before the clock moves on"),
        () = world.advance_when_asleep(Duration::ZERO) => {}
    }
    assert!(!world.ada().has_tag("vip"));
    world.clock.advance(Duration::from_secs(60));
    world.state().effects_reached(1).await;
    assert!(world.ada().has_tag("vip"));
}

#[tokio::test]
async fn a_real_delay_needs_no_clock() {
    let world = world_with(FaultKind::DelayAfter(Delay::RealMs(5))).await;
    assert_eq!(world.tag().await.0, 200);
}

#[tokio::test]
async fn a_fault_for_a_path_strikes_any_request() {
    let world = World::start().await;
    let order = |path: &str, fault| world.state().add_fault(Fault::on_path(path, fault));
    order("/connections", FaultKind::TokenRejected);
    order("/self", FaultKind::DropBefore);
    order("/act", status(404, "Not Found", false));
    assert_eq!(world.get("/connections").await.0, 401);
    assert_eq!(world.get("/connections").await.0, 200);
    let gone = world.request(reqwest::Method::GET, "/self").send().await;
    assert!(gone.is_err());
    assert_eq!(world.get("/self").await.0, 200);
    assert_eq!(world.tag().await, (404, Value::Null));
}

#[tokio::test]
async fn stopping_cuts_off_what_is_held_and_another_can_go_on() {
    let world = world_with(FaultKind::DelayAfter(Delay::ClockMs(60_000))).await;
    let request = world.running("assign-tag", &tag_input());
    let (state, address) = (world.sandbox.world().clone(), world.sandbox.address());
    let sandbox = world.sandbox;
    let clock = world.clock;
    let (answer, ()) = tokio::join!(request.send(), async {
        while clock.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        sandbox.stop().await;
    });
    assert!(answer.is_err());
    let again = kartwheel::sandbox::Sandbox::start_again(address, state).await;
    let again = again.expect("the address is free again");
    assert_eq!(again.world().effects_total(), 1, "it remembers");
}
