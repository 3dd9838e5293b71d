//! The run logs as Membrane may show them: every kind of entry, pages, marks in other types, and logs that cannot be read.

use kartwheel::action::{Actions, Call, Class, Evidence, Look, Seen};
use serde_json::{Value, json};

use super::fake::{CONNECTION, Fake, Reply, healthy};
use super::world::{client_looking, nothing_to_see};

/// What is in the log of a call, by the call.
type Entries = fn(&Call) -> Value;

fn entry(call: &Call, status: &str, more: &Value) -> Value {
    let mut entry = json!({
        "id": "6900000000000000000000a1",
        "name": "Assign Tag to Lead",
        "status": status,
        "createdAt": "2026-10-05T12:00:00.000Z",
        "meta": { "runId": call.run, "step": "2", "attempt": 1 },
        "input": &*call.input,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        entry[name] = value.clone();
    }
    entry
}

fn failed(call: &Call, error: &Value) -> Value {
    json!([entry(call, "error", &json!({ "error": error }))])
}

async fn look(reply: impl Fn(&Call) -> Reply) -> (Evidence, Fake) {
    look_at(reply, nothing_to_see).await
}

/// Looks back at a call whose log is answered so.
async fn look_at(
    reply: impl Fn(&Call) -> Reply,
    next: fn(&str, &Value, &[Seen]) -> Look,
) -> (Evidence, Fake) {
    let clock = super::clock();
    let call = super::call(&clock, "assign-tag", super::tag());
    let reply = reply(&call);
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/action-run-logs" => reply.clone(),
        _ => healthy(seen),
    })
    .await;
    let client = client_looking(super::settings(&fake.url()), next, &clock);
    (client.look_back(&call).await, fake)
}

async fn look_in(items: Entries) -> Evidence {
    look(|call| Reply::json(200, &json!({ "items": items(call) })))
        .await
        .0
}

/// Errors that tell what became of the call, and their class.
fn telling() -> Vec<(Class, Value)> {
    vec![
        (
            Class::ConnectionDown,
            json!({ "type": "connection", "key": "connection_is_defunct", "message": "m" }),
        ),
        (
            Class::RateLimited,
            json!({ "type": "connection", "key": "rate_limit_exceeded", "message": "m" }),
        ),
        (
            Class::RateLimited,
            json!({ "type": "internal", "message": "m", "data": { "response": { "status": 429, "headers": { "retry-after": "30" } } } }),
        ),
        (
            Class::Transient,
            json!({ "type": "concurrency", "key": "lock_timeout", "message": "m" }),
        ),
        (
            Class::RuleWrong,
            json!({ "type": "bad_request", "message": "Invalid input" }),
        ),
        (
            Class::NotAllowed,
            json!({ "type": "bad_request", "key": "access_denied", "message": "m" }),
        ),
        (
            Class::NotAllowed,
            json!({ "type": "insufficient_credit", "message": "m" }),
        ),
        (
            Class::Refused,
            json!({ "type": "custom_code", "message": "m" }),
        ),
        (
            Class::TargetMissing,
            json!({ "type": "action_run", "message": "m", "data": { "status": "Error", "message": "No lead found", "type": "243" } }),
        ),
        (
            Class::Refused,
            json!({ "type": "action_run", "message": "m", "causedByError": { "type": "internal", "message": "m", "data": { "response": { "status": 404, "data": "" } } } }),
        ),
    ]
}

#[tokio::test]
async fn every_error_in_the_log_has_the_class_of_a_direct_answer() {
    for (class, error) in telling() {
        let (evidence, fake) =
            look(|call| Reply::json(200, &json!({ "items": failed(call, &error) }))).await;
        let Evidence::Outcome(outcome) = evidence else {
            panic!("{error}: {evidence:?}");
        };
        assert_eq!(outcome.class, class, "{error}: {}", outcome.message);
        assert_eq!(outcome.retry_after, None, "it was asked for long ago");
        assert_eq!(
            outcome.action_run_id.as_deref(),
            Some("6900000000000000000000a1")
        );
        assert!(fake.seen_at("/act").is_empty());
    }
    for error in [
        json!({ "type": "internal", "message": "m", "data": { "errorId": "err_1" } }),
        json!({ "type": "action_run", "message": "m" }),
        json!({ "type": "never_heard", "message": "m" }),
        json!({ "message": "m" }),
        json!("broken"),
        Value::Null,
    ] {
        let (evidence, _) =
            look(|call| Reply::json(200, &json!({ "items": failed(call, &error) }))).await;
        let Evidence::Unclear(text) = evidence else {
            panic!("{error}: {evidence:?}");
        };
        assert!(text.contains("has it as failed"), "{text}");
    }
}

#[tokio::test]
async fn credentials_that_kartra_refused_are_judged_by_the_connections_state() {
    let evidence = look_in(|call| {
        failed(
            call,
            &json!({ "type": "internal", "message": "m", "data": { "response": { "status": 403, "data": "" } } }),
        )
    })
    .await;
    assert!(matches!(evidence, Evidence::Outcome(outcome) if outcome.class == Class::NotAllowed));
}

#[tokio::test]
async fn a_success_wins_over_everything_and_the_mark_may_come_in_other_types() {
    let evidence = look_in(|call| {
        let error = json!({ "type": "connection", "key": "connection_is_defunct", "message": "m" });
        let good = json!({
            "output": { "status": "Success" },
            "id": "a2",
            "createdAt": "2026-10-05T11:59:59.000Z",
            "meta": { "runId": call.run.to_string().to_uppercase(), "step": 2, "attempt": "1" },
        });
        json!([
            entry(call, "error", &json!({ "error": error })),
            entry(call, "success", &good),
            entry(call, "running", &json!({})),
        ])
    })
    .await;
    let Evidence::Outcome(outcome) = evidence else {
        panic!("{evidence:?}");
    };
    assert_eq!(outcome.class, Class::Done);
    assert_eq!(
        outcome.message,
        "done (the answer was lost; so says Membrane's run log a2 of 2026-10-05T11:59:59Z)"
    );
}

