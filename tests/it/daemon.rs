//! A daemon in one process and commands in others, as in two shells: a project served against the sandbox, deliveries sent,
//! runs shown and changed, a second daemon refused.

mod answers;
mod backup;
mod handed;
mod shop;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use kartwheel::account::Account;
use kartwheel::membrane::DEFAULT_URL;
use serde_json::{Value, json};

use crate::check::keep;
use crate::cli::command;
use shop::{Daemon, Shop, short};

#[test]
fn a_new_project_serves_against_the_sandbox_and_a_purchase_ends_as_its_rule_says() {
    let shop = Shop::open();
    let daemon = Daemon::start(&shop);
    assert_eq!(shop.well("health").trim(), "ok");

    let event = shop.purchase(1);
    let run = shop.run_in_state(&event, "done");
    let story = shop.well(&format!("runs show {}", short(&run)));
    for told in [
        "Run ",
        "done",
        "checkout.session.completed from stripe",
        "matched",
        "ensure-lead",
        "assign-tag",
        "tag_name: buyer",
        "subscribe-lead-to-list",
        "try 1",
        "answer: ",
        "Nothing: it is done.",
    ] {
        assert!(story.contains(told), "`{told}` is missing:\n{story}");
    }
    assert!(
        story.lines().all(|line| line.chars().count() <= 100),
        "{story}"
    );
    let whole = shop.json(&format!("runs show {run}"));
    let states: Vec<&str> = whole["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["ok", "ok", "ok"]);
    assert_eq!(whole["steps"][1]["attempts"][0]["class"], "done");

    let seen = shop.json(&format!("events show {}", short(&event)));
    assert_eq!(seen["runs"][0]["id"], run);
    assert_eq!(seen["verdicts"][0]["decision"], "matched");
    assert!(
        shop.well("events list --source stripe")
            .contains(short(&event))
    );
    shop.well(&format!("runs follow {run}"));

    let file = shop.dir.join("body.json");
    fs::write(
        &file,
        r#"{"id": "evt_same", "object": "event", "type": "x", "data": {"object": {}}}"#,
    )
    .unwrap();
    let twice = shop.well("send stripe body.json --count 2");
    assert!(
        twice.contains("accepted") && twice.contains("seen before"),
        "{twice}"
    );
    let forged = shop.run(&format!(
        "send stripe --url http://{}/hooks/none",
        settings_listen(&shop.dir)
    ));
    assert_eq!(
        forged.code, 1,
        "a refused delivery is a problem found: {}",
        forged.out
    );

    assert_eq!(daemon.stop(), 0);
    let after = shop.run("send stripe");
    assert_eq!(after.code, 2);
    assert!(after.err.contains("kartwheel serve"), "{}", after.err);
    assert!(
        shop.well("runs list").contains("done"),
        "reading needs no daemon"
    );
}

fn settings_listen(dir: &Path) -> String {
    let settings = fs::read_to_string(dir.join("kartwheel.yaml")).unwrap();
    let line = settings
        .lines()
        .find_map(|line| line.strip_prefix("listen: "));
    line.unwrap().to_owned()
}

#[test]
fn commands_of_another_shell_take_effect_while_the_daemon_runs() {
    let shop = Shop::open();
    let daemon = Daemon::start(&shop);

    let second = shop.run("serve --sandbox");
    assert_eq!(second.code, 2, "{}", second.out);
    assert!(
        second.err.contains("in use by kartwheel") && second.err.contains("stop that one first"),
        "{}",
        second.err
    );

    shop.well("pause --reason tags-are-renamed");
    let held = shop.run_in_state(&shop.purchase(1), "held");
    let story = shop.well(&format!("runs show {held}"));
    assert!(
        story.contains("tags-are-renamed") && story.contains("kartwheel resume"),
        "{story}"
    );
    let health = shop.well("health");
    assert!(health.contains("everything is held"), "{health}");
    shop.well("resume");
    let done = shop.json(&format!("runs show {held}"))["event"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    shop.run_in_state(&done, "done");
    let not_paused = shop.run("resume");
    assert_eq!(not_paused.code, 2);
    assert!(not_paused.err.contains("not paused"), "{}", not_paused.err);
    let unknown = shop.run("pause --connection mian --reason x");
    assert!(
        unknown.code == 2 && unknown.err.contains("main"),
        "{}",
        unknown.err
    );

    for (number, action) in [(2, "retry"), (3, "resume")] {
        daemon.fault("assign-tag", &json!({"kartra_error": {"number": 212}}));
        let event = shop.purchase(number);
        let run = shop.run_in_state(&event, "failed");
        let story = shop.well(&format!("runs show {run}"));
        assert!(
            story.contains("Why it gave up") && story.contains("kartwheel runs resume"),
            "{story}"
        );
        let told = shop.well(&format!("runs {action} {} --reason mended", short(&run)));
        assert!(told.contains("kartwheel runs show"), "{told}");
        shop.run_in_state(&event, "done");
    }

    shop.well("pause --connection main --reason x");
    let (first, second) = (shop.purchase(4), shop.purchase(5));
    let run = shop.run_in_state(&first, "held");
    let told = shop.well(&format!("runs cancel {run} --reason by-hand"));
    assert!(told.contains("was cancelled"), "{told}");
    let again = shop.run(&format!("runs cancel {run}"));
    assert_eq!(again.code, 2);
    assert!(again.err.contains("cancelled"), "{}", again.err);
    let told = shop.well("runs cancel --rule stripe-purchase --reason all");
    assert!(
        told.starts_with("1 run of rule stripe-purchase cancelled"),
        "{told}"
    );
    shop.well("resume --connection main");
    for event in [first, second] {
        shop.run_in_state(&event, "cancelled");
    }

    drop(daemon);
    let third = Daemon::start(&shop);
    assert_eq!(
        third.stop(),
        0,
        "a killed daemon leaves nothing that keeps the next one out"
    );
}

/// A rule whose second call may be noticed when it is made twice.
const ACCESS: &str = "
id: access
trigger: { webhook: stripe, events: invoice.paid }
actions:
  - ensure-lead: { email: ada@example.com }
  - grant-membership-access: { email: ada@example.com, membership_name: Academy, level_name: Gold }
  - assign-tag: { email: ada@example.com, tag_name: vip }
";

#[test]
fn a_person_settles_what_nobody_knows() {
    let shop = Shop::open();
    fs::write(shop.dir.join("rules/access.yaml"), ACCESS).unwrap();
    let daemon = Daemon::start(&shop);
    for (outcome, end, calls) in [
        ("done", "done", 1),
        ("repeat", "done", 2),
        ("fail", "failed", 1),
    ] {
        daemon.fault("grant-membership-access", &json!("drop_before"));
        let sent = shop.json("send stripe invoice.paid");
        let event = sent["answer"]["event"].as_str().unwrap().to_owned();
        let run = shop.run_in_state(&event, "retrying");
        let story = shop.well(&format!("runs show {run}"));
        assert!(
            story.contains("was lost") && story.contains("answer unknown"),
            "{story}"
        );
        assert!(
            story.contains(&format!("kartwheel runs resolve {} --as done", short(&run))),
            "{story}"
        );
        shop.well(&format!("runs resolve {run} --as {outcome} --reason seen"));
        shop.run_in_state(&event, end);
        let steps = &shop.json(&format!("runs show {run}"))["steps"];
        assert_eq!(
            steps[1]["attempts"].as_array().unwrap().len(),
            calls,
            "{outcome}: {steps}"
        );
    }
}

#[test]
fn without_a_daemon_a_command_takes_the_database_and_acts_itself() {
    let shop = Shop::open();
    let daemon = Daemon::start(&shop);
    shop.well("pause --reason x");
    let event = shop.purchase(1);
    let run = shop.run_in_state(&event, "held");
    assert_eq!(daemon.stop(), 0);

    let told = shop.well(&format!("runs cancel {run} --reason offline"));
    assert!(told.contains("was cancelled"), "{told}");
    shop.well("resume");
    assert_eq!(
        shop.json("runs list --state cancelled")["runs"][0]["id"],
        run
    );

    let wrong = shop.run("runs retry 00000000");
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("there is no run"), "{}", wrong.err);
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_daemon_from_ending() {
    let shop = Shop::open();
    let daemon = Daemon::start(&shop);
    let mut idle = TcpStream::connect(settings_listen(&shop.dir)).unwrap();
    idle.write_all(b"POST /hooks/stripe HTTP/1.1\r\nHost: ")
        .unwrap();
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_command_with_the_wrong_token_is_told_so() {
    let shop = Shop::open();
    let _daemon = Daemon::start(&shop);
    let said = command(&shop.dir, &["pause", "--reason", "x"])
        .env("KARTWHEEL_TOKEN", "another-token-of-sixteen")
        .output()
        .unwrap();
    let err = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(err.contains("does not accept our token"), "{err}");
    assert!(!err.contains("another-token-of-sixteen"), "{err}");
    assert_eq!(shop.json("health")["held"], json!([]));
}

/// Without a token the work goes on; only what would change something is not let in.
#[test]
fn without_a_token_the_daemon_works_and_its_api_lets_nobody_in() {
    let shop = Shop::open();
    let env = fs::read_to_string(shop.dir.join(".env")).unwrap();
    let kept: Vec<&str> = env
        .lines()
        .filter(|line| !line.starts_with("KARTWHEEL_TOKEN="))
        .collect();
    fs::write(shop.dir.join(".env"), kept.join("\n")).unwrap();
    let _daemon = Daemon::start(&shop);
    let event = shop.purchase(1);
    shop.run_in_state(&event, "done");
    let said = shop.run("pause --reason x");
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("KARTWHEEL_TOKEN is not set"),
        "{}",
        said.err
    );
    let said = command(&shop.dir, &["pause", "--reason", "x"])
        .env("KARTWHEEL_TOKEN", "any-token-of-sixteen")
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert_eq!(shop.json("health")["held"], json!([]));
}

/// Such rules are in force all the same: what they name may have been made since the account was read.
#[tokio::test]
async fn the_log_says_at_the_start_which_rules_do_not_fit_the_account() {
    let shop = Shop::open();
    let steps = "  - assign-tag: { email: a@example.com, tag_name: byer }\n".repeat(21);
    let rule = format!(
        "id: tags\ntrigger: {{ webhook: stripe, events: invoice.paid }}\nactions:\n{steps}"
    );
    fs::remove_dir_all(shop.dir.join("rules")).unwrap();
    fs::create_dir(shop.dir.join("rules")).unwrap();
    fs::write(shop.dir.join("rules/tags.yaml"), rule).unwrap();
    let account = Account {
        tags: Some(vec!["buyer".to_owned()]),
        ..Account::default()
    };
    keep(&shop.dir, DEFAULT_URL, account).await;
    let _daemon = Daemon::start(&shop);
    let log = fs::read_to_string(shop.log()).unwrap();
    let misfits: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("a rule does not fit"))
        .collect();
    assert_eq!(misfits.len(), 20, "{log}");
    for told in ["WARN", "K0801", "rules/tags.yaml:4", "has no tag `byer`"] {
        assert!(
            misfits[0].contains(told),
            "`{told}` is missing: {}",
            misfits[0]
        );
    }
    let further = log
        .lines()
        .find(|line| line.contains("further rules do not fit"));
    assert!(
        further.is_some_and(|line| line.contains("\"more\":1")),
        "{log}"
    );
}

#[test]
fn what_happens_can_be_followed() {
    let shop = Shop::open();
    let _daemon = Daemon::start(&shop);
    let before = shop.purchase(1);
    shop.run_in_state(&before, "done");
    let mut follow = command(&shop.dir, &["events", "follow", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["id"], before, "it begins with the latest ones");
    let after = shop.purchase(2);
    assert_eq!(next()["id"], after);
    let run = shop.run_in_state(&after, "done");
    assert_eq!(shop.json(&format!("runs follow {run}"))["state"], "done");
    follow.kill().unwrap();
    follow.wait().unwrap();
}

#[test]
fn the_sandbox_runs_alone_and_answers_to_its_well_known_token() {
    let dir = tempfile::tempdir().unwrap();
    let mut sandbox = command(dir.path(), &["sandbox", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let first = BufReader::new(sandbox.stdout.take().unwrap())
        .lines()
        .next()
        .unwrap()
        .unwrap();
    let url = first.rsplit(' ').next().unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (with, without) = runtime.block_on(async {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let with = http
            .get(format!("{url}/self"))
            .bearer_auth("sandbox-token")
            .send()
            .await
            .unwrap();
        let without = http.get(format!("{url}/self")).send().await.unwrap();
        (with.status().as_u16(), without.status().as_u16())
    });
    assert_eq!((with, without), (200, 401));
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
}
