//! Every row of the table, the order of the rows, and that there is no answer without a class.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::fault::{Asked, is_error};
use super::super::wire::Answer;
use super::{Row, failure, refuses_token};
use crate::action::Class;

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        retry_after: None,
        body: Some(body).filter(|body| !body.is_null()),
    }
}

fn asked(input: &Value) -> Asked<'_> {
    Asked {
        what: "assign-tag",
        input,
        read_output: Some(crate::membrane::tests::read_output),
    }
}

fn judge(status: u16, body: Value) -> (Row, Class) {
    let verdict = failure(
        &answer(status, body),
        asked(&json!({})),
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(verdict.outcome.status, Some(status));
    (verdict.row, verdict.outcome.class)
}

/// `type key > type key`: an error and what caused it. No text is no body.
fn error(levels: &str) -> Value {
    let mut whole = Value::Null;
    for level in levels
        .split('>')
        .rev()
        .filter(|level| !level.trim().is_empty())
    {
        let mut words = level.split_whitespace();
        let mut error = json!({ "message": "m" });
        for name in ["type", "key"] {
            if let Some(word) = words.next() {
                error[name] = word.into();
            }
        }
        if !whole.is_null() {
            error["causedByError"] = whole;
        }
        whole = error;
    }
    whole
}

/// A failed run whose cause is the application's HTTP answer, in the form Membrane's own converter makes.
fn application(status: u16, data: Value) -> Value {
    let mut run = error("action_run > internal");
    run["causedByError"]["data"] = json!({ "response": { "status": status } });
    run["causedByError"]["data"]["response"]["data"] = data;
    run
}

/// Status, error, and what the table must say.
const OWN: &[(u16, &str, Row, Class)] = &[
    (502, "", Row::Gateway, Class::Unknown),
    (504, "never_heard", Row::Gateway, Class::Unknown),
    (
        503,
        "concurrency lock_timeout",
        Row::LockTimeout,
        Class::Transient,
    ),
    (
        400,
        "connection connection_is_defunct",
        Row::ConnectionDown,
        Class::ConnectionDown,
    ),
    (
        401,
        "connection access_token_expired",
        Row::ConnectionDown,
        Class::ConnectionDown,
    ),
    (
        400,
        "action_run > connection access_token_expired",
        Row::ConnectionDown,
        Class::ConnectionDown,
    ),
    (
        429,
        "action_run > x > connection connection_is_defunct",
        Row::ConnectionDown,
        Class::ConnectionDown,
    ),
    (429, "", Row::RateLimit, Class::RateLimited),
    (
        400,
        "bad_request rate_limit_exceeded",
        Row::RateLimit,
        Class::RateLimited,
    ),
    (
        400,
        "action_run > connection rate_limit_exceeded",
        Row::RateLimit,
        Class::RateLimited,
    ),
    (401, "", Row::OurToken, Class::OurToken),
    (401, "never_heard", Row::OurToken, Class::OurToken),
    (
        400,
        "bad_request not_authenticated",
        Row::OurToken,
        Class::OurToken,
    ),
    (
        400,
        "action_run > bad_request not_authenticated",
        Row::Broken,
        Class::Unknown,
    ),
    (
        403,
        "bad_request access_denied",
        Row::AccessDenied,
        Class::NotAllowed,
    ),
    (
        404,
        "bad_request not_found",
        Row::NotFound,
        Class::RuleWrong,
    ),
    (
        400,
        "action_run > concurrency lock_timeout",
        Row::LockTimeout,
        Class::Transient,
    ),
    (400, "insufficient_credit", Row::Credit, Class::NotAllowed),
    (400, "custom_code", Row::Setup, Class::Refused),
    (400, "action_run > custom_code", Row::Setup, Class::Refused),
    (400, "configuration", Row::Setup, Class::Refused),
    (400, "dependency_error", Row::Setup, Class::Refused),
    (400, "action_instance_setup", Row::Setup, Class::Refused),
    (400, "openrouter_not_configured", Row::Setup, Class::Refused),
    (
        400,
        "bad_request already_exists",
        Row::Setup,
        Class::Refused,
    ),
    (400, "bad_request", Row::Invalid, Class::RuleWrong),
    (400, "", Row::Invalid, Class::RuleWrong),
    (413, "", Row::Invalid, Class::RuleWrong),
    (422, "never_heard", Row::Invalid, Class::RuleWrong),
    (500, "internal", Row::Broken, Class::Unknown),
    (400, "internal", Row::Broken, Class::Unknown),
    (400, "action_run", Row::Broken, Class::Unknown),
    (500, "", Row::Broken, Class::Unknown),
    (418, "never_heard", Row::OtherRefused, Class::Refused),
    (403, "", Row::OtherRefused, Class::Refused),
    (404, "", Row::OtherRefused, Class::Refused),
    (302, "", Row::OtherRefused, Class::Refused),
    (520, "never_heard", Row::OtherBroken, Class::Unknown),
    (599, "", Row::OtherBroken, Class::Unknown),
];

#[test]
fn membranes_own_errors_have_the_row_and_class_of_the_table() {
    for (status, levels, row, class) in OWN {
        assert_eq!(
            judge(*status, error(levels)),
            (*row, *class),
            "{status} {levels}"
        );
    }
    let other_spelling = json!({ "code": "CONNECTION_DISCONNECTED", "message": "m" });
    assert_eq!(
        judge(400, other_spelling),
        (Row::ConnectionDown, Class::ConnectionDown)
    );
    assert_eq!(
        judge(401, json!("<html>")),
        (Row::OurToken, Class::OurToken)
    );
}

#[test]
fn the_applications_status_and_words_are_found_wherever_they_stand() {
    assert_eq!(
        judge(400, application(429, json!("Too many"))),
        (Row::RateLimit, Class::RateLimited)
    );
    let words = json!({ "status": "Error", "type": "243" });
    let cases = [
        (
            application(503, json!("down")),
            Row::ApplicationBroken,
            Class::Unknown,
        ),
        (
            application(500, words.clone()),
            Row::ApplicationBroken,
            Class::Unknown,
        ),
        (
            application(401, Value::Null),
            Row::ApplicationCredentials,
            Class::ConnectionDown,
        ),
        (
            application(403, Value::Null),
            Row::ApplicationCredentials,
            Class::ConnectionDown,
        ),
        (
            application(403, words.clone()),
            Row::Application,
            Class::TargetMissing,
        ),
        (
            application(404, json!("no")),
            Row::ApplicationRefused,
            Class::Refused,
        ),
        (
            application(422, words.clone()),
            Row::Application,
            Class::TargetMissing,
        ),
        (
            application(200, words.clone()),
            Row::Application,
            Class::TargetMissing,
        ),
        (
            json!({ "type": "action_run", "message": "m", "data": words }),
            Row::Application,
            Class::TargetMissing,
        ),
        (
            json!({ "type": "action_run", "message": "m", "data": { "status": 404 } }),
            Row::ApplicationRefused,
            Class::Refused,
        ),
        (
            json!({ "type": "action_run", "message": "m", "data": { "status": 7 } }),
            Row::Broken,
            Class::Unknown,
        ),
    ];
    for (body, row, class) in cases {
        assert_eq!(judge(400, body.clone()), (row, class), "{body}");
    }
}

#[test]
fn a_wait_is_read_from_the_answer_and_else_from_the_applications_headers() {
    let wait = |retry_after: Option<u64>, headers: Value| {
        let mut body = application(429, Value::Null);
        body["causedByError"]["data"]["response"]["headers"] = headers;
        let answer = Answer {
            retry_after: retry_after.map(Duration::from_secs),
            ..answer(400, body)
        };
        let verdict = failure(&answer, asked(&json!({})), Timestamp::UNIX_EPOCH);
        verdict.outcome.retry_after.map(|wait| wait.as_secs())
    };
    assert_eq!(wait(Some(5), json!({ "retry-after": "10" })), Some(5));
    assert_eq!(wait(None, json!({ "Retry-After": "10" })), Some(10));
    assert_eq!(wait(None, json!({ "retry-after": 10 })), Some(10));
    assert_eq!(wait(None, json!({ "retry-after": "86400" })), Some(900));
    assert_eq!(wait(None, json!({})), None);
}

#[test]
fn messages_say_what_where_and_what_to_do_on_one_short_line() {
    let message = |status, body| {
        failure(
            &answer(status, body),
            asked(&json!({})),
            Timestamp::UNIX_EPOCH,
        )
        .outcome
        .message
    };
    assert_eq!(
        message(
            400,
            json!({ "type": "bad_request", "message": "Invalid input: \"tag_name\" is required" })
        ),
        "assign-tag: Membrane does not accept the input (400 bad_request, \"Invalid input: \"tag_name\" is required\"): correct the step's input"
    );
    let broken = message(
        500,
        json!({ "type": "internal", "message": "Internal\nerror", "data": { "errorId": "err_01" } }),
    );
    assert!(
        broken.contains("\"Internal error\"")
            && broken.ends_with("quote err_01 to Membrane's support"),
        "{broken}"
    );
    let long = message(
        500,
        json!({ "type": "internal", "message": "x".repeat(100_000), "stack": "secret" }),
    );
    assert!(long.len() < 500 && !long.contains("secret"), "{long}");
}

#[test]
fn a_success_that_holds_an_error_is_none() {
    let error = json!({ "type": "connection", "key": "connection_is_defunct", "message": "m" });
    assert!(is_error(&answer(200, error)));
    for body in [
        json!({}),
        json!({ "output": { "type": "internal", "message": "m" } }),
        json!({ "output": null, "type": "internal", "message": "m" }),
        json!({ "actionRunId": "a1" }),
        json!({ "id": "c1", "type": "connection", "message": "m" }),
        json!({ "type": "connector", "message": "m" }),
    ] {
        assert!(!is_error(&answer(200, body.clone())), "{body}");
    }
}

fn any_error() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec![
        "bad_request",
        "connection",
        "internal",
        "action_run",
        "x",
        "",
    ]);
    let key = prop::sample::select(vec![
        "not_found",
        "rate_limit_exceeded",
        "lock_timeout",
        "x",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!("text")),
        Just(json!([1])),
        Just(json!({}))
    ];
    leaf.prop_recursive(40, 80, 2, move |inner| {
        (kind.clone(), key.clone(), 0..700_u16, inner).prop_map(|(kind, key, status, inner)| {
            json!({ "type": kind, "key": key, "data": { "response": { "status": status, "data": inner } }, "causedByError": inner })
        })
    })
}

proptest! {
    #[test]
    fn every_answer_without_success_has_a_class_that_is_none(status in 100..1000_u16, body in any_error()) {
        let answer = answer(status, body);
        let verdict = failure(&answer, asked(&Value::Null), Timestamp::UNIX_EPOCH);
        prop_assert!(!verdict.outcome.is_success());
        prop_assert!(!verdict.outcome.message.is_empty());
        prop_assert_eq!(!answer.is_success() && verdict.row == Row::OurToken, refuses_token(&answer));
    }
}
