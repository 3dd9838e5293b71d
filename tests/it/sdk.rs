//! Somebody else's client drives the sandbox: `@membranehq/sdk` from npm, on Node.

use std::path::Path;
use std::process::Command;

use kartwheel::kartra::ACTIONS;
use kartwheel::sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// Where `scripts/test` puts the client, and Node when the machine has none that is new enough.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk");
/// The first version of Node with all that the client needs: it signs with the global `crypto`, which 18 lacks.
const NODE_MAJOR_MIN: u32 = 20;

/// Node from npm if it was put beside the client, and the machine's otherwise. An old or absent one ends the test.
fn node() -> String {
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
    assert!(
        Path::new(FOLDER)
            .join("node_modules/@membranehq/sdk")
            .exists(),
        "this test needs Membrane's client; `scripts/test` brings it, or: npm ci --omit=dev --prefix {FOLDER}"
    );
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn membranes_own_client_lists_actions_and_runs_them() {
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let (node, url) = (node(), sandbox.url());
    let driven = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(node);
        command.current_dir(FOLDER).args(["drive.mjs", &url]);
        command.output().expect("Node runs")
    });
    let driven = driven.await.expect("the script ends");
    let said = String::from_utf8_lossy(&driven.stderr);
    assert!(driven.status.success(), "the client failed: {said}");
    let told: Value = serde_json::from_slice(&driven.stdout).expect("one JSON object");

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
