//! Who stands behind a sender's own ids, as far as its events have told.

use uuid::Uuid;

use crate::event::Person;

/// What an earlier event told of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// E-mail address as it came.
    pub email: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Phone number as it came.
    pub phone: Option<String>,
    /// The event that told it.
    pub event: Uuid,
}

/// The ids of a person as they are kept: kind and text.
pub fn ids(person: &Person) -> impl Iterator<Item = (&str, String)> {
    person.ids.iter().filter_map(|(kind, id)| {
        let text = match id {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some((kind.as_str(), text))
    })
}
