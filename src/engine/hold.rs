//! Holds: a connection that cannot carry out calls sends none, and is watched until it is well again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use super::settle::hold_for;

use super::vitals::Vitals;
use crate::action::{Priority, Readiness, Turn};
use crate::clock;
use crate::store::{Hold, HoldKind, StoreError, without_links};

/// Works until it is aborted.
pub(super) async fn run(engine: Engine) {
    let mut holds = engine.0.holds.subscribe();
    engine.check_connections().await;
    let mut probes: Vec<Probe> = Vec::new();
    loop {
        let now = engine.clock().now();
        probes = Probe::for_holds(&engine, probes, now);
        let wake = probes
            .iter()
            .map(|probe| probe.at)
            .min()
            .unwrap_or(Timestamp::MAX);
        engine
            .0
            .watch_at
            .store(clock::micros(wake), Ordering::SeqCst);
        engine.0.changed.notify_waiters();
        tokio::select! {
            biased;
            () = engine.clock().sleep_until(wake) => {}
            _ = holds.changed() => {}
        }
        let now = engine.clock().now();
        for probe in probes.iter_mut().filter(|probe| probe.at <= now) {
            probe.look(&engine).await;
        }
    }
}

/// The watch over one held connection.
struct Probe {
    connection: Arc<str>,
    kind: HoldKind,
    at: Timestamp,
    pause: Duration,
}

impl Probe {
    /// One probe for each hold that ends by itself; those that exist keep their pace.
    fn for_holds(engine: &Engine, mut known: Vec<Self>, now: Timestamp) -> Vec<Self> {
        let holds = engine.holds();
        for probe in &mut known {
            // The clock may have been put back.
            probe.at = probe.at.min(clock::after(now, probe.pause));
        }
        known.retain(|probe| {
            holds
                .iter()
                .any(|hold| hold.connection == probe.connection && hold.kind == probe.kind)
        });
        for hold in holds.iter().filter(|hold| ends_by_itself(hold.kind)) {
            if !known
                .iter()
                .any(|probe| probe.connection == hold.connection && probe.kind == hold.kind)
            {
                let first = engine.0.vitals.first_pause(&hold.connection);
                known.push(Self {
                    connection: hold.connection.clone(),
                    kind: hold.kind,
                    at: clock::after(now, first),
                    pause: first,
                });
            }
        }
        known
    }

    async fn look(&mut self, engine: &Engine) {
        self.pause = Vitals::next_pause(self.pause);
        match engine.actions().readiness(&self.connection).await {
            Readiness::Ready => {
                if let Err(error) = engine.release(&self.connection, Some(self.kind)).await {
                    tracing::error!(%error, connection = %self.connection, "the connection is ready again, but that could not be stored");
                }
            }
            Readiness::NotReady { class, text } => {
                let kind = hold_for(class).unwrap_or(HoldKind::Down);
                if kind == self.kind {
                    self.keep_told(engine, text).await;
                } else if let Err(error) =
                    engine.turn(&self.connection, self.kind, kind, text).await
                {
                    tracing::error!(%error, connection = %self.connection, "could not store why it is held now");
                }
            }
            Readiness::Unknown(why) => {
                let why = without_links(&why);
                tracing::debug!(connection = %self.connection, why, "still held");
            }
        }
        self.at = clock::after(engine.clock().now(), self.pause);
    }

    /// What the connection wants of a person may have changed since it was held: the newest reason and link are the ones to show.
    async fn keep_told(&self, engine: &Engine, why: String) {
        let mut renewed = None;
        engine.0.holds.send_if_modified(|holds| {
            let hold = holds
                .iter_mut()
                .find(|hold| hold.connection == self.connection && hold.kind == self.kind);
            if let Some(hold) = hold.filter(|hold| hold.reason != why) {
                hold.reason.clone_from(&why);
                renewed = Some(hold.clone());
            }
            false
        });
        let Some(mut hold) = renewed else {
            return;
        };
        hold.since = engine.clock().now();
        if let Err(error) = engine.persist(|| engine.store().hold(hold.clone())).await {
            tracing::error!(%error, connection = %self.connection, "could not store what the connection wants now");
        }
    }
}

