//! `kartwheel health`: whether the daemon of this project takes deliveries; what a container's health check calls.

use serde_json::Value;

use super::desk::{Daemon, Whose, anothers, reachable};
use super::screen::{Line, Screen, Tone};
use super::{Desk, Exit, Failure};
use crate::store::{AlertKind, HoldKind};

/// Alerts that are listed at most.
const ALERTS_MAX: u32 = 50;

/// Ask the daemon whether it is well
///
/// Exit code 0 when it takes deliveries, 1 when it is starting or stopping, 2 when it does not answer or another
/// project's does. Connections that are held, runs that wait for a person and alerts that stand are named and do not count as ill: accepting goes on. No token is needed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel health && echo ready\n\nNext:\n  kartwheel runs list --state needs_person    what waits for a person"
)]
pub(super) struct Arguments {
    /// Print the daemon's answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let settings = desk.settings()?;
    let url = format!("http://{}/readyz", reachable(settings.console.listen));
    let unreachable = |error: anyhow::Error| {
        let is_late = |error: &reqwest::Error| error.is_timeout();
        let what = match error.downcast_ref().is_some_and(is_late) {
            true => "did not answer in time",
            false => "does not answer",
        };
        Failure::new(format!("the daemon {what} at {url}"))
            .remedy("Is it running? `kartwheel serve` starts it; its log says why it ended.")
    };
    let daemon = Daemon::ask(&settings, &desk.clock).await;
    let Daemon {
        status,
        body,
        whose,
    } = daemon.map_err(unreachable)?;
    if whose == Whose::Anothers {
        return Err(anothers(&settings).into());
    }
    let ready = (200..300).contains(&status);
    if arguments.json {
        desk.screen.json(&body)?;
    } else {
        let status = body["status"].as_str().unwrap_or("unknown");
        let tone = if ready { Tone::Good } else { Tone::Bad };
        desk.screen.line(&Line::default().add(tone, status))?;
        for held in body["held"].as_array().into_iter().flatten() {
            let name = held["connection"].as_str().filter(|name| !name.is_empty());
            let kind = held["kind"].as_str().and_then(HoldKind::from_name);
            let line = Line::new("  ").add(
                Tone::Warn,
                format!("{} is held", name.unwrap_or("everything")),
            );
            desk.screen.line(&match kind {
                Some(kind) => {
                    let way_out = kind.way_out(name.unwrap_or_default());
                    line.plain(format!(": {}; {way_out}", kind.means()))
                }
                None => line,
            })?;
        }
    }
    if !arguments.json {
        waiting(&body["waiting"], &mut desk.screen)?;
        if whose == Whose::NoDatabase {
            let told = "  this project has no database here: this may be another project's daemon";
            desk.screen.line(&Line::default().add(Tone::Warn, told))?;
        }
        alerts(desk).await?;
    }
    Ok(if ready { Exit::Done } else { Exit::Problems })
}

/// How many runs wait for a person, and what for.
fn waiting(counts: &Value, screen: &mut Screen) -> std::io::Result<()> {
    let count = |kind: AlertKind| counts[kind.name()].as_u64().unwrap_or(0);
    let [limit, approval, answer, stuck] = AlertKind::OF_RUNS.map(count);
    let all = limit + approval + answer + stuck;
    if all == 0 {
        return Ok(());
    }
    let parts = [
        (answer, "because an answer was lost (needs_person)"),
        (approval, "for an approval"),
        (limit, "over a limit"),
        (stuck, "held for another reason"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, why)| format!("{count} {why}")).collect();
    let runs = if all == 1 { "run waits" } else { "runs wait" };
    screen.line(
        &Line::new("  ")
            .add(Tone::Warn, format!("{all} {runs} for a person"))
            .plain(format!(": {}", parts.join(", "))),
    )
}

/// The alerts that stand, when the database is here to be read; a container's health check may see only the port.
async fn alerts(desk: &mut Desk) -> anyhow::Result<()> {
    let Ok(project) = desk.open().await else {
        return Ok(());
    };
    let standing = project.reader.alerts(true, ALERTS_MAX).await;
    for alert in standing.map_err(Failure::from)? {
        desk.screen.line(
            &Line::new("  ")
                .add(
                    Tone::Bad,
                    format!("{} {}", alert.kind.name(), alert.subject),
                )
                .dim(format!("  {}", alert.text)),
        )?;
    }
    Ok(())
}
