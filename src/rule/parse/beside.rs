//! What stands beside the verb of a step, and with which verbs it goes.

use super::Parser;
use crate::action::Effects;
use crate::rule::account::Schema;
use crate::rule::fallback;
use crate::rule::fields::Known;
use crate::rule::retry::RetryPolicy;
use crate::rule::step::Part;
use crate::rule::words;
use crate::yaml::Node;

impl<'a> Parser<'a> {
    /// Which inputs an action takes on the connection of a step.
    pub(crate) fn known_inputs(&self, step: &Node, verb: &str) -> Known<'a> {
        if self.around.settled {
            return Known::Settled;
        }
        let connection = step.get("connection").and_then(Node::text);
        let account = self
            .around
            .accounts
            .get(connection.unwrap_or(&self.connection));
        account
            .and_then(|account| account.action(verb))
            .and_then(Schema::of)
            .map_or(Known::Table, Known::Account)
    }

    /// Keys that go only with certain verbs.
    pub(super) fn beside(&mut self, part: &Part<'_>) {
        let verb = &*part.verb.key;
        if let Some(entry) = part.step.entry("full")
            && verb != "refund-transaction"
        {
            let message = format!("`full` goes with `refund-transaction`, not with `{verb}`");
            self.reader
                .error_help("K0115", entry.key_span, message, "remove it");
        }
        self.approval(part);
        if part.step.entry("fallback").is_some() && self.around.catalog.get(verb).is_none() {
            fallback::parse(self, part);
        }
        let is_call = self.around.catalog.get(verb).is_some()
            || matches!(verb, "ensure-lead" | "request" | "notify");
        for key in ["retry", "timeout", "connection", "on_error"] {
            if let Some(entry) = part.step.entry(key)
                && !is_call
                && verb != "run"
                && verb != "choose"
                && verb != "for-each"
            {
                let message = format!("`{verb}` calls nobody, so `{key}` has no meaning beside it");
                self.reader
                    .error_help("K0115", entry.key_span, message, "remove it");
            }
        }
    }

    /// A person is asked only before something changes.
    fn approval(&mut self, part: &Part<'_>) {
        let verb = &*part.verb.key;
        let Some(entry) = part.step.entry("approve") else {
            return;
        };
        let why = match self.around.catalog.get(verb) {
            Some(spec) if spec.effects == Effects::Read => "only reads",
            None if verb != "ensure-lead" => "calls nobody",
            _ => return,
        };
        let message = format!("`{verb}` {why}, so there is nothing to approve");
        self.reader
            .error_help("K0115", entry.key_span, message, "remove `approve`");
    }

    pub(super) fn retry(&mut self, node: &Node) -> RetryPolicy {
        let mut policy = RetryPolicy::default();
        for entry in self.reader.map(node, &words::RETRY).unwrap_or_default() {
            let value = &entry.value;
            match &*entry.key {
                "attempts" => {
                    if let Some(number) = self.reader.whole(value, "`attempts`", 0..=1_000_000) {
                        match RetryPolicy::check_attempts(i64::try_from(number).unwrap_or(i64::MAX))
                        {
                            Ok(attempts) => policy.attempts = attempts,
                            Err(complaint) => self.complain("K0110", value, complaint),
                        }
                    }
                }
                "within" => {
                    // A bare number gets its own words.
                    if value.as_str().is_none() {
                        self.duration(value, "`within`", 30);
                        continue;
                    }
                    match RetryPolicy::parse_within(&value.raw) {
                        Ok(within) => policy.within = within,
                        Err(complaint) => self.complain("K0109", value, complaint),
                    }
                }
                "backoff" => {
                    let Some(text) = self.reader.text(value, "`backoff`") else {
                        continue;
                    };
                    match RetryPolicy::parse_backoff(text) {
                        Ok((first, cap)) => (policy.first, policy.cap) = (first, cap),
                        Err(complaint) => self.complain("K0109", value, complaint),
                    }
                }
                _ => {}
            }
        }
        policy
    }
}
