//! Failure: what a command says when it could not do what was asked: what happened, what it means, what to do.

use std::fmt::{Display, Formatter};

use serde_json::{Value, json};

use crate::store::StoreError;
use crate::web::api::Refusal;

/// A command's error, for a person. Printed once, in `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    what: String,
    means: Option<String>,
    remedy: Option<String>,
}

impl Failure {
    /// What happened, in one sentence without a full stop.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            means: None,
            remedy: None,
        }
    }

    /// What that means.
    #[must_use]
    pub(super) fn means(mut self, means: impl Into<String>) -> Self {
        self.means = Some(means.into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// The last line of a command that prints lines of JSON and ends with an error: how it ended, why, what to do.
pub(super) fn as_last_line(error: &anyhow::Error) -> Value {
    let failure = match error.downcast_ref::<Failure>() {
        Some(failure) => failure.clone(),
        None => Failure::new(error.to_string()),
    };
    json!({
        "works": false, "pinned": false,
        "why": failure.what, "means": failure.means, "to_do": failure.remedy,
    })
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        for more in [&self.means, &self.remedy].into_iter().flatten() {
            write!(f, "\n  {}", more.replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            what: refusal.message,
            means: None,
            remedy: refusal.help,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_what_then_meaning_then_remedy() {
        let failure = Failure::new("nothing answers at 127.0.0.1:8081")
            .means("The daemon is not running.")
            .remedy("Start it:\nkartwheel serve");
        assert_eq!(
            failure.to_string(),
            "nothing answers at 127.0.0.1:8081\n  The daemon is not running.\n  Start it:\n  kartwheel serve"
        );
    }
}
