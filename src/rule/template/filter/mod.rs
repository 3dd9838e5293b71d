//! Filters: what stands after `|`. One list; each has its doc and examples, which are tests.
//!
//! To add a filter: a row in the file of its kind, in the order of names.

mod list;
mod number;
mod text;
mod time;

use std::sync::LazyLock;

use minijinja::Environment;

use super::engine::failed;
use super::view::text_of;

/// One filter.
pub struct Filter {
    /// What stands after `|`.
    pub name: &'static str,
    /// What it does, in a line.
    pub doc: &'static str,
    /// Expressions and the JSON they make.
    pub examples: &'static [(&'static str, &'static str)],
    pub(super) register: fn(&mut Environment<'static>),
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// All filters, by kind.
pub static FILTERS: LazyLock<Vec<&'static Filter>> = LazyLock::new(|| {
    [text::FILTERS, number::FILTERS, list::FILTERS, time::FILTERS]
        .into_iter()
        .flatten()
        .collect()
});

/// A scalar as text; null, a list, an object and what is missing are errors.
fn text(value: &minijinja::Value) -> Result<String, minijinja::Error> {
    text_of(value).map_err(failed)
}

/// A value that is there.
fn there(value: &minijinja::Value) -> Result<(), minijinja::Error> {
    if value.is_undefined() {
        Err(failed(""))
    } else {
        Ok(())
    }
}
