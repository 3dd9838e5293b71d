//! `actions`, `request`, `catalog` and `doctor` against a sandbox whose ledger is the judge of what reached the account.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use kartwheel::sandbox::{CONNECTION_ID, Fault, FaultKind, On, Options, RecordedCall, Sandbox};
use serde_json::{Value, json};

use crate::cli::{Said, command, kartwheel};

/// A project that reaches a sandbox of its own.
struct Outlook {
    sandbox: Sandbox,
    dir: PathBuf,
    _temporary: tempfile::TempDir,
}

impl Outlook {
    async fn open() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().to_owned();
        let settings = format!(
            "timezone: UTC\nlisten: 127.0.0.1:0\nconsole: {{ listen: 127.0.0.1:9 }}\n\
             membrane: {{ url: \"{}\", token: env:MEMBRANE_TOKEN }}\n\
             connections:\n  main: {{ id: {CONNECTION_ID} }}\n  other: {{ id: nowhere }}\n",
            sandbox.url()
        );
        std::fs::write(dir.join("kartwheel.yaml"), settings).unwrap();
        std::fs::write(dir.join(".env"), "MEMBRANE_TOKEN=sandbox-token\n").unwrap();
        Self {
            sandbox,
            dir,
            _temporary: temporary,
        }
    }

    /// Runs a command on `main`, while the sandbox answers.
    async fn run(&self, arguments: &[&str]) -> Said {
        let dir = self.dir.clone();
        let mut arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        arguments.extend(["--connection".to_owned(), "main".to_owned()]);
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            kartwheel(&dir, &arguments)
        })
        .await
        .unwrap()
    }

    fn runs(&self) -> Vec<RecordedCall> {
        let calls = self.sandbox.world().calls();
        calls
            .into_iter()
            .filter(|call| call.path == "/act")
            .collect()
    }

    fn proxied(&self) -> Vec<RecordedCall> {
        let calls = self.sandbox.world().calls();
        let is_proxied = |call: &RecordedCall| call.path.contains("/proxy/");
        calls.into_iter().filter(is_proxied).collect()
    }

    fn fault(&self, on: On, fault: FaultKind) {
        self.sandbox.world().add_fault(Fault {
            on,
            ..Fault::new(fault)
        });
    }
}

const LEAD: &str = r#"{"email": "grace.hopper@example.com", "tag_name": "vip"}"#;

#[tokio::test]
async fn what_changes_something_is_sent_with_yes_alone_and_once() {
    let outlook = Outlook::open().await;
    let run = ["actions", "run", "assign-tag", "--input", LEAD, "--json"];
    let said = outlook.run(&run).await;
    assert_eq!(said.code, 1, "{}", said.err);
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&told["sent"], &told["effects"]),
        (&json!(false), &json!("write"))
    );
    assert_eq!(outlook.runs().len(), 0);

    outlook
        .sandbox
        .world()
        .set(|settings| settings.run_logs = kartwheel::sandbox::RunLogs::Never);
    outlook.fault(On::Verb("assign-tag".into()), FaultKind::DropAfter);
    let said = outlook.run(&[&run[..], &["--yes"]].concat()).await;
    let told: Value = serde_json::from_str(&said.out).unwrap();
    let sent: Vec<_> = outlook
        .runs()
        .into_iter()
        .filter(|call| call.verb.as_deref() == Some("assign-tag"))
        .collect();
    assert_eq!(
        sent.len(),
        1,
        "a lost answer is looked up, never asked for again"
    );
    assert_eq!(told["sent"], true);
    assert_eq!(
        sent[0].meta.as_ref().map(|meta| meta["step"].clone()),
        Some(json!("by-hand"))
    );
    assert_eq!(outlook.sandbox.world().effects_of("assign-tag").len(), 1);
}

