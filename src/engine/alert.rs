//! What somebody must be told: raised once, and over when its cause is. What is told of runs and holds is the store's own doing.

use super::Engine;
use crate::store::{Alert, AlertKind, StoreError};

impl Engine {
    /// Tells, unless it was told already and stands.
    pub(super) async fn raise(
        &self,
        kind: AlertKind,
        subject: &str,
        text: &str,
    ) -> Result<(), StoreError> {
        let alert = Alert {
            kind,
            subject: subject.to_owned(),
            text: text.to_owned(),
            since: self.clock().now(),
            over_at: None,
        };
        self.persist(|| self.store().raise(alert.clone()))
            .await
            .map(drop)
    }
}
