//! Rules that change in the middle, and a second daemon on the same database.

use super::chance::Chance;
use super::daemon::Start;
use super::project::TAGS;
use super::stage::Stage;
use super::{Outcome, Progress};

/// Rules change so often.
const CHANGES: u64 = 6;
/// A change comes after so many answers at most.
const ANSWERS_MAX: u64 = 200;

/// Each round the rules change, and the daemon is started anew in the middle of its runs: each run goes on by the text it is
/// pinned to.
pub(super) async fn changes(
    stage: &Stage<'_>,
    chance: &mut Chance,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let load = stage.orders()?;
    let mut daemon = stage.start().await?;
    for (round, tag) in (1..=CHANGES).zip(TAGS.iter().rev().cycle()) {
        load.taken(chance.up_to(ANSWERS_MAX)).await?;
        stage.folder.rules(tag)?;
        // In order one time, and in the midst of it the next.
        if round % 2 == 0 {
            daemon.stop().await?;
        } else {
            daemon.kill();
        }
        daemon = stage.start().await?;
        progress.round(
            round,
            CHANGES,
            &format!("orders bring the tag {tag} from now on"),
        )?;
    }
    load.taken(chance.up_to(ANSWERS_MAX)).await?;
    let mut outcome = stage.end(load, daemon).await?;
    outcome.note(format!("{CHANGES} changes of rules, each with a restart"));
    Ok(outcome)
}

/// A second daemon is refused in words that name the first, which does not notice.
pub(super) async fn second(
    stage: &Stage<'_>,
    chance: &mut Chance,
    _: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let load = stage.load()?;
    let mut daemon = stage.start().await?;
    load.taken(chance.up_to(ANSWERS_MAX)).await?;
    let twin = stage.folder.twin(&stage.membrane)?;
    let log = stage.folder.path().join("twin.log");
    let how = Start {
        project: &twin,
        ..stage.how()
    };
    let (code, said) = stage.says(how, &log).await?;
    load.taken(chance.up_to(ANSWERS_MAX)).await?;
    let (first, lives) = (daemon.id(), daemon.lives()?);
    let mut outcome = stage.end(load, daemon).await?;
    let named = said.contains(&format!("process {first}")) && said.contains("stop that one first");
    if code != Some(2) || !named || !lives {
        outcome.broken.push(format!(
            "the second daemon ended with {code:?} and said: {}",
            said.trim()
        ));
    }
    outcome.note(format!("the second was told of process {first}"));
    Ok(outcome)
}
