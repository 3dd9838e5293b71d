//! Templates: text with `${{ }}` expressions, compiled once. Pure, bounded by fuel, one pass: text that an event brings is
//! never evaluated.

mod check;
mod engine;
mod expression;
pub mod filter;
mod missing;
mod name;
mod rewrite;
mod scan;
mod scope;
#[cfg(test)]
mod tests;
mod token;
mod view;

use std::ops::Range;

use serde_json::Value;

use self::expression::Expression;
use self::scan::{OPEN, Part, parts};
use super::complaint::Complaint;

pub use scope::Scope;

/// A text with `${{ }}` expressions.
#[derive(Debug)]
pub struct Template {
    text: Box<str>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    /// No expression.
    Constant(Value),
    /// Exactly one expression: the value keeps its type.
    One(Expression),
    /// Text around expressions: it makes text.
    Mixed(Vec<Piece>),
}

#[derive(Debug)]
enum Piece {
    Text(Range<usize>),
    Expression(Expression),
}

/// One name that an expression uses, such as `body.items[0].sku`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As a dotted path; it ends where a computed key begins.
    pub path: String,
    /// Bytes within the template's text.
    pub range: Range<usize>,
    /// A `default` or `is defined` says that it may be missing.
    pub optional: bool,
}

impl Template {
    /// Reads a text with any number of `${{ }}`, also none.
    ///
    /// # Errors
    /// An expression does not end, is too long, or is not one.
    pub fn compile(text: &str) -> Result<Self, Complaint> {
        let compile = |range: &Range<usize>| {
            Expression::compile(&text[range.clone()], range.start)
                .map_err(|complaint| complaint.within(range))
        };
        let parts = parts(text)?;
        let is_blank = |part: &Part| matches!(part, Part::Text(range) if text[range.clone()].trim().is_empty());
        let solid: Vec<&Part> = parts.iter().filter(|part| !is_blank(part)).collect();
        let shape = match solid.as_slice() {
            [Part::Expression(range)] => Shape::One(compile(range)?),
            _ if parts.iter().all(|part| matches!(part, Part::Text(_))) => {
                Shape::Constant(Value::from(text))
            }
            _ => {
                let piece = |part: &Part| match part {
                    Part::Text(range) => Ok(Piece::Text(range.clone())),
                    Part::Expression(range) => compile(range).map(Piece::Expression),
                };
                Shape::Mixed(parts.iter().map(piece).collect::<Result<_, _>>()?)
            }
        };
        Ok(Self {
            text: text.into(),
            shape,
        })
    }

    /// Whether a text holds an expression at all.
    #[must_use]
    pub fn is_template(text: &str) -> bool {
        text.contains(OPEN)
    }

    /// Whether it is only text.
    #[must_use]
    pub const fn is_constant(&self) -> bool {
        matches!(self.shape, Shape::Constant(_))
    }

    /// Whether it is exactly one expression, whose value keeps its type; anything else makes text.
    #[must_use]
    pub const fn keeps_type(&self) -> bool {
        matches!(self.shape, Shape::One(_))
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every name that its expressions use, in the order written.
    #[must_use]
    pub fn references(&self) -> Vec<Name> {
        let mut names: Vec<Name> = self.expressions().flat_map(names_of).collect();
        names.sort_by_key(|name| name.range.start);
        names
    }

    /// Every name that its expressions use, such as `vars.email`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.references()
            .into_iter()
            .map(|name| name.path)
            .collect()
    }

    /// Computes it.
    ///
    /// # Errors
    /// A name is missing, a type is wrong, or the work is too much. The range lies within the text.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Value, Complaint> {
        match &self.shape {
            Shape::Constant(value) => Ok(value.clone()),
            Shape::One(expression) => expression
                .value(scope)
                .map_err(|complaint| complaint.shifted(expression.at)),
            Shape::Mixed(pieces) => {
                let mut text = String::with_capacity(self.text.len());
                for piece in pieces {
                    match piece {
                        Piece::Text(range) => text.push_str(&self.text[range.clone()]),
                        Piece::Expression(expression) => text.push_str(
                            &as_text(expression, scope)
                                .map_err(|complaint| complaint.shifted(expression.at))?,
                        ),
                    }
                }
                Ok(Value::from(text))
            }
        }
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let (one, pieces) = match &self.shape {
            Shape::Constant(_) => (None, &[][..]),
            Shape::One(expression) => (Some(expression), &[][..]),
            Shape::Mixed(pieces) => (None, pieces.as_slice()),
        };
        let inside = |piece| match piece {
            &Piece::Text(_) => None,
            Piece::Expression(expression) => Some(expression),
        };
        one.into_iter().chain(pieces.iter().filter_map(inside))
    }
}

fn as_text(expression: &Expression, scope: &Scope<'_>) -> Result<String, Complaint> {
    let value = expression.value(scope)?;
    view::json_text(&value).map_err(|message| {
        let name = match expression.chains.as_slice() {
            [chain] => chain.path(usize::MAX),
            _ => "the value".to_owned(),
        };
        let help = if value.is_null() {
            "`| default('')` says what stands in for it"
        } else {
            "name a text or a number in it, or leave out the text around the expression"
        };
        Complaint::new(format!("{name}: {message}")).help(help)
    })
}

fn names_of(expression: &Expression) -> Vec<Name> {
    let name = |chain: &name::Chain| Name {
        path: chain.path(usize::MAX),
        range: chain.range.start + expression.at..chain.range.end + expression.at,
        optional: chain.optional,
    };
    expression.chains.iter().map(name).collect()
}
