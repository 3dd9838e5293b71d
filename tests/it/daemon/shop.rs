//! A project in a folder of its own, and a daemon in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{Said, command, kartwheel};

/// A stranger's slow machine is given this long for each thing that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A project of its own, made by `kartwheel init`, on addresses that were free.
pub(super) struct Shop {
    pub(super) dir: PathBuf,
    temporary: tempfile::TempDir,
}

impl Shop {
    pub(super) fn open() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let made = kartwheel(temporary.path(), &["init", "shop"]);
        assert_eq!(made.code, 0, "{}", made.err);
        let dir = temporary.path().join("shop");
        let settings = fs::read_to_string(dir.join("kartwheel.yaml")).unwrap();
        let settings = settings
            .replace("127.0.0.1:8080", &free_address())
            .replace("127.0.0.1:8081", &free_address());
        fs::write(dir.join("kartwheel.yaml"), settings).unwrap();
        Self { dir, temporary }
    }

    /// Where the daemon that was started last writes its log.
    pub(super) fn log(&self) -> PathBuf {
        self.temporary.path().join("daemon.log")
    }

    pub(super) fn run(&self, line: &str) -> Said {
        let arguments: Vec<&str> = line.split(' ').collect();
        kartwheel(&self.dir, &arguments)
    }

    /// Runs a command that must end well.
    pub(super) fn well(&self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(said.code, 0, "kartwheel {line}\n{}\n{}", said.out, said.err);
        said.out
    }

    pub(super) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.well(&format!("{line} --json"))).unwrap()
    }

    /// Sends one new purchase and gives its event's id. The session is new too, so that `once` does not stand in the way.
    pub(super) fn purchase(&self, number: u32) -> String {
        let set = format!("$.body.data.object.id=cs_{number}");
        let sent = self.json(&format!("send stripe --set {set}"));
        assert_eq!(sent["status"], 200, "{sent}");
        sent["answer"]["event"].as_str().unwrap().to_owned()
    }

    /// The run of an event, once it stands in this state.
    pub(super) fn run_in_state(&self, event: &str, state: &str) -> String {
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
pub(super) struct Daemon {
    child: Child,
    sandbox: String,
}

impl Daemon {
    pub(super) fn start(shop: &Shop) -> Self {
        let mut child = command(&shop.dir, &["serve", "--sandbox"])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(shop.log()).unwrap())
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
    pub(super) fn fault(&self, verb: &str, fault: &Value) {
        let url = format!("{}faults", self.sandbox);
        let sent = post(&url, &json!({"on": {"verb": verb}, "fault": fault}));
        assert!(sent.is_success(), "{url}: {sent}");
    }

    /// SIGTERM, and the end.
    pub(super) fn stop(mut self) -> i32 {
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
    // An address of this process's own, so that tests beside it cannot take the port in between.
    let [.., high, middle, low] = std::process::id().to_be_bytes();
    let listener = TcpListener::bind((Ipv4Addr::new(127, high | 1, middle, low), 0)).unwrap();
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

pub(super) fn short(id: &str) -> &str {
    &id[id.len() - 8..]
}
