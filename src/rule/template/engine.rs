//! The one minijinja environment of all expressions: nothing but the listed filters, tests and functions.

use std::sync::{Arc, LazyLock};

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value};
use serde_json::Value as Json;

use super::filter::FILTERS;
use super::rewrite::{COMPARE, MAYBE, TEXT};
use super::view::{View, article, see, text_of, to_json};
use crate::rule::path::Path;

/// What an expression may cost: instructions, and 64 bytes of data each.
const FUEL: u64 = 200_000;

/// Tests that may follow `is`.
pub(super) const TESTS: [&str; 16] = [
    "defined",
    "undefined",
    "none",
    "boolean",
    "number",
    "integer",
    "float",
    "string",
    "sequence",
    "mapping",
    "odd",
    "even",
    "divisibleby",
    "startingwith",
    "endingwith",
    "in",
];

/// Functions that a rule can call.
pub(super) const FUNCTIONS: [&str; 1] = ["jsonpath"];

/// What a run adds to the branches of the tree.
pub(super) const MADE: [&str; 4] = ["vars", "steps", "failure", "item"];

/// The name under which the whole tree is known to functions.
pub(super) const TREE: &str = "__tree";

pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let globals: Vec<String> = environment
        .globals()
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in globals {
        environment.remove_global(&name);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true);
    environment.set_fuel(Some(FUEL));
    for filter in FILTERS.iter() {
        (filter.register)(&mut environment);
    }
    environment.add_function(MAYBE, maybe);
    environment.add_function(TEXT, text);
    for (mark, name) in COMPARE {
        environment.add_function(name, move |left: &Value, right: &Value| {
            compare(mark, left, right)
        });
    }
    environment.add_function("jsonpath", jsonpath);
    environment
});

/// Follows keys as long as something is there.
#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands arguments by value"
)]
fn maybe(chain: Rest<Value>) -> Value {
    let mut values = chain.iter();
    let root = values.next().cloned().unwrap_or_default();
    values.fold(root, |value, key| value.get_item(key).unwrap_or_default())
}

fn text(value: &Value) -> Result<String, Error> {
    text_of(value).map_err(failed)
}

/// Numbers with numbers, texts with texts.
fn compare(mark: &str, left: &Value, right: &Value) -> Result<bool, Error> {
    if left.is_undefined() || right.is_undefined() {
        return Err(failed(""));
    }
    let same =
        left.kind() == right.kind() && matches!(left.kind(), ValueKind::Number | ValueKind::String);
    if !same {
        let hint = if [left, right]
            .iter()
            .any(|side| side.kind() == ValueKind::String)
        {
            "; `| float` makes a number of a text"
        } else {
            ""
        };
        return Err(failed(format!(
            "`{mark}` cannot compare {} with {}{hint}",
            article(left.kind()),
            article(right.kind())
        )));
    }
    let order = left.cmp(right);
    Ok(match mark {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// All nodes that a JSONPath selects, as a list. The path was checked when the rule was read.
fn jsonpath(state: &State, path: &str) -> Result<Value, Error> {
    let path = Path::compile(path).map_err(|complaint| failed(complaint.to_string()))?;
    let branch = path.branch().unwrap_or_default();
    let found: Json = match state.lookup(branch) {
        // What the run has made is not in the tree.
        Some(made) if MADE.contains(&branch) => {
            let value = to_json(&made).map_err(failed)?;
            let tree = Json::Object([(branch.to_owned(), value)].into_iter().collect());
            path.select(&tree).into_iter().cloned().collect()
        }
        _ => match state
            .lookup(TREE)
            .and_then(|tree| tree.downcast_object::<View>())
        {
            Some(tree) => path.select(tree.root()).into_iter().cloned().collect(),
            None => Json::Array(Vec::new()),
        },
    };
    Ok(see(&Arc::new(found)))
}

/// An error of a filter or function; an empty text means that something is not there.
pub(super) fn failed(message: impl Into<String>) -> Error {
    let message = message.into();
    if message.is_empty() {
        Error::from(ErrorKind::UndefinedError)
    } else {
        Error::new(ErrorKind::InvalidOperation, message)
    }
}
