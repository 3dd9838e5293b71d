//! Somebody else's client drives the sandbox: `@membranehq/sdk` from npm, on Node.

mod runs;

use std::path::Path;
use std::process::Command;

use kartwheel::kartra::ACTIONS;
use kartwheel::sandbox::{CONNECTION_ID, Options, RecordedCall, Sandbox, routes};
use serde_json::{Value, json};

/// Where `scripts/test` puts the client, and Node when the machine has none that is new enough.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk");
/// The first version of Node with all that the client needs: it signs with the global `crypto`, which 18 lacks.
const NODE_MAJOR_MIN: u32 = 20;

/// Node from npm if it was put beside the client, and the machine's otherwise. An old or absent one ends the test.
pub(crate) fn node() -> String {
    let own = format!("{FOLDER}/node_modules/.bin/node");
    let node = if Path::new(&own).exists() {
        own
    } else {
        "node".to_owned()
    };
    let asked = Command::new(&node).arg("--version").output();
    let version = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let version = version.unwrap_or_else(|error| format!("nothing ({error})"));
    let major = version.trim_start_matches('v').split('.').next();
    assert!(
        major.and_then(|major| major.parse().ok()) >= Some(NODE_MAJOR_MIN),
        "this test needs Node {NODE_MAJOR_MIN} or newer, and `{node} --version` gave {version:?}; \
         `scripts/test` brings one, or: npm install --no-save --prefix {FOLDER} node@22"
    );
    node
}

/// Ends the test where this package of a folder's lock file is not there.
pub(crate) fn require(folder: &str, package: &str) {
    assert!(
        Path::new(folder)
            .join("node_modules")
            .join(package)
            .exists(),
        "this test needs the npm package {package}; `scripts/test` brings it, or: npm ci --omit=dev --prefix {folder}"
    );
}

/// What a script of the folder prints when it drives this sandbox. That it fails ends the test with its own words.
async fn drive(sandbox: &Sandbox, script: &'static str, more: Vec<String>) -> Value {
    require(FOLDER, "@membranehq/sdk");
    let (node, url) = (node(), sandbox.url());
    let driven = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(node);
        command.current_dir(FOLDER).args([script, &url]).args(more);
        command.output().expect("Node runs")
    });
    let driven = driven.await.expect("the script ends");
    let said = String::from_utf8_lossy(&driven.stderr);
    assert!(driven.status.success(), "the client failed: {said}");
    serde_json::from_slice(&driven.stdout).expect("one JSON object")
}

/// Every route of the sandbox, and how Membrane's client calls it: as it stands in `every.mjs`. Nothing where the client
/// has no method for it; there its general `get` and `post` do, and the answer is held against the client's schema.
const ROUTES: &[(&str, &str, Option<&str>)] = &[
    ("GET", "/self", Some("client.self.get()")),
    ("GET", "/search", None),
    ("POST", "/connections/ensure", None),
    ("GET", "/connections", Some("client.connections.find(")),
    ("GET", "/connections/{connection}", Some("connection.get()")),
    (
        "PATCH",
        "/connections/{connection}",
        Some("connection.patch("),
    ),
    ("PUT", "/connections/{connection}", Some("connection.put(")),
    (
        "DELETE",
        "/connections/{connection}",
        Some("connection.archive()"),
    ),
    ("POST", "/connections/{connection}/restore", None),
    ("POST", "/connections/{connection}/test", None),
    (
        "POST",
        "/connections/{connection}/refresh-credentials",
        Some("connection.refreshCredentials()"),
    ),
    ("POST", "/connections/{connection}/disconnect", None),
    (
        "GET",
        "/connections/{connection}/actions",
        Some("connection.actions.list()"),
    ),
    (
        "GET",
        "/connections/{connection}/actions/{action}",
        Some("connection.action('assign-tag').get()"),
    ),
    (
        "POST",
        "/connections/{connection}/actions/{action}/run",
        Some("client.connection(connectionId).action('assign-tag').run("),
    ),
    ("*", "/connections/{connection}/proxy", None),
    (
        "*",
        "/connections/{connection}/proxy/",
        Some("proxy.post('/'"),
    ),
    (
        "*",
        "/connections/{connection}/proxy/{*path}",
        Some("proxy.get('leads/1')"),
    ),
    ("POST", "/connection-requests", None),
    ("GET", "/connection-requests/{request}", None),
    ("GET", "/actions", Some("client.actions.find(")),
    (
        "GET",
        "/actions/{action}",
        Some("client.action(byKey.id).get()"),
    ),
    (
        "POST",
        "/actions/{action}/run",
        Some("client.action(assignTag).run("),
    ),
    (
        "GET",
        "/action",
        Some("client.action({ key: 'assign-tag', connectionId }).get()"),
    ),
    (
        "POST",
        "/action/run",
        Some("client.action({ key: 'assign-tag', connectionId }).run("),
    ),
    ("POST", "/act", None),
    ("GET", "/action-run-logs", None),
    ("GET", "/action-run-logs/{log}", None),
    ("GET", "/action-run-logs/{log}/details", None),
];

