//! What a campaign is played on: a folder with a project, the sandbox as its Membrane, senders, daemons; and what the store holds
//! in the end.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::daemon::{Daemon, PATIENCE, POLL, Start};
use super::judge::Facts;
use super::load::{Book, Load};
use super::project::Folder;
use super::{Outcome, Setting};
use crate::cli::desk::{http_client, settings};
use crate::cli::verify;
use crate::clock::SharedClock;
use crate::project::Strictness;
use crate::run::{Run, State};
use crate::sandbox::{self, Sandbox};
use crate::store::{self, Checked, Counts, Reader, RunFilter};
use crate::trigger::Source;

/// So long nothing may change: a refund in doubt is looked up for two minutes and more before it waits for a person.
const RUNS_PATIENCE: Duration = Duration::from_secs(400);
/// So many effects and logs are remembered: all of them.
const REMEMBERED: usize = 10_000_000;
/// So many runs are read at once.
const PAGE: u32 = 1_000;

/// The stage of one campaign.
pub(super) struct Stage<'a> {
    pub(super) setting: &'a Setting,
    /// Nothing while Membrane is away.
    pub(super) sandbox: Option<Sandbox>,
    /// The account, and what was done in it.
    pub(super) world: Arc<sandbox::State>,
    /// Where Membrane is.
    pub(super) membrane: String,
    pub(super) http: reqwest::Client,
    pub(super) clock: SharedClock,
    pub(super) source: Arc<Source>,
    /// Last, so that it goes when nobody is in it any more.
    pub(super) folder: Folder,
}

impl<'a> Stage<'a> {
    /// Sets it up, with this time for the daemon, and this for the account: nobody sets Kartra's clock.
    pub(super) async fn set(
        setting: &'a Setting,
        clock: SharedClock,
        accounts: SharedClock,
    ) -> anyhow::Result<Self> {
        let sandbox = Sandbox::start(sandbox::Options {
            clock: accounts,
            effects_kept: REMEMBERED,
            logs_kept: REMEMBERED,
            ..sandbox::Options::default()
        })
        .await?;
        let folder = Folder::make(clock.new_id(), &sandbox.url())?;
        let project = settings(folder.path(), Strictness::Serve)?;
        let config = project.config().context("the settings can be used")?;
        let source = config.sources.get("shop").context("there is a source")?;
        Ok(Self {
            source: Arc::clone(source),
            setting,
            world: Arc::clone(sandbox.world()),
            membrane: sandbox.url(),
            sandbox: Some(sandbox),
            http: http_client()?,
            clock,
            folder,
        })
    }

    /// Begins to send.
    pub(super) fn load(&self) -> anyhow::Result<Load> {
        self.senders(true)
    }

    /// Begins to send orders alone: where daemons are killed, refunds in doubt take minutes.
    pub(super) fn orders(&self) -> anyhow::Result<Load> {
        self.senders(false)
    }

    fn senders(&self, refunds: bool) -> anyhow::Result<Load> {
        let world = Arc::clone(&self.world);
        let source = Arc::clone(&self.source);
        let (to, seed) = (self.folder.webhooks, self.setting.seed);
        Load::start(to, source, world, seed, refunds)
    }

