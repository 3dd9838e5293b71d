//! A disk that answers EIO, or whose fsync fails: nothing is acknowledged after it, the daemon ends and says why, and the next one
//! finds everything that was taken.

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::Value;

use super::chance::Chance;
use super::daemon::{Daemon, Start};
use super::load::Book;
use super::shim::{EIO, Order, Shim};
use super::stage::Stage;
use super::{Ended, Progress};

/// How a daemon says that nothing can be promised any more.
const FAILED: &str = "the database failed";
/// A fault comes at the so many-th call at most: of those that write, and of those that sync.
const CALLS: [(&str, u64); 2] = [("write", 1_500), ("sync", 120)];
/// So many answers come first.
const ANSWERS_MAX: u64 = 60;

/// So often the disk fails.
pub(super) async fn faults(
    stage: &Stage<'_>,
    chance: &mut Chance,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Ended> {
    let Some(library) = &stage.setting.shim else {
        return Ok(Ended::Skipped(
            "needs --shim: cc -shared -fPIC -o fails.so tests/shim/fails.c".to_owned(),
        ));
    };
    let rounds = stage.setting.faults;
    let load = stage.load()?;
    let mut wrong = Vec::new();
    for (round, (calls, most)) in (1..=rounds).zip(CALLS.iter().cycle()) {
        let order = Order {
            calls,
            nth: chance.up_to(*most),
            times: 1,
            error: EIO,
        };
        let shim = Shim::new(library, &stage.folder, order);
        let before = std::fs::read_to_string(stage.folder.log()).unwrap_or_default();
        let how = Start {
            env: shim.env(),
            ..stage.how()
        };
        let mut daemon = Daemon::start(how, &stage.folder, &stage.http).await?;
        load.taken(chance.up_to(ANSWERS_MAX)).await?;
        shim.arm()?;
        let status = daemon.ended().await?;
        shim.disarm()?;
        let log = std::fs::read_to_string(stage.folder.log())?;
        let said = log.get(before.len()..).unwrap_or_default();
        if status.code() != Some(2) || !said.contains("kartwheel: the database failed:") {
            wrong.push(format!(
                "round {round}: it ended with {status} and said: {}",
                daemon.last_words()
            ));
        }
        match failed_at(said) {
            Ok(failed) => wrong.extend(taken_after(failed, &load.book(), round)),
            Err(error) => wrong.push(format!("round {round}: {error:#}")),
        }
        let nth = order.nth;
        progress.round(
            round,
            rounds,
            &format!("{calls} {nth} failed, and the daemon ended"),
        )?;
    }
    let daemon = stage.start().await?;
    let mut outcome = stage.end(load, daemon).await?;
    outcome.broken.extend(wrong);
    outcome.note(format!("{rounds} faults"));
    Ok(Ended::Judged(outcome))
}

/// What was taken though it was sent when the database had failed.
fn taken_after(failed: Timestamp, book: &Book, round: u64) -> Vec<String> {
    let after = book
        .taken
        .iter()
        .filter(|(_, taken)| taken.sent_at > failed);
    after
        .map(|(number, taken)| {
            format!("round {round}: delivery {number} was sent at {}, after the failure at {failed}, and taken", taken.sent_at)
        })
        .collect()
}

/// When the log says that the database failed.
fn failed_at(log: &str) -> anyhow::Result<Timestamp> {
    for line in log.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if line["message"] == FAILED {
            let at = line["timestamp"].as_str().context("the line has a time")?;
            return Ok(at.parse()?);
        }
    }
    bail!("the log does not say `{FAILED}`")
}
