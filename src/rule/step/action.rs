//! A verb of the catalogue: one call, with its fields as input.

use std::sync::Arc;

use serde_json::Value;

use super::{Effect, Kind, Part};
use crate::rule::fields::{AMOUNT, Fields};
use crate::rule::parse::Parser;
use crate::rule::{RuleError, Scope};

#[derive(Debug)]
struct Action {
    verb: Arc<str>,
    fields: Fields,
}

/// Reads a verb of the catalogue.
pub(super) fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let spec = parser.around.catalog.get(&part.verb.key)?;
    if spec.fields.iter().any(|field| field.name == AMOUNT) {
        check_amount(parser, part);
    }
    let fields = Fields::parse(parser, part.verb, spec.fields)?;
    Some(Box::new(Action {
        verb: Arc::from(spec.key),
        fields,
    }))
}

/// A refund says how much, or says that it means all.
fn check_amount(parser: &mut Parser<'_>, part: &Part<'_>) {
    let full = part.step.entry("full");
    let wants_all = full.and_then(|full| parser.reader.boolean(&full.value, "`full`"));
    let amount = part
        .verb
        .value
        .entry(AMOUNT)
        .or_else(|| part.verb.value.entry("amount"));
    match (wants_all, amount) {
        (Some(true), Some(amount)) => parser.reader.error_help(
            "K0504",
            amount.key_span,
            "an amount and `full: true` contradict each other",
            "keep one of the two",
        ),
        (Some(true), None) | (_, Some(_)) => {}
        (_, None) => parser.reader.error_help(
            "K0504",
            part.verb.key_span,
            format!("`{}` does not say how much", part.verb.key),
            format!("add `{AMOUNT}: …`, or `full: true` beside the verb if all of it is meant"),
        ),
    }
}

impl Kind for Action {
    fn effect(&self, scope: &Scope<'_>, _stage: u8) -> Result<Effect, RuleError> {
        Ok(Effect::Call {
            verb: self.verb.clone(),
            input: Value::Object(self.fields.render(&scope.template())?),
        })
    }
}
