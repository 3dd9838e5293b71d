//! Settings that a later version carries out: their form is checked, and they are said to have no effect yet.

use super::Parser;
use crate::problem::Span;
use crate::yaml::Node;

impl Parser<'_> {
    /// `tables`, `notify` and `alerts`.
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
}
