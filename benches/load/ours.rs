//! Ours: the whole program as `serve` wires it, on a database on disk, with one source and one rule, calling the sink.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kartwheel::app::{App, Options, Sockets};
use kartwheel::clock::{Clock, SystemClock};
use kartwheel::config::Env;
use kartwheel::outside::Outside;
use kartwheel::project::{self, Strictness};

use super::delivery::SECRET;

/// More than anything here can make.
const CALLS_PER_SECOND: f64 = 1_000_000.0;
/// All work of a round is done within this.
const REST_SECONDS_MAX: u64 = 300;
/// How often is asked whether it is.
const REST_POLL_MILLIS: u64 = 20;

/// The program, and the folder it lives in.
pub(crate) struct Ours {
    app: App,
    folder: PathBuf,
}

impl Ours {
    /// Starts it with these rules in a folder of this name below `target/`.
    pub(crate) async fn start(name: &str, sink: SocketAddr, rules: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(folder.join("rules"))?;
        std::fs::write(folder.join("kartwheel.yaml"), settings(sink))?;
        std::fs::write(folder.join("rules/bench.yaml"), rules)?;
        let env = Env::from_pairs([
            ("KARTWHEEL_TOKEN", "0123456789abcdef0123456789abcdef"),
            ("MEMBRANE_TOKEN", "bench"),
            ("STRIPE_SECRET", SECRET),
        ]);
        let project = project::load(&folder, &env, Strictness::Serve);
        ensure!(project.problems.is_empty(), "{:#?}", project.problems);
        let mut config = project.config.context("a config")?;
        // The pace protects an account; what is measured here is the program.
        for connection in config.membrane.connections.values_mut() {
            connection.per_second = CALLS_PER_SECOND;
        }
        let options = Options {
            config,
            rules: project.rules,
            clock: Arc::new(SystemClock),
            reads_accounts: false,
            test_events: false,
            outside: Outside::usual()?,
            reread: None,
            sockets: Sockets::default(),
        };
        let app = App::start(options).await?;
        Ok(Self { app, folder })
    }

    /// Where deliveries go.
    pub(crate) fn address(&self) -> SocketAddr {
        self.app.webhook_address
    }

    /// Waits until no run is due any more, so that one round's rest does not burden the next.
    pub(crate) async fn rest(&self) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(REST_SECONDS_MAX);
        loop {
            let counts = self.app.store().reader().counts(SystemClock.now()).await?;
            let busy = counts
                .runs
                .iter()
                .filter(|(state, _)| matches!(state.name(), "ready" | "running" | "retrying"))
                .any(|(_, count)| *count > 0);
            if !busy {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "the work of a round does not end: {counts:?}"
            );
            tokio::time::sleep(Duration::from_millis(REST_POLL_MILLIS)).await;
        }
    }

    /// Stops it and removes its folder.
    pub(crate) async fn stop(self) -> Result<()> {
        self.app.stop().await;
        std::fs::remove_dir_all(self.folder)?;
        Ok(())
    }
}

fn settings(sink: SocketAddr) -> String {
    format!(
        "timezone: UTC\n\
         database: sqlite://bench.db\n\
         listen: 127.0.0.1:0\n\
         console: {{ listen: 127.0.0.1:0 }}\n\
         membrane: {{ url: \"http://{sink}\", token: env:MEMBRANE_TOKEN }}\n\
         connections:\n  main: {{ id: bench, at_once: 64 }}\n\
         sources:\n  stripe: {{ preset: stripe, secret: env:STRIPE_SECRET }}\n"
    )
}
