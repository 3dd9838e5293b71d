//! The clock is set by an hour and by a year, forward and back; Membrane is away for an hour. With the daemon in this process,
//! since nobody may set the machine's clock for a test.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::SignedDuration;

use super::chance::Chance;
use super::shift::ShiftedClock;
use super::stage::Stage;
use super::{Outcome, Progress};
use crate::app::{App, Options, Sockets};
use crate::cli::desk::{load, usable};
use crate::outside::Outside;
use crate::project::Strictness;
use crate::run::State;
use crate::sandbox::Sandbox;
use crate::store::Counts;

/// How the clock is set, in hours; in the end it is right again.
const JUMPS: [i64; 6] = [1, -1, 365 * 24, -365 * 24, -365 * 24, 365 * 24];
/// So many answers come before and after each.
const ANSWERS_MAX: u64 = 120;
/// Time passes in steps of this length, so that leases are renewed as on a machine.
const STEP: Duration = Duration::from_secs(10);
/// How long Membrane is away.
const AWAY: Duration = Duration::from_secs(3_600);
/// In each step of that time so many deliveries come.
const ANSWERS_A_STEP: u64 = 2;

/// The clock is set under load.
pub(super) async fn jumps(
    stage: &Stage<'_>,
    clock: &Arc<ShiftedClock>,
    chance: &mut Chance,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let app = here(stage).await?;
    let senders = stage.load()?;
    let rounds = JUMPS.len() as u64;
    for (round, hours) in (1..).zip(JUMPS) {
        senders.taken(chance.up_to(ANSWERS_MAX)).await?;
        clock.set(SignedDuration::from_hours(hours));
        senders.taken(chance.up_to(ANSWERS_MAX)).await?;
        progress.round(round, rounds, &format!("the clock was set by {hours} h"))?;
    }
    let mut outcome = end(stage, clock, app, senders).await?;
    outcome.note("set by an hour and by a year, forward and back");
    Ok(outcome)
}

/// Membrane is not there for an hour.
pub(super) async fn away(
    stage: &mut Stage<'_>,
    clock: &Arc<ShiftedClock>,
    chance: &mut Chance,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let app = here(stage).await?;
    let senders = stage.load()?;
    senders.taken(chance.up_to(ANSWERS_MAX)).await?;
    let sandbox = stage.sandbox.take().context("the sandbox runs")?;
    let address = sandbox.address();
    sandbox.stop().await;
    progress.say("Membrane is away")?;
    let mut passed = Duration::ZERO;
    while passed < AWAY {
        clock.pass(STEP);
        passed += STEP;
        senders.taken(ANSWERS_A_STEP).await?;
    }
    let held = app.store().reader().holds().await?.len();
    progress.say("Membrane is back")?;
    stage.sandbox = Some(Sandbox::start_again(address, Arc::clone(&stage.world)).await?);
    let taken = senders.book().taken.len();
    let mut outcome = end(stage, clock, app, senders).await?;
    if held == 0 {
        outcome
            .broken
            .push("the connection was not held".to_owned());
    }
    outcome.note(format!(
        "an hour away; {taken} deliveries were taken by then"
    ));
    Ok(outcome)
}

/// The daemon, in this process and on the stage's clock.
async fn here(stage: &Stage<'_>) -> anyhow::Result<App> {
    let project = load(stage.folder.path(), Strictness::Serve)?;
    let (config, rules, broken) = usable(project, stage.folder.path())?;
    if let Some(problem) = broken.first() {
        bail!("the campaign's rules are broken: {problem}");
    }
    App::start(Options {
        config,
        rules,
        clock: Arc::clone(&stage.clock),
        reads_accounts: false,
        test_events: true,
        outside: Outside::usual()?,
        reread: None,
        sockets: Sockets::default(),
    })
    .await
}

/// Every run comes to its end; while all of them wait for something, time passes.
async fn end(
    stage: &Stage<'_>,
    clock: &ShiftedClock,
    app: App,
    mut senders: super::load::Load,
) -> anyhow::Result<Outcome> {
    let book = senders.finish().await?;
    let pass = |counts: &Counts| {
        let works = |(state, count): &(State, u64)| *state == State::Running && *count > 0;
        if counts.due == 0 && !counts.runs.iter().any(works) {
            clock.pass(STEP);
        }
    };
    stage.runs_end(pass).await?;
    app.stop().await;
    stage.judge(book).await
}
