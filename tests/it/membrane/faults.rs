//! What goes wrong on the way: what was surely not sent may be repeated, everything else is unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kartwheel::action::{Actions, Class, Readiness};
use kartwheel::clock::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::fake::{Fake, Raw, Reply, healthy, list_and_close};

/// The address of a port where nobody listens.
async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    format!("http://{address}")
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let outcome = super::assign_tag(&closed_port().await).await;
    assert_eq!(outcome.class, Class::Transient, "{}", outcome.message);
    assert!(outcome.message.contains("not sent"), "{}", outcome.message);
    assert!(!outcome.message.contains("eyJ"), "{}", outcome.message);
}

#[tokio::test]
async fn a_run_that_meets_a_closed_port_after_the_list_was_read_was_not_sent() {
    let (url, _server) = list_and_close().await;
    let outcome = super::assign_tag(&url).await;
    assert_eq!(outcome.class, Class::Transient, "{}", outcome.message);
    assert!(
        outcome.message.contains("assign-tag: not sent"),
        "{}",
        outcome.message
    );
}

#[tokio::test]
async fn tls_that_fails_was_not_sent() {
    let fake = Fake::start(healthy).await;
    let outcome = super::assign_tag(&fake.url().replace("http:", "https:")).await;
    assert_eq!(outcome.class, Class::Transient, "{}", outcome.message);
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_broken_answer_leaves_the_outcome_unknown_and_is_not_asked_for_again() {
    let broken: [&'static [u8]; 4] = [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"output\": {\"status\": \"Suc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"out\r\n",
        b"\x00\x01\x02 garbage\r\n\r\n",
    ];
    for bytes in broken {
        let raw = Raw::start(bytes).await;
        let outcome = super::assign_tag(&format!("http://{}", raw.address)).await;
        assert_eq!(outcome.class, Class::Unknown, "{}", outcome.message);
        assert_eq!(raw.acts(), 1);
    }
}

#[tokio::test]
async fn what_is_no_answer_of_membranes_leaves_the_outcome_unknown() {
    for reply in [
        Reply::text(200, "text/html", "<html>hello</html>"),
        Reply::text(200, "application/json", ""),
        Reply::text(204, "application/json", ""),
        Reply::json(200, &json!(["output"])),
        Reply::json(200, &json!({ "output": "gibberish", "actionRunId": "a1" })),
        Reply::text(502, "text/html", "<html>502 Bad Gateway</html>"),
        Reply::text(500, "text/plain", ""),
    ] {
        let shown = format!("{reply:?}");
        let fake = Fake::acting(move |_| reply.clone()).await;
        let outcome = super::assign_tag(&fake.url()).await;
        assert_eq!(
            outcome.class,
            Class::Unknown,
            "{shown}: {}",
            outcome.message
        );
        assert_eq!(fake.seen_at("/act").len(), 1, "{shown}");
        assert!(!outcome.message.contains("html"), "{}", outcome.message);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_leaves_the_outcome_unknown() {
    let fake = Fake::acting(|_| Reply::silent()).await;
    let clock = super::clock();
    let client = super::client(super::settings(&fake.url()), &clock);
    let mut call = super::call(&clock, "assign-tag", super::tag());
    call.timeout = Some(Duration::from_millis(500));
    let outcome = client.call(&call).await;
    assert_eq!(outcome.class, Class::Unknown, "{}", outcome.message);
    assert!(
        outcome.message.contains("did not answer within 0.5 s"),
        "{}",
        outcome.message
    );
    assert_eq!(fake.seen_at("/act").len(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let fake =
            Fake::acting(move |_| Reply::json(status, &Value::Null).with("location", "/elsewhere"))
                .await;
        let outcome = super::assign_tag(&fake.url()).await;
        assert_eq!(
            outcome.class,
            Class::Refused,
            "{status}: {}",
            outcome.message
        );
        assert!(fake.seen_at("/elsewhere").is_empty(), "{status}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let fake =
        Fake::acting(|_| Reply::text(200, "application/json", vec![b' '; 31 * 1024 * 1024])).await;
    let outcome = super::assign_tag(&fake.url()).await;
    assert_eq!(outcome.class, Class::Unknown);
    assert!(
        outcome.message.contains("larger than 30 MB"),
        "{}",
        outcome.message
    );
}

#[tokio::test]
async fn an_input_larger_than_membrane_takes_is_not_sent() {
    let fake = Fake::start(healthy).await;
    let clock = super::clock();
    let client = super::client(super::settings(&fake.url()), &clock);
    let input = json!({ "email": "x".repeat(10 * 1024 * 1024) });
    let outcome = client.call(&super::call(&clock, "assign-tag", input)).await;
    assert_eq!(outcome.class, Class::RuleWrong, "{}", outcome.message);
    assert!(fake.seen_at("/act").is_empty());
}

#[tokio::test]
async fn nothing_is_sent_after_its_time() {
    let clock = super::clock();
    let late = Arc::new(AtomicBool::new(false));
    let fake = Fake::start({
        let (clock, late) = (Arc::clone(&clock), Arc::clone(&late));
        move |seen| {
            // Looking up the ids takes longer than the call may wait.
            if seen.path == "/actions" && late.load(Ordering::SeqCst) {
                clock.advance(Duration::from_secs(6));
            }
            healthy(seen)
        }
    })
    .await;
    late.store(true, Ordering::SeqCst);
    let client = super::client(super::settings(&fake.url()), &clock);
    let refund = super::call(&clock, "refund-transaction", json!({ "transaction_id": 1 }));
    let outcome = client.call(&refund).await;
    assert_eq!(outcome.class, Class::Transient, "{}", outcome.message);
    assert!(outcome.message.contains("not sent"), "{}", outcome.message);
    assert!(fake.seen_at("/act").is_empty());
    // At the instant itself it may still be sent. A refund reads the list anew each time.
    late.store(false, Ordering::SeqCst);
    let mut refund = super::call(&clock, "refund-transaction", json!({ "transaction_id": 1 }));
    refund.send_by = clock.now();
    assert_eq!(client.call(&refund).await.class, Class::Done);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_means_the_run_was_not_sent() {
    for reply in [
        Reply::text(502, "text/html", "<html>"),
        Reply::text(200, "text/html", "<html>"),
        Reply::json(500, &json!({ "type": "internal", "message": "m" })),
    ] {
        let fake = Fake::start(move |seen| match seen.path.as_str() {
            "/actions" => reply.clone(),
            _ => healthy(seen),
        })
        .await;
        let outcome = super::assign_tag(&fake.url()).await;
        assert_eq!(outcome.class, Class::Transient, "{}", outcome.message);
        assert!(fake.seen_at("/act").is_empty());
    }
}

#[tokio::test]
async fn a_membrane_that_cannot_be_reached_leaves_the_readiness_unknown() {
    let client = super::client(super::settings(&closed_port().await), &super::clock());
    let readiness = client.readiness("main").await;
    assert!(
        matches!(&readiness, Readiness::Unknown(text) if text.contains("not sent")),
        "{readiness:?}"
    );
    let failed = client.check("main").await.expect_err("nobody there");
    assert_eq!(failed.class, Class::Transient);
}
