//! `kartwheel runs retry | resume | approve | cancel | resolve`: what a person can do to a run.

use serde_json::json;

use crate::cli::desk::Opened;
use crate::cli::screen::{self, Line};
use crate::cli::{Desk, Exit, Failure};
use crate::run::Run;
use crate::web::api::control::cancel_rule;
use crate::web::api::ids::{self, short};
use crate::web::api::{As, CANCEL_RUNS_MAX, view};

/// Try a run again now
///
/// For a run that waits for its next try, and for one that gave up: it starts again at the step where it stopped. A step
/// that was done is not done twice.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel runs retry 5f0c9a1e\n\nNext:\n  kartwheel runs follow 5f0c9a1e    wait for its end"
)]
pub(super) struct Retry {
    /// The run: eight digits, or the whole id
    run: String,
    #[command(flatten)]
    more: More,
}

/// Let a failed or held run go on from where it stopped
///
/// It goes on with the rule's text of the time it began: a changed rule is not taken up. The next call of a run that
/// met a limit goes beyond that limit; what comes after it is counted and stopped as ever.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel runs resume 5f0c9a1e\n\nNext:\n  kartwheel runs show 5f0c9a1e"
)]
pub(super) struct Resume {
    /// The run: eight digits, or the whole id
    run: String,
    #[command(flatten)]
    more: More,
}

/// Allow the call that a run waits to make
///
/// A step with `approve: true` waits here; `runs show` says what it would send. To say no, cancel the run.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  kartwheel runs approve 5f0c9a1e --reason \"order 4711, agreed by mail\"\n\nNext:\n  kartwheel runs follow 5f0c9a1e    wait for its end"
)]
pub(super) struct Approve {
    /// The run: eight digits, or the whole id
    run: String,
    #[command(flatten)]
    more: More,
}

/// End a run, or all unfinished runs of a rule
///
/// No call that could do harm leaves after the cancel is on disk. A harmless call that is already on its way may still
/// arrive, and is shown.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel runs cancel 5f0c9a1e --reason \"refunded by hand\"\n  kartwheel runs cancel --rule course-purchase --reason \"wrong course\""
)]
pub(super) struct Cancel {
    /// The run: eight digits, or the whole id
    #[arg(required_unless_present = "rule", conflicts_with = "rule")]
    run: Option<String>,
    /// All unfinished runs of this rule instead
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    #[command(flatten)]
    more: More,
}

/// Settle a run whose last call has an unknown outcome
///
/// A call was sent and its answer was lost, and the call is not one that may be repeated blindly. Look in Kartra whether it
/// was carried out, then say what you saw.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel runs resolve 5f0c9a1e --as done --reason \"the refund is there\"\n  kartwheel runs resolve 5f0c9a1e --as repeat\n\nNext:\n  kartwheel runs show 5f0c9a1e"
)]
pub(super) struct Resolve {
    /// The run: eight digits, or the whole id
    run: String,
    /// done: it was carried out, go on · repeat: it was not, make the call again · fail: give the run up
    #[arg(long = "as", value_name = "done|repeat|fail")]
    outcome: As,
    #[command(flatten)]
    more: More,
}

#[derive(Debug, clap::Args)]
struct More {
    /// Why, for whoever looks next
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    reason: String,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn retry(arguments: &Retry, desk: &mut Desk) -> anyhow::Result<Exit> {
    let (project, run) = find(&arguments.run, desk).await?;
    let control = project.control().await?;
    let done = control.retry(run.id, &arguments.more.reason).await;
    done.map_err(Failure::from)?;
    told(&project, &run, "is tried again", &arguments.more, desk).await
}

pub(super) async fn resume(arguments: &Resume, desk: &mut Desk) -> anyhow::Result<Exit> {
    let (project, run) = find(&arguments.run, desk).await?;
    let control = project.control().await?;
    let done = control.resume(run.id, &arguments.more.reason).await;
    done.map_err(Failure::from)?;
    told(&project, &run, "goes on", &arguments.more, desk).await
}

pub(super) async fn approve(arguments: &Approve, desk: &mut Desk) -> anyhow::Result<Exit> {
    let (project, run) = find(&arguments.run, desk).await?;
    let control = project.control().await?;
    let done = control.approve(run.id, &arguments.more.reason).await;
    done.map_err(Failure::from)?;
    told(&project, &run, "may make its call", &arguments.more, desk).await
}

pub(super) async fn resolve(arguments: &Resolve, desk: &mut Desk) -> anyhow::Result<Exit> {
    let (project, run) = find(&arguments.run, desk).await?;
    let control = project.control().await?;
    let done = control
        .resolve(run.id, arguments.outcome, &arguments.more.reason)
        .await;
    done.map_err(Failure::from)?;
    let what = match arguments.outcome {
        As::Done => "goes on: the call counts as done",
        As::Repeat => "makes the call again",
        As::Fail => "was given up",
    };
    told(&project, &run, what, &arguments.more, desk).await
}

pub(super) async fn cancel(arguments: &Cancel, desk: &mut Desk) -> anyhow::Result<Exit> {
    let more = &arguments.more;
    if let Some(run) = &arguments.run {
        let (project, run) = find(run, desk).await?;
        let control = project.control().await?;
        let done = control.cancel(run.id, &more.reason).await;
        done.map_err(Failure::from)?;
        return told(&project, &run, "was cancelled", more, desk).await;
    }
    let rule = arguments.rule.as_deref().unwrap_or_default();
    let project = desk.open().await?;
    let control = project.control().await?;
    let (cancelled, left) = cancel_rule(&*project.reader, &*control, rule, &more.reason)
        .await
        .map_err(Failure::from)?;
    if more.json {
        desk.screen
            .json(&json!({"cancelled": cancelled, "more": left}))?;
        return Ok(Exit::Done);
    }
    let number = cancelled.len();
    let plural = if number == 1 { "run" } else { "runs" };
    desk.screen
        .text(&format!("{number} {plural} of rule {rule} cancelled."))?;
    if left {
        desk.screen.text(&format!(
            "There are more: {CANCEL_RUNS_MAX} are cancelled at a time. Say it again."
        ))?;
    }
    Ok(Exit::Done)
}

async fn find(text: &str, desk: &mut Desk) -> anyhow::Result<(Opened, Run)> {
    let project = desk.open().await?;
    let run = ids::run(&*project.reader, text)
        .await
        .map_err(Failure::from)?;
    Ok((project, run))
}

/// Says what was done, and where the run stands now.
async fn told(
    project: &Opened,
    run: &Run,
    what: &str,
    more: &More,
    desk: &mut Desk,
) -> anyhow::Result<Exit> {
    let run = project
        .reader
        .run(run.id)
        .await
        .map_err(Failure::from)?
        .unwrap_or_else(|| run.clone());
    if more.json {
        desk.screen.json(&view::run(&run))?;
        return Ok(Exit::Done);
    }
    let id = short(run.id);
    desk.screen.line(
        &Line::new("Run ")
            .bold(&id)
            .plain(format!(" of rule {} {what}. It is ", run.rule))
            .add(screen::tone(run.state), run.state.name())
            .plain("."),
    )?;
    desk.screen
        .line(&Line::default().dim(format!("  kartwheel runs show {id}")))?;
    Ok(Exit::Done)
}
