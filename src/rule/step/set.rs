//! `set`: more vars.

use std::sync::Arc;

use serde_json::Map;

use super::{Effect, Kind, KindSpec, Part};
use crate::rule::expr::Shape;
use crate::rule::parse::Parser;
use crate::rule::template;
use crate::rule::{RuleError, Scope};

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    name: "set",
    doc: "Computes more vars; each knows those before it.",
    parse,
};

#[derive(Debug)]
struct Set {
    vars: Vec<(Arc<str>, Shape)>,
}

fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let vars = parser.vars(&part.verb.value, "`set`");
    Some(Box::new(Set { vars }))
}

impl Kind for Set {
    fn effect(&self, scope: &Scope<'_>, _stage: u8) -> Result<Effect, RuleError> {
        let mut known = scope.progress.vars.clone();
        let mut values = Map::new();
        for (name, shape) in &self.vars {
            let inner = template::Scope {
                vars: Some(&known),
                ..scope.template()
            };
            let value = shape.render(&inner)?;
            known.insert(name.to_string(), value.clone());
            values.insert(name.to_string(), value);
        }
        Ok(Effect::Keep { values })
    }
}
