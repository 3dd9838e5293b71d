//! What somebody must be told: raised once, and over when its cause is. What is told of runs and holds is the store's own doing.

use serde_json::Value;

use super::Engine;
use crate::run::{Run, WHY_FORGED};
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

    /// A run was ended because the account does not show what its event says: somebody is told once for each source, until the
    /// daemon starts anew, since what can be done about it stands in kartwheel.yaml.
    pub(super) async fn forged(
        &self,
        run: &Run,
        tree: &Value,
        why: &str,
    ) -> Result<(), StoreError> {
        if !why.starts_with(WHY_FORGED) {
            return Ok(());
        }
        let source = tree.pointer("/event/source").and_then(Value::as_str);
        let source = source.unwrap_or_default();
        let text = format!(
            "an event of the source {source} says what the account does not show, so its run ended before its first step: see `kartwheel runs show {}`. \
             Somebody who knows the source's URL may be making events up: give it a new secret",
            run.id
        );
        self.raise(AlertKind::Forged, source, &text).await
    }

    /// At start: what was told of forged events is over.
    pub(super) async fn forget_forged(&self) -> Result<(), StoreError> {
        self.calm_all(|kind, _| kind == AlertKind::Forged).await
    }

    /// Ends the standing alerts of which this holds, by kind and subject.
    pub(super) async fn calm_all(
        &self,
        is_over: impl Fn(AlertKind, &str) -> bool,
    ) -> Result<(), StoreError> {
        for alert in self.store().reader().alerts(true, u32::MAX).await? {
            if is_over(alert.kind, &alert.subject) {
                let now = self.clock().now();
                self.store().calm(alert.kind, &alert.subject, now).await?;
            }
        }
        Ok(())
    }
}
