//! A text with expressions at its place in the file, and values built of such texts.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::RuleError;
use super::template::{Scope, Template};

/// A compiled text that knows where it stands.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) template: Template,
    /// `rules/x.yaml:12:9`.
    pub(crate) place: Arc<str>,
    /// Its value, when it is the same for every event.
    pub(crate) constant: Option<Value>,
}

impl Expr {
    /// Computes it.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<Value, RuleError> {
        self.template
            .render(scope)
            .map_err(|complaint| RuleError::new(complaint.to_string(), &self.place))
    }

    /// Computes it, and takes the result as a text for people.
    pub(crate) fn render_text(&self, scope: &Scope<'_>) -> Result<String, RuleError> {
        match self.render(scope)? {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text),
            other => Ok(other.to_string()),
        }
    }

    /// Computes it; anything but true or false is an error.
    pub(crate) fn holds(&self, scope: &Scope<'_>) -> Result<bool, RuleError> {
        match self.render(scope)? {
            Value::Bool(value) => Ok(value),
            other => Err(RuleError::new(
                format!("this must be true or false, and is {}", describe(&other)),
                &self.place,
            )),
        }
    }
}

/// A value with expressions in it.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Nothing to compute.
    Fixed(Value),
    /// A text with expressions.
    Expr(Expr),
    /// A list.
    List(Vec<Shape>),
    /// A map.
    Map(Vec<(String, Shape)>),
}

impl Shape {
    /// Computes it.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<Value, RuleError> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Expr(expr) => expr.render(scope),
            Self::List(members) => members.iter().map(|member| member.render(scope)).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), value.render(scope)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }

    /// Its value, when it is the same for every event.
    pub(crate) fn constant(&self) -> Option<Value> {
        match self {
            Self::Fixed(value) => Some(value.clone()),
            Self::Expr(expr) => expr.constant.clone(),
            Self::List(members) => members.iter().map(Self::constant).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| Some((key.clone(), value.constant()?)))
                .collect::<Option<Map<_, _>>>()
                .map(Value::Object),
        }
    }
}

/// What a value is, for a message that may be logged: its type, not its content.
pub(crate) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
