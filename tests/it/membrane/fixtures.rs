//! Every exchange of the fixtures: what the client sends, and what it makes of the answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kartwheel::action::{Actions, Class, Evidence};
use serde_json::{Value, json};

use super::fake::{Fake, Reply, Seen, healthy};

mod capture;
mod desk;

/// Runs of actions: what the request must be is in the file; the class of the answer stands here.
const RUNS: &[(&str, Class)] = &[
    ("act-by-id", Class::Done),
    ("act-get-lead", Class::Done),
    ("act-grant-membership", Class::Done),
    ("act-no-output", Class::Done),
    ("act-output-kartra-error", Class::RuleWrong),
    ("act-output-kartra-nested-error", Class::RuleWrong),
    ("act-retrieve-account-tags", Class::Done),
    ("error-access-denied", Class::NotAllowed),
    ("error-access-token-expired", Class::ConnectionDown),
    ("error-action-not-found", Class::RuleWrong),
    ("error-already-exists", Class::Refused),
    ("error-configuration", Class::Refused),
    ("error-connection-defunct", Class::ConnectionDown),
    ("error-connection-disconnected-code", Class::ConnectionDown),
    ("error-custom-code", Class::Refused),
    ("error-external-direct", Class::TargetMissing),
    ("error-external-wrapped", Class::RuleWrong),
    ("error-external-wrapped-5xx", Class::Unknown),
    ("error-gateway-timeout", Class::Unknown),
    ("error-insufficient-credit", Class::NotAllowed),
    ("error-internal", Class::Unknown),
    ("error-lock-timeout", Class::Transient),
    ("error-not-authenticated", Class::OurToken),
    ("error-not-json", Class::Unknown),
    ("error-rate-limit-external", Class::RateLimited),
    ("error-rate-limit-membrane", Class::RateLimited),
    ("error-rate-limit-membrane-retry-after", Class::RateLimited),
    ("error-validation-input", Class::RuleWrong),
];

/// Answers that are read although the request is none of ours, with the reason why it is not.
const ANSWERS_ONLY: &[(&str, Class, &str)] = &[
    (
        "act-api",
        Class::Done,
        "raw calls go through the proxy, whose answer comes unchanged",
    ),
    (
        "error-validation-two-selectors",
        Class::RuleWrong,
        "we name an action in one way",
    ),
    (
        "error-validation-unknown-field",
        Class::RuleWrong,
        "we send no field that Membrane does not know",
    ),
];

/// Exchanges with a test of their own, here or in `setting_up`; some of them are asked at the desk as well.
const BY_THEMSELVES: &[&str] = &[
    "act-by-key",
    "action-run-legacy",
    "action-run-logs-list",
    "actions-list-no-key",
    "actions-list-page",
    "connection-get-disconnected",
    "connection-get-not-found",
    "self-get",
];

/// Exchanges that we never have, with the reason.
const NOT_SENT: &[(&str, &str)] = &[
    (
        "action-run-connection-level",
        "an older form; the first of them is the one we fall back to",
    ),
    (
        "action-run-log-details",
        "the list has what we look for: whether a run was done, and its answer",
    ),
    ("action-run-log-get", "the list has the same record"),
    (
        "auth-jwt-vectors",
        "no exchange; membrane::token signs them bit by bit",
    ),
    (
        "auth-oauth-metadata",
        "a login in a browser is for people; we take its outcome on stdin",
    ),
    (
        "auth-oauth-token-refresh",
        "a login in a browser is for people; we take its outcome on stdin",
    ),
    ("auth-workspace-access-token", "we sign our own tokens"),
    ("connection-disconnect", "nothing of ours ends a connection"),
    (
        "sdk-wire-capture",
        "what another client sends; `capture` compares",
    ),
    (
        "search",
        "a catalogue of all applications; ours is one, and its actions are listed with its connection",
    ),
    (
        "webhook-connection-disconnected",
        "sent by Membrane, not to it",
    ),
];

fn folder() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/membrane-fixtures"
    ))
}

pub(super) fn fixture(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).expect(name);
    serde_json::from_str(&text).expect(name)
}

pub(super) fn reply_of(fixture: &Value) -> Reply {
    let response = &fixture["response"];
    let status = response["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let body = match response["body_text"].as_str() {
        Some(text) => text.to_owned(),
        None => response["body"].to_string(),
    };
    Reply {
        status: status.expect("a status"),
        headers: response["headers"]
            .as_object()
            .expect("headers")
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
            .collect(),
        body: body.into_bytes(),
        silent: false,
    }
}

