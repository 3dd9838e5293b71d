//! The scene of a page: a project's folder, a sandbox in a process of its own, perhaps a daemon, and a shell.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use kartwheel::sandbox::CONNECTION_ID;

use super::page::Direction;
use crate::cli::command;

/// A slow machine is given this long for each command.
const PATIENCE: Duration = Duration::from_secs(90);
/// How the docs write what is elsewhere here: sandbox, deliveries, API.
const WRITTEN: [&str; 3] = ["127.0.0.1:8090", "127.0.0.1:8080", "127.0.0.1:8081"];
/// How the docs write the project's folder.
const FOLDER: &str = "/srv/shop";

const SETTINGS: &str = "timezone: UTC
listen: 127.0.0.1:8080
console: { listen: 127.0.0.1:8081 }
membrane:
  url: http://127.0.0.1:8090
  workspace_key: env:MEMBRANE_WORKSPACE_KEY
  workspace_secret: env:MEMBRANE_WORKSPACE_SECRET
  tenant_key: env:MEMBRANE_TENANT_KEY
connections:
  main: { id: CONNECTION }
";
const SECRETS: &str = "KARTWHEEL_TOKEN=0123456789abcdef
MEMBRANE_WORKSPACE_KEY=sandbox
MEMBRANE_WORKSPACE_SECRET=sandbox-secret
MEMBRANE_TENANT_KEY=shop
";

/// Where the commands of a page run.
pub(super) struct Scene {
    name: String,
    folder: tempfile::TempDir,
    _sandbox: Process,
    daemon: Option<Process>,
    /// What stands in the docs, and what it is here.
    places: Vec<(String, String)>,
    env: Vec<(String, String)>,
    /// Control calls to be made once the output holds a text.
    cues: Vec<(String, String)>,
}

impl Scene {
    /// An empty project and a fresh sandbox.
    pub(super) fn set(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let addresses = free_addresses();
        let mut sandbox = command(folder.path(), &["sandbox", "--listen", &addresses[0]]);
        let sandbox = Process::start(&mut sandbox);
        let places = WRITTEN.iter().map(|written| (*written).to_owned());
        Self {
            name: name.to_owned(),
            _sandbox: sandbox,
            daemon: None,
            places: places.zip(addresses).collect(),
            folder,
            env: Vec::new(),
            cues: Vec::new(),
        }
    }

    /// Follows a direction.
    pub(super) fn direct(&mut self, direction: &Direction) {
        let content = direction.content.trim();
        match (direction.word.as_str(), content) {
            ("project", "empty") => self.anew(),
            ("project", "ready") => {
                self.anew();
                self.write("kartwheel.yaml", SETTINGS);
                self.write(".env", SECRETS);
            }
            ("file", _) => {
                let (name, text) = content.split_once('\n').expect("a name and lines");
                self.write(name.trim(), &format!("{text}\n"));
            }
            ("env", _) => {
                let (name, value) = content.split_once('=').expect("NAME=VALUE");
                self.env.push((name.to_owned(), self.here(value)));
            }
            ("sandbox", _) => match direction.more.strip_prefix("when ") {
                Some(text) => {
                    let text = text.trim_matches('"').to_owned();
                    self.cues.push((text, content.to_owned()));
                }
                None => self.control(content),
            },
            ("daemon", "start") => {
                let mut serve = command(self.folder.path(), &["serve"]);
                self.daemon = Some(Process::start(&mut serve));
            }
            ("daemon", "stop") => self.daemon = None,
            (word, content) => panic!("{}: no direction `{word}: {content}`", self.name),
        }
    }

