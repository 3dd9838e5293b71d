//! A verb of the catalogue: one call, with its fields as input.

use std::sync::Arc;

use serde_json::Value;

use super::{After, Effect, Kind, Part};
use crate::action::Outcome;
use crate::rule::fallback::{self, Fallback};
use crate::rule::fields::{AMOUNT, Fields, is_amount};
use crate::rule::parse::Parser;
use crate::rule::{RuleError, Scope};

/// The stage at which the fallback's call is made.
const FALLBACK_STAGE: u8 = 1;

#[derive(Debug)]
struct Action {
    verb: Arc<str>,
    fields: Fields,
    fallback: Option<Fallback>,
}

/// Reads a verb of the catalogue.
pub(super) fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let spec = parser.around.catalog.get(&part.verb.key)?;
    if spec.fields.iter().any(|field| field.name == AMOUNT) {
        check_amount(parser, part);
    }
    let fields = Fields::parse(parser, part, spec)?;
    let fallback = fallback::parse(parser, part);
    Some(Box::new(Action {
        verb: Arc::from(spec.key),
        fields,
        fallback,
    }))
}

/// A refund says how much, or says that it means all.
fn check_amount(parser: &mut Parser<'_>, part: &Part<'_>) {
    let full = part.step.entry("full");
    let wants_all = full.and_then(|full| parser.reader.boolean(&full.value, "`full`"));
    let verb = &part.verb.key;
    let mut given = part.verb.value.as_map().unwrap_or_default().iter();
    match (wants_all, given.find(|entry| is_amount(verb, &entry.key))) {
        (Some(true), Some(amount)) => parser.reader.error_help(
            "K0504",
            amount.key_span,
            "an amount and `full: true` contradict each other",
            "keep one of the two",
        ),
        (Some(true), None) | (_, Some(_)) => {}
        // Under the verb it is an unknown input, which says where it belongs.
        (_, None) if part.verb.value.get("full").is_some() => {}
        (_, None) => parser.reader.error_help(
            "K0504",
            part.verb.key_span,
            format!("`{verb}` does not say how much"),
            format!("add `{AMOUNT}: …`, or `full: true` beside the verb if all of it is meant"),
        ),
    }
}

impl Kind for Action {
    fn effect(&self, scope: &Scope<'_>, stage: u8) -> Result<Effect, RuleError> {
        let input = self.fields.render(&scope.template())?;
        match &self.fallback {
            Some(fallback) if stage == FALLBACK_STAGE => fallback.effect(&input, &scope.template()),
            _ => Ok(Effect::Call {
                verb: self.verb.clone(),
                input: Value::Object(input),
            }),
        }
    }

    fn after(&self, _scope: &Scope<'_>, stage: u8, outcome: Outcome) -> After {
        match &self.fallback {
            Some(fallback) if stage == 0 && fallback.is_needed(&outcome) => {
                After::Stage(FALLBACK_STAGE)
            }
            _ => After::Take(outcome),
        }
    }

    fn calls(&self) -> Vec<&str> {
        vec![&self.verb]
    }

    fn fields(&self) -> Option<&Fields> {
        Some(&self.fields)
    }

    fn fallback(&self) -> Option<&Fallback> {
        self.fallback.as_ref()
    }
}
