//! What somebody must be told: raised once, and over when its cause is.

use super::Engine;
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
