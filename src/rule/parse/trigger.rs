//! What starts a rule.

use std::sync::Arc;

use super::Parser;
use crate::problem::nearest;
use crate::rule::pattern::EventPattern;
use crate::rule::words;
use crate::rule::{AddressFor, SourceFacts, Trigger};
use crate::yaml::{Entry, Node};

/// The most patterns of `events`.
const EVENTS_MAX: usize = 100;

impl<'a> Parser<'a> {
    /// The value of `trigger`.
    pub(super) fn trigger(&mut self, node: &Node) -> Option<Trigger> {
        if node.text() == Some("manual") {
            self.later(node.span, "`trigger: manual`", "use a webhook for now");
            return Some(Trigger::Manual);
        }
        if let Some(text) = node.as_str() {
            let source = text.strip_prefix("webhook ").unwrap_or(text).trim();
            self.reader.error_help(
                "K0104",
                node.span,
                "a trigger says what kind it is",
                format!("write `trigger: {{ webhook: {source} }}`"),
            );
            return None;
        }
        let entries = self.reader.map(node, &words::TRIGGER)?;
        let kinds: Vec<&Entry> = entries
            .iter()
            .filter(|entry| &*entry.key != "events" && words::TRIGGER.known.contains(&&*entry.key))
            .collect();
        match kinds.as_slice() {
            [kind] => self.trigger_kind(node, kind),
            [] => {
                let unknown = entries.iter().any(|entry| &*entry.key != "events");
                if !unknown {
                    self.reader.error_help(
                        "K0112",
                        node.span,
                        "a trigger needs its kind",
                        "add `webhook: SOURCE` with a source of kartwheel.yaml",
                    );
                }
                None
            }
            [first, second, ..] => {
                self.reader.error_help(
                    "K0112",
                    second.key_span,
                    format!("a rule has one trigger, and `{}` is the second", second.key),
                    format!(
                        "keep `{}` here and make a second rule for the other",
                        first.key
                    ),
                );
                None
            }
        }
    }

    fn trigger_kind(&mut self, node: &Node, kind: &Entry) -> Option<Trigger> {
        let later = |parser: &mut Self| {
            let what = format!("`{}` as a trigger", kind.key);
            parser.later(kind.key_span, &what, "use a webhook for now");
        };
        if &*kind.key != "webhook"
            && let Some(events) = node.entry("events")
        {
            self.reader.error_help(
                "K0115",
                events.key_span,
                format!("`events` goes with `webhook`, not with `{}`", kind.key),
                "remove it",
            );
        }
        match &*kind.key {
            "webhook" => self.webhook(node, &kind.value),
            "schedule" => {
                self.schedule(&kind.value);
                later(self);
                Some(Trigger::Schedule)
            }
            "run_failed" => {
                let trigger = self.run_failed(&kind.value);
                later(self);
                trigger
            }
            _ => {
                later(self);
                Some(Trigger::Manual)
            }
        }
    }

    fn webhook(&mut self, node: &Node, name: &Node) -> Option<Trigger> {
        let source = self.declared_source(name);
        let events = node
            .get("events")
            .map_or_else(Vec::new, |events| self.events(events, source.as_deref()));
        Some(Trigger::Webhook {
            source: source?,
            events,
        })
    }

