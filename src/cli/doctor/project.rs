//! The project: its settings and rules, its secrets, its database, its disk, its daemon.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::finding::{Finding, Sheet};
use crate::cli::desk::{
    Daemon, Keeper, OWN_ADDRESSES, Whose, database_file, keeper, load, reachable,
};
use crate::cli::{Desk, Failure};
use crate::config::Config;
use crate::problem::Problem;
use crate::project::{Project, Strictness};
use crate::store::{self, StoreError};

/// Below so many free bytes the disk counts as nearly full.
const FREE_BYTES_LOW: u64 = 1024 * 1024 * 1024;
/// Below so many free bytes the daemon may have to refuse deliveries any moment.
const FREE_BYTES_LEAST: u64 = 100 * 1024 * 1024;
/// Problems of settings and rules that are shown.
const PROBLEMS_SHOWN: usize = 5;

/// Looks at the project. Gives the settings, if they can be used.
///
/// # Errors
/// There is no project.
pub(super) async fn look(
    desk: &mut Desk,
    found: &mut Vec<Finding>,
) -> Result<Option<Config>, Failure> {
    let strict = load(&desk.project, Strictness::Serve)?;
    let mut sheet = Sheet::new("project", found);
    settings(&strict, &mut sheet);
    env_file(&desk.project, &mut sheet);
    // What is missing only to serve does not keep us from looking on.
    let Some(config) = load(&desk.project, Strictness::Check)?.config else {
        return Ok(None);
    };
    desk.screen.zone = config.timezone.clone();
    let is_there = database(&config, desk, &mut sheet).await;
    disk(&config, &mut sheet);
    daemon(&config, is_there, desk, &mut sheet).await;
    listeners(&config, &mut sheet);
    Ok(Some(config))
}

fn settings(project: &Project, sheet: &mut Sheet<'_>) {
    let rules = project.rules.rules().len();
    let errors: Vec<&Problem> = project
        .problems
        .iter()
        .filter(|one| one.is_error())
        .collect();
    let warnings = project.problems.len() - errors.len();
    let shown = |problems: &[&Problem]| {
        let mut lines: Vec<String> = problems
            .iter()
            .take(PROBLEMS_SHOWN)
            .map(|problem| format!("{}: {}", problem.place(), problem.message))
            .collect();
        if problems.len() > PROBLEMS_SHOWN {
            lines.push(format!("and {} more", problems.len() - PROBLEMS_SHOWN));
        }
        lines.join("\n")
    };
    if !errors.is_empty() {
        sheet.problem(
            "settings",
            shown(&errors),
            "`kartwheel check` shows each with its line and its fix",
        );
    } else if warnings > 0 {
        let all: Vec<&Problem> = project.problems.iter().collect();
        sheet.warning(
            "settings",
            shown(&all),
            "`kartwheel check` shows each with its line",
        );
    } else {
        let files = project.files;
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        sheet.ok(
            "settings",
            format!(
                "{rules} rule{} in {files} file{}, no problems",
                plural(rules),
                plural(files)
            ),
        );
    }
}

fn env_file(dir: &Path, sheet: &mut Sheet<'_>) {
    let path = dir.join(".env");
    match std::fs::metadata(&path) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 == 0 {
                sheet.ok(".env", "only its owner can read it");
            } else {
                sheet.problem(
                    ".env",
                    format!("others than its owner can read or change it (mode {mode:03o}), and it holds secrets"),
                    "chmod 600 .env",
                );
            }
        }
        Err(_) => sheet.note(
            ".env",
            "there is none: all secrets come from the environment",
            "",
        ),
    }
}

