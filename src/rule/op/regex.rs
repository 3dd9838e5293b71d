//! `regex`: a text in which the pattern is found.

use jiff::Timestamp;
use regex::{Regex as Pattern, RegexBuilder};
use serde_json::Value;

use super::ieq::{shown_text, text, text_or};
use super::{Example, Operator, Test};
use crate::rule::complaint::Complaint;

/// The longest pattern, in bytes.
const LONGEST_BYTES: usize = 1024;
/// The largest compiled pattern, in bytes.
const COMPILED_BYTES: usize = 1 << 20;

pub(super) struct Regex;

impl Operator for Regex {
    fn name(&self) -> &'static str {
        "regex"
    }

    fn doc(&self) -> &'static str {
        "a text in which this pattern (RE2 syntax) is found, anywhere unless it says `^` or `$`; takes linear time"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("\"^cs_(test|live)_\"", Some("\"cs_test_1\""), true),
            ("\"ours\"", Some("\"A Course\""), true),
            ("\"(?i)COURSE\"", Some("\"a course\""), true),
            ("\"^ours\"", Some("\"A Course\""), false),
            ("\"[0-9]+\"", Some("49"), false),
            ("\".\"", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        let pattern = text(operand)?;
        if pattern.len() > LONGEST_BYTES {
            return Err(Complaint::new("a regular expression is at most 1 kB long"));
        }
        let compiled = RegexBuilder::new(&pattern)
            .size_limit(COMPILED_BYTES)
            .build();
        Ok(Box::new(Found(
            compiled.map_err(|error| broken(&pattern, &error))?,
        )))
    }
}

fn broken(pattern: &str, error: &regex::Error) -> Complaint {
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return Complaint::new("the regular expression is too large once compiled")
            .help("use smaller repetitions");
    }
    let text = error.to_string();
    let reason = text
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let complaint = Complaint::new(format!("`{pattern}` is not a regular expression: {reason}"));
    if ["(?=", "(?!", "(?<=", "(?<!"]
        .iter()
        .any(|look| pattern.contains(look))
    {
        complaint.help("patterns cannot look around; use two conditions")
    } else {
        complaint
    }
}

#[derive(Debug)]
struct Found(Pattern);

impl Test for Found {
    fn holds(&self, value: &Value, _arrived: Timestamp) -> bool {
        value.as_str().is_some_and(|text| self.0.is_match(text))
    }

    fn expected(&self, value: Option<&Value>) -> String {
        text_or(value, || format!("text that matches `{}`", self.0.as_str()))
    }

    fn actual(&self, value: &Value) -> String {
        shown_text(value)
    }
}
