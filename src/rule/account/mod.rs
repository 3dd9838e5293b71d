//! A rule against the accounts that it acts on: names that are not there, actions that are not offered, inputs that the account's
//! own actions do not take.
//!
//! Each file looks at one thing of a step and notes what is wrong with it; `Look::all` is the list. `judge` holds an input, as far as
//! it is `written` out, against a schema: also one that no rule sends.

mod beside;
mod custom;
pub mod judge;
mod name;
mod offer;
mod schema;
#[cfg(test)]
mod tests;
mod used;
pub mod written;

use std::collections::HashMap;
use std::sync::Arc;

use super::{Rule, Step};
use crate::account::{Account, Inventory};
use crate::problem::{Problem, Severity, Source, Span};

pub use name::like;
pub(crate) use schema::Schema;
pub use schema::without_schema;
pub use used::{UsedName, names_used};

use used::of_input;

/// One step, the account it acts on, and what is wrong with the two together.
struct Look<'a> {
    step: &'a Step,
    connection: &'a str,
    account: &'a Account,
    source: &'a Source,
    severity: Severity,
    problems: &'a mut Vec<Problem>,
}

/// Everything of a rule that does not fit the accounts. A connection of which nothing is known is not looked at. `default` is where a
/// rule acts that names no connection; `severity` is that of a misfit, for a name may have been made a moment ago.
#[must_use]
pub fn problems(
    rule: &Rule,
    accounts: &HashMap<Arc<str>, Account>,
    default: &str,
    severity: Severity,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if accounts.is_empty() {
        return problems;
    }
    let source = Source::new(rule.file.clone(), "");
    for step in rule.steps.iter().chain(&rule.on_failure) {
        let connection = connection_of(rule, step).map_or(default, |name| name);
        if let Some(account) = accounts.get(connection) {
            let look = Look {
                step,
                connection,
                account,
                source: &source,
                severity,
                problems: &mut problems,
            };
            look.all();
        }
    }
    problems
}

/// The connection that a step names, or its rule does.
fn connection_of<'a>(rule: &'a Rule, step: &'a Step) -> Option<&'a Arc<str>> {
    step.connection.as_ref().or(rule.connection.as_ref())
}

impl Look<'_> {
    fn all(mut self) {
        self.offer();
        self.names();
        self.custom_fields();
        self.inputs();
        self.beside();
    }

    /// Notes that something does not fit.
    fn note(&mut self, code: &'static str, span: Span, message: String, help: String) {
        let problem = Problem::error(code, self.source, span, message).help(help);
        self.problems.push(Problem {
            severity: self.severity,
            ..problem
        });
    }

    /// Notes something to know.
    fn warn(&mut self, code: &'static str, span: Span, message: String, help: String) {
        let problem = Problem::warning(code, self.source, span, message);
        self.problems.push(problem.help(help));
    }
}
