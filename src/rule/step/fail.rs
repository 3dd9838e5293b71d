//! `fail`: ends the run badly.

use super::{Effect, Kind, KindSpec, Part};
use crate::rule::expr::Expr;
use crate::rule::parse::Parser;
use crate::rule::{RuleError, Scope};

/// The kind.
pub(super) const SPEC: KindSpec = KindSpec {
    name: "fail",
    doc: "Ends the run badly, with the reason that people will read.",
    parse,
};

#[derive(Debug)]
struct Fail {
    reason: Expr,
}

fn parse(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let value = &part.verb.value;
    if value.is_null() {
        parser.reader.error_help(
            "K0103",
            part.verb.key_span,
            "`fail` needs its reason",
            "write what a person should read, such as `fail: no course for this price`",
        );
        return None;
    }
    let reason = parser.expr(value, "the reason of `fail`")?;
    Some(Box::new(Fail { reason }))
}

impl Kind for Fail {
    fn effect(&self, scope: &Scope<'_>, _stage: u8) -> Result<Effect, RuleError> {
        Ok(Effect::Fail {
            reason: self.reason.render_text(&scope.template())?,
        })
    }
}