/// What the wire capture of Membrane's own client adds to the query of a fixture.
fn query_of(request: &Value) -> Value {
    let mut query = request.get("query").cloned().unwrap_or(json!({}));
    let path = request["path"].as_str().unwrap_or_default();
    let is_one = path
        .strip_prefix("/connections/")
        .is_some_and(|id| !id.contains('/'));
    if is_one && request["method"] == "GET" && query.get("wait").is_none() {
        query["includeSecrets"] = "false".into();
    }
    query
}

/// Method, path, query, the three headers and the body are those of the file. `meta` is compared by the caller.
pub(super) fn assert_sent(name: &str, seen: &Seen, request: &Value) {
    assert_sent_with(name, seen, request, &query_of(request));
}

/// The same, with this query instead of the file's.
fn assert_sent_with(name: &str, seen: &Seen, request: &Value, query: &Value) {
    assert_eq!(seen.method, request["method"], "{name}");
    assert_eq!(seen.path, request["path"], "{name}");
    assert_eq!(seen.query, *query, "{name}");
    for header in ["membrane-api-version", "accept"] {
        assert_eq!(seen.header(header), request["headers"][header], "{name}");
    }
    let content_type = request["headers"]["content-type"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(seen.header("content-type"), content_type, "{name}");
    // In one piece, with its length announced: not every server takes chunks.
    let has_body = request.get("body").is_some() || request.get("body_text").is_some();
    let length = seen.header("content-length");
    assert_eq!(!matches!(length, "" | "0"), has_body, "{name}: {length}");
    if let Some(text) = request["body_text"].as_str() {
        assert_eq!(seen.text, text, "{name}");
    }
    let token = seen
        .header("authorization")
        .strip_prefix("Bearer ")
        .expect("a bearer token");
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(
        (parts[0], parts.len()),
        ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", 3),
        "{name}"
    );
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(claims["id"], "acct_42", "{name}");
    assert_eq!(
        claims["iss"], "11111111-2222-3333-4444-555555555555",
        "{name}"
    );
    let mut body = seen.body.clone();
    let mut expected = request.get("body").cloned().unwrap_or(Value::Null);
    for body in [&mut body, &mut expected] {
        if let Some(body) = body.as_object_mut() {
            body.remove("meta");
        }
    }
    assert_eq!(body, expected, "{name}");
}

fn verb_of(id: &Value) -> &'static str {
    match id.as_str() {
        Some("68a000000000000000000002") => "grant-membership-access",
        Some("68a000000000000000000004") => "get-lead",
        Some("68a000000000000000000006") => "retrieve-account-tags",
        _ => "assign-tag",
    }
}

#[test]
fn every_fixture_is_in_one_list() {
    let mut listed: BTreeMap<&str, usize> = BTreeMap::new();
    let names = RUNS.iter().map(|(name, _)| name);
    let names = names.chain(ANSWERS_ONLY.iter().map(|(name, ..)| name));
    let names = names
        .chain(BY_THEMSELVES)
        .chain(NOT_SENT.iter().map(|(name, _)| name));
    for name in names {
        *listed.entry(name).or_default() += 1;
    }
    // The desk asks some of what the client asks too.
    for (name, _) in desk::ASKED {
        assert!(NOT_SENT.iter().all(|(other, _)| other != name), "{name}");
        listed.entry(name).or_insert(1);
    }
    for entry in std::fs::read_dir(folder()).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        assert_eq!(listed.remove(name.as_str()), Some(1), "{name}");
    }
    assert!(listed.is_empty(), "no such files: {listed:?}");
}

