//! Waiting for a connection: long polls while it is built, short looks while a person acts, a line for every change.

use std::time::Duration;

use jiff::Timestamp;

use super::view;
use crate::action::Class;
use crate::cli::Desk;
use crate::cli::screen::{Line, span};
use crate::clock::{SharedClock, after, between};
use crate::membrane::{self, Connection, Failed, Help};

/// How long one question is held by Membrane while it builds.
const HELD_SECONDS: u64 = 30;
/// Between two looks while a person acts.
const PAUSE: Duration = Duration::from_secs(2);
/// A sign of life at least so often.
const SIGN_EVERY: Duration = Duration::from_secs(30);
/// The longest time to wait that can be asked for.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How the waiting ended.
#[derive(Debug)]
pub(crate) enum Waited {
    /// It is READY.
    Ready(Connection),
    /// It is in a state that waiting does not change.
    Broken(Connection),
    /// The time was up.
    NotYet(Connection),
}

/// Someone who waits, until this instant.
pub(crate) struct Patience<'a> {
    pub(crate) membrane: &'a membrane::Desk,
    pub(crate) until: Timestamp,
    pub(crate) json: bool,
}

impl Patience<'_> {
    /// Waits until the connection is READY, cannot become so by itself, or the time is up. Every change is told.
    ///
    /// # Errors
    /// Membrane refuses, or the screen is gone.
    pub(crate) async fn ready(
        &self,
        mut connection: Connection,
        desk: &mut Desk,
    ) -> anyhow::Result<Result<Waited, Failed>> {
        let began = desk.clock.now();
        let mut signed = began;
        let mut quiet = false;
        loop {
            match connection.state() {
                "READY" => return Ok(Ok(Waited::Ready(connection))),
                _ if !connection.help().may_come() => return Ok(Ok(Waited::Broken(connection))),
                _ if desk.clock.now() >= self.until => return Ok(Ok(Waited::NotYet(connection))),
                _ => {}
            }
            match self.look(&connection, &desk.clock).await {
                Ok(now) => {
                    quiet = false;
                    let is_same = now.state() == connection.state()
                        && now.action() == connection.action()
                        && now.errors() == connection.errors();
                    connection = now;
                    if !is_same {
                        signed = desk.clock.now();
                        self.tell(&connection, desk)?;
                    }
                }
                Err(failed) if may_pass(&failed) => {
                    if !quiet && !self.json {
                        let words =
                            format!("  No answer just now ({}); still waiting.", failed.message);
                        desk.screen.line(&Line::default().dim(words))?;
                    }
                    quiet = true;
                    let pause = failed.retry_after.unwrap_or(PAUSE).max(PAUSE);
                    self.sleep(pause, &desk.clock).await;
                }
                Err(failed) => return Ok(Err(failed)),
            }
            let now = desk.clock.now();
            if between(signed, now) >= SIGN_EVERY {
                signed = now;
                self.sign(&connection, between(began, now), desk)?;
            }
        }
    }

    /// Tells the state, and what stands behind it.
    ///
    /// # Errors
    /// Whoever reads has gone away.
    pub(crate) fn tell(&self, connection: &Connection, desk: &mut Desk) -> std::io::Result<()> {
        if self.json {
            let told = serde_json::json!({ "connection": view::json_of(connection) });
            return desk.screen.json_line(&told);
        }
        let state = connection.state();
        desk.screen
            .line(&Line::default().add(view::tone(state), state))?;
        if !connection.help().may_come() {
            // Its reasons are the command's error.
            return desk.screen.flush();
        }
        view::tell_reasons(connection, &mut desk.screen)?;
        let left = span(between(desk.clock.now(), self.until) + Duration::from_millis(999));
        let waiting = format!(
            "  Waiting until that is done, at most {left}. Ctrl-C ends the waiting and harms nothing."
        );
        match connection.help() {
            Help::Wait => desk.screen.line(&Line::default().dim(
                "  Membrane is building its connector. That takes some minutes; there is nothing to do.",
            ))?,
            Help::Answer { has_link: false } => {
                let told = format!("  {}", view::remedy(connection, ""));
                desk.screen.line(&Line::new(told))?;
                desk.screen.line(&Line::default().dim(waiting))?;
            }
            Help::Answer { .. } | Help::LogIn { .. } => desk.screen.line(&Line::default().dim(waiting))?,
            _ => {}
        }
        desk.screen.flush()
    }

    fn sign(
        &self,
        connection: &Connection,
        since: Duration,
        desk: &mut Desk,
    ) -> std::io::Result<()> {
        if self.json {
            return self.tell(connection, desk);
        }
        let words = format!("  still {} after {}", connection.state(), span(since));
        desk.screen.line(&Line::default().dim(words))?;
        desk.screen.flush()
    }

    /// The connection a while later, or as soon as it is built.
    async fn look(
        &self,
        connection: &Connection,
        clock: &SharedClock,
    ) -> Result<Connection, Failed> {
        let id = connection.id();
        if connection.state() != "BUILDING" {
            self.sleep(PAUSE, clock).await;
            return self.membrane.connection(id).await;
        }
        let asked = clock.now();
        let left = between(asked, self.until).as_secs().clamp(1, HELD_SECONDS);
        let now = self.membrane.wait(id, left).await?;
        // A Membrane that does not hold the question must not be asked without end.
        if now.state() == "BUILDING" && between(asked, clock.now()) < PAUSE {
            self.sleep(PAUSE, clock).await;
        }
        Ok(now)
    }

    /// The connection as it is; asked again while Membrane has a trouble that may pass.
    ///
    /// # Errors
    /// Membrane refuses, or still does not answer when the time is up.
    pub(crate) async fn connection(
        &self,
        id: &str,
        clock: &SharedClock,
    ) -> Result<Connection, Failed> {
        loop {
            match self.membrane.connection(id).await {
                Err(failed) if may_pass(&failed) && clock.now() < self.until => {
                    let pause = failed.retry_after.unwrap_or(PAUSE).max(PAUSE);
                    self.sleep(pause, clock).await;
                }
                done => return done,
            }
        }
    }

    pub(crate) async fn pause(&self, clock: &SharedClock) {
        self.sleep(PAUSE, clock).await;
    }

    async fn sleep(&self, length: Duration, clock: &SharedClock) {
        clock
            .sleep_until(after(clock.now(), length).min(self.until))
            .await;
    }
}

/// Whether the same question may be answered in a while.
pub(crate) fn may_pass(failed: &Failed) -> bool {
    matches!(failed.class, Class::Transient | Class::RateLimited)
}

/// A time to wait, as a person writes it.
pub(crate) fn length(text: &str) -> Result<Duration, String> {
    crate::rule::duration::parse_within(text, LONGEST).map_err(|complaint| match complaint.help {
        Some(help) => format!("{}: {help}", complaint.message),
        None => complaint.message,
    })
}
