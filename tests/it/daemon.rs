//! A daemon in one process and commands in others, as in two shells: a project served against the sandbox, deliveries sent,
//! runs shown and changed, a second daemon refused.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{Said, command, kartwheel};

/// A stranger's slow machine is given this long for each thing that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A project of its own, made by `kartwheel init`, on addresses that were free.
struct Shop {
    dir: PathBuf,
    _temporary: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let made = kartwheel(temporary.path(), &["init", "shop"]);
        assert_eq!(made.code, 0, "{}", made.err);
        let dir = temporary.path().join("shop");
        let settings = fs::read_to_string(dir.join("kartwheel.yaml")).unwrap();
        let settings = settings
            .replace("127.0.0.1:8080", &free_address())
            .replace("127.0.0.1:8081", &free_address());
        fs::write(dir.join("kartwheel.yaml"), settings).unwrap();
        Self {
            dir,
            _temporary: temporary,
        }
    }

    fn run(&self, line: &str) -> Said {
        let arguments: Vec<&str> = line.split(' ').collect();
        kartwheel(&self.dir, &arguments)
    }

    /// Runs a command that must end well.
    fn well(&self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(said.code, 0, "kartwheel {line}\n{}\n{}", said.out, said.err);
        said.out
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.well(&format!("{line} --json"))).unwrap()
    }

    /// Sends one new purchase and gives its event's id. The session is new too, so that `once` does not stand in the way.
    fn purchase(&self, number: u32) -> String {
        let set = format!("$.body.data.object.id=cs_{number}");
        let sent = self.json(&format!("send stripe --set {set}"));
        assert_eq!(sent["status"], 200, "{sent}");
        sent["answer"]["event"].as_str().unwrap().to_owned()
    }

    /// The run of an event, once it stands in this state.
    fn run_in_state(&self, event: &str, state: &str) -> String {
        let began = Instant::now();
        loop {
            let runs = self.json(&format!("runs list --event {event}"));
            let run = &runs["runs"][0];
            if run["state"] == state {
                return run["id"].as_str().unwrap().to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "the run is not {state}: {runs}");
        }
    }
}

/// A daemon of its own process; killed when dropped.
struct Daemon {
    child: Child,
    sandbox: String,
}

impl Daemon {
    fn start(shop: &Shop) -> Self {
        let mut child = command(&shop.dir, &["serve", "--sandbox"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (tell, told) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut sandbox = String::new();
        loop {
            let line = told
                .recv_timeout(PATIENCE)
                .expect("the daemon says where it is");
            if let Some(url) = line.trim().strip_prefix("sandbox") {
                sandbox = url.split_whitespace().next().unwrap().to_owned();
            }
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        Self { child, sandbox }
    }

    /// Orders something that goes wrong from the sandbox, for the next call of this verb.
    fn fault(&self, verb: &str, fault: &Value) {
        let url = format!("{}faults", self.sandbox);
        let sent = post(&url, &json!({"on": {"verb": verb}, "fault": fault}));
        assert!(sent.is_success(), "{url}: {sent}");
    }

    /// SIGTERM, and the end.
    fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(sent.unwrap().success());
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().expect("it ended by itself");
            }
            assert!(began.elapsed() < PATIENCE, "the daemon does not stop");
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn post(url: &str, body: &Value) -> reqwest::StatusCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        http.post(url).json(body).send().await.unwrap().status()
    })
}

fn short(id: &str) -> &str {
    &id[id.len() - 8..]
}

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
    assert!(shop.well("health").contains("everything paused"));
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
        daemon.fault("grant-membership-access", &json!("drop_after"));
        let sent = shop.json("send stripe invoice.paid");
        let event = sent["answer"]["event"].as_str().unwrap().to_owned();
        let run = shop.run_in_state(&event, "needs_person");
        let story = shop.well(&format!("runs show {run}"));
        assert!(
            story.contains("It waits for you") && story.contains("answer unknown"),
            "{story}"
        );
        assert!(
            story.contains(&format!("kartwheel runs resolve {} --as done", short(&run))),
            "{story}"
        );
        let follow = shop.run(&format!("runs follow {run}"));
        assert_eq!(follow.code, 1, "a run that needs a person did not end well");
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
