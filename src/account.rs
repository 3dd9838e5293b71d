//! Account: what a Kartra account holds and what its connection offers, as of one moment.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One action that a connection offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferedAction {
    /// Membrane's id of it; changes when a connector is published anew.
    pub id: String,
    /// Its key; for one that came without, its name written as a key would be.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it does, in Membrane's words; may be empty.
    #[serde(default)]
    pub description: String,
    /// A subset of JSON Schema; null where Membrane gave none.
    #[serde(default)]
    pub input_schema: Value,
    /// The same of what it answers.
    #[serde(default)]
    pub output_schema: Value,
}

/// One custom field of the account's leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    /// What a rule names.
    pub identifier: String,
    /// `input_field`, `text_area`, `drop_down`, `radio_button` or `checkbox`.
    pub kind: String,
    /// Ids and labels of its options.
    #[serde(default)]
    pub options: Vec<(String, String)>,
}

/// Everything that a rule can name. `None`: this could not be read, so nothing is known of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// What the connection offers.
    pub actions: Option<Vec<OfferedAction>>,
    /// Names of tags.
    pub tags: Option<Vec<String>>,
    /// Names of lists.
    pub lists: Option<Vec<String>>,
    /// Names of sequences.
    pub sequences: Option<Vec<String>>,
    /// Names of pages.
    pub pages: Option<Vec<String>>,
    /// Custom fields of leads.
    pub custom_fields: Option<Vec<CustomField>>,
}

/// Where an account was read, or would be: as much as is known without asking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Membrane's address.
    pub url: String,
    /// The workspace and the tenant; not known of a ready token.
    pub tenant: Option<String>,
    /// Membrane's id of the connection.
    pub connection: Option<String>,
}

impl Place {
    /// Whether nothing speaks against both being one account. An id names a connection by itself; without it the tenant must do.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| {
            one.as_ref()
                .zip(other.as_ref())
                .map(|(one, other)| one == other)
        };
        self.url == other.url
            && same(&self.connection, &other.connection)
                .or_else(|| same(&self.tenant, &other.tenant))
                .unwrap_or(true)
    }
}

/// A kind of thing that an account has and a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inventory {
    /// Tags.
    Tags,
    /// Lists.
    Lists,
    /// Sequences.
    Sequences,
    /// Custom fields of leads.
    CustomFields,
    /// Actions that the connection offers.
    Actions,
}

impl Inventory {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Tags,
        Self::Lists,
        Self::Sequences,
        Self::CustomFields,
        Self::Actions,
    ];

    /// One such thing, or several.
    #[must_use]
    pub const fn plural(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Tags, 1) => "tag",
            (Self::Tags, _) => "tags",
            (Self::Lists, 1) => "list",
            (Self::Lists, _) => "lists",
            (Self::Sequences, 1) => "sequence",
            (Self::Sequences, _) => "sequences",
            (Self::CustomFields, 1) => "custom field",
            (Self::CustomFields, _) => "custom fields",
            (Self::Actions, 1) => "action",
            (Self::Actions, _) => "actions",
        }
    }

    /// The names that the account has; `None` where they could not be read.
    #[must_use]
    pub fn names(self, account: &Account) -> Option<Vec<&str>> {
        let texts = match self {
            Self::Tags => &account.tags,
            Self::Lists => &account.lists,
            Self::Sequences => &account.sequences,
            Self::CustomFields => {
                let fields = account.custom_fields.as_ref()?;
                return Some(fields.iter().map(|field| &*field.identifier).collect());
            }
            Self::Actions => {
                let actions = account.actions.as_ref()?;
                return Some(actions.iter().map(|action| &*action.key).collect());
            }
        };
        Some(texts.as_ref()?.iter().map(String::as_str).collect())
    }
}

impl Account {
    /// The parts that are not known.
    #[must_use]
    pub fn unread(&self) -> Vec<&'static str> {
        let parts = [
            ("actions", self.actions.is_none()),
            ("tags", self.tags.is_none()),
            ("lists", self.lists.is_none()),
            ("sequences", self.sequences.is_none()),
            ("pages", self.pages.is_none()),
            ("custom_fields", self.custom_fields.is_none()),
        ];
        let missing = parts.into_iter().filter(|(_, missing)| *missing);
        missing.map(|(part, _)| part).collect()
    }

    /// The offered action with this key.
    #[must_use]
    pub fn action(&self, key: &str) -> Option<&OfferedAction> {
        self.actions
            .as_ref()?
            .iter()
            .find(|action| action.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn an_id_decides_which_account_it_is_and_without_one_the_tenant() {
        let place = |url: &str, tenant: &str, connection: &str| {
            let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Place {
                url: url.to_owned(),
                tenant: known(tenant),
                connection: known(connection),
            }
        };
        let kept = place("https://m", "acme", "1");
        for (now, expected) in [
            (place("https://m", "acme", "1"), true),
            (place("https://m", "renamed", "1"), true),
            (place("https://m", "", ""), true),
            (place("https://m", "acme", ""), true),
            (place("https://m", "acme", "2"), false),
            (place("https://m", "other", ""), false),
            (place("http://127.0.0.1:9", "acme", "1"), false),
        ] {
            assert_eq!(kept.may_be(&now), expected, "{now:?}");
            assert_eq!(now.may_be(&kept), expected, "{now:?}");
        }
    }
}
