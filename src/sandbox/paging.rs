//! Queries, and the pages of lists: `limit` from 1 to 1000, and a cursor that clients take as it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors::{Failure, bad_request};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// A query string.
pub(super) type Query = BTreeMap<String, String>;

/// A parameter that is there and not empty.
pub(super) fn text<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query
        .get(name)
        .map(String::as_str)
        .filter(|text| !text.is_empty())
}

/// `false`, `0` and nothing are false; everything else is true.
pub(super) fn flag(query: &Query, name: &str) -> Option<bool> {
    let text = query.get(name)?;
    Some(!matches!(text.as_str(), "" | "0" | "false"))
}

/// A whole number within bounds.
pub(super) fn number(
    query: &Query,
    name: &str,
    [least, most]: [usize; 2],
) -> Result<Option<usize>, Failure> {
    let Some(text) = text(query, name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(bad_request(format!(
            "Validation error: \"{name}\" must be a number from {least} to {most}"
        ))),
    }
}

/// How many items a page has.
pub(super) fn limit(query: &Query) -> Result<usize, Failure> {
    Ok(number(query, "limit", [1, LIMIT_MAX])?.unwrap_or(LIMIT_DEFAULT))
}

/// The place where a page begins.
pub(super) fn cursor(query: &Query) -> Result<usize, Failure> {
    Ok(number(query, "cursor", [0, usize::MAX])?.unwrap_or(0))
}

/// The page of these items that the query asks for.
pub(super) fn page(mut items: Vec<Value>, query: &Query) -> Result<Value, Failure> {
    let limit = limit(query)?;
    let from = cursor(query)?.min(items.len());
    let until = (from + limit).min(items.len());
    let more = until < items.len();
    items.truncate(until);
    let items = items.split_off(from);
    Ok(if more {
        json!({ "items": items, "cursor": until.to_string() })
    } else {
        json!({ "items": items })
    })
}
