//! The controls on a running engine: what changed is looked at at once.

use uuid::Uuid;

use super::held::ended_by_a_person;
use super::{ControlError, Controls, Resolution};
use crate::engine::Engine;
use crate::run::Run;
use crate::store::HoldKind;

impl Engine {
    /// Ends a run. A call already on its way may still arrive.
    ///
    /// # Errors
    /// As of [`Controls::cancel`].
    pub async fn cancel(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        let run = self.controls().cancel(run, reason).await?;
        self.look_again();
        Ok(run)
    }

    /// Tries a failed or waiting run again now, from the step it stands at.
    ///
    /// # Errors
    /// As of [`Controls::retry`].
    pub async fn retry(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        let run = self.controls().retry(run, reason).await?;
        self.look_again();
        Ok(run)
    }

    /// Lets a run that gave up or is held go on from where it stands.
    ///
    /// # Errors
    /// As of [`Controls::resume`].
    pub async fn resume(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        let run = self.controls().resume(run, reason).await?;
        self.look_again();
        Ok(run)
    }

    /// Allows the call that a run waits to make.
    ///
    /// # Errors
    /// As of [`Controls::approve`].
    pub async fn approve(&self, run: Uuid, reason: &str) -> Result<Run, ControlError> {
        let run = self.controls().approve(run, reason).await?;
        self.look_again();
        Ok(run)
    }

    /// Settles an unknown outcome, as a person found it.
    ///
    /// # Errors
    /// As of [`Controls::resolve`].
    pub async fn resolve(
        &self,
        run: Uuid,
        resolution: Resolution,
        reason: &str,
    ) -> Result<Run, ControlError> {
        let run = self.controls().resolve(run, resolution, reason).await?;
        self.look_again();
        Ok(run)
    }

    /// Stops sending, on one connection or on all; accepting goes on.
    ///
    /// # Errors
    /// When the connection is unknown or the store fails.
    pub async fn pause(&self, connection: Option<&str>, reason: &str) -> Result<(), ControlError> {
        self.controls().known(connection)?;
        Ok(self
            .hold(
                connection.unwrap_or_default(),
                HoldKind::Paused,
                reason.to_owned(),
            )
            .await?)
    }

    /// Ends a pause, and a hold that waits for a person.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn unpause(&self, connection: Option<&str>) -> Result<(), ControlError> {
        self.controls().known(connection)?;
        let mut ended = 0;
        for kind in ended_by_a_person(connection) {
            let name = connection.unwrap_or_default();
            ended += self.release(name, Some(*kind)).await?;
        }
        self.controls().something_ended(ended, connection).await
    }

    fn controls(&self) -> Controls {
        Controls {
            store: self.store().clone(),
            clock: self.clock().clone(),
            connections: self.0.parts.connections.clone(),
        }
    }
}
