//! The offline path: no daemon holds the database's lock, so the command takes it and acts itself.

use crate::cli::Failure;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::store::{self, OpenOptions, Store, StoreError};

/// What is written into the lock, for whoever starts a daemon in this very moment.
const HOLDER: &str = "a kartwheel command";

/// Takes the lock; `None` when somebody has it. It is given back when the process ends.
pub(super) async fn take(config: &Config, clock: SharedClock) -> Result<Option<Store>, Failure> {
    let options = OpenOptions {
        holder: HOLDER.to_owned(),
        ..OpenOptions::default()
    };
    match store::open(&config.database, clock, options).await {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Locked(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
