//! Index: which rules an event concerns, by its source and type, so that a rule for another type costs nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::pattern::EventPattern;

/// Rules, by number, under the source and the event types that they name.
#[derive(Debug, Default)]
pub struct Index {
    sources: HashMap<Arc<str>, Bucket>,
}

/// The rules of one source.
#[derive(Debug, Default)]
struct Bucket {
    /// Of every type that is named in full: all rules it concerns, globs included.
    exact: HashMap<Box<str>, Vec<usize>>,
    /// The rules whose globs a type that nobody names may meet; no patterns are every type.
    open: Vec<(usize, Vec<EventPattern>)>,
}

impl Index {
    /// Indexes rules: the number of a rule is its place in the slice, no patterns mean every type.
    #[must_use]
    pub fn new(rules: &[(Arc<str>, &[EventPattern])]) -> Self {
        let mut sources: HashMap<Arc<str>, Bucket> = HashMap::new();
        for (source, patterns) in rules {
            let bucket = sources.entry(Arc::clone(source)).or_default();
            for pattern in *patterns {
                if let EventPattern::Exact(kind) = pattern {
                    bucket.exact.entry(kind.clone()).or_default();
                }
            }
        }
        for (number, (source, patterns)) in rules.iter().enumerate() {
            let Some(bucket) = sources.get_mut(source) else {
                continue;
            };
            for (kind, numbers) in &mut bucket.exact {
                if concerns(patterns, kind) {
                    numbers.push(number);
                }
            }
            let globs: Vec<_> = patterns
                .iter()
                .filter(|pattern| matches!(pattern, EventPattern::Glob(_)))
                .cloned()
                .collect();
            if patterns.is_empty() || !globs.is_empty() {
                bucket.open.push((number, globs));
            }
        }
        Self { sources }
    }

    /// The numbers of the rules that an event of this source and type concerns, in rising order.
    #[must_use]
    pub fn candidates(&self, source: &str, kind: &str) -> Cow<'_, [usize]> {
        let Some(bucket) = self.sources.get(source) else {
            return Cow::Borrowed(&[]);
        };
        if let Some(numbers) = bucket.exact.get(kind) {
            return Cow::Borrowed(numbers);
        }
        let open = bucket
            .open
            .iter()
            .filter(|(_, globs)| concerns(globs, kind));
        Cow::Owned(open.map(|(number, _)| *number).collect())
    }
}

fn concerns(patterns: &[EventPattern], kind: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(kind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(texts: &[&str]) -> Vec<EventPattern> {
        texts
            .iter()
            .map(|text| EventPattern::parse(text).expect(text))
            .collect()
    }

    #[test]
    fn an_event_finds_the_rules_of_its_source_and_type() {
        let (paid, glob, all) = (
            patterns(&["invoice.paid", "invoice.*"]),
            patterns(&["invoice.*"]),
            patterns(&[]),
        );
        let index = Index::new(&[
            ("stripe".into(), &paid),
            ("stripe".into(), &glob),
            ("stripe".into(), &all),
            ("typeform".into(), &all),
        ]);
        assert_eq!(*index.candidates("stripe", "invoice.paid"), [0, 1, 2]);
        assert_eq!(*index.candidates("stripe", "invoice.voided"), [0, 1, 2]);
        assert_eq!(*index.candidates("stripe", "charge.refunded"), [2]);
        assert_eq!(*index.candidates("typeform", ""), [3]);
        assert!(index.candidates("shop", "invoice.paid").is_empty());
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_asking_every_rule(
            rules in prop::collection::vec((0..2_u8, prop::collection::vec("[ab*]{1,3}", 0..3)), 0..8),
            source in 0..2_u8, kind in "[ab]{0,3}",
        ) {
            let rules: Vec<(Arc<str>, Vec<EventPattern>)> = rules.iter()
                .map(|(source, texts)| (source.to_string().into(), texts.iter().map(|text| EventPattern::parse(text).expect("a pattern")).collect()))
                .collect();
            let borrowed: Vec<_> = rules.iter().map(|(source, patterns)| (Arc::clone(source), patterns.as_slice())).collect();
            let expected: Vec<_> = rules.iter().enumerate()
                .filter(|(_, (at, patterns))| **at == *source.to_string() && concerns(patterns, &kind))
                .map(|(number, _)| number).collect();
            let source = source.to_string();
            let index = Index::new(&borrowed);
            let found = index.candidates(&source, &kind).into_owned();
            prop_assert_eq!(found, expected);
        }
    }
}
