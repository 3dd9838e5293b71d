//! An input as far as it is written out: what a rule computes is not known before a run.

use serde_json::Value;

use crate::rule::expr::Shape;
use crate::rule::fields::Given;

/// A value, or what is known of it.
#[derive(Debug)]
pub enum Written {
    /// Nothing is known of it.
    Later,
    /// A text, a number, true, false or null.
    One(Value),
    /// A list.
    List(Vec<Self>),
    /// A map.
    Map(Vec<(String, Self)>),
}

impl Written {
    /// Whether it is a text that says nothing.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::One(Value::String(text)) if text.trim().is_empty())
    }
}

impl From<Value> for Written {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(members) => Self::List(members.into_iter().map(Self::from).collect()),
            Value::Object(entries) => {
                let entries = entries.into_iter();
                Self::Map(entries.map(|(key, value)| (key, value.into())).collect())
            }
            one => Self::One(one),
        }
    }
}

impl From<&Shape> for Written {
    fn from(shape: &Shape) -> Self {
        match shape {
            Shape::List(members) => Self::List(members.iter().map(Self::from).collect()),
            Shape::Map(entries) => {
                let entries = entries.iter();
                Self::Map(
                    entries
                        .map(|(key, shape)| (key.clone(), shape.into()))
                        .collect(),
                )
            }
            Shape::Fixed(_) | Shape::Expr(_) => shape.constant().map_or(Self::Later, Self::from),
        }
    }
}

impl Given {
    /// The value as it will be sent. What the built-in table does not take was told where the rule was read.
    pub(super) fn written(&self) -> Written {
        match self.shape.constant().map(|value| self.fit(value)) {
            Some(Ok(Value::Null) | Err(_)) => Written::Later,
            Some(Ok(value)) => value.into(),
            None => (&self.shape).into(),
        }
    }
}
