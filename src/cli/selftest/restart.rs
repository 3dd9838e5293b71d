//! Restarts under load with the socket held by the parent: nobody is refused, cut off, or asked to come again.

use std::net::TcpListener;

use super::chance::Chance;
use super::stage::Stage;
use super::{Outcome, Progress};

/// A restart comes after so many answers at most.
const ANSWERS_MAX: u64 = 300;

/// Restarts so often.
pub(super) async fn restarts(
    stage: &Stage<'_>,
    chance: &mut Chance,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let rounds = stage.setting.restarts;
    let socket = TcpListener::bind(stage.folder.webhooks)?;
    let mut daemon = stage.start_on(&socket).await?;
    let load = stage.load()?;
    for round in 1..=rounds {
        load.taken(chance.up_to(ANSWERS_MAX)).await?;
        daemon.stop().await?;
        daemon = stage.start_on(&socket).await?;
        let taken = load.book().taken.len();
        progress.round(
            round,
            rounds,
            &format!("restarted; {taken} deliveries taken so far"),
        )?;
    }
    load.taken(chance.up_to(ANSWERS_MAX)).await?;
    let book = load.book();
    let mut outcome = stage.end(load, daemon).await?;
    outcome.note(format!("{rounds} restarts"));
    for (count, what) in [
        (book.refused, "connections were refused"),
        (book.broken_off, "requests were cut off without an answer"),
        (
            book.others.values().sum(),
            "requests were not taken at once",
        ),
    ] {
        if count > 0 {
            outcome
                .broken
                .push(format!("{count} {what}: {:?}", book.others));
        }
    }
    Ok(outcome)
}
