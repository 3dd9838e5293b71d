//! What somebody must be told: raised once, and over when its cause is.

use serde_json::Value;

use super::Engine;
use crate::run::{Run, WHY_FORGED};
use crate::store::{Alert, AlertKind, StoreError};

/// A text for the log, which others may read: a link to log in with can carry a token of its own.
pub(super) fn without_links(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.contains("https://") {
        true => "(the link is in `kartwheel health`)",
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Says in the log that somebody must be told.
pub(super) fn told(kind: AlertKind, subject: &str, text: &str) {
    let text = without_links(text);
    tracing::error!(kind = kind.name(), subject, text, "alert");
}

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
        if self.persist(|| self.store().raise(alert.clone())).await? {
            told(kind, subject, text);
        }
        Ok(())
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

    /// A limit was reached: somebody is told once, until a person has let a run of it go on.
    pub(super) async fn limit_reached(&self, scope: &str, said: &str) -> Result<(), StoreError> {
        let text = format!(
            "{said}. Its runs wait: look at them with `kartwheel runs list --state held`, then `kartwheel runs resume ID` or cancel them"
        );
        self.raise(AlertKind::LimitReached, scope, &text).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_shows_no_link() {
        let text = "it lapsed: log in at https://ui.example/connect?token=secret now";
        let shown = without_links(text);
        assert!(
            !shown.contains("secret") && shown.ends_with(" now"),
            "{shown}"
        );
    }
}
