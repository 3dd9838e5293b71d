//! How a run begins: its vars, its key and its once value.

use serde_json::{Map, Value};

use super::expr::{Expr, describe};
use super::template::Scope;
use super::{Rule, RuleError};
use crate::event::Event;

/// What a rule needs the address of the person for. One that also names what takes its place needs it for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFor {
    /// It does not use it.
    Nothing,
    /// Whether it matches does not hang on it; what its runs do, does.
    Run,
    /// Its `match` looks at it.
    Match,
}

/// How a run of a rule begins: computed once, after the match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Start {
    /// The rule's `vars`.
    pub vars: Map<String, Value>,
    /// Runs of one key go one after another.
    pub key: Option<String>,
    /// A second event with this value starts no second run.
    pub once: Option<String>,
}

impl Rule {
    /// Computes `vars`, then `key` (default: person.email, trimmed and lower-cased) and `once`. An empty `once` is an error.
    ///
    /// # Errors
    /// When an expression goes wrong, or `once` is empty.
    pub fn start(&self, event: &Event) -> Result<Start, RuleError> {
        let mut vars = Map::new();
        for (name, shape) in &self.vars {
            let value = shape.render(&Scope::with_vars(&event.tree, &vars))?;
            vars.insert(name.to_string(), value);
        }
        let scope = Scope::with_vars(&event.tree, &vars);
        let key = match &self.key {
            Some(expr) => scalar(expr, &scope, "key")?,
            None => event
                .person
                .email
                .as_deref()
                .map(normal)
                .filter(|key| !key.is_empty()),
        };
        let once = match &self.once {
            Some(expr) => Some(scalar(expr, &scope, "once")?.ok_or_else(|| {
                RuleError::new(
                    "`once` is empty, so it cannot tell one event from another",
                    &expr.place,
                )
            })?),
            None => None,
        };
        Ok(Start { vars, key, once })
    }
}

/// An e-mail address as it tells one person from another.
fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The text of a scalar; `None` for null and empty text.
fn scalar(expr: &Expr, scope: &Scope<'_>, what: &str) -> Result<Option<String>, RuleError> {
    match expr.render(scope)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        value @ (Value::Bool(_) | Value::Number(_)) => Ok(Some(value.to_string())),
        value => Err(RuleError::new(
            format!(
                "`{what}` must be a text or a number, and is {}",
                describe(&value)
            ),
            &expr.place,
        )),
    }
}