/// Whether a request is for this route.
fn is_for((method, pattern): (&str, &str), call: &RecordedCall) -> bool {
    if method != "*" && method != call.method {
        return false;
    }
    let mut parts = call.path.split('/');
    for wanted in pattern.split('/') {
        let Some(part) = parts.next() else {
            return false;
        };
        if wanted.starts_with("{*") {
            return !part.is_empty();
        }
        let is_filled_in = wanted.starts_with('{') && !part.is_empty();
        if wanted != part && !is_filled_in {
            return false;
        }
    }
    parts.next().is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn membranes_own_client_drives_every_route_that_there_is() {
    let listed: Vec<_> = ROUTES
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .collect();
    assert_eq!(
        listed,
        routes().collect::<Vec<_>>(),
        "all routes, in their order"
    );
    let script = std::fs::read_to_string(format!("{FOLDER}/every.mjs")).expect("the script");
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let told = drive(&sandbox, "every.mjs", Vec::new()).await;
    let calls = sandbox.world().calls();
    for (method, path, by) in ROUTES {
        let called = by.unwrap_or("a general method");
        assert!(
            by.is_none_or(|by| script.contains(by)),
            "{called} is not in every.mjs"
        );
        let driven = calls.iter().any(|call| is_for((method, path), call));
        assert!(driven, "nothing called {method} {path}");
    }
    for call in &calls {
        let header = |name: &str| call.headers.iter().find(|(known, _)| known == name);
        let version = header("membrane-api-version").map(|(_, version)| version.as_str());
        assert_eq!(version, Some("2025-10-21"), "{}", call.path);
    }

    assert_eq!(told["found"], "Kartra");
    let connected = &told["connected"];
    assert_eq!(connected["id"], CONNECTION_ID);
    assert_eq!(connected["renamed"], json!(["Shop", "shop"]));
    assert_eq!(connected["replaced"], json!(["Store", null]));
    assert_eq!(connected["tested"], true);
    assert_eq!(
        connected["lost"],
        json!(["CLIENT_ACTION_REQUIRED", "connect"])
    );
    assert_eq!(connected["done"], json!(["success", true]));
    assert_eq!(connected["gone"][2], "not_found");
    assert_eq!(connected["back"], "READY");
    let states = told["seen"].as_object().expect("states");
    assert_eq!(states.len(), 6, "{states:?}");
    assert_eq!(
        told["logged"],
        json!({ "listed": 5, "meta": { "runId": "r-1" }, "details": 1 })
    );
    assert_eq!(told["ran"]["proxied"], json!(["104", "103", "104"]));
    let ada = sandbox.world().lead("ada@example.com").expect("a lead");
    assert!(
        ada.has_tag("vip"),
        "by the last that was cut off after its work"
    );
    let done = |verb: &str| sandbox.world().effects_of(verb).len();
    assert_eq!((done("create-lead"), done("unassign-tag")), (1, 2));
    assert_eq!(
        done("assign-tag"),
        4 + 1 + 2,
        "run, raw, and done without an answer"
    );
    assert_failures(&told["failed"]);
    sandbox.stop().await;
}

/// Each failure is the class that the client has for it; what names no type that it knows is a plain HTTP error.
fn assert_failures(told: &Value) {
    let bad = |key: Value| json!(["BadRequestError", "bad_request", key]);
    let none = || json!(["AxiosError", null, null]);
    let of = |class: &str, kind: &str| json!([class, kind, null]);
    let connection = |key: &str| json!(["ConnectionError", "connection", key]);
    let expected = json!({
        "wrong token": bad(json!("not_authenticated")),
        "wrong workspace": bad(json!("not_authenticated")),
        "unknown connection": bad(json!("not_found")),
        "unknown action": bad(json!("not_found")),
        "unknown run log": bad(json!("not_found")),
        "missing input": bad(Value::Null),
        "two selectors": bad(Value::Null),
        "bad address": bad(Value::Null),
        "bad limit": bad(Value::Null),
        "lock_timeout": ["ConcurrencyError", "concurrency", "lock_timeout"],
        "token_rejected": bad(json!("not_authenticated")),
        "access_denied": bad(json!("access_denied")),
        "insufficient_credit": of("InsufficientCreditsError", "insufficient_credit"),
        "internal": of("InternalError", "internal"),
        "action_not_found": bad(json!("not_found")),
        "connection_defunct": connection("connection_is_defunct"),
        "access_token_expired": connection("access_token_expired"),
        "connection_disconnected_code": none(),
        "drop_after": none(),
        "html_502_after": none(),
        r#"{"rate_limited":{"retry_after":1}}"#: bad(json!("rate_limit_exceeded")),
        r#"{"rate_limited_by_kartra":{}}"#: connection("rate_limit_exceeded"),
        r#"{"external":{"status":503}}"#: of("ActionRunError", "action_run"),
        r#"{"kartra_error":{"number":212,"form":"failed"}}"#: of("ActionRunError", "action_run"),
        r#"{"error_of_type":"custom_code"}"#: of("CustomCodeError", "custom_code"),
        r#"{"error_of_type":"configuration"}"#: of("ConfigurationError", "configuration"),
        r#"{"error_of_type":"dependency_error"}"#: of("DependencyError", "dependency_error"),
    });
    assert_eq!(*told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn membranes_own_client_lists_actions_and_runs_them() {
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let told = drive(&sandbox, "drive.mjs", Vec::new()).await;

    assert_eq!(told["tenant"], "sdk-tenant");
    assert_eq!(told["state"], "READY");
    assert_eq!(told["best"], "assign-tag");
    let keys: Vec<_> = ACTIONS.iter().map(|action| action.key).collect();
    assert_eq!(told["keys"], json!(keys));
    assert_eq!(told["ofConnection"], 20);
    assert_eq!(told["required"], json!(["tag_name"]));
    assert_eq!(told["tagged"]["actions"][0]["assign_tag"]["type"], "103");
    assert!(told["runId"].is_string());
    assert_eq!(told["byKey"], true);
    assert_eq!(told["proxied"]["actions"][0]["unassign_tag"]["type"], "104");
    let refused = json!({ "kind": "BadRequestError", "type": "bad_request" });
    assert_eq!(told["refused"], refused, "an error it knows");

    let ada = sandbox.world().lead("ada@example.com").expect("a lead");
    assert_eq!(ada.field("first_name"), "Ada");
    assert!(ada.is_on_list("Newsletter") && !ada.has_tag("vip"));
    let effects = sandbox.world().effects();
    let verbs: Vec<_> = effects.iter().map(|effect| effect.verb.as_str()).collect();
    assert_eq!(
        verbs,
        [
            "create-lead",
            "assign-tag",
            "subscribe-lead-to-list",
            "unassign-tag"
        ]
    );
    sandbox.stop().await;
}