#[tokio::test]
async fn what_does_not_tell_is_said_with_what_was_seen() {
    let cases: [(&str, Entries); 4] = [
        ("calls it a success, but: ", |call| {
            json!([entry(call, "success", &json!({ "output": "gibberish" }))])
        }),
        ("says of it \"running\"", |call| {
            json!([entry(call, "running", &json!({}))])
        }),
        ("has the same input and does not say whose it is", |call| {
            json!([entry(call, "success", &json!({ "meta": null }))])
        }),
        ("show nothing of it", |call| {
            let other = json!({ "meta": { "runId": call.step, "step": "2" }, "input": {} });
            let late = json!({ "meta": null, "createdAt": "2026-10-05T12:30:00Z" });
            let foreign =
                json!({ "meta": { "runId": uuid::Uuid::nil(), "step": "2", "attempt": 1 } });
            json!([
                entry(call, "success", &other),
                entry(call, "success", &late),
                entry(call, "success", &foreign),
            ])
        }),
    ];
    for (says, items) in cases {
        let evidence = look_in(items).await;
        let (Evidence::Unclear(text) | Evidence::NotDone(text)) = &evidence else {
            panic!("{evidence:?}");
        };
        assert!(text.contains(says), "{text}");
        let is_silent = says == "show nothing of it";
        assert_eq!(
            matches!(evidence, Evidence::NotDone(_)),
            is_silent,
            "{text}"
        );
    }
}

#[tokio::test]
async fn pages_are_read_to_the_end_but_not_for_ever() {
    let clock = super::clock();
    let call = super::call(&clock, "assign-tag", super::tag());
    let last = json!([entry(
        &call,
        "success",
        &json!({ "output": { "status": "Success" } })
    )]);
    let fake = Fake::start(
        move |seen| match (seen.path.as_str(), seen.query["cursor"].as_str()) {
            ("/action-run-logs", None) => Reply::json(200, &json!({ "items": [], "cursor": "c2" })),
            ("/action-run-logs", Some(_)) => Reply::json(200, &json!({ "items": last })),
            _ => healthy(seen),
        },
    )
    .await;
    let client = super::client(super::settings(&fake.url()), &clock);
    assert!(matches!(
        client.look_back(&call).await,
        Evidence::Outcome(_)
    ));
    let pages = fake.seen_at("/action-run-logs");
    assert_eq!(
        pages[0].query,
        json!({ "connectionId": CONNECTION, "from": "2026-10-05T11:59:00.000Z", "limit": "1000" })
    );
    assert_eq!((pages.len(), &pages[1].query["cursor"]), (2, &json!("c2")));

    let count = std::sync::atomic::AtomicUsize::new(0);
    let endless = Fake::start(move |seen| match seen.path.as_str() {
        "/action-run-logs" => {
            let next = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Reply::json(200, &json!({ "items": [], "cursor": next }))
        }
        _ => healthy(seen),
    })
    .await;
    let client = client_looking(super::settings(&endless.url()), nothing_to_see, &clock);
    let evidence = client.look_back(&call).await;
    assert!(
        matches!(&evidence, Evidence::Unclear(text) if text.contains("too long to be read whole")),
        "{evidence:?}"
    );
    assert_eq!(endless.seen_at("/action-run-logs").len(), 5);
}

fn not_there(_: &str, _: &Value, seen: &[Seen]) -> Look {
    match seen {
        [] => Look::Read {
            verb: "get-lead",
            input: json!({ "email": "ada@example.com" }),
        },
        _ => Look::Found(Evidence::NotDone("the lead has no such tag".into())),
    }
}

#[tokio::test]
async fn logs_that_are_never_to_be_read_leave_it_to_the_account() {
    let denied = json!({ "type": "bad_request", "key": "access_denied", "message": "m" });
    let missing = json!({ "type": "bad_request", "key": "not_found", "message": "no such route" });
    for reply in [Reply::json(403, &denied), Reply::json(404, &missing)] {
        let (evidence, _) = look_at(|_| reply.clone(), not_there).await;
        assert_eq!(
            evidence,
            Evidence::NotDone(
                "the lead has no such tag; Membrane does not show us its run logs".into()
            )
        );
        let (evidence, _) = look(|_| reply.clone()).await;
        assert_eq!(
            evidence,
            Evidence::Unclear(
                "the account has nothing to see; Membrane does not show us its run logs".into()
            )
        );
    }
}

#[tokio::test]
async fn logs_that_cannot_be_read_now_are_asked_again_unless_the_account_shows_it() {
    let done: fn(&str, &Value, &[Seen]) -> Look = |_, _, _| {
        let outcome = kartwheel::action::Outcome::new(Class::Already, "it is there");
        Look::Found(Evidence::Outcome(outcome))
    };
    for (reply, class) in [
        (Reply::text(502, "text/html", "<html>"), Class::Transient),
        (Reply::text(200, "text/html", "<html>"), Class::Transient),
        (Reply::json(429, &Value::Null), Class::RateLimited),
    ] {
        for next in [nothing_to_see, not_there] {
            let (evidence, _) = look_at(|_| reply.clone(), next).await;
            let Evidence::Failed(outcome) = evidence else {
                panic!("{evidence:?}");
            };
            assert_eq!(outcome.class, class, "{}", outcome.message);
        }
        let (evidence, _) = look_at(|_| reply.clone(), done).await;
        assert!(matches!(evidence, Evidence::Outcome(outcome) if outcome.class == Class::Already));
    }
}
