//! Rules by the hash of their text: what runs are pinned to, whatever the files say now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Engine;
use crate::rule::{self, Rule};
use crate::run::Run;
use crate::store::StoreError;

/// Texts kept compiled; older ones are compiled again when a run of theirs comes up.
const PINNED_MAX: usize = 1_000;

/// Rules that are no longer in force but still have runs.
#[derive(Debug, Default)]
pub(super) struct Pinned(Mutex<HashMap<Arc<str>, Arc<Rule>>>);

impl Engine {
    /// The rule whose text the run is pinned to; the inner error says why it cannot be had.
    pub(super) async fn pinned_rule(
        &self,
        run: &Run,
    ) -> Result<Result<Arc<Rule>, String>, StoreError> {
        let current = self.rules();
        if let Some(rule) = current
            .get(&run.rule)
            .filter(|rule| rule.hash == run.rule_hash)
        {
            return Ok(Ok(rule.clone()));
        }
        let kept = self
            .0
            .pinned
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&run.rule_hash)
            .cloned();
        if let Some(rule) = kept {
            return Ok(Ok(rule));
        }
        let Some(text) = self.store().reader().rule_text(&run.rule_hash).await? else {
            return Ok(Err("the text of its rule is not in the database".into()));
        };
        Ok(
            match rule::from_text(&text.file, &text.text, self.0.parts.catalog) {
                Ok(rule) => {
                    let mut pinned = self
                        .0
                        .pinned
                        .0
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    if pinned.len() >= PINNED_MAX {
                        pinned.clear();
                    }
                    pinned.insert(run.rule_hash.clone(), rule.clone());
                    Ok(rule)
                }
                Err(problems) => {
                    let first = problems
                        .first()
                        .map(|problem| problem.message.clone())
                        .unwrap_or_default();
                    Err(format!(
                        "this version cannot read the text of its rule: {first}"
                    ))
                }
            },
        )
    }
}
