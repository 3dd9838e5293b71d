//! `ensure-lead`: looks for the lead, and creates it when there is none.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{After, Effect, Kind, KindSpec, Part};
use crate::action::{Class, Outcome};
use crate::rule::fields::Fields;
use crate::rule::parse::Parser;
use crate::rule::{RuleError, Scope};

const LOOK: &str = "get-lead";
const CREATE: &str = "create-lead";

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    name: "ensure-lead",
    doc: "Looks for a lead by its e-mail address and creates it when there is none; that it exists already is success.",
    parse,
};

#[derive(Debug)]
struct EnsureLead {
    fields: Fields,
}

fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let create = parser.around.catalog.get(CREATE)?;
    let fields = Fields::parse(parser, part, create)?;
    Some(Box::new(EnsureLead { fields }))
}

impl Kind for EnsureLead {
    fn effect(&self, scope: &Scope<'_>, stage: u8) -> Result<Effect, RuleError> {
        let input = self.fields.render(&scope.template())?;
        let (verb, input) = if stage == 0 {
            let email = input.get("email").cloned().unwrap_or_default();
            (LOOK, json!({ "email": email }))
        } else {
            (CREATE, Value::Object(input))
        };
        Ok(Effect::Call {
            verb: Arc::from(verb),
            input,
        })
    }

    fn after(&self, _scope: &Scope<'_>, stage: u8, outcome: Outcome) -> After {
        if stage == 0 && outcome.class == Class::TargetMissing {
            After::Stage(1)
        } else {
            After::Take(outcome)
        }
    }

    fn begins_with_look(&self) -> bool {
        true
    }

    fn calls(&self) -> Vec<&str> {
        vec![LOOK, CREATE]
    }

    fn fields(&self) -> Option<&Fields> {
        Some(&self.fields)
    }
}
