//! The rules in force, and what they make of an event.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::condition::Failed;
use super::index::Index;
use super::template::Scope;
use super::{EventPattern, Rule, Trigger};
use crate::event::Event;

/// The number of the leaf that stands for an event that our own action caused (`echo: true` lets it pass).
pub const LEAF_ECHO: u32 = u32::MAX;
/// The number of the guard that keeps the sender's test-mode events from a live account; `path` is `live`.
pub const LEAF_LIVE: u32 = u32::MAX - 1;

/// What a rule made of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It matched: a run starts.
    Matched,
    /// Its `events:` exclude the type. Implied, never stored.
    Type,
    /// The first leaf that did not hold. `leaf` numbers the leaves of `match` in the order written, from 0.
    Declined {
        /// Which leaf.
        leaf: u32,
        /// What it looked at.
        path: String,
        /// What it wanted.
        expected: String,
        /// What was there.
        actual: String,
    },
    /// Judging failed: an expression went wrong.
    Error {
        /// What happened.
        message: String,
    },
}

/// All rules that are in force, indexed by source and type.
#[derive(Debug)]
pub struct RuleSet {
    /// SHA-256 over the members' hashes, sorted by id.
    pub hash: Arc<str>,
    rules: Vec<Arc<Rule>>,
    /// Enabled rules with a webhook, as the index numbers them.
    listening: Vec<Arc<Rule>>,
    /// Those of each source, in rising order.
    by_source: HashMap<Arc<str>, Vec<usize>>,
    index: Index,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl RuleSet {
    /// The set of these rules.
    #[must_use]
    pub fn new(mut rules: Vec<Arc<Rule>>) -> Self {
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let mut digest = Sha256::new();
        for rule in &rules {
            digest.update(rule.hash.as_bytes());
        }
        let mut listening = Vec::new();
        let mut by_source: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        let mut entries: Vec<(Arc<str>, &[EventPattern])> = Vec::new();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            if let Trigger::Webhook { source, events } = &rule.trigger {
                by_source
                    .entry(source.clone())
                    .or_default()
                    .push(listening.len());
                entries.push((source.clone(), events));
                listening.push(rule.clone());
            }
        }
        let index = Index::new(&entries);
        Self {
            hash: Arc::from(hex::encode(digest.finalize())),
            listening,
            by_source,
            index,
            rules,
        }
    }

    /// All members, sorted by id.
    #[must_use]
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The member of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Rule>> {
        let at = self
            .rules
            .binary_search_by(|rule| (*rule.id).cmp(id))
            .ok()?;
        self.rules.get(at)
    }

    /// Every enabled rule of the event's source, with what it made of the event. `Verdict::Type` is included.
    #[must_use]
    pub fn judge(&self, event: &Event) -> Vec<(Arc<Rule>, Verdict)> {
        let Some(numbers) = self.by_source.get(&event.source) else {
            return Vec::new();
        };
        let concerned = self.index.candidates(&event.source, &event.kind);
        let mut verdicts = Vec::with_capacity(numbers.len());
        for number in numbers {
            let rule = &self.listening[*number];
            let verdict = match concerned.binary_search(number) {
                Ok(_) => rule.judge(event),
                Err(_) => Verdict::Type,
            };
            verdicts.push((rule.clone(), verdict));
        }
        verdicts
    }
}

impl Rule {
    /// What this rule makes of an event of its source and one of its types.
    #[must_use]
    pub fn judge(&self, event: &Event) -> Verdict {
        if event.caused_by.is_some() && !self.echo {
            let wanted = "an event that no action of ours caused (`echo: true` takes those too)";
            return guarded(LEAF_ECHO, "caused_by", wanted, "our own action");
        }
        let scope = Scope::of_event(&event.tree);
        match self.condition.judge(&event.tree, &scope, event.received_at) {
            Ok(()) => Verdict::Matched,
            Err(Failed::Leaf(leaf)) => Verdict::Declined {
                leaf: leaf.leaf,
                path: leaf.path,
                expected: leaf.expected,
                actual: leaf.actual,
            },
            Err(Failed::Error { message, span }) => Verdict::Error {
                message: format!("{message} ({}:{}:{})", self.file, span.line, span.column),
            },
        }
    }
}

fn guarded(leaf: u32, path: &str, expected: &str, actual: &str) -> Verdict {
    Verdict::Declined {
        leaf,
        path: path.to_owned(),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
    }
}