#[tokio::test]
async fn runs_are_sent_as_the_fixtures_say_and_their_answers_have_their_class() {
    for (name, class) in RUNS {
        let file = fixture(name);
        let request = file["request"].clone();
        let reply = reply_of(&file);
        let (id, verb) = (
            request["body"]["id"].clone(),
            verb_of(&request["body"]["id"]),
        );
        let fake = Fake::start(move |seen| match seen.path.as_str() {
            "/act" => reply.clone(),
            "/actions" => Reply::json(200, &json!({ "items": [{ "id": id, "key": verb }] })),
            _ => healthy(seen),
        })
        .await;
        let clock = super::clock();
        let client = super::client(super::settings(&fake.url()), &clock);
        let call = super::call(&clock, verb, request["body"]["input"].clone());
        let outcome = client.call(&call).await;
        assert_eq!(outcome.class, *class, "{name}: {}", outcome.message);
        let acts = fake.seen_at("/act");
        let sends = if *class == Class::OurToken { 2 } else { 1 };
        assert_eq!(acts.len(), sends, "{name}");
        assert_sent(name, &acts[0], &request);
        assert_eq!(
            acts[0].body["meta"],
            json!({ "runId": call.run, "step": "2", "attempt": 1 }),
            "{name}"
        );
        let run_id = file["response"]["body"]["actionRunId"].as_str();
        assert_eq!(outcome.action_run_id.as_deref(), run_id, "{name}");
        let wait = file["response"]["headers"]["retry-after"].as_str();
        let wait = wait.map(|seconds| Duration::from_secs(seconds.parse().expect("a number")));
        assert_eq!(outcome.retry_after, wait, "{name}");
    }
}

#[tokio::test]
async fn answers_to_requests_of_others_have_their_class() {
    for (name, class, _) in ANSWERS_ONLY {
        let reply = reply_of(&fixture(name));
        let fake = Fake::acting(move |_| reply.clone()).await;
        let outcome = super::assign_tag(&fake.url()).await;
        assert_eq!(outcome.class, *class, "{name}: {}", outcome.message);
    }
}

#[tokio::test]
async fn an_action_that_is_not_in_the_list_is_run_by_its_key() {
    let file = fixture("act-by-key");
    let reply = reply_of(&file);
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/act" => reply.clone(),
        _ => Reply::json(200, &json!({ "items": [] })),
    })
    .await;
    assert_eq!(super::assign_tag(&fake.url()).await.class, Class::Done);
    assert_sent("act-by-key", &fake.seen_at("/act")[0], &file["request"]);
}

#[tokio::test]
async fn a_membrane_without_act_is_asked_in_the_older_form_from_then_on() {
    let file = fixture("action-run-legacy");
    let path = file["request"]["path"].as_str().expect("text").to_owned();
    let (reply, older) = (reply_of(&file), path.clone());
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/act" => Reply::text(404, "text/html", "<html>404</html>"),
        path if path == older => reply.clone(),
        _ => healthy(seen),
    })
    .await;
    let clock = super::clock();
    let client = super::client(super::settings(&fake.url()), &clock);
    for _ in 0..2 {
        let outcome = client
            .call(&super::call(&clock, "assign-tag", super::tag()))
            .await;
        assert_eq!(outcome.class, Class::Done, "{}", outcome.message);
    }
    assert_eq!(fake.seen_at("/act").len(), 1);
    let runs = fake.seen_at(&path);
    assert_eq!(runs.len(), 2);
    assert_sent("action-run-legacy", &runs[0], &file["request"]);
    assert_eq!(runs[1].body["meta"]["attempt"], 1);
}

#[tokio::test]
async fn what_became_of_a_lost_answer_is_asked_of_the_run_logs() {
    let file = fixture("action-run-logs-list");
    let clock = super::clock();
    let call = super::call(&clock, "assign-tag", super::tag());
    let mut listed = file.clone();
    for run in listed["response"]["body"]["items"]
        .as_array_mut()
        .expect("runs")
    {
        run["meta"] = json!({ "runId": call.run, "step": call.step, "attempt": call.attempt });
    }
    let reply = reply_of(&listed);
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/action-run-logs" => reply.clone(),
        _ => healthy(seen),
    })
    .await;
    let client = super::client(super::settings(&fake.url()), &clock);
    let evidence = client.look_back(&call).await;
    let seen = &fake.seen_at("/action-run-logs")[0];
    // As much as Membrane gives at once; the file's page is a small one.
    let mut query = file["request"]["query"].clone();
    query["limit"] = "1000".into();
    assert_sent_with("action-run-logs-list", seen, &file["request"], &query);
    let Evidence::Outcome(outcome) = evidence else {
        panic!("{evidence:?}");
    };
    assert_eq!(outcome.class, Class::Done, "{}", outcome.message);
    let id = &file["response"]["body"]["items"][0]["id"];
    assert_eq!(outcome.action_run_id.as_deref(), id.as_str());
}
