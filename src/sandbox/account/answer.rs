//! What Kartra answers: success or error, its number, and the three nestings in which its documentation shows it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Where in the body the answer of a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nesting {
    /// `{ "status": …, "account_tags": … }`
    Flat,
    /// `{ "refund_transaction": { "status": …, … } }`
    Command,
    /// `{ "status": "Success", "actions": [ { "assign_tag": { "status": …, … } } ] }`
    Actions,
}

/// How the word in `status` is written: Kartra's documentation is of several minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterCase {
    /// `Success`, `Error`
    #[default]
    Title,
    /// `success`, `error`
    Lower,
    /// `SUCCESS`, `ERROR`
    Upper,
}

impl LetterCase {
    fn write(self, word: &str) -> String {
        match self {
            Self::Title => word.to_owned(),
            Self::Lower => word.to_lowercase(),
            Self::Upper => word.to_uppercase(),
        }
    }
}

/// What became of one command.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct Answer {
    /// Kartra's number of the error; nothing for a success.
    pub(in crate::sandbox) error: Option<u16>,
    /// Whether the account is not what it was before.
    pub(in crate::sandbox) changed: bool,
    fields: Map<String, Value>,
}

impl Answer {
    /// Success, with these further fields.
    pub(super) fn success(fields: Value) -> Self {
        Self {
            error: None,
            changed: false,
            fields: match fields {
                Value::Object(fields) => fields,
                _ => Map::new(),
            },
        }
    }

    /// Success with a number and a text.
    pub(super) fn done(number: u16, text: &str) -> Self {
        Self::success(json!({ "message": text, "type": number.to_string() }))
    }

    /// An error, with the text of Kartra's register.
    pub(in crate::sandbox) fn error(number: u16) -> Self {
        Self {
            error: Some(number),
            ..Self::success(json!({ "message": message(number), "type": number.to_string() }))
        }
    }

    /// The same, with a note whether anything changed.
    pub(super) fn with_change(self, changed: bool) -> Self {
        Self { changed, ..self }
    }

    /// The body in which Kartra says it.
    pub(in crate::sandbox) fn render(self, cmd: &str, nesting: Nesting, case: LetterCase) -> Value {
        let word = match self.error {
            Some(_) => "Error",
            None => "Success",
        };
        let mut inner = Map::new();
        inner.insert("status".to_owned(), case.write(word).into());
        inner.extend(self.fields);
        match nesting {
            Nesting::Flat => Value::Object(inner),
            Nesting::Command => json!({ cmd: inner }),
            Nesting::Actions => {
                json!({ "status": case.write("Success"), "actions": [{ cmd: inner }] })
            }
        }
    }
}

/// Kartra's text for the number of an error. Of 286 and 287 nothing is published: they are the sandbox's own.
fn message(number: u16) -> &'static str {
    match number {
        202 => "API key cannot be empty",
        203 => "API key invalid",
        204 => "API account is inactive",
        206 => "Email or ID of the lead is required",
        207 | 208 => "List name cannot be empty",
        209 | 231 => "List does not exist",
        211 | 213 => "Tag cannot be empty",
        212 | 214 => "Tag does not exist",
        219 | 220 => "Sequence does not exist",
        223 => "lead must be an array",
        224 => "actions must be an array",
        225 => "Step cannot be empty",
        226 => "Sequence cannot be empty",
        229 => "Step has to be alphanumeric",
        230 => "Step does not exist",
        233 => "API password invalid",
        234 | 243 => "No lead found",
        236 => "get_lead must be an array",
        239 => "App ID is invalid or inactive",
        240 => "App account is inactive",
        242 => "Unauthorized IP",
        244 => "Lead already exists",
        245 => "Lead is deleted",
        247 => "Transaction doesn't exist",
        248 => "Subscription doesn't exist",
        249 => "Transaction is not linked to any recurring subscription",
        250 => "Transaction is outside of the refund period",
        251 => "Transaction has already been refunded",
        252 => "Subscription has already been cancelled",
        253 => "Transactions of this type cannot be refunded or cancelled",
        254 => "cmd is required",
        262 => "App is not allowed to execute this cmd",
        266 => "Refund has failed",
        267 => "Cancellation has failed",
        268 => "Invalid refund amount",
        271 => "Wrong custom field format",
        286 => "Membership does not exist",
        287 => "Access level does not exist",
        _ => "Unknown error",
    }
}
