//! Kills under load, at moments that follow from the seed; now and then the process is stopped in its tracks first.

use std::time::Duration;

use super::chance::Chance;
use super::stage::Stage;
use super::{Outcome, Progress};

/// A kill comes after so many answers at most.
const ANSWERS_MAX: u64 = 80;
/// Each so many rounds one has a stop in it.
const STOP_EACH: u64 = 3;
/// How long a stop is at most.
const STOP_MILLIS_MAX: u64 = 400;
/// How long the first one is: a call that was about to be sent is too old by then.
const LONG_STOP: Duration = Duration::from_millis(5_500);

/// Kills so often.
pub(super) async fn kills(
    stage: &Stage<'_>,
    chance: &mut Chance,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let rounds = stage.setting.kills;
    let load = stage.load()?;
    let mut stops = 0;
    for round in 1..=rounds {
        let daemon = stage.start().await?;
        load.taken(chance.up_to(ANSWERS_MAX)).await?;
        let length = Duration::from_millis(chance.up_to(STOP_MILLIS_MAX));
        if round % STOP_EACH == 0 {
            stops += 1;
            let length = if stops == 1 { LONG_STOP } else { length };
            daemon.freeze(length).await?;
            load.taken(chance.up_to(ANSWERS_MAX)).await?;
        }
        daemon.kill();
        let taken = load.book().taken.len();
        progress.round(
            round,
            rounds,
            &format!("killed; {taken} deliveries taken so far"),
        )?;
    }
    let daemon = stage.start().await?;
    let mut outcome = stage.end(load, daemon).await?;
    outcome.note(format!("{rounds} kills, {stops} stops"));
    Ok(outcome)
}