#[tokio::test]
async fn an_input_comes_from_a_file_or_standard_input_and_is_held_against_the_schema() {
    let outlook = Outlook::open().await;
    std::fs::write(outlook.dir.join("lead.json"), r#"{"email": 7}"#).unwrap();
    let run = ["actions", "run", "get-lead", "--input-file", "lead.json"];
    let said = outlook.run(&run).await;
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("`email` must be a text, and is a number"),
        "{}",
        said.out
    );
    assert_eq!(outlook.runs().len(), 0);
    let said = outlook.run(&[&run[..], &["--force"]].concat()).await;
    assert_eq!(said.code, 1);
    assert_eq!(outlook.runs().len(), 1, "--force sends it: {}", said.out);

    let dir = outlook.dir.clone();
    let code = tokio::task::spawn_blocking(move || {
        let arguments = [
            "actions",
            "run",
            "get-lead",
            "--connection",
            "main",
            "--input-file",
            "-",
        ];
        let mut child = command(&dir, &arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin
            .write_all(br#"{"email": "grace.hopper@example.com"}"#)
            .unwrap();
        drop(stdin);
        child.wait().unwrap().code()
    })
    .await
    .unwrap();
    assert_eq!(code, Some(0));

    let said = outlook
        .run(&["actions", "run", "get-lead", "--input", "{email}"])
        .await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("the input is not JSON"), "{}", said.err);
}

#[tokio::test]
async fn money_is_not_sent_without_an_amount_whatever_is_forced() {
    let outlook = Outlook::open().await;
    for (input, more) in [
        (r#"{"transaction_id": 792354}"#, &["--yes", "--force"][..]),
        (
            r#"{"transaction_id": 792354, "refund_amount": ""}"#,
            &["--yes", "--force"],
        ),
        (
            r#"{"transaction_id": 792354, "refund_amount": 5}"#,
            &["--yes", "--full"],
        ),
        (r#"{"transaction_id": 792354}"#, &["--full"]),
    ] {
        let run = ["actions", "run", "refund-transaction", "--input", input];
        let said = outlook.run(&[&run[..], more].concat()).await;
        assert_eq!(said.code, 1, "{input} {more:?}: {}", said.out);
    }
    assert_eq!(outlook.runs().len(), 0);
    let run = ["actions", "run", "refund-transaction", "--full", "--yes"];
    let said = outlook
        .run(&[&run[..], &["--input", r#"{"transaction_id": 792354}"#]].concat())
        .await;
    assert_eq!(said.code, 0, "{}", said.out);
    assert_eq!(
        outlook
            .sandbox
            .world()
            .effects_of("refund-transaction")
            .len(),
        1
    );
}

#[tokio::test]
async fn an_intent_and_a_limit_have_bounds() {
    let outlook = Outlook::open().await;
    let long = "x".repeat(201);
    for (flag, value) in [
        ("--intent", long.as_str()),
        ("--limit", "0"),
        ("--limit", "1001"),
    ] {
        let said = outlook.run(&["actions", "list", flag, value]).await;
        assert_eq!(said.code, 2, "{flag} {}", said.out);
    }
    let said = outlook
        .run(&["actions", "list", "--limit", "2", "--json"])
        .await;
    let listed: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(listed["actions"].as_array().unwrap().len(), 2);
    let asked = outlook.sandbox.world().calls();
    let asked = asked.iter().find(|call| call.path == "/actions").unwrap();
    assert!(asked.query.contains("limit=2"), "{}", asked.query);
}

#[tokio::test]
async fn a_request_arrives_as_it_was_written_and_once() {
    let outlook = Outlook::open().await;
    let request = [
        "request",
        "/leads/{email}",
        "--path-param",
        "email=ada/x@example.com",
        "-X",
        "patch",
        "-H",
        "X-Own: yes",
        "--query",
        "a=b c",
        "--json-body",
        r#"{"n": 1}"#,
    ];
    let said = outlook.run(&request).await;
    assert_eq!(said.code, 1, "the stand-in has no such path: {}", said.out);
    let [sent] = &outlook.proxied()[..] else {
        panic!("{:?}", outlook.proxied());
    };
    assert_eq!(sent.method, "PATCH");
    assert!(
        sent.path.ends_with("/proxy/leads/ada%2Fx%40example.com"),
        "{}",
        sent.path
    );
    assert!(sent.query.contains("a=b"), "{}", sent.query);
    assert_eq!(sent.body, r#"{"n": 1}"#);
    let header = |name: &str| {
        let found = sent.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("x-own"), Some("yes"));
    assert_eq!(header("content-type"), Some("application/json"));

    outlook.fault(On::Path("/connections".into()), FaultKind::DropAfter);
    let said = outlook
        .run(&[
            "request",
            "/api",
            "-F",
            "lead[email]=a@example.com",
            "-F",
            "actions[0][cmd]=create_lead",
        ])
        .await;
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("is not repeated"), "{}", said.err);
    assert_eq!(outlook.proxied().len(), 2, "once");
    assert_eq!(outlook.sandbox.world().effects_of("create-lead").len(), 1);
}

#[tokio::test]
async fn one_account_that_cannot_be_read_does_not_keep_the_other_from_being_kept() {
    let outlook = Outlook::open().await;
    let dir = outlook.dir.clone();
    let run = |line: &'static str| {
        let dir = dir.clone();
        tokio::task::spawn_blocking(move || kartwheel(&dir, &line.split(' ').collect::<Vec<_>>()))
    };
    let said = run("catalog sync --json").await.unwrap();
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let done: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(done["synced"][0]["connection"], "main");
    assert_eq!(done["synced"][0]["counts"]["lists"], 4);
    assert_eq!(done["failed"][0]["connection"], "other");

    let said = run("catalog show tags --connection main --json")
        .await
        .unwrap();
    let kept: Value = serde_json::from_str(&said.out).unwrap();
    assert!(
        kept["connections"][0]["tags"]
            .as_array()
            .unwrap()
            .contains(&json!("vip"))
    );
    let said = run("catalog show tags").await.unwrap();
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("nothing is kept of the account of other"),
        "{}",
        said.err
    );
    let said = run("catalog diff --connection main").await.unwrap();
    assert_eq!(said.code, 0, "{}", said.out);
    let said = run("actions list").await.unwrap();
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--connection NAME"), "{}", said.err);
}

#[tokio::test]
async fn the_doctor_changes_nothing_in_the_account_and_finds_what_is_wrong() {
    let outlook = Outlook::open().await;
    let said = outlook.run(&["doctor", "--json"]).await;
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(outlook.sandbox.world().effects_total(), 0);
    let verbs: Vec<_> = outlook
        .runs()
        .into_iter()
        .filter_map(|call| call.verb)
        .collect();
    let reads = |verb: &String| verb.starts_with("get-") || verb.starts_with("retrieve-");
    assert!(!verbs.is_empty() && verbs.iter().all(reads), "{verbs:?}");
    let changing = |call: &RecordedCall| {
        call.method != "GET" && call.path != "/act" && !call.path.ends_with("/test")
    };
    assert!(!outlook.sandbox.world().calls().iter().any(changing));
    let find = |about: &str| {
        let findings = told["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|one| one["about"] == about)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(find("clock")["level"], "ok");
    assert_eq!(find("state")["level"], "ok");
    assert_eq!(find(".env")["level"], "problem", "others can read it");
    assert_eq!(find("API token")["level"], "warning");

    outlook.sandbox.world().set(|settings| {
        settings
            .also_required
            .insert("assign-tag".into(), vec!["workspace".into()]);
        settings
            .without_actions
            .insert("revoke-membership-access".into());
    });
    let said = outlook.run(&["doctor"]).await;
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("missing: revoke-membership-access") || said.out.contains("missing:\n"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("assign-tag: also demands workspace"),
        "{}",
        said.out
    );
}
