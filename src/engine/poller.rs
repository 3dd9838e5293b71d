//! Takes due runs from the store whenever memory has room for them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::job::{Job, Ready, Unjudged};
use super::stop::Drain;
use super::{Engine, LEASE};
use crate::clock;
use crate::run::State;
use crate::store::{Claim, Claimed, Lease, Next, Record, StoreError};
use crate::trigger;

/// Runs taken in one go.
const CLAIM_MAX: u32 = 256;
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
            Ok(next) => {
                let at_least = clock::after(now, POLL_AT_LEAST);
                next.map_or(at_least, |next| next.min(at_least))
            }
            Err(error) => {
                tracing::error!(%error, "could not look for due runs; trying again");
                clock::after(now, POLL_AGAIN)
            }
        };
        tokio::select! {
            biased;
            () = engine.0.poll.notified() => {}
            () = engine.clock().sleep_until(next) => {}
            () = engine.drained_to(Drain::Stopping) => {}
        }
    }
}

/// Takes what is due and fits; says when something becomes due next.
async fn look(engine: &Engine) -> Result<Option<Timestamp>, StoreError> {
    let places = &engine.0.places;
    // Who leaves while we look may make room for what we pass over.
    places.set_crowded(true);
    while !engine.is_stopping() {
        let now = engine.clock().now();
        let claim = Claim {
            node: engine.0.node,
            now,
            lease_until: clock::after(now, LEASE),
            limit: CLAIM_MAX,
            room: places.room(),
        };
        let claimed = engine.store().claim(claim).await?;
        let found = !claimed.is_empty();
        for claimed in claimed {
            take(engine, claimed).await?;
        }
        let fronts = engine.store().reader().fronts().await?;
        let (due, later): (Vec<_>, Vec<_>) = fronts.iter().partition(|front| front.due_at <= now);
        let fits = due.iter().any(|front| places.is_open_for(front));
        if found && fits {
            continue;
        }
        places.set_crowded(!due.is_empty());
        let next = later.iter().map(|front| front.due_at).min();
        let again = fits.then(|| clock::after(now, POLL_AGAIN));
        return Ok(next.into_iter().chain(again).min());
    }
    Ok(None)
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
    let event = match trigger::read_body(event.format, &event.raw) {
        Ok(body) => event.with_tree(body, envelope),
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
    let place = engine.place(&run);
    if run.progress.unjudged {
        engine.start_judging(Unjudged {
            run,
            lease,
            event,
            rule,
            place,
        });
        return Ok(());
    }
    engine.start_run(Job {
        run,
        lease,
        tree: event.tree,
        rule,
        place,
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
