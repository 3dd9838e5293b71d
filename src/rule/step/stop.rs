//! `stop`: ends the run well.

use super::{Effect, Kind, KindSpec, Part};
use crate::rule::expr::Expr;
use crate::rule::parse::Parser;
use crate::rule::{RuleError, Scope};

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    name: "stop",
    doc: "Ends the run well, with a reason or without.",
    parse,
};

#[derive(Debug)]
struct Stop {
    reason: Option<Expr>,
}

fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let value = &part.verb.value;
    if value.is_null() {
        return Some(Box::new(Stop { reason: None }));
    }
    let reason = Some(parser.expr(value, "the reason of `stop`")?);
    Some(Box::new(Stop { reason }))
}

impl Kind for Stop {
    fn effect(&self, scope: &Scope<'_>, _stage: u8) -> Result<Effect, RuleError> {
        let reason = match &self.reason {
            Some(reason) => Some(reason.render_text(&scope.template())?),
            None => None,
        };
        Ok(Effect::Stop { reason })
    }
}
