//! What is kept of the accounts: read anew, kept in the place of what was, and compared with it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::Engine;
use crate::account::{Account, CustomField, OfferedAction};
use crate::action::{Actions, Outcome};
use crate::store::{Snapshot, Store, StoreError};

/// What a sync came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Synced {
    /// What was kept before of the same account; nothing the first time.
    pub before: Option<Snapshot>,
    /// What is kept from now on.
    pub now: Snapshot,
    /// The parts that could not be read this time. What was kept of them stays.
    pub unread: Vec<&'static str>,
}

impl Synced {
    /// How the account differs from what was kept; nothing the first time.
    #[must_use]
    pub fn drift(&self) -> Drift {
        self.before.as_ref().map_or_else(Drift::default, |before| {
            drift(&before.account, &self.now.account)
        })
    }
}

/// Why nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The account could not be read; the text says why.
    #[error("{}", .0.message)]
    Unread(Box<Outcome>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Names that came and went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Kept, and not in the account any more.
    pub gone: Vec<String>,
    /// In the account, and not kept.
    pub new: Vec<String>,
    /// In both, and not the same: an action's input, a custom field's kind or options.
    pub changed: Vec<String>,
}

impl Names {
    /// Whether all is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty() && self.changed.is_empty()
    }
}

/// How an account differs from what was kept of it. A part that is not known on one side does not differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// What the connection offers, by key.
    pub actions: Names,
    /// Tags.
    pub tags: Names,
    /// Lists.
    pub lists: Names,
    /// Sequences.
    pub sequences: Names,
    /// Pages.
    pub pages: Names,
    /// Custom fields, by identifier.
    pub custom_fields: Names,
}

impl Drift {
    /// The parts with their names, in the order in which they are shown.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &Names); 6] {
        [
            ("actions", &self.actions),
            ("tags", &self.tags),
            ("lists", &self.lists),
            ("sequences", &self.sequences),
            ("pages", &self.pages),
            ("custom_fields", &self.custom_fields),
        ]
    }

    /// Whether all is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, names)| names.is_empty())
    }
}

/// Reads the account behind a connection and keeps it in the place of what was kept. A part that could not be read keeps its
/// old content, where that is of the same account.
///
/// # Errors
/// When nothing could be read, or the store failed; what was kept stays.
pub async fn sync(
    actions: &dyn Actions,
    store: &Store,
    connection: &Arc<str>,
    now: Timestamp,
) -> Result<Synced, SyncError> {
    let read = actions
        .survey(connection)
        .await
        .map_err(SyncError::Unread)?;
    let from = actions.place(connection).await;
    let kept = store.reader().snapshots().await?;
    let is_same = |one: &Snapshot| one.connection == *connection && one.from.may_be(&from);
    let before = kept.into_iter().find(is_same);
    let unread = read.unread();
    let snapshot = Snapshot {
        connection: Arc::clone(connection),
        from,
        synced_at: now,
        account: match &before {
            Some(before) => filled(read, &before.account),
            None => read,
        },
    };
    store.keep_snapshot(snapshot.clone()).await?;
    Ok(Synced {
        before,
        now: snapshot,
        unread,
    })
}

/// How `now` differs from `before`.
#[must_use]
pub fn drift(before: &Account, now: &Account) -> Drift {
    let names = |before: &Option<Vec<String>>, now: &Option<Vec<String>>| {
        compare(before, now, String::as_str, |_, _| false)
    };
    Drift {
        actions: compare(
            &before.actions,
            &now.actions,
            |action| &action.key,
            |before, now| schema(before) != schema(now),
        ),
        tags: names(&before.tags, &now.tags),
        lists: names(&before.lists, &now.lists),
        sequences: names(&before.sequences, &now.sequences),
        pages: names(&before.pages, &now.pages),
        custom_fields: compare(
            &before.custom_fields,
            &now.custom_fields,
            |field| &field.identifier,
            |before: &CustomField, now| before != now,
        ),
    }
}

impl Engine {
    /// Reads the account behind a connection and keeps it: see [`sync`].
    ///
    /// # Errors
    /// As of [`sync`].
    pub async fn sync(&self, connection: &Arc<str>) -> Result<Synced, SyncError> {
        let now = self.clock().now();
        let synced = sync(self.actions(), self.store(), connection, now).await?;
        self.know_account(synced.now.clone()).await?;
        Ok(synced)
    }