    /// How a daemon is started here.
    pub(super) fn how(&self) -> Start<'_> {
        Start {
            exe: &self.setting.exe,
            project: self.folder.path(),
            socket: None,
            through: &[],
            env: &[],
        }
    }

    /// Starts a daemon.
    pub(super) async fn start(&self) -> anyhow::Result<Daemon> {
        Daemon::start(self.how(), &self.folder, &self.http).await
    }

    /// Starts a daemon on a socket that it is handed.
    pub(super) async fn start_on(&self, socket: &TcpListener) -> anyhow::Result<Daemon> {
        let how = Start {
            socket: Some(socket),
            ..self.how()
        };
        Daemon::start(how, &self.folder, &self.http).await
    }

    /// Ends the campaign: every delivery is taken, every run over; the daemon stops in order; then all of it is judged.
    pub(super) async fn end(&self, mut load: Load, daemon: Daemon) -> anyhow::Result<Outcome> {
        let book = load.finish().await?;
        self.runs_end(|_| ()).await?;
        daemon.stop().await?;
        self.judge(book).await
    }

    /// What the campaign came to.
    pub(super) async fn judge(&self, book: Book) -> anyhow::Result<Outcome> {
        let reader = self.reader().await?;
        let facts = self.facts(&*reader, &book).await?;
        let mut outcome = Outcome {
            deliveries: book.taken.len(),
            runs: facts.runs.len(),
            effects: facts.effects.len(),
            broken: facts.broken(),
            notes: Vec::new(),
        };
        let checked = verify::look(&reader, true, &|_| ()).await?;
        outcome.broken.extend(checked.iter().filter_map(unsound));
        if book.taken.is_empty() {
            outcome.broken.push("no delivery was taken".to_owned());
        }
        if facts.doubts() > 0 {
            let doubts = facts.doubts();
            outcome.note(format!("{doubts} refunds in doubt wait for a person"));
        }
        Ok(outcome)
    }

    async fn facts(&self, reader: &dyn Reader, book: &Book) -> anyhow::Result<Facts> {
        let runs = all_runs(reader).await?;
        let mut facts = Facts {
            taken: book.taken.clone(),
            effects: self.world.effects(),
            ..Facts::default()
        };
        for run in &runs {
            let attempts = reader.attempts(run.id).await?;
            if attempts.iter().any(|attempt| attempt.ended_at.is_none()) {
                facts.open.push(run.id);
            }
            if !facts.texts.contains_key(&run.rule_hash)
                && let Some(text) = reader.rule_text(&run.rule_hash).await?
            {
                facts.texts.insert(text.hash, text.text);
            }
        }
        facts.runs = runs;
        Ok(facts)
    }

    /// Returns when every run is over or waits for a person; `meanwhile` is told again and again
    /// how far they are.
    pub(super) async fn runs_end(&self, meanwhile: impl Fn(&Counts)) -> anyhow::Result<()> {
        let reader = self.reader().await?;
        let (mut changed, mut before) = (Instant::now(), Vec::new());
        loop {
            let counts = reader.counts(self.clock.now()).await?;
            if counts.runs != before {
                (changed, before) = (Instant::now(), counts.runs.clone());
            }
            let left: Vec<_> = counts
                .runs
                .iter()
                .filter(|(state, count)| {
                    *count > 0 && !state.is_over() && *state != State::NeedsPerson
                })
                .copied()
                .collect();
            if left.is_empty() {
                return Ok(());
            }
            if changed.elapsed() > RUNS_PATIENCE {
                bail!("runs do not end: {left:?}");
            }
            meanwhile(&counts);
            tokio::time::sleep(4 * POLL).await;
        }
    }

    async fn reader(&self) -> anyhow::Result<Arc<dyn Reader>> {
        let url = format!(
            "sqlite://{}",
            self.folder.data().join("kartwheel.db").display()
        );
        Ok(store::open_read_only(&url, Arc::clone(&self.clock)).await?)
    }

    /// Runs a command of ours to its end; gives its exit code and what it said.
    pub(super) async fn says(
        &self,
        start: Start<'_>,
        log: &Path,
    ) -> anyhow::Result<(Option<i32>, String)> {
        let mut daemon = Daemon::spawn(start, log)?;
        let status = tokio::time::timeout(PATIENCE, daemon.ended()).await??;
        Ok((status.code(), std::fs::read_to_string(log)?))
    }
}

/// What `kartwheel verify` says of it.
fn unsound(checked: &Checked) -> Option<String> {
    let what = checked.found.first().map(|broken| &broken.what);
    (!checked.is_clean()).then(|| {
        format!(
            "verify: {} is broken in {} of {} rows: {what:?} {:?}",
            checked.check.name, checked.broken, checked.rows, checked.unread
        )
    })
}

async fn all_runs(reader: &dyn Reader) -> anyhow::Result<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let filter = RunFilter {
            before: runs.last().map(|run| run.seq),
            limit: PAGE,
            ..RunFilter::default()
        };
        let page = reader.runs(&filter).await?;
        if page.is_empty() {
            return Ok(runs);
        }
        runs.extend(page);
    }
}