/// Whether looks can end it.
const fn ends_by_itself(kind: HoldKind) -> bool {
    matches!(kind, HoldKind::Down | HoldKind::Token | HoldKind::Broken)
}

impl Engine {
    /// At start: a connection that is not ready is held before its first call fails.
    async fn check_connections(&self) {
        for connection in &self.0.parts.connections {
            let turn = Turn {
                priority: Priority::High,
                rule: "readiness".into(),
                place: 0,
            };
            // Where no slot is free, calls are under way already, and tell as much.
            let Some(_slot) = self.actions().try_slot(connection, &turn) else {
                continue;
            };
            match self.actions().readiness(connection).await {
                Readiness::Ready => tracing::info!(%connection, "connection is ready"),
                Readiness::Unknown(why) => {
                    let why = without_links(&why);
                    tracing::warn!(%connection, why, "could not ask for the connection's state; going on")
                }
                Readiness::NotReady { class, text } => {
                    let kind = hold_for(class).unwrap_or(HoldKind::Down);
                    if let Err(error) = self.hold(connection, kind, text).await {
                        tracing::error!(%error, %connection, "could not store the hold");
                    }
                }
            }
        }
    }

    /// Holds a connection: nothing is sent on it until the hold ends. One alert for each, however many runs meet it.
    pub(super) async fn hold(
        &self,
        connection: &str,
        kind: HoldKind,
        reason: String,
    ) -> Result<(), StoreError> {
        let hold = Hold {
            connection: connection.into(),
            kind,
            reason,
            since: self.clock().now(),
        };
        let same = |known: &Hold| known.connection == hold.connection && known.kind == kind;
        let is_new = self.0.holds.send_if_modified(|holds| {
            let is_new = !holds.iter().any(same);
            if is_new {
                holds.push(hold.clone());
                self.expect_look(&hold);
            }
            is_new
        });
        if is_new {
            if kind == HoldKind::Paused {
                tracing::warn!(
                    connection,
                    reason = &*without_links(&hold.reason),
                    "sending is paused until a person resumes it"
                );
            } else {
                tracing::error!(
                    connection,
                    kind = kind.name(),
                    reason = &*without_links(&hold.reason),
                    "connection held; its runs wait"
                );
            }
            self.persist(|| self.store().hold(hold.clone())).await?;
        }
        Ok(())
    }

    /// Says that the watcher looks soon. It sets its own time once it has seen the hold.
    fn expect_look(&self, hold: &Hold) {
        if ends_by_itself(hold.kind) {
            let first = self.0.vitals.first_pause(&hold.connection);
            let soon = clock::micros(clock::after(hold.since, first));
            self.0.watch_at.fetch_min(soon, Ordering::SeqCst);
        }
    }

    /// What holds a connection turned out to be another trouble by now, which another thing ends. It is held all the while.
    async fn turn(
        &self,
        connection: &str,
        from: HoldKind,
        to: HoldKind,
        reason: String,
    ) -> Result<(), StoreError> {
        self.hold(connection, to, reason).await?;
        self.end(connection, Some(from)).await.map(drop)
    }

    async fn end(&self, connection: &str, kind: Option<HoldKind>) -> Result<u64, StoreError> {
        let ended = self
            .store()
            .release(connection.into(), kind, self.clock().now())
            .await?;
        self.0.holds.send_modify(|holds| {
            holds.retain(|hold| {
                &*hold.connection != connection || kind.is_some_and(|kind| hold.kind != kind)
            })
        });
        Ok(ended)
    }

    /// Ends a hold, or all of them when no kind is named, and takes up the runs that waited.
    pub(super) async fn release(
        &self,
        connection: &str,
        kind: Option<HoldKind>,
    ) -> Result<u64, StoreError> {
        let ended = self.end(connection, kind).await?;
        if ended > 0 {
            tracing::info!(
                connection,
                kind = kind.map(HoldKind::name),
                "hold ended; its runs go on"
            );
        }
        if ended > 0 && kind.is_none_or(HoldKind::is_told) {
            self.0.vitals.released(connection);
        }
        self.look_again();
        Ok(ended)
    }
}
