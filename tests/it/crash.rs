//! The crash campaign: the real binary is killed at random moments under load; what was answered with 200 must be done.
//!
//! `KARTWHEEL_TEST_KILLS=500 cargo test --test it crash` runs more rounds; `KARTWHEEL_TEST_SEED` repeats a campaign.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kartwheel::clock::SystemClock;
use kartwheel::run::{Run, State, StepState};
use kartwheel::sandbox::{self, Sandbox};
use kartwheel::store::{self, Reader, RunFilter};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::random::Random;
use crate::world;
use crate::world::sound::assert_sound;

const KILLS: usize = 30;
const SENDERS: usize = 8;
/// A kill comes after so many answers at most.
const ANSWERS_MAX: u64 = 120;
/// A refund in doubt is looked up for two minutes and more before it waits for a person.
const PATIENCE: Duration = Duration::from_secs(400);
const RULES: &str = "
id: order
trigger: { webhook: shop, events: order }
actions:
  - ensure-lead: { email: \"${{ person.email }}\" }
  - assign-tag: { email: \"${{ person.email }}\", tag_name: buyer }
  - subscribe-lead-to-list: { email: \"${{ person.email }}\", list_name: Buyers }
---
id: refund
trigger: { webhook: shop, events: refund }
actions:
  - refund-transaction: { transaction_id: \"${{ body.transaction }}\", refund_amount: 1.5 }
";

/// What was answered with 200: the delivery's number and the event's id.
type Acknowledged = Arc<Mutex<HashMap<u64, Uuid>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_delivery_answered_with_200_is_done_whatever_is_killed() {
    let kills = from_environment("KARTWHEEL_TEST_KILLS").map_or(KILLS, |kills| {
        usize::try_from(kills).expect("a number of kills")
    });
    let mut random = Random::seeded(0x9e37_79b9_7f4a_7c15);
    eprintln!("seed {}", random.seed());
    let sandbox = Sandbox::start(sandbox::Options {
        effects_kept: 1_000_000,
        logs_kept: 1_000_000,
        ..sandbox::Options::default()
    })
    .await
    .expect("the sandbox starts");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let port = project(dir.path(), &sandbox);
    let acknowledged = Acknowledged::default();
    let numbers = Arc::new(AtomicUsize::new(0));
    for _ in 0..kills {
        let daemon = start(dir.path(), port).await;
        let answers = Arc::new(AtomicUsize::new(0));
        let wanted = usize::try_from(1 + random.next() % ANSWERS_MAX).expect("small");
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            senders.spawn(send(
                dir.path().to_owned(),
                sandbox.world().clone(),
                port,
                numbers.clone(),
                answers.clone(),
                acknowledged.clone(),
            ));
        }
        wait_for("answers", || answers.load(Ordering::SeqCst) >= wanted).await;
        drop(daemon);
        senders.join_all().await;
    }
    let daemon = start(dir.path(), port).await;
    let url = format!("sqlite://{}", dir.path().join("kartwheel.db").display());
    let reader = store::open_read_only(&url, Arc::new(SystemClock))
        .await
        .expect("readable");
    let runs = ended_runs(&*reader).await;
    let acknowledged = acknowledged.lock().expect("free").clone();
    judge(&*reader, &sandbox, &acknowledged, &runs).await;
    assert_sound(&reader).await;
    drop(daemon);
    sandbox.stop().await;
}

/// All runs, once each is over or waits for a person.
async fn ended_runs(reader: &dyn Reader) -> Vec<Run> {
    let began = Instant::now();
    loop {
        let runs = all_runs(reader).await;
        let under_way = |run: &&Run| !run.state.is_over() && run.state != State::NeedsPerson;
        let left: Vec<_> = runs.iter().filter(under_way).collect();
        if left.is_empty() {
            return runs;
        }
        assert!(began.elapsed() < PATIENCE, "still unfinished: {left:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every acknowledged delivery has its event and run; what is recorded is what happened; no refund happened twice.
async fn judge(
    reader: &dyn Reader,
    sandbox: &Sandbox,
    acknowledged: &HashMap<u64, Uuid>,
    runs: &[Run],
) {
    assert!(
        acknowledged.len() > 100,
        "too few deliveries to mean anything: {}",
        acknowledged.len()
    );
    let by_event: HashMap<Uuid, &Run> = runs.iter().map(|run| (run.event, run)).collect();
    let mut effects: HashMap<(Uuid, String), usize> = HashMap::new();
    for effect in sandbox.world().effects() {
        let run = effect.run_id().expect("our meta");
        *effects.entry((run, effect.verb)).or_default() += 1;
    }
    for (number, event) in acknowledged {
        assert!(
            by_event.contains_key(event),
            "delivery {number} was answered with 200 and has no run"
        );
    }
    let mut unknown = 0;
    for run in runs {
        let count = |verb: &str| {
            effects
                .get(&(run.id, verb.to_owned()))
                .copied()
                .unwrap_or(0)
        };
        if &*run.rule == "order" {
            assert_eq!(run.state, State::Done, "{run:?}");
            assert!(
                run.progress
                    .steps
                    .values()
                    .all(|step| matches!(step.state, StepState::Ok | StepState::Already)),
                "{run:?}"
            );
            let lead = sandbox
                .world()
                .lead(run.key.as_deref().expect("a key"))
                .expect("a lead");
            assert!(
                lead.has_tag("buyer") && lead.is_on_list("Buyers"),
                "{lead:?}"
            );
            assert!(count("create-lead") <= 1, "{run:?}");
        } else {
            assert!(count("refund-transaction") <= 1, "refunded twice: {run:?}");
            match run.state {
                State::Done => assert_eq!(count("refund-transaction"), 1, "{run:?}"),
                State::NeedsPerson => {
                    assert_eq!(count("refund-transaction"), 0, "it is in the logs: {run:?}");
                    unknown += 1;
                }
                _ => panic!("{run:?}"),
            }
        }
        for attempt in reader.attempts(run.id).await.expect("readable") {
            assert!(
                attempt.ended_at.is_some(),
                "an attempt without an outcome is left: {attempt:?}"
            );
        }
    }
    eprintln!(
        "{} deliveries acknowledged, {} runs, {unknown} refunds wait for a person",
        acknowledged.len(),
        runs.len()
    );
}

/// Sends orders, each tenth of them a refund, until the daemon no longer answers.
async fn send(
    dir: std::path::PathBuf,
    sandbox: Arc<sandbox::State>,
    port: u16,
    numbers: Arc<AtomicUsize>,
    answers: Arc<AtomicUsize>,
    acknowledged: Acknowledged,
) {
    let http = world::client();
    let project = world::load(&dir);
    let source = project.config.expect("a config").sources["shop"].clone();
    loop {
        let number = numbers.fetch_add(1, Ordering::SeqCst) as u64;
        let email = format!("person{number}@example.com");
        let body = if number % 10 == 9 {
            let transaction = sandbox.add_sale(&email, 29_700);
            json!({ "id": number, "type": "refund", "email": email, "transaction": transaction })
        } else {
            json!({ "id": number, "type": "order", "email": email })
        };
        let body = body.to_string();
        let signed = source.sign(body.as_bytes(), jiff::Timestamp::UNIX_EPOCH);
        let mut request = http
            .post(format!("http://127.0.0.1:{port}/hooks/shop"))
            .header("content-type", "application/json")
            .body(body);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        let Ok(response) = request.send().await else {
            return;
        };
        if response.status() != 200 {
            continue;
        }
        let Ok(body) = response.json::<Value>().await else {
            return;
        };
        let event = body["event"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an event id");
        acknowledged.lock().expect("free").insert(number, event);
        answers.fetch_add(1, Ordering::SeqCst);
    }
}

/// Writes the project; gives the port that was free.
fn project(dir: &Path, sandbox: &Sandbox) -> u16 {
    let free = || {
        std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port()
    };
    let (port, console) = (free(), free());
    let config = format!(
        "timezone: UTC\ndatabase: sqlite://kartwheel.db\nlisten: 127.0.0.1:{port}\nconsole: {{ listen: 127.0.0.1:{console} }}\n\
         membrane: {{ url: {}, token: env:MEMBRANE_TOKEN }}\n\
         connections:\n  main: {{ id: {}, per_second: 1000, at_once: 16 }}\n\
         sources:\n  shop:\n    verify: {{ hmac: sha256, header: X-Signature, encoding: hex }}\n    secret: env:SHOP_SECRET\n    id: $.body.id\n    type: $.body.type\n    person: {{ email: $.body.email }}\n",
        sandbox.url(),
        sandbox::CONNECTION_ID,
    );
    std::fs::write(dir.join("kartwheel.yaml"), config).expect("written");
    std::fs::create_dir(dir.join("rules")).expect("made");
    std::fs::write(dir.join("rules/rules.yaml"), RULES).expect("written");
    port
}

/// The real binary. Dropping it is a SIGKILL.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("ended");
    }
}

async fn start(dir: &Path, port: u16) -> Daemon {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kartwheel"));
    command
        .args(["serve", "--project"])
        .arg(dir)
        .env_clear()
        .envs(world::SECRETS)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(
            std::fs::File::options()
                .create(true)
                .append(true)
                .open(dir.join("log"))
                .expect("a log"),
        ));
    let daemon = Daemon(command.spawn().expect("the daemon starts"));
    let http = world::client();
    let began = Instant::now();
    loop {
        let ready = http
            .get(format!("http://127.0.0.1:{port}/readyz"))
            .send()
            .await;
        if ready.is_ok_and(|response| response.status() == 200) {
            return daemon;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "the daemon did not become ready: {}",
            std::fs::read_to_string(dir.join("log")).unwrap_or_default()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "no {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn all_runs(reader: &dyn Reader) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let before = runs.last().map(|run| run.seq);
        let page = reader
            .runs(&RunFilter {
                before,
                limit: 1_000,
                ..RunFilter::default()
            })
            .await
            .expect("readable");
        if page.is_empty() {
            return runs;
        }
        runs.extend(page);
    }
}

pub(crate) fn from_environment(name: &str) -> Option<u64> {
    std::env::vars()
        .find(|(key, _)| key == name)
        .and_then(|(_, value)| value.parse().ok())
}
