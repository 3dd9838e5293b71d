//! The actions a connection offers: their ids by their keys, read page by page.

use std::collections::HashMap;

use serde_json::Value;

/// How many actions are asked for at once; Membrane's own limit.
pub(super) const PAGE_SIZE: &str = "1000";
/// Pages that are read at most: a listing that does not end is not read for ever.
pub(super) const MAX_PAGES: usize = 50;

/// The actions of one connection.
#[derive(Debug, Default)]
pub(super) struct Listing {
    by_key: HashMap<String, String>,
    /// Published actions can come without a key; then their name has to do.
    by_name: HashMap<String, String>,
}

impl Listing {
    /// Takes one page in and gives the cursor of the next one. None if it is no page at all.
    pub(super) fn add_page(&mut self, page: &Value) -> Option<Option<String>> {
        for item in page.get("items")?.as_array()? {
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
            let id = text("id");
            if id.is_empty() || item.get("archivedAt").is_some_and(Value::is_string) {
                continue;
            }
            if text("key").is_empty() {
                self.by_name
                    .entry(key_like(text("name")))
                    .or_insert_with(|| id.to_owned());
            } else {
                self.by_key
                    .entry(text("key").to_owned())
                    .or_insert_with(|| id.to_owned());
            }
        }
        Some(match page.get("cursor") {
            Some(Value::String(cursor)) if !cursor.is_empty() => Some(cursor.clone()),
            Some(Value::Number(cursor)) => Some(cursor.to_string()),
            _ => None,
        })
    }

    /// The id of the action with this key; else of the one without a key whose name says the same, such as "Assign Tag to Lead".
    pub(super) fn id_of(&self, key: &str) -> Option<&str> {
        let by_name = || {
            ["", "-to-lead", "-from-lead"]
                .iter()
                .find_map(|end| self.by_name.get(&format!("{key}{end}")))
        };
        self.by_key.get(key).or_else(by_name).map(String::as_str)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_key.len() + self.by_name.len()
    }
}

/// A name as a key would be written.
pub(super) fn key_like(name: &str) -> String {
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
