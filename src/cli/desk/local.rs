//! The offline path: no daemon holds the database's lock, so the command takes it and acts itself.

use super::Opened;
use crate::cli::Failure;
use crate::engine::Controls;
use crate::store::{self, OpenOptions, StoreError};

/// What is written into the lock, for whoever starts a daemon in this very moment.
const HOLDER: &str = "a kartwheel command";

/// Takes the lock; `None` when somebody has it. It is given back when the process ends.
pub(super) async fn take(project: &Opened) -> Result<Option<Controls>, Failure> {
    let config = &project.config;
    let options = OpenOptions {
        holder: HOLDER.to_owned(),
        ..OpenOptions::default()
    };
    let clock = project.clock.clone();
    match store::open(&config.database, clock.clone(), options).await {
        Ok(store) => Ok(Some(Controls {
            store,
            clock,
            connections: config.membrane.connections.keys().cloned().collect(),
        })),
        Err(StoreError::Locked(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
