//! Fallback: what a membership step does instead where the connection does not offer its action: give or take a tag, for an
//! automation of the account to act on.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::RuleError;
use super::expr::Expr;
use super::parse::Parser;
use super::step::{Effect, Part};
use super::template::Scope;
use crate::action::{Class, Outcome};
use crate::problem::Span;
use crate::yaml::Entry;

/// The actions that may stand in.
const VERBS: [&str; 2] = ["assign-tag", "unassign-tag"];
/// The actions that may be missing, for Kartra's API documents no command for them.
const MEMBERSHIP: [&str; 2] = ["grant-membership-access", "revoke-membership-access"];
/// Kartra's number for "this app may not execute the command".
const APP_MAY_NOT: u16 = 262;

/// The action that stands in, and its tag.
#[derive(Debug)]
pub(crate) struct Fallback {
    /// The action's key.
    pub(crate) verb: Arc<str>,
    /// The tag's name.
    pub(crate) tag: Expr,
    /// Where the tag's name stands.
    pub(crate) span: Span,
}

/// Whether the account's connection may lack this action.
pub(crate) fn is_membership(verb: &str) -> bool {
    MEMBERSHIP.contains(&verb)
}

/// Reads the `fallback` of a step, when it has one.
pub(crate) fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Fallback> {
    let entry = part.step.entry("fallback")?;
    let verb = &part.verb.key;
    if !is_membership(verb) {
        let message = format!(
            "`fallback` goes with `grant-membership-access` and `revoke-membership-access`, not with `{verb}`"
        );
        let help = "remove it: only for these two a tag can do the same";
        parser
            .reader
            .error_help("K0115", entry.key_span, message, help);
        return None;
    }
    let example = match &**verb {
        "grant-membership-access" => {
            "write `fallback: { assign-tag: \"access:MEMBERSHIP:LEVEL\" }`"
        }
        _ => "write `fallback: { unassign-tag: \"access:MEMBERSHIP:LEVEL\" }`",
    };
    let Some([only]) = entry.value.as_map() else {
        let message = "`fallback` is one action and its tag";
        parser
            .reader
            .error_help("K0104", entry.value.span, message, example);
        return None;
    };
    if !VERBS.contains(&&*only.key) {
        let message = format!(
            "a fallback is `assign-tag` or `unassign-tag`, not `{}`",
            only.key
        );
        parser
            .reader
            .error_help("K0108", only.key_span, message, example);
        return None;
    }
    tag(parser, only, example)
}

fn tag(parser: &mut Parser<'_>, entry: &Entry, example: &str) -> Option<Fallback> {
    let node = &entry.value;
    if node.text().is_none_or(|text| text.trim().is_empty()) {
        let message = format!("`{}` of a fallback is the tag's name, a text", entry.key);
        let span = if node.is_null() {
            entry.key_span
        } else {
            node.span
        };
        parser.reader.error_help("K0104", span, message, example);
        return None;
    }
    Some(Fallback {
        verb: entry.key.clone(),
        tag: parser.expr(node, "the tag of a fallback")?,
        span: node.span,
    })
}

impl Fallback {
    /// The tag's name, when it is the same for every event.
    pub(crate) fn constant_tag(&self) -> Option<String> {
        match self.tag.constant.clone()? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether this outcome says that the step's own action cannot be had on this connection.
    pub(crate) fn is_needed(&self, outcome: &Outcome) -> bool {
        outcome.class == Class::NotOffered || outcome.app_type == Some(APP_MAY_NOT)
    }

    /// The call that stands in, for the lead of the step's own input.
    pub(crate) fn effect(
        &self,
        input: &Map<String, Value>,
        scope: &Scope<'_>,
    ) -> Result<Effect, RuleError> {
        let tag = self.tag.render_text(scope)?;
        if tag.trim().is_empty() {
            return Err(RuleError::new(
                "the tag of the fallback is empty",
                &self.tag.place,
            ));
        }
        let lead = |name: &&str| input.contains_key(*name);
        let mut call: Map<String, Value> = ["email", "id"]
            .into_iter()
            .filter(lead)
            .map(|name| {
                (
                    name.to_owned(),
                    input.get(name).cloned().unwrap_or_default(),
                )
            })
            .collect();
        if call.is_empty() {
            let message =
                "the step names its lead by neither `email` nor `id`, so its fallback has none";
            return Err(RuleError::new(message, &self.tag.place));
        }
        call.insert("tag_name".to_owned(), tag.into());
        Ok(Effect::Call {
            verb: self.verb.clone(),
            input: Value::Object(call),
        })
    }
}
