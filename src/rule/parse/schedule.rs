//! The `schedule` of a trigger: read and checked whole, carried out by a later version.

use jiff::civil::{Date, DateTime};

use super::Parser;
use crate::rule::schedule::Cron;
use crate::rule::{words, zone};
use crate::yaml::{Entry, Node};

/// The longest pause, jitter or catch-up of a schedule, in days.
const DAYS_MAX: u64 = 366;

impl Parser<'_> {
    /// The value of `schedule`.
    pub(super) fn schedule(&mut self, node: &Node) {
        let Some(entries) = self.reader.map(node, &words::SCHEDULE) else {
            return;
        };
        let kinds: Vec<&Entry> = entries
            .iter()
            .filter(|entry| matches!(&*entry.key, "cron" | "every" | "at"))
            .collect();
        if kinds.len() != 1 {
            let span = kinds.get(1).map_or(node.span, |second| second.key_span);
            self.reader.error_help(
                "K0205",
                span,
                "a schedule has exactly one of `cron`, `every` and `at`",
                "make a rule for each",
            );
        }
        for entry in entries {
            self.schedule_entry(entry);
        }
    }

    fn schedule_entry(&mut self, entry: &Entry) {
        let (key, value) = (&*entry.key, &entry.value);
        let what = format!("`{key}`");
        match key {
            "cron" => {
                if let Some(text) = self.reader.text(value, &what)
                    && let Err(complaint) = Cron::parse(text)
                {
                    self.complain("K0205", value, complaint);
                }
            }
            "every" | "jitter" => {
                self.duration(value, &what, DAYS_MAX);
            }
            "at" => self.local_time(value),
            "timezone" => {
                self.timezone(value);
            }
            "missed" => self.missed(value),
            "overlap" => {
                self.reader
                    .choice(value, &what, &["skip", "queue", "parallel"]);
            }
            "gap" => {
                self.reader.choice(value, &what, &["shift", "skip"]);
            }
            "fold" => {
                self.reader.choice(value, &what, &["first", "both"]);
            }
            "except" => self.exceptions(value),
            _ => {}
        }
    }

    /// An IANA name.
    pub(crate) fn timezone(&mut self, node: &Node) {
        let Some(text) = self.reader.text(node, "`timezone`") else {
            return;
        };
        if let Err(complaint) = zone::parse(text) {
            self.complain("K0111", node, complaint);
        }
    }

    fn local_time(&mut self, node: &Node) {
        let Some(text) = self.reader.text(node, "`at`") else {
            return;
        };
        if text.parse::<DateTime>().is_err() || text.ends_with(['Z', 'z']) {
            self.reader.error_help(
                "K0111",
                node.span,
                format!("`{text}` is no local time"),
                "write date and time without a zone, such as `2026-12-24T09:00`; the zone is `timezone`",
            );
        }
    }

    fn missed(&mut self, node: &Node) {
        const POLICIES: &[&str] = &["none", "last", "all"];
        if node.is_scalar() {
            self.reader.choice(node, "`missed`", POLICIES);
            return;
        }
        for entry in self.reader.map(node, &words::MISSED).unwrap_or_default() {
            match &*entry.key {
                "policy" => {
                    self.reader.choice(&entry.value, "`policy`", POLICIES);
                }
                "within" => {
                    self.duration(&entry.value, "`within`", DAYS_MAX);
                }
                "at_most" => {
                    self.reader.whole(&entry.value, "`at_most`", 1..=10_000);
                }
                _ => {}
            }
        }
    }

    fn exceptions(&mut self, node: &Node) {
        for member in self.reader.list_or_one(node) {
            let Some(text) = self.reader.text(member, "an exception") else {
                continue;
            };
            let is_table = text.starts_with(|char: char| char.is_ascii_lowercase());
            if !is_table && text.parse::<Date>().is_err() {
                self.reader.error_help(
                    "K0111",
                    member.span,
                    format!("`{text}` is neither a date nor a table"),
                    "write a date such as `2026-12-25`",
                );
            }
        }
    }
}
