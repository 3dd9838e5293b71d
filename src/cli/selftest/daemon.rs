//! The daemon of a campaign, in a process of its own: started, asked to stop, stopped in its tracks, killed.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::project::Folder;

/// A slow machine is given this long for each thing that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether it has happened.
pub(super) const POLL: Duration = Duration::from_millis(5);
/// What of the log is shown when the daemon does not do as it should.
const LOG_LINES_SHOWN: usize = 12;
/// Hands the socket that the shell has as its input over, as systemd hands over its own.
const HAND_OVER: &str = "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=webhooks; exec \"$0\" \"$@\"";

/// How a daemon is started.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    /// The binary.
    pub(super) exe: &'a Path,
    /// The project's folder.
    pub(super) project: &'a Path,
    /// A socket that is handed over.
    pub(super) socket: Option<&'a TcpListener>,
    /// A program, with its arguments, that becomes the daemon without some of our rights.
    pub(super) through: &'a [&'static str],
    /// Variables of its environment, which is empty otherwise.
    pub(super) env: &'a [(&'static str, String)],
}

/// The process. Killed when dropped.
pub(super) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it, and returns when it takes deliveries.
    pub(super) async fn start(
        start: Start<'_>,
        folder: &Folder,
        http: &reqwest::Client,
    ) -> anyhow::Result<Self> {
        let mut daemon = Self::spawn(start, &folder.log())?;
        let ready = daemon.is_ready(folder.webhooks, http).await;
        ready.map(|()| daemon)
    }

    /// Starts it.
    pub(super) fn spawn(start: Start<'_>, log: &Path) -> anyhow::Result<Self> {
        let mut command = match start.socket {
            Some(socket) => {
                let mut shell = Command::new("/bin/sh");
                let socket = OwnedFd::from(socket.try_clone()?);
                shell.args(["-c", HAND_OVER]).arg(start.exe).stdin(socket);
                shell
            }
            None => {
                let mut words = start.through.iter().map(OsStr::new);
                let mut words = words.by_ref().chain([start.exe.as_os_str()]);
                let mut plain = Command::new(words.next().unwrap_or_default());
                plain.args(words).stdin(Stdio::null());
                plain
            }
        };
        let stderr = File::options().create(true).append(true).open(log)?;
        command
            .args(["serve", "--log", "json", "--project"])
            .arg(start.project)
            .env_clear()
            .envs(start.env.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(stderr);
        let child = command.spawn().context("the daemon cannot be started")?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    async fn is_ready(&mut self, at: SocketAddr, http: &reqwest::Client) -> anyhow::Result<()> {
        let began = Instant::now();
        let url = format!("http://{at}/readyz");
        loop {
            let answer = http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the daemon ended ({status}):\n{}", self.last_words());
            }
            if began.elapsed() > PATIENCE {
                bail!("the daemon does not become ready:\n{}", self.last_words());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The number of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub(super) fn lives(&mut self) -> std::io::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Stops it in its tracks for so long: it neither ends nor works.
    pub(super) async fn freeze(&self, length: Duration) -> anyhow::Result<()> {
        self.signal(Signal::STOP)?;
        tokio::time::sleep(length).await;
        self.signal(Signal::CONT)
    }

    /// Ends it as a power cut does.
    pub(super) fn kill(self) {
        drop(self);
    }

    /// Asks it to stop, and returns when it has ended well.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let status = self.ended().await?;
        if !status.success() {
            bail!(
                "the daemon did not end well ({status}):\n{}",
                self.last_words()
            );
        }
        Ok(())
    }

    /// How it ended, once it has.
    pub(super) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if began.elapsed() > PATIENCE {
                bail!("the daemon does not end:\n{}", self.last_words());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), signal)
            .with_context(|| format!("the daemon cannot be sent {signal:?}"))
    }

    /// The end of the log.
    pub(super) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