    /// The name of a source that kartwheel.yaml declares.
    pub(crate) fn declared_source(&mut self, node: &Node) -> Option<Arc<str>> {
        let name = self.reader.text(node, "`webhook`")?;
        let around = self.around;
        if let Some(known) = &around.sources
            && !known.iter().any(|source| *source.name == *name)
        {
            let names = || known.iter().map(|source| &*source.name);
            let help = match nearest(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => {
                    format!(
                        "declare it in kartwheel.yaml under `sources:`, such as `{name}: {{ preset: stripe, secret: env:… }}`"
                    )
                }
                None => format!(
                    "declared in kartwheel.yaml: {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            };
            self.reader.error_help(
                "K0201",
                node.span,
                format!("no source is called `{name}`"),
                help,
            );
            return None;
        }
        Some(Arc::from(name))
    }

    /// A name, a list of names, or globs.
    pub(crate) fn events(&mut self, node: &Node, source: Option<&str>) -> Vec<EventPattern> {
        let members = self.reader.list_or_one(node);
        if members.is_empty() || members.len() > EVENTS_MAX {
            self.reader.error_help(
                "K0110",
                node.span,
                format!("`events` has 1 to {EVENTS_MAX} names"),
                "leave `events` out to take all events of the source",
            );
        }
        let mut patterns = Vec::new();
        for member in members {
            let Some(text) = self.reader.text(member, "an event name") else {
                continue;
            };
            match EventPattern::parse(text) {
                Ok(pattern) => {
                    self.known_event(member, text, source);
                    patterns.push(pattern);
                }
                Err(complaint) => self.complain("K0204", member, complaint),
            }
        }
        patterns
    }

    fn known_event(&mut self, node: &Node, text: &str, source: Option<&str>) {
        let Some(facts) = source.and_then(|source| self.facts(source)) else {
            return;
        };
        let Some(near) = (facts.unknown_event)(text) else {
            if facts.lookup.as_ref().is_some_and(|can| !can(text)) {
                let message = format!(
                    "`{text}` cannot be looked up: nothing in the account shows such an event, and `{}` says `trust: lookup`",
                    facts.name
                );
                let help = "leave it out; or declare a second source with a secret in its URL and without `trust`, for these events alone";
                self.reader.error_help("K0208", node.span, message, help);
            }
            return;
        };
        let help = near.map_or_else(
            || "if the sender does send it, ignore this warning".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.reader.warn_help(
            "K0202",
            node.span,
            format!("`{}` is not known to send `{text}`", facts.name),
            help,
        );
    }

    /// What the rule needs the address for, as far as it is read.
    pub(crate) fn needs_address(&mut self, trigger: Option<&Trigger>) -> AddressFor {
        self.has_address(trigger);
        self.names.needs_address()
    }

    /// What is known of a declared source.
    pub(crate) fn facts(&self, source: &str) -> Option<&'a SourceFacts> {
        let mut sources = self.around.sources.iter().flatten();
        sources.find(|facts| *facts.name == *source)
    }

    /// A rule that uses the address of events that never have one.
    fn has_address(&mut self, trigger: Option<&Trigger>) {
        let (Some(span), Some(Trigger::Webhook { source, events })) = (self.names.address, trigger)
        else {
            return;
        };
        let Some(facts) = self.facts(source) else {
            return;
        };
        let lacking: Vec<String> = events
            .iter()
            .filter_map(EventPattern::exact)
            .filter(|kind| (facts.lacks_address)(kind))
            .map(|kind| format!("`{kind}`"))
            .collect();
        if lacking.is_empty() {
            return;
        }
        let message = format!(
            "{source} says no address in {}, and nothing earlier can bring it",
            lacking.join(", ")
        );
        let help = "use what these events do have, such as an address that you put into the sender's metadata; \
                    or write `person: { email: $.body.… }` under the source in kartwheel.yaml";
        self.reader.warn_help("K0207", span, message, help);
    }

    fn run_failed(&mut self, node: &Node) -> Option<Trigger> {
        let entries = self.reader.map(node, &words::RUN_FAILED)?;
        let mut rules = Vec::new();
        let mut in_a_row = 1;
        for entry in entries {
            match &*entry.key {
                "rules" => {
                    for member in self.reader.list_or_one(&entry.value) {
                        rules.extend(self.reader.text(member, "a rule's id").map(Arc::from));
                    }
                }
                "in_a_row" => {
                    let number = self.reader.whole(&entry.value, "`in_a_row`", 1..=1000);
                    in_a_row = number
                        .and_then(|number| u32::try_from(number).ok())
                        .unwrap_or(1);
                }
                _ => {}
            }
        }
        Some(Trigger::RunFailed { rules, in_a_row })
    }
}
