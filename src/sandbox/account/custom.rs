//! Custom fields of a lead, and the shapes Kartra takes for their values.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Account;

/// What a custom field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line of text.
    InputField,
    /// Several lines of text.
    TextArea,
    /// One option, by its number.
    DropDown,
    /// One option, by its number.
    RadioButton,
    /// Several options, by their numbers.
    Checkbox,
}

impl FieldKind {
    fn word(self) -> &'static str {
        match self {
            Self::InputField => "input_field",
            Self::TextArea => "text_area",
            Self::DropDown => "drop_down",
            Self::RadioButton => "radio_button",
            Self::Checkbox => "checkbox",
        }
    }
}

/// A custom field of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// Kartra's number.
    pub id: u64,
    /// The name by which the API addresses it.
    pub identifier: String,
    /// What it takes.
    pub kind: FieldKind,
    /// The options of the kinds that have some: number and text.
    pub options: Vec<(u64, String)>,
}

impl CustomField {
    /// The field as `retrieve_custom_fields` lists it.
    pub(super) fn listed(&self) -> Value {
        let mut field = json!({
            "field_id": self.id.to_string(),
            "field_identifier": self.identifier,
            "field_type": self.kind.word(),
        });
        if !self.options.is_empty() {
            field["field_value"] = self
                .options
                .iter()
                .map(|(id, text)| json!({ "option_id": id.to_string(), "option_value": text }))
                .collect();
        }
        field
    }

    /// The options that were chosen, as an event shows them.
    pub(super) fn chosen(&self, value: &Value) -> Value {
        let chosen = |option: &&(u64, String)| {
            let id = json!(option.0.to_string());
            *value == id || value.as_array().is_some_and(|all| all.contains(&id))
        };
        let options = self.options.iter().filter(chosen);
        options
            .map(|(id, text)| json!({ "option_id": id.to_string(), "option_value": text }))
            .collect()
    }

    /// What is kept of a value; nothing when it has the wrong shape. Empty text clears.
    fn accept(&self, value: &Value) -> Option<Value> {
        if value.as_str().is_some_and(str::is_empty) {
            return Some(json!(""));
        }
        match self.kind {
            FieldKind::InputField | FieldKind::TextArea => value.as_str().map(|text| json!(text)),
            FieldKind::DropDown | FieldKind::RadioButton => self.option(value),
            FieldKind::Checkbox => value
                .as_array()?
                .iter()
                .map(|option| self.option(option))
                .collect(),
        }
    }

    fn option(&self, value: &Value) -> Option<Value> {
        let id: u64 = match value {
            Value::String(text) => text.parse().ok()?,
            Value::Number(number) => number.as_u64()?,
            _ => return None,
        };
        let known = self.options.iter().any(|(option, _)| *option == id);
        known.then(|| json!(id.to_string()))
    }
}

impl Account {
    /// Adds a custom field; the options get numbers from 1.
    pub fn add_custom_field(&mut self, identifier: &str, kind: FieldKind, options: &[&str]) {
        let id = self.number();
        let options = (1..).zip(options.iter().map(|text| (*text).to_owned()));
        self.custom_fields
            .retain(|field| field.identifier != identifier);
        self.custom_fields.push(CustomField {
            id,
            identifier: identifier.to_owned(),
            kind,
            options: options.collect(),
        });
    }

    /// Reads `custom_fields` of a call: identifier and value of each known one. An unknown identifier is ignored, as
    /// Kartra does; the wrong shape is an error of the whole call.
    pub(super) fn read_custom_fields(&self, sent: Option<&Value>) -> Option<Vec<(String, Value)>> {
        let Some(sent) = sent else {
            return Some(Vec::new());
        };
        let mut read = Vec::new();
        for entry in sent.as_array()? {
            let identifier = entry.get("field_identifier")?.as_str()?;
            let value = entry.get("field_value")?;
            let known = self
                .custom_fields
                .iter()
                .find(|field| field.identifier == identifier);
            if let Some(field) = known {
                read.push((identifier.to_owned(), field.accept(value)?));
            }
        }
        Some(read)
    }
}
