//! Keeps this node's leases alive, and takes back those of nodes that died.

use std::time::Duration;

use jiff::Timestamp;

use super::{Engine, LEASE};
use crate::clock;
use crate::store::StoreError;

/// Leases are renewed this often.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// Works until it is aborted.
pub(super) async fn run(engine: Engine) {
    loop {
        let now = engine.clock().now();
        if let Err(error) = engine.renew(now).await {
            tracing::error!(%error, "could not renew leases");
        }
        engine
            .clock()
            .sleep_until(clock::after(now, RENEW_EVERY))
            .await;
    }
}

impl Engine {
    async fn renew(&self, now: Timestamp) -> Result<(), StoreError> {
        self.store()
            .renew(self.0.node, clock::after(now, LEASE))
            .await?;
        if self.store().rescue(self.0.node, now, false).await? > 0 {
            self.look_again();
        }
        Ok(())
    }
}
