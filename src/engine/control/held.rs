//! What a person can do about what sends nothing: pause and resume; and what is said where that is not what helps.

use super::{ControlError, Controls};
use crate::run::{Run, State};
use crate::store::{Hold, HoldKind, StoreError};

impl Controls {
    /// Stops sending, on one connection or on all; accepting goes on.
    ///
    /// # Errors
    /// When the connection is unknown or the store fails.
    pub async fn pause(&self, connection: Option<&str>, reason: &str) -> Result<(), ControlError> {
        self.known(connection)?;
        let hold = Hold {
            connection: connection.unwrap_or_default().into(),
            kind: HoldKind::Paused,
            reason: reason.to_owned(),
            since: self.clock.now(),
        };
        self.store.hold(hold).await?;
        Ok(())
    }

    /// Ends a pause, and a hold that waits for a person.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn unpause(&self, connection: Option<&str>) -> Result<(), ControlError> {
        self.known(connection)?;
        let mut ended = 0;
        for kind in ended_by_a_person(connection) {
            let name = connection.unwrap_or_default().into();
            ended += self
                .store
                .release(name, Some(*kind), self.clock.now())
                .await?;
        }
        self.something_ended(ended, connection).await
    }

    pub(super) async fn something_ended(
        &self,
        ended: u64,
        connection: Option<&str>,
    ) -> Result<(), ControlError> {
        if ended > 0 {
            return Ok(());
        }
        let Some(name) = connection else {
            return Err(ControlError::NotHeld("sending is not paused".to_owned()));
        };
        let held = self.what_holds(name).await?;
        let but = held.map_or_else(String::new, |held| format!(", but {held}"));
        Err(ControlError::NotHeld(format!(
            "connection {name} is not paused{but}"
        )))
    }

    /// The hold that keeps a connection from sending, and what ends it.
    async fn what_holds(&self, connection: &str) -> Result<Option<String>, StoreError> {
        let holds = self.store.reader().holds().await?;
        let mut here = holds
            .iter()
            .filter(|hold| hold.connection.is_empty() || &*hold.connection == connection);
        Ok(here.next().map(|hold| {
            let what = match &*hold.connection {
                "" => "everything".to_owned(),
                name => format!("connection {name}"),
            };
            let Hold { kind, reason, .. } = hold;
            let way_out = kind.way_out(&hold.connection);
            format!("{what} is held ({}: {reason}): {way_out}", kind.name())
        }))
    }

    /// A run that is stopped by nothing of its own may be stopped by its connection.
    pub(super) async fn refused(
        &self,
        run: &Run,
        advice: &'static str,
    ) -> Result<ControlError, StoreError> {
        let goes_on = matches!(run.state, State::Ready | State::Running | State::Retrying);
        let held = match goes_on {
            true => self.what_holds(&run.connection).await?,
            false => None,
        };
        Ok(match held {
            Some(held) => ControlError::Held { run: run.id, held },
            None => ControlError::State {
                run: run.id,
                state: run.state,
                advice,
            },
        })
    }

    pub(super) fn known(&self, connection: Option<&str>) -> Result<(), ControlError> {
        let Some(name) = connection else {
            return Ok(());
        };
        let all = &self.connections;
        if all.iter().any(|known| &**known == name) {
            return Ok(());
        }
        let names: Vec<&str> = all.iter().map(|known| &**known).collect();
        Err(ControlError::NotHeld(format!(
            "there is no connection {name}; kartwheel.yaml has {}",
            names.join(", ")
        )))
    }
}

/// The holds that `resume` ends: with a connection also the one that waits for a person, and that of calls that broke down.
pub(super) const fn ended_by_a_person(connection: Option<&str>) -> &'static [HoldKind] {
    match connection {
        None => &[HoldKind::Paused],
        Some(_) => &[HoldKind::Paused, HoldKind::NotAllowed, HoldKind::Broken],
    }
}