    /// Runs a line of the shell; gives the lines of both streams, and the exit code if it is not 0.
    pub(super) fn run(&mut self, line: &str) -> Vec<String> {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_kartwheel"));
        let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec 2>&1\n{}", self.here(line))])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("TZ", "UTC")
            .envs(self.env.iter().cloned());
        let mut running = Process::spawn(&mut shell);
        let began = Instant::now();
        let mut printed: Vec<String> = Vec::new();
        while let Some(told) = running.line(PATIENCE.saturating_sub(began.elapsed()), line) {
            let told = self.there(&told);
            let (now, later) = std::mem::take(&mut self.cues)
                .into_iter()
                .partition(|(text, _)| told.contains(text.as_str()));
            self.cues = later;
            let now: Vec<(String, String)> = now;
            printed.push(told);
            let request = request_in(&printed);
            now.iter()
                .for_each(|(_, call)| self.control(&call.replace("REQUEST", &request)));
        }
        let code = running.child.wait().unwrap().code();
        if code != Some(0) {
            printed.push(format!("[exit code {}]", code.unwrap_or(-1)));
        }
        printed
    }

    /// After a block: the cues that did not come.
    pub(super) fn uncued(&mut self) -> Vec<String> {
        let left = std::mem::take(&mut self.cues);
        left.into_iter().map(|(text, _)| text).collect()
    }

    fn anew(&mut self) {
        self.daemon = None;
        self.folder = tempfile::tempdir().unwrap();
        self.env.clear();
        self.control("POST /_sandbox/reset");
    }

    fn write(&self, name: &str, text: &str) {
        let adds = name.ends_with('+');
        let path = self.folder.path().join(name.trim_end_matches('+').trim());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .append(adds)
            .truncate(!adds)
            .mode(0o600)
            .open(path)
            .unwrap();
        let text = self.here(text).replace("CONNECTION", CONNECTION_ID);
        file.write_all(text.as_bytes()).unwrap();
    }

    /// `METHOD PATH JSON` to the sandbox.
    fn control(&self, call: &str) {
        let call = call.replace("CONNECTION", CONNECTION_ID);
        let mut parts = call.splitn(3, ' ');
        let method = parts.next().unwrap().parse().unwrap();
        let url = format!("http://{}{}", self.places[0].1, parts.next().unwrap());
        let body = parts.next().unwrap_or("{}").to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let status = runtime.block_on(async {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let call = http
                .request(method, &url)
                .header("content-type", "application/json");
            let sent = call.body(body).send().await;
            sent.unwrap().status()
        });
        assert!(status.is_success(), "{}: {call}: {status}", self.name);
    }

    /// The docs' words for places, as they are here.
    fn here(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, place| {
            text.replace(&place.0, &place.1)
        })
    }

    /// What is printed here, in the docs' words.
    fn there(&self, text: &str) -> String {
        let folder = self.folder.path().to_string_lossy();
        let text = text.replace(&*folder, FOLDER);
        self.places
            .iter()
            .fold(text, |text, place| text.replace(&place.1, &place.0))
    }
}

/// A process whose lines are read; killed when dropped.
struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Self { child, lines }
    }

    /// Starts something that stays, and waits until it says that it is there.
    fn start(command: &mut Command) -> Self {
        let mut process = Self::spawn(command.stderr(Stdio::null()));
        while let Some(line) = process.line(PATIENCE, "in the background") {
            if line.starts_with("Ctrl-C") {
                return process;
            }
        }
        panic!("it ended before it was there");
    }

    /// The next line; `None` at the end.
    fn line(&mut self, within: Duration, what: &str) -> Option<String> {
        match self.lines.recv_timeout(within) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end: {what}"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The id of the last request to connect that was printed.
fn request_in(printed: &[String]) -> String {
    let link = printed
        .iter()
        .rev()
        .find_map(|line| line.split_once("connectionRequestId="));
    link.map(|(_, id)| id.trim().to_owned()).unwrap_or_default()
}

/// Three addresses of this test's own, so that tests beside it cannot take them in between.
fn free_addresses() -> Vec<String> {
    static PAGES: AtomicU8 = AtomicU8::new(1);
    let page = PAGES.fetch_add(1, Ordering::SeqCst);
    let [.., middle, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 100 + page, middle, low);
    let free: Vec<_> = (0..3)
        .map(|_| TcpListener::bind((ip, 0)).unwrap())
        .collect();
    free.iter()
        .map(|listener| listener.local_addr().unwrap().to_string())
        .collect()
}
