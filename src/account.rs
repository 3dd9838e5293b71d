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

/// A kind of names that an account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inventory {
    /// Tags.
    Tags,
    /// Lists.
    Lists,
    /// Sequences.
    Sequences,
}

impl Account {
    /// The names of this kind; `None` where they could not be read.
    #[must_use]
    pub fn names(&self, inventory: Inventory) -> Option<&[String]> {
        match inventory {
            Inventory::Tags => self.tags.as_deref(),
            Inventory::Lists => self.lists.as_deref(),
            Inventory::Sequences => self.sequences.as_deref(),
        }
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
