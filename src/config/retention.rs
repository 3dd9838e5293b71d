//! `retention`: what is kept how long, and how large the database may become.

use std::time::Duration;

use super::{Parser, words};
use crate::rule::duration;
use crate::yaml::Node;

const DAY_SECONDS: u64 = 24 * 60 * 60;
/// The longest retention, in days.
const RETENTION_DAYS_MAX: u64 = 3_660;
/// The shortest `dedupe`, in days.
const DEDUPE_DAYS_MIN: u64 = 30;
/// The smallest `at_most`, in bytes.
const AT_MOST_MIN: u64 = 10_000_000;

/// What is kept how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Bodies and headers of events that are done with.
    pub events: Duration,
    /// The same where a run failed or was cancelled.
    pub failed: Duration,
    /// All of it, so long repeats and `once` values are known.
    pub dedupe: Duration,
    /// The most bytes of the database.
    pub at_most: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            events: days(90),
            failed: days(365),
            dedupe: days(400),
            at_most: 20_000_000_000,
        }
    }
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * DAY_SECONDS)
}

impl Parser<'_> {
    /// `retention`.
    pub(super) fn retention(&mut self, root: &Node) -> Retention {
        let mut retention = Retention::default();
        let Some(node) = root.get("retention") else {
            return retention;
        };
        for entry in self.reader.map(node, &words::RETENTION).unwrap_or_default() {
            let what = format!("`{}`", entry.key);
            let Some(text) = self.reader.text(&entry.value, &what) else {
                continue;
            };
            if &*entry.key == "at_most" {
                retention.at_most = self.size(&entry.value, text).unwrap_or(retention.at_most);
                continue;
            }
            let Some(length) = self.age(&entry.value, text) else {
                continue;
            };
            match &*entry.key {
                "events" => retention.events = length,
                "failed" => retention.failed = length,
                "dedupe" if length < days(DEDUPE_DAYS_MIN) => self.reader.error_help(
                    "K0701",
                    entry.value.span,
                    format!("`dedupe` is at least {DEDUPE_DAYS_MIN}d, not {text}"),
                    "what is no longer known would be done again when it comes again; write `400d`",
                ),
                "dedupe" => retention.dedupe = length,
                _ => {}
            }
        }
        retention
    }

    fn age(&mut self, node: &Node, text: &str) -> Option<Duration> {
        match duration::parse_within(text, days(RETENTION_DAYS_MAX)) {
            Ok(length) => Some(length),
            Err(complaint) => {
                let problem = complaint.problem("K0109", self.reader.source, node.span, text);
                self.reader.note(problem);
                None
            }
        }
    }

    fn size(&mut self, node: &Node, text: &str) -> Option<u64> {
        let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
        let unit = match &text[digits.len()..] {
            "MB" => Some(1_000_000_u64),
            "GB" => Some(1_000_000_000),
            "TB" => Some(1_000_000_000_000),
            _ => None,
        };
        let number = digits.trim().parse::<u64>().ok();
        let bytes = number
            .zip(unit)
            .and_then(|(number, unit)| number.checked_mul(unit));
        let (message, help) = match bytes {
            Some(bytes) if bytes >= AT_MOST_MIN => return Some(bytes),
            Some(_) => (
                format!(
                    "`at_most` is at least {}MB, not {text}",
                    AT_MOST_MIN / 1_000_000
                ),
                "write it like `500MB` or `20GB`",
            ),
            None => (
                format!("`{text}` is no size"),
                "write it like `500MB` or `20GB`",
            ),
        };
        self.reader.error_help("K0701", node.span, message, help);
        None
    }
}
