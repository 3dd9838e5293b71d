//! Opening a project for a command: its settings, its rules, its database to read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use super::Desk;
use crate::cli::Failure;
use crate::clock::SharedClock;
use crate::config::{Config, Env};
use crate::problem::{Problem, draw};
use crate::project::{self, Accounts, Kept, Project, Strictness};
use crate::rule::RuleSet;
use crate::store::{self, Reader, Snapshot};

/// A project whose database is open to read.
pub(crate) struct Opened {
    /// Its settings.
    pub(crate) config: Config,
    /// Reads.
    pub(crate) reader: Arc<dyn Reader>,
    /// Time and ids.
    pub(crate) clock: SharedClock,
}

impl Desk {
    /// The project's settings, as far as a command needs them: missing secrets are no matter. Shows times in its zone.
    pub(crate) fn settings(&mut self) -> Result<Config, Failure> {
        Ok(self.settings_and_rules()?.0)
    }

    /// The same, with the rules that are in order.
    pub(crate) fn settings_and_rules(&mut self) -> Result<(Config, RuleSet), Failure> {
        let project = load(&self.project, Strictness::Check)?;
        let (config, rules, _) = usable(project, &self.project)?;
        self.screen.zone = config.timezone.clone();
        Ok((config, rules))
    }

    /// The project's settings and its database.
    pub(crate) async fn open(&mut self) -> anyhow::Result<Opened> {
        let config = self.settings()?;
        let clock = Arc::clone(&self.clock);
        let opened = store::open_read_only(&config.database, Arc::clone(&clock)).await;
        Ok(Opened {
            reader: opened.map_err(Failure::from)?,
            config,
            clock,
        })
    }
}

/// The project in this folder, with all its problems.
///
/// # Errors
/// There is none.
pub(crate) fn load(dir: &Path, strictness: Strictness) -> Result<Project, Failure> {
    Ok(settings(dir, strictness)?.rules(Accounts::new()))
}

/// The settings of the project in this folder, to which its rules can be read.
///
/// # Errors
/// There is none.
pub(crate) fn settings(dir: &Path, strictness: Strictness) -> Result<project::Settings, Failure> {
    if !dir.join("kartwheel.yaml").is_file() {
        let shown = match dir.to_str() {
            Some("." | "") => "this folder".to_owned(),
            _ => dir.display().to_string(),
        };
        return Err(Failure::new(format!("there is no kartwheel.yaml in {shown}"))
            .means("A project is a folder with kartwheel.yaml, rules/ and .env.")
            .remedy("Go into it, or name it with --project DIR; `kartwheel init DIR` makes a new one."));
    }
    Ok(project::settings(dir, &Env::of_process(), strictness))
}

/// Where the project's database lies, whether it is there or not.
pub(crate) fn database_file(config: &Config) -> &Path {
    let url = &config.database;
    Path::new(url.strip_prefix("sqlite://").unwrap_or(url))
}

/// What the project's database keeps of the accounts; nothing where there is no database yet.
///
/// # Errors
/// It cannot be read; the text says why.
pub(crate) async fn kept_accounts(
    config: Option<&Config>,
    clock: &SharedClock,
) -> Result<Accounts, String> {
    let Some(config) = config else {
        return Ok(Accounts::new());
    };
    if !database_file(config).exists() {
        return Ok(Accounts::new());
    }
    let read = async {
        let reader = store::open_read_only(&config.database, Arc::clone(clock)).await?;
        reader.snapshots().await
    };
    let kept = read.await.map_err(|error| {
        format!(
            "the database could not be read, so names were not checked against any account: {error}"
        )
    })?;
    let accounts = kept.into_iter().map(|kept| {
        let Snapshot { from, account, .. } = kept;
        (kept.connection, Kept { from, account })
    });
    Ok(accounts.collect())
}

/// Settings and rules of a project whose settings can be used, and the problems it has all the same.
///
/// # Errors
/// The settings cannot be used; the error draws why.
pub(crate) fn usable(
    project: Project,
    dir: &Path,
) -> Result<(Config, RuleSet, Vec<String>), Failure> {
    let drawn: Vec<String> = project
        .problems
        .iter()
        .filter(|problem| problem.is_error())
        .map(|problem| drawn(&project, problem, false))
        .collect();
    match project.config {
        Some(config) => Ok((config, project.rules, drawn)),
        None => Err(Failure::new(format!(
            "{} cannot be used",
            dir.join("kartwheel.yaml").display()
        ))
        .means(drawn.join("\n\n"))
        .remedy("`kartwheel check` shows all of it.")),
    }
}

/// A problem with its source line.
fn drawn(project: &Project, problem: &Problem, colour: bool) -> String {
    let text = project
        .sources_text
        .iter()
        .find(|source| source.name == problem.file)
        .map_or("", |source| &source.text);
    draw(problem, text, colour)
}

/// Whether `NO_COLOR` is set to something.
pub(crate) fn no_color() -> bool {
    Env::of_process()
        .get("NO_COLOR")
        .is_some_and(|value| !value.is_empty())
}

/// An address that can be connected to: where something listens on all addresses, this machine's own.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
