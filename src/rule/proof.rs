//! The step before the first one, in a run whose event nothing proves: asks the account whether it is so.

use std::sync::Arc;
use std::time::Duration;

use super::retry::RetryPolicy;
use super::step::{After, Effect, Kind, Step};
use super::{RuleError, Scope};
use crate::action::{Claim, Class, Outcome, Prove};
use crate::problem::Span;
use crate::run::{CHECK, WHY_FORGED, WHY_HIDDEN};

/// The account may show a thing a little after it was told of: so long after each look that does not find it, it is looked
/// for again. After the last one it is forged.
const AGAIN: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
];

#[derive(Debug)]
struct Check {
    prove: Prove,
}

/// The step, of a rule that stands here.
pub(crate) fn step(prove: Prove, span: Span) -> Step {
    Step {
        path: Arc::from(CHECK),
        id: None,
        name: None,
        verb: Arc::from(CHECK),
        retry: RetryPolicy::default(),
        timeout: None,
        continue_on_error: false,
        approve: false,
        connection: None,
        verb_span: span,
        condition: None,
        kind: Box::new(Check { prove }),
    }
}

impl Kind for Check {
    fn effect(&self, scope: &Scope<'_>, _stage: u8) -> Result<Effect, RuleError> {
        Ok(match (self.prove)(scope.tree, None) {
            Claim::Read { verb, input } => Effect::Call {
                verb: Arc::from(verb),
                input,
            },
            Claim::False(why) => Effect::Cancel {
                reason: format!("{WHY_FORGED}: {why}"),
            },
            Claim::Hidden(why) | Claim::Missing(why) | Claim::Unclear(why) => Effect::Cancel {
                reason: format!("{WHY_HIDDEN}: {why}"),
            },
            Claim::True => Effect::Skip,
        })
    }

    /// The stage counts the looks that did not find it.
    fn after(&self, scope: &Scope<'_>, stage: u8, outcome: Outcome) -> After {
        match (self.prove)(scope.tree, Some(&outcome)) {
            Claim::True => After::Take(Outcome {
                message: "the account shows what the event says".into(),
                ..outcome
            }),
            Claim::Read { .. } => After::Take(outcome),
            Claim::Missing(why) => match AGAIN.get(usize::from(stage)) {
                Some(pause) => After::Later {
                    stage: stage + 1,
                    pause: *pause,
                    why: format!("{why}; looking again"),
                },
                None => After::Cancel {
                    reason: format!(
                        "{WHY_FORGED}: {why}, and did not after {} looks",
                        AGAIN.len() + 1
                    ),
                },
            },
            Claim::False(why) => After::Cancel {
                reason: format!("{WHY_FORGED}: {why}"),
            },
            Claim::Unclear(why) => After::Take(Outcome::new(Class::Refused, why)),
            Claim::Hidden(why) => After::Cancel {
                reason: format!("{WHY_HIDDEN}: {why}"),
            },
        }
    }
}
