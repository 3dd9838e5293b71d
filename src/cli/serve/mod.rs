//! `kartwheel serve`: the daemon.

mod launch;
mod log;
mod signals;

use std::path::PathBuf;
use std::sync::Arc;

use super::desk::{kept_accounts, settings, usable};
use super::screen::{Line, Tone};
use super::{Desk, Exit, Failure};
use crate::membrane::Reread;
use crate::problem::Problem;
use crate::project::{Accounts, Project, Strictness};

pub(super) use launch::{Launched, launch};
pub(super) use signals::Signals;

/// The exit code of a daemon that was told twice to end: as a shell reports SIGTERM.
const FORCED: i32 = 143;
/// So many rules' misfits are logged one by one.
const MISFITS_MAX: usize = 20;

/// Run the daemon: take webhooks, run the rules
///
/// It listens for webhooks (`listen`) and for the commands (`console.listen`), carries out what the rules say, and goes on after a
/// restart where it stopped. SIGTERM or Ctrl-C stops it in order: nothing new is taken, calls in flight end; a second one ends it
/// at once. Only one daemon can have a database. A listening socket that the parent process hands over (systemd, LISTEN_FDS) is
/// used instead of `listen`: then a restart turns nobody away.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel serve --sandbox    with the stand-in for Membrane and Kartra; no MEMBRANE_ variable needed\n  kartwheel serve --project /etc/kartwheel --log json\n\n\
                  Next, in a second shell:\n  kartwheel send stripe checkout.session.completed\n  kartwheel runs follow"
)]
pub(super) struct Arguments {
    /// Start the stand-in for Membrane and Kartra in this process, and send everything to it
    #[arg(long)]
    sandbox: bool,
    /// How to log [default: text on a terminal, json elsewhere]
    #[arg(long, value_enum)]
    log: Option<log::Format>,
    /// How much to log: error, warn, info, debug, trace, or filters such as kartwheel::engine=debug,info
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "info",
        env = "RUST_LOG",
        hide_env_values = true
    )]
    log_level: String,
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    log::start(arguments.log, &arguments.log_level, desk.screen.colour())?;
    let strictness = if arguments.sandbox {
        Strictness::Sandbox
    } else {
        Strictness::Serve
    };
    let settings = settings(&desk.project, strictness)?;
    let accounts = match kept_accounts(settings.config(), &desk.clock).await {
        Ok(accounts) => accounts,
        Err(why) => {
            tracing::warn!(why, "rules are read without what is known of the accounts");
            Accounts::new()
        }
    };
    let project = settings.rules(accounts);
    warn_of_misfits(&project);
    let (config, rules, broken) = usable(project, &desk.project)?;
    for problem in &broken {
        // Drawn for whoever started it; the log has the number.
        eprintln!("{problem}\n");
    }
    if !broken.is_empty() {
        tracing::error!(
            errors = broken.len(),
            "some rules are broken and not in force; `kartwheel check` shows them"
        );
    }
    let number = rules.rules().len();
    let clock = Arc::clone(&desk.clock);
    let mut signals = Signals::new()?;
    let reread = Some(reread(desk.project.clone()));
    let sockets = desk.handed.take()?;
    let running = launch(config, rules, arguments.sandbox, clock, reread, sockets).await?;
    // Whoever read the greeting may go away: the daemon stays.
    let _ = told(&running, number, desk);
    let ended = tokio::select! {
        () = signals.next() => Ended::Asked,
        why = running.app.failed() => Ended::Failed(why),
    };
    match ended {
        Ended::Asked => {
            let stopping = "Stopping: calls in flight end, nothing new is taken. Once more ends at once.";
            let _ = desk.screen.text(stopping).and_then(|()| desk.screen.flush());
            tokio::select! {
                () = running.stop() => Ok(Exit::Done),
                () = signals.next() => std::process::exit(FORCED),
            }
        }
        Ended::Failed(why) => Err(Failure::new(format!("the database failed: {why}"))
            .means("Nothing can be promised any more, so the daemon ended. What was answered with a 2xx is on disk.")
            .remedy("Look at the disk, then start it again: it goes on where it stopped.")
            .into()),
    }
}

/// Credentials may be mended in .env or in a file while the daemon runs.
fn reread(project: PathBuf) -> Reread {
    Reread(Arc::new(move || {
        let settings = settings(&project, Strictness::Serve).ok()?;
        settings.config().map(|config| config.membrane.clone())
    }))
}

/// Rules that do not fit the account are in force all the same, for a name may have been made a moment ago: the log says which.
fn warn_of_misfits(project: &Project) {
    let of_rules = |problem: &&Problem| {
        !problem.is_error() && (problem.code.starts_with("K05") || problem.code.starts_with("K08"))
    };
    let misfits: Vec<&Problem> = project.problems.iter().filter(of_rules).collect();
    for problem in misfits.iter().take(MISFITS_MAX) {
        let place = format!("{}:{}", problem.file, problem.span.line);
        tracing::warn!(
            code = problem.code,
            place,
            why = problem.message,
            "a rule does not fit"
        );
    }
    if misfits.len() > MISFITS_MAX {
        let more = misfits.len() - MISFITS_MAX;
        tracing::warn!(
            more,
            "further rules do not fit; `kartwheel check` shows them all"
        );
    }
}

/// Why the daemon ends.
enum Ended {
    /// A signal.
    Asked,
    /// The database.
    Failed(String),
}

fn told(running: &Launched, rules: usize, desk: &mut Desk) -> std::io::Result<()> {
    let screen = &mut desk.screen;
    let plural = if rules == 1 { "rule" } else { "rules" };
    screen.line(
        &Line::default()
            .add(Tone::Good, "Kartwheel serves")
            .plain(format!(" {rules} {plural}.")),
    )?;
    let app = &running.app;
    screen.line(&Line::new(format!(
        "  webhooks  http://{}/hooks/SOURCE",
        app.webhook_address
    )))?;
    screen.line(&Line::new(format!(
        "  API       http://{}/api",
        app.console_address
    )))?;
    if let Some(sandbox) = &running.sandbox {
        screen.line(
            &Line::new(format!("  sandbox   {}/_sandbox/", sandbox.url()))
                .dim("  stands in for Membrane and Kartra"),
        )?;
    }
    screen.line(&Line::default().dim("Ctrl-C stops it in order."))?;
    screen.flush()
}
