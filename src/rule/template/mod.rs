//! Templates: text with `${{ }}` expressions, compiled once. Pure, bounded by fuel, one pass.

mod scope;

use std::ops::Range;

use serde_json::Value;

use super::complaint::Complaint;

pub use scope::Scope;

/// A text with `${{ }}` expressions.
#[derive(Debug)]
pub struct Template {
    text: Box<str>,
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
        Ok(Self { text: text.into() })
    }

    /// Whether a text holds an expression at all.
    #[must_use]
    pub fn is_template(text: &str) -> bool {
        text.contains("${{")
    }

    /// Whether it is only text.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        !Self::is_template(&self.text)
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every name that its expressions use, with its place.
    #[must_use]
    pub fn references(&self) -> Vec<Name> {
        Vec::new()
    }

    /// Every name that its expressions use, such as `vars.email`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.references()
            .into_iter()
            .map(|name| name.path)
            .collect()
    }

    /// Computes it. A template that is exactly one `${{ }}` keeps the value's type; any other makes text.
    ///
    /// # Errors
    /// A name is missing, a type is wrong, or the work is too much.
    pub fn render(&self, _scope: &Scope<'_>) -> Result<Value, Complaint> {
        Ok(Value::from(&*self.text))
    }
}
