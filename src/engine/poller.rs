//! Takes due runs from the store whenever memory has room for them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::job::{Job, Ready};
use super::stop::Drain;
use super::{ACTIVE_RUNS_HARD_MAX, ACTIVE_RUNS_MAX, Engine, LEASE};
use crate::action::Priority;
use crate::clock;
use crate::run::State;
use crate::store::{Claim, Claimed, Lease, Next, Record, StoreError};
use crate::trigger;

/// Runs taken in one go.
const CLAIM_MAX: usize = 256;
/// Runs of high priority taken in one go when memory is full otherwise.
const CLAIM_URGENT_MAX: usize = 64;
/// The poller looks at least so often, whatever it is told.
const POLL_AT_LEAST: Duration = Duration::from_secs(15);
/// The pause after a look that failed.
const POLL_AGAIN: Duration = Duration::from_secs(1);

/// Looks until the daemon stops.
pub(super) async fn run(engine: Engine) {
    while !engine.is_stopping() {
        engine.0.polling.store(true, Ordering::SeqCst);
        let looked = look(&engine).await;
        engine.0.polling.store(false, Ordering::SeqCst);
        engine.0.changed.notify_waiters();
        let now = engine.clock().now();
        let next = match looked {
            // What is due already and was not taken waits for a hold, a key or room, not for time.
            Ok(next) => next
                .filter(|next| *next > now)
                .into_iter()
                .chain([clock::after(now, POLL_AT_LEAST)])
                .min()
                .unwrap_or(now),
            Err(error) => {
                tracing::error!(%error, "could not look for due runs; trying again");
                clock::after(now, POLL_AGAIN)
            }
        };
        tokio::select! {
            () = engine.0.poll.notified() => {}
            () = engine.clock().sleep_until(next) => {}
            () = engine.drained_to(Drain::Stopping) => {}
        }
    }
}

/// Takes what is due and fits; says when to look again.
async fn look(engine: &Engine) -> Result<Option<jiff::Timestamp>, StoreError> {
    loop {
        let (room, at_least) = match ACTIVE_RUNS_MAX.saturating_sub(engine.active()) {
            // Access and money have places of their own.
            0 => {
                let own = ACTIVE_RUNS_HARD_MAX.saturating_sub(engine.active());
                (own.min(CLAIM_URGENT_MAX), Priority::High)
            }
            room => (room.min(CLAIM_MAX), Priority::Low),
        };
        if room == 0 || engine.is_stopping() {
            return Ok(None);
        }
        let now = engine.clock().now();
        let claim = Claim {
            node: engine.0.node,
            now,
            lease_until: clock::after(now, LEASE),
            limit: u32::try_from(room).unwrap_or(u32::MAX),
            per_rule: u32::MAX,
            at_least,
        };
        let claimed = engine.store().claim(claim).await?;
        let full = claimed.len() == room;
        for claimed in claimed {
            take(engine, claimed).await?;
        }
        if !full {
            return engine.store().reader().next_due().await;
        }
    }
}

/// Gives a claimed run to a worker, or holds it when it can no longer be read.
async fn take(engine: &Engine, claimed: Claimed) -> Result<(), StoreError> {
    let Claimed {
        run,
        lease,
        event,
        envelope,
        open_attempt,
    } = claimed;
    let rule = match engine.pinned_rule(&run).await? {
        Ok(rule) => rule,
        Err(why) => return hold(engine, lease, run.progress, why).await,
    };
    let tree = match trigger::read_body(event.format, &event.raw) {
        Ok(body) => event.with_tree(body, envelope).tree,
        Err(why) => {
            return hold(
                engine,
                lease,
                run.progress,
                format!("the stored body cannot be read: {why}"),
            )
            .await;
        }
    };
    let crashed = open_attempt.filter(|attempt| {
        run.progress
            .steps
            .get(&attempt.step)
            .is_some_and(|step| step.attempts == attempt.number)
    });
    engine.start_run(Job {
        run,
        lease,
        tree: Arc::clone(&tree),
        rule,
        ready: crashed.map(Ready::Crashed),
    });
    Ok(())
}

async fn hold(
    engine: &Engine,
    lease: Lease,
    mut progress: crate::run::Progress,
    why: String,
) -> Result<(), StoreError> {
    let now = engine.clock().now();
    progress.wait_from(now);
    tracing::error!(run_seq = lease.run_seq, why, "run held");
    let next = Next::Rest {
        state: State::Held,
        why: Some(why),
        due_at: None,
    };
    engine
        .store()
        .record(Record {
            lease,
            now,
            ended: None,
            progress,
            next,
        })
        .await
        .map(drop)
}
