//! What a connection offers and what the account behind it holds, read for the checks of rules.
//!
//! Each part is a read of its own, in its turn after everything that is urgent. What cannot be read stays unknown: nothing
//! is then said about names of that kind.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::act::OwnReads;
use super::line::Line;
use crate::account::{Account, CustomField};
use crate::action::{Catalog, Class, Outcome, Priority};

/// Whose turn the reads are, in the pace, and which step they are in Membrane's log.
const NAME: &str = "survey";
/// Wrappings around wrappings are followed this deep.
const MAX_WRAPPINGS: usize = 4;

type Keep = fn(&mut Account, &Value);

/// The reads, and how each answer is taken into the account.
const READS: &[(&str, Keep)] = &[
    ("retrieve-account-tags", |account, answer| {
        account.tags = names(answer, &["account_tags", "tags"], &["tag_name"]);
    }),
    ("retrieve-account-lists", |account, answer| {
        account.lists = names(answer, &["account_lists", "lists"], &["list_name"]);
    }),
    ("retrieve-account-sequences", |account, answer| {
        let lists = &["account_sequences", "sequences"];
        account.sequences = names(answer, lists, &["sequence_name"]);
    }),
    ("retrieve-account-pages", |account, answer| {
        let own = &["page_name", "page_title", "title"];
        account.pages = names(answer, &["account_pages", "pages"], own);
    }),
    ("retrieve-account-custom-fields", |account, answer| {
        account.custom_fields = custom_fields(answer);
    }),
];

impl Line {
    /// Reads all of it. An error says why nothing could be read at all.
    pub(super) async fn survey(
        &self,
        catalog: &Catalog,
        run: Uuid,
    ) -> Result<Account, Box<Outcome>> {
        let listing = self.fresh_listing().await?;
        let known = catalog.actions.iter().map(|action| action.key);
        let mut account = Account {
            actions: Some(listing.offered(known)),
            ..Account::default()
        };
        let own = OwnReads {
            name: NAME,
            priority: Priority::Low,
            run,
            attempt: 1,
        };
        let mut first = None;
        let mut read = 0;
        for (verb, keep) in READS {
            let outcome = self.read_in_turn(&own, verb, &json!({})).await;
            if let (true, Some(answer)) = (outcome.is_success(), &outcome.output) {
                keep(&mut account, answer);
                read += 1;
                continue;
            }
            let lapsed = matches!(
                outcome.class,
                Class::ConnectionDown | Class::OurToken | Class::NotAllowed
            );
            first.get_or_insert(outcome);
            // The others would fail the same way.
            if lapsed {
                break;
            }
        }
        match first {
            Some(failed) if read == 0 => Err(Box::new(failed)),
            _ => Ok(account),
        }
    }
}

/// The names in an answer: texts, or objects that have one. None where there is no such list.
fn names(answer: &Value, lists: &[&str], own: &[&str]) -> Option<Vec<String>> {
    let name = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => own
            .iter()
            .chain(&["name"])
            .find_map(|field| text_of(object.get(*field)?)),
        _ => None,
    };
    // One that cannot be read might be the very one that a rule names.
    find_list(answer, lists)?.into_iter().map(name).collect()
}

fn custom_fields(answer: &Value) -> Option<Vec<CustomField>> {
    let lists = &["custom_fields", "account_custom_fields"];
    let fields = find_list(answer, lists)?.into_iter();
    fields.map(custom_field).collect()
}

fn custom_field(item: &Value) -> Option<CustomField> {
    if let Value::String(identifier) = item {
        return Some(CustomField {
            identifier: identifier.clone(),
            kind: String::new(),
            options: Vec::new(),
        });
    }
    let text = |names: &[&str]| names.iter().find_map(|name| text_of(item.get(*name)?));
    let options = item.get("field_value").or_else(|| item.get("options"));
    let options = options.and_then(list_of).unwrap_or_default();
    let option = |option: &Value| {
        let text = |names: &[&str]| names.iter().find_map(|name| text_of(option.get(*name)?));
        Some((
            text(&["option_id", "id"])?,
            text(&["option_value", "value", "name"])?,
        ))
    };
    Some(CustomField {
        identifier: text(&["field_identifier", "identifier", "name"])?,
        kind: text(&["field_type", "type"]).unwrap_or_default(),
        options: options.into_iter().filter_map(option).collect(),
    })
}

/// The list by one of these names, wherever it stands; else the only list there is.
fn find_list<'a>(answer: &'a Value, names: &[&str]) -> Option<Vec<&'a Value>> {
    let mut place = answer;
    for _ in 0..MAX_WRAPPINGS {
        let object = match place {
            Value::Object(object) => object,
            _ => return list_of(place),
        };
        let named = names.iter().find_map(|name| object.get(*name));
        if let Some(list) = named.and_then(list_of) {
            return Some(list);
        }
        place = only_inner(object)?;
    }
    None
}

/// The only field that holds a list or an object.
fn only_inner(object: &Map<String, Value>) -> Option<&Value> {
    let mut inner = object
        .values()
        .filter(|value| value.is_array() || value.is_object());
    let found = inner.next()?;
    inner.next().is_none().then_some(found)
}

/// A list, also in the form in which some languages write one that has gaps: an object with numbers for names.
fn list_of(value: &Value) -> Option<Vec<&Value>> {
    let is_number = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    match value {
        Value::Array(items) => Some(items.iter().collect()),
        Value::Object(items) if !items.is_empty() && items.keys().all(is_number) => {
            Some(items.values().collect())
        }
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
