//! Settings that a later version carries out: their form is checked, and they are said to have no effect yet.

use std::time::Duration;

use super::{Parser, words};
use crate::problem::Span;
use crate::rule::duration;
use crate::yaml::Node;

/// The longest retention, in days.
const RETENTION_DAYS_MAX: u64 = 3_660;

impl Parser<'_> {
    /// `tables`, `notify`, `alerts` and `retention`.
    pub(super) fn later(&mut self, root: &Node) {
        for (key, what) in [
            ("tables", "`tables` is a map from names to CSV files"),
            ("notify", "`notify` is a map from names to channels"),
        ] {
            let Some(entry) = root.entry(key) else {
                continue;
            };
            if entry.value.as_map().is_none() {
                self.reader.wrong_type(&entry.value, what);
            }
            self.no_effect(entry.key_span, &format!("`{key}`"));
        }
        if let Some(entry) = root.entry("alerts") {
            self.reader.text(&entry.value, "`alerts`");
            self.no_effect(entry.key_span, "`alerts`");
        }
        if let Some(entry) = root.entry("retention") {
            self.retention(&entry.value);
            self.no_effect(entry.key_span, "`retention`");
        }
    }

    /// Notes that a setting does nothing in this version.
    pub(super) fn no_effect(&mut self, span: Span, what: &str) {
        let message = format!("{what} has no effect in this version");
        self.reader.warn_help(
            "K0705",
            span,
            message,
            "it can stay; a later version will heed it",
        );
    }

    fn retention(&mut self, node: &Node) {
        for entry in self.reader.map(node, &words::RETENTION).unwrap_or_default() {
            let what = format!("`{}`", entry.key);
            let Some(text) = self.reader.text(&entry.value, &what) else {
                continue;
            };
            if &*entry.key == "at_most" {
                self.size(&entry.value, text);
                continue;
            }
            let longest = Duration::from_secs(RETENTION_DAYS_MAX * 24 * 60 * 60);
            if let Err(complaint) = duration::parse_within(text, longest) {
                let source = self.reader.source;
                let problem = complaint.problem("K0109", source, entry.value.span, text);
                self.reader.note(problem);
            }
        }
    }

    fn size(&mut self, node: &Node, text: &str) {
        let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        if digits.trim().parse::<u64>().is_err() || !matches!(unit, "MB" | "GB" | "TB") {
            let message = format!("`{text}` is no size");
            self.reader.error_help(
                "K0701",
                node.span,
                message,
                "write it like `500MB` or `20GB`",
            );
        }
    }
}