    /// The connections of the project.
    #[must_use]
    pub fn connections(&self) -> &[Arc<str>] {
        &self.0.parts.connections
    }
}

/// What was read; what could not be read, as it was kept.
fn filled(read: Account, kept: &Account) -> Account {
    Account {
        actions: read.actions.or_else(|| kept.actions.clone()),
        tags: read.tags.or_else(|| kept.tags.clone()),
        lists: read.lists.or_else(|| kept.lists.clone()),
        sequences: read.sequences.or_else(|| kept.sequences.clone()),
        pages: read.pages.or_else(|| kept.pages.clone()),
        custom_fields: read.custom_fields.or_else(|| kept.custom_fields.clone()),
    }
}

/// What of an action matters to a rule.
fn schema(action: &OfferedAction) -> &serde_json::Value {
    &action.input_schema
}

fn compare<T>(
    before: &Option<Vec<T>>,
    now: &Option<Vec<T>>,
    name: impl Fn(&T) -> &str,
    differs: impl Fn(&T, &T) -> bool,
) -> Names {
    let (Some(before), Some(now)) = (before, now) else {
        return Names::default();
    };
    let named = |all: &[T], wanted: &T| all.iter().position(|one| name(one) == name(wanted));
    let names = |found: Vec<&T>| {
        let mut names: Vec<String> = found.into_iter().map(|one| name(one).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    let changed = |one: &&T| named(before, one).is_some_and(|at| differs(&before[at], one));
    Names {
        gone: names(
            before
                .iter()
                .filter(|one| named(now, one).is_none())
                .collect(),
        ),
        new: names(
            now.iter()
                .filter(|one| named(before, one).is_none())
                .collect(),
        ),
        changed: names(now.iter().filter(changed).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account(tags: &[&str], schema: serde_json::Value) -> Account {
        Account {
            tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
            actions: Some(vec![OfferedAction {
                id: "1".into(),
                key: "assign-tag".into(),
                name: "Assign Tag".into(),
                description: String::new(),
                input_schema: schema,
                output_schema: serde_json::Value::Null,
            }]),
            custom_fields: Some(vec![CustomField {
                identifier: "plan".into(),
                kind: "drop_down".into(),
                options: vec![("1".into(), format!("of {}", tags.len()))],
            }]),
            ..Account::default()
        }
    }

    #[test]
    fn drift_tells_what_is_gone_what_is_new_and_what_is_not_the_same() {
        let before = account(&["buyer", "vip"], json!({ "required": ["tag_name"] }));
        let now = account(&["Buyer", "vip", "a"], json!({ "required": ["tagName"] }));
        let found = drift(&before, &now);
        assert_eq!(found.tags.gone, ["buyer"]);
        assert_eq!(found.tags.new, ["Buyer", "a"]);
        assert_eq!(found.actions.changed, ["assign-tag"]);
        assert_eq!(found.custom_fields.changed, ["plan"]);
        assert!(found.lists.is_empty(), "not known on either side");
        assert!(!found.is_empty());
        assert!(drift(&now, &now).is_empty());
    }

    #[test]
    fn an_action_published_anew_is_the_same_action() {
        let before = account(&[], json!({}));
        let mut now = before.clone();
        for action in now.actions.iter_mut().flatten() {
            action.id = "2".into();
            action.description = "other words".into();
        }
        assert!(drift(&before, &now).is_empty());
    }

    #[test]
    fn a_part_that_could_not_be_read_keeps_what_was_kept_of_it() {
        let kept = account(&["vip"], json!({}));
        let read = Account {
            tags: Some(vec!["new".into()]),
            ..Account::default()
        };
        assert_eq!(
            read.unread(),
            ["actions", "lists", "sequences", "pages", "custom_fields"]
        );
        let filled = filled(read, &kept);
        assert_eq!(filled.tags, Some(vec!["new".to_owned()]));
        assert_eq!(filled.actions, kept.actions);
        assert_eq!(filled.lists, None);
    }
}
