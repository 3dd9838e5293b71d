//! `wait`: sleeps for a while, or until a time.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Effect, Kind, KindSpec, Part};
use crate::rule::condition::Condition;
use crate::rule::expr::{Expr, describe};
use crate::rule::parse::Parser;
use crate::rule::{RuleError, Scope, words};
use crate::yaml::Node;

/// The longest wait, in days.
const DAYS_MAX: u64 = 366;

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    name: "wait",
    doc: "Sleeps for a duration (`3d`) or until a time (`{ until: … }`); a restart changes nothing.",
    parse,
};

#[derive(Debug)]
enum Wait {
    For(Duration),
    Until(Expr),
}

fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let value = &part.verb.value;
    if value.as_map().is_none() {
        let wait = Wait::For(parser.duration(value, "`wait`", DAYS_MAX)?);
        return Some(Box::new(wait));
    }
    parser.reader.map(value, &words::WAIT)?;
    if let Some(entry) = value.entry("for") {
        for_event(parser, value, part.path);
        parser.later(
            entry.key_span,
            "waiting for an event",
            "wait for a duration, or until a time",
        );
        return None;
    }
    let Some(until) = value.get("until") else {
        parser.reader.error_help(
            "K0103",
            part.verb.key_span,
            "`wait` does not say for how long",
            "write `wait: 3d` or `wait: { until: \"${{ … }}\" }`",
        );
        return None;
    };
    for key in ["by", "match", "look_back", "at_most", "else"] {
        if let Some(entry) = value.entry(key) {
            let message = format!("`{key}` goes with `for`, not with `until`");
            parser
                .reader
                .error_help("K0115", entry.key_span, message, "remove it");
        }
    }
    let expr = parser.expr(until, "`until`")?;
    if expr.template.is_constant() {
        parser.instant(until, "`until`")?;
    }
    Some(Box::new(Wait::Until(expr)))
}

/// `wait: { for: … }`: read and checked, carried out by a later version.
fn for_event(parser: &mut Parser<'_>, node: &Node, path: &str) {
    if let Some(event) = node.get("for")
        && parser.reader.map(event, &words::WAIT_FOR).is_some()
    {
        let source = event
            .get("webhook")
            .and_then(|name| parser.declared_source(name));
        if let Some(events) = event.get("events") {
            parser.events(events, source.as_deref());
        }
    }
    if let Some(by) = node.get("by") {
        parser.expr(by, "`by`");
    }
    if let Some(condition) = node.get("match") {
        let source = parser.reader.source;
        Condition::parse(condition, source, parser.reader.problems());
    }
    for key in ["look_back", "at_most"] {
        if let Some(length) = node.get(key) {
            parser.duration(length, &format!("`{key}`"), DAYS_MAX);
        }
    }
    if let Some(steps) = node.get("else") {
        parser.inner_steps(steps, "`else`", path);
    }
}

impl Kind for Wait {
    fn effect(&self, scope: &Scope<'_>, _stage: u8) -> Result<Effect, RuleError> {
        let until = match self {
            Self::For(length) => after(scope.now, *length),
            Self::Until(expr) => {
                let value = expr.render(&scope.template())?;
                let until = instant(&value).map_err(|why| RuleError::new(why, &expr.place))?;
                check_length(scope.now, until, &expr.place)?;
                until
            }
        };
        Ok(Effect::Wait { until })
    }
}

/// A time with a zone as text, or seconds since 1970 as many senders write them.
fn instant(value: &Value) -> Result<Timestamp, String> {
    let found = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok()),
        _ => None,
    };
    found.ok_or_else(|| {
        let what = describe(value);
        format!("`until` must be a time with a zone, such as 2026-12-24T09:00:00+01:00, or seconds since 1970, and is {what}")
    })
}

fn check_length(now: Timestamp, until: Timestamp, place: &Arc<str>) -> Result<(), RuleError> {
    let longest = after(now, Duration::from_secs(DAYS_MAX * 24 * 60 * 60));
    if until > longest {
        let message = format!("`until` is {until}, more than {DAYS_MAX} days ahead");
        return Err(RuleError::new(message, place));
    }
    Ok(())
}

fn after(instant: Timestamp, length: Duration) -> Timestamp {
    let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
    instant.saturating_add(length).unwrap_or(Timestamp::MAX)
}
