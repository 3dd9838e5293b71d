//! The actions a connection offers: their ids by their keys, their schemas, read page by page.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use crate::account::OfferedAction;
use crate::action::{ActionSpec, Catalog};

/// How many entries of a list are asked for at once; Membrane's own limit.
pub(super) const PAGE_SIZE: &str = "1000";
/// Pages of a list that are read at most: one that does not end is not read for ever.
pub(super) const MAX_PAGES: usize = 50;
/// Similar keys that a message names at most.
const MAX_LIKE: usize = 3;
/// The name of an action may say more than our key of it: "Assign Tag to Lead".
const ENDS_OF_NAMES: [&str; 3] = ["", "-to-lead", "-from-lead"];

/// An action as a connection lists it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What Membrane tells of it.
    pub action: OfferedAction,
    /// The one of our catalogue that it is: that one's key is the verb by which rules run it.
    pub spec: Option<&'static ActionSpec>,
}

impl Listed {
    /// Reads it. None if it has no id or is archived.
    pub(super) fn read(item: &Value, catalog: &Catalog) -> Option<Self> {
        let (action, has_key) = read_action(item)?;
        let ends = if has_key { &[""][..] } else { &ENDS_OF_NAMES };
        let key = |end: &&str| catalog.get(action.key.strip_suffix(*end)?);
        let spec = ends.iter().find_map(key);
        Some(Self { action, spec })
    }

    /// The word by which rules, and the commands, run it; its key where our catalogue has none.
    #[must_use]
    pub fn verb(&self) -> &str {
        self.spec.map_or(&self.action.key, |spec| spec.key)
    }

    /// Whether this is what it is called: its verb, its key or its id.
    pub(super) fn is_called(&self, name: &str) -> bool {
        [self.verb(), &self.action.key, &self.action.id].contains(&name)
    }
}

/// The actions of one connection.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// All of them, in Membrane's order.
    actions: Vec<OfferedAction>,
    by_key: HashMap<String, usize>,
    /// Published actions can come without a key; then their name has to do.
    by_name: HashMap<String, usize>,
}

impl Listing {
    /// Takes one page in and gives the cursor of the next one. None if it is no page at all.
    pub(super) fn add_page(&mut self, page: &Value) -> Option<Option<String>> {
        for item in page.get("items")?.as_array()? {
            let Some((action, has_key)) = read_action(item) else {
                continue;
            };
            let known = if has_key {
                &mut self.by_key
            } else {
                &mut self.by_name
            };
            if let Entry::Vacant(place) = known.entry(action.key.clone()) {
                place.insert(self.actions.len());
                self.actions.push(action);
            }
        }
        Some(next_cursor(page))
    }

    /// The id of the action with this key; else of the one without a key whose name says the same, such as "Assign Tag to Lead".
    pub(super) fn id_of(&self, key: &str) -> Option<&str> {
        Some(self.actions[self.place_of(key)?].id.as_str())
    }

    /// What the action with this key, or with a name that says the same, says of its input.
    pub(super) fn input_schema_of(&self, key: &str) -> Option<&Value> {
        Some(&self.actions[self.place_of(key)?].input_schema)
    }

    /// All actions; one without a key has that of `known` whose name it bears, else its name written as a key would be.
    pub(super) fn offered<'a>(
        &self,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Vec<OfferedAction> {
        let mut offered = self.actions.clone();
        for key in known {
            if let Some(place) = self.place_of(key) {
                key.clone_into(&mut offered[place].key);
            }
        }
        offered
    }

    /// The offered keys that are most like this one, best first: those nearest by letters, then those that share a word.
    pub(super) fn like(&self, key: &str) -> Vec<&str> {
        let mut all: Vec<_> = self
            .actions
            .iter()
            .map(|action| action.key.as_str())
            .collect();
        all.sort_by_cached_key(|offered| (strsim::damerau_levenshtein(key, offered), *offered));
        let nearest = (key.chars().count() / 3).max(1);
        let words: Vec<_> = key.split('-').collect();
        let is_like = |offered: &&str| {
            strsim::damerau_levenshtein(key, offered) <= nearest
                || offered
                    .split('-')
                    .filter(|word| words.contains(word))
                    .count()
                    >= 2
        };
        all.retain(is_like);
        all.truncate(MAX_LIKE);
        all
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.actions.len()
    }

    fn place_of(&self, key: &str) -> Option<usize> {
        let by_name = || {
            ENDS_OF_NAMES
                .iter()
                .find_map(|end| self.by_name.get(&format!("{key}{end}")))
        };
        self.by_key.get(key).or_else(by_name).copied()
    }
}

/// An action, and whether it came with a key. None if it has no id or is archived.
fn read_action(item: &Value) -> Option<(OfferedAction, bool)> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("id");
    if id.is_empty() || item.get("archivedAt").is_some_and(Value::is_string) {
        return None;
    }
    let has_key = !text("key").is_empty();
    let key = if has_key {
        text("key").to_owned()
    } else {
        key_like(text("name"))
    };
    let schema = |name: &str| item.get(name).cloned().unwrap_or_default();
    let action = OfferedAction {
        id: id.to_owned(),
        key,
        name: text("name").to_owned(),
        description: text("description").to_owned(),
        input_schema: schema("inputSchema"),
        output_schema: schema("outputSchema"),
    };
    Some((action, has_key))
}

/// The cursor of the page after this one; `None` when it is the last.
pub(super) fn next_cursor(page: &Value) -> Option<String> {
    match page.get("cursor")? {
        Value::String(cursor) if !cursor.is_empty() => Some(cursor.clone()),
        Value::Number(cursor) => Some(cursor.to_string()),
        _ => None,
    }
}

/// A name as a key would be written.
fn key_like(name: &str) -> String {
    name.split_whitespace()
        .collect::<Vec<_>>()
        .join("-")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_action_is_found_by_its_key_and_without_one_by_its_name() {
        let mut listing = Listing::default();
        let cursor = listing.add_page(&json!({
            "items": [
                { "id": "1", "key": "get-lead", "name": "Get Lead" },
                { "id": "2", "key": "", "name": "Assign Tag to Lead" },
                { "id": "3", "name": "Grant Membership Access" },
                { "id": "4", "key": "get-lead", "name": "a second one" },
                { "id": "5", "key": "edit-lead", "archivedAt": "2026-10-05T12:00:00.000Z" },
                { "name": "no id" },
            ],
            "cursor": "2",
        }));
        assert_eq!(cursor, Some(Some("2".to_owned())));
        assert_eq!(listing.id_of("get-lead"), Some("1"));
        assert_eq!(listing.id_of("assign-tag"), Some("2"));
        assert_eq!(listing.id_of("grant-membership-access"), Some("3"));
        assert_eq!(listing.id_of("edit-lead"), None);
        assert_eq!(listing.id_of("assign"), None);
        assert_eq!(listing.len(), 3);
    }

    #[test]
    fn what_is_no_page_is_said_to_be_none() {
        for page in [json!([]), json!({}), json!({ "items": 1 }), json!("x")] {
            assert_eq!(Listing::default().add_page(&page), None, "{page}");
        }
        let last = Listing::default().add_page(&json!({ "items": [], "cursor": null }));
        assert_eq!(last, Some(None));
    }
}