/// Whether the database is there and can be used.
async fn database(config: &Config, desk: &Desk, sheet: &mut Sheet<'_>) -> bool {
    let path = database_file(config);
    if !path.exists() {
        sheet.note(
            "database",
            "there is none yet; `kartwheel serve` makes it",
            "",
        );
        return false;
    }
    match store::open_read_only(&config.database, desk.clock.clone()).await {
        Ok(reader) => match reader.counts(desk.clock.now()).await {
            Ok(_) => {
                sheet.ok("database", "can be read, and is of this version");
                true
            }
            Err(error) => {
                sheet.problem(
                    "database",
                    error.to_string(),
                    "look at the disk; restore a copy if it is damaged",
                );
                false
            }
        },
        // The daemon mends that by itself when it starts.
        Err(error @ StoreError::Older(_)) => {
            sheet.warning("database", error.to_string(), "");
            false
        }
        Err(error) => {
            sheet.problem("database", error.to_string(), "");
            false
        }
    }
}

fn disk(config: &Config, sheet: &mut Sheet<'_>) {
    let path = database_file(config);
    let folder = path.parent().filter(|folder| folder.exists());
    let folder = folder.unwrap_or(&config.dir);
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return sheet.note("disk", "its free space cannot be read", "");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let megabytes = free / 1024 / 1024;
    let to_do = "make room: on a full disk deliveries are refused, and senders come again later";
    if free < FREE_BYTES_LEAST {
        sheet.problem("disk", format!("only {megabytes} MiB are free"), to_do);
    } else if free < FREE_BYTES_LOW {
        sheet.warning("disk", format!("only {megabytes} MiB are free"), to_do);
    } else {
        sheet.ok("disk", "more than 1 GiB is free");
    }
}

async fn daemon(config: &Config, has_database: bool, desk: &Desk, sheet: &mut Sheet<'_>) {
    let address = reachable(config.console.listen);
    if let Ok(daemon) = Daemon::ask(config, &desk.clock).await {
        answers(&daemon, config, sheet);
    } else if !has_database {
        sheet.note("daemon", "does not run", "`kartwheel serve` starts it");
    } else {
        match keeper(config, &desk.clock).await {
            Ok(Keeper::Us(store)) => {
                store.close().await;
                sheet.note("daemon", "does not run", "`kartwheel serve` starts it");
            }
            _ => sheet.problem(
                "daemon",
                format!("something has the database open, and nothing answers at {address}"),
                "look at the daemon's log; was `console.listen` changed since it was started?",
            ),
        }
    }
    if config.console.token.is_none() {
        sheet.warning(
            "API token",
            "KARTWHEEL_TOKEN is not set: the API lets nobody in, so no command can change anything while the daemon runs",
            "put KARTWHEEL_TOKEN=… into .env (openssl rand -hex 32) and start the daemon again",
        );
    }
}

fn answers(daemon: &Daemon, config: &Config, sheet: &mut Sheet<'_>) {
    let address = reachable(config.console.listen);
    let held = daemon.body["held"].as_array().map_or(0, Vec::len);
    match (daemon.whose, daemon.status, held) {
        (Whose::Anothers, ..) => sheet.problem(
            "daemon",
            format!("what answers at {address} serves another database: it is another project's daemon"),
            OWN_ADDRESSES,
        ),
        (Whose::NoDatabase, ..) => sheet.warning(
            "daemon",
            format!("something answers at {address}, and this project has no database yet: it is another project's daemon, or this one's runs elsewhere, as in a container"),
            OWN_ADDRESSES,
        ),
        (_, 200, 0) => sheet.ok("daemon", format!("runs, and takes deliveries ({address})")),
        (_, 200, _) => sheet.warning(
            "daemon",
            format!("runs, and {held} of its holds keep runs waiting"),
            "`kartwheel health` names them",
        ),
        (_, status, _) => sheet.warning(
            "daemon",
            format!("answers at {address}, and takes no deliveries at present ({status})"),
            "it may be starting or stopping: look again, then at its log",
        ),
    }
}

fn listeners(config: &Config, sheet: &mut Sheet<'_>) {
    if config.public_url.is_none() && !config.listen.ip().is_loopback() {
        sheet.note(
            "public_url",
            "not set: senders are not told where this daemon is",
            "add `public_url: https://…`, the address under which senders reach it",
        );
    }
}
