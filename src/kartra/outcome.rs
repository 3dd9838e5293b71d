//! Kartra's answer to an outcome: its errors arrive inside a success.
//!
//! The reading is total. An error that carries a number is looked up in [`register`]; a number that is not there, or no
//! number at all, is *refused*. No output, or `{"status": "Success"}` and nothing else, is *done*: Membrane has said that
//! the action ran. An output that cannot be Kartra's (text, a number, a list where a write was asked for, a status that is
//! neither success nor error) is *unknown*: the action ran and nobody can say what it did.

mod envelope;
mod register;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::account::Inventory;
use crate::action::{Class, Effects, Outcome};

use self::envelope::Answer;

/// Longest piece of Kartra's own words, or of a value of ours, in a message.
const MAX_WORDS_CHARS: usize = 160;

/// Reads what Kartra said.
pub(super) fn read(verb: &str, input: &Value, output: Value) -> Outcome {
    match envelope::open(verb, output) {
        Answer::Nothing => Outcome::done(Value::Null),
        Answer::Success(value) => Outcome::done(value),
        Answer::Error { kind, words, body } => Outcome {
            output: Some(body),
            app_type: kind,
            ..refusal(verb, input, kind, &words)
        },
        Answer::Http { status, words } => http_failure(status, &words),
        Answer::Garbage(what) => Outcome::new(
            Class::Unknown,
            format!(
                "the answer to {verb} could not be read ({what}), so it is not known whether it was done: look it up in Kartra"
            ),
        ),
    }
}

/// Which name of the input an error's number says the account does not have. A missing step of a sequence is none: the
/// account's names don't hold steps.
pub(super) fn missing_name<'i>(
    _verb: &str,
    app_type: u16,
    input: &'i Value,
) -> Option<(Inventory, &'i str)> {
    let (inventory, names) = match app_type {
        209 | 231 => (Inventory::Lists, ["list_name", "list"]),
        212 | 214 => (Inventory::Tags, ["tag_name", "tag"]),
        219 | 220 => (Inventory::Sequences, ["sequence_name", "sequence"]),
        _ => return None,
    };
    let given = super::input::filled(input, &names)?;
    given.value.as_str().map(|name| (inventory, name))
}

/// Whether the verb only looks.
fn is_read(verb: &str) -> bool {
    super::ACTIONS
        .iter()
        .any(|action| action.key == verb && action.effects == Effects::Read)
}

/// What an error of Kartra's means for this verb.
fn refusal(verb: &str, input: &Value, kind: Option<u16>, words: &str) -> Outcome {
    let Some(kind) = kind else {
        if words.to_ascii_lowercase().contains("too many requests") {
            return refusal(verb, input, Some(register::TOO_MANY_REQUESTS), words);
        }
        return Outcome::new(
            Class::Refused,
            format!(
                "Kartra refused {verb} and gave no number, only {}: compare the step's input with the account",
                quoted(words)
            ),
        );
    };
    let Some(row) = register::find(kind) else {
        return Outcome::new(
            Class::Refused,
            format!(
                "Kartra refused {verb} with a number that is not published ({kind}): {}",
                quoted(words)
            ),
        );
    };
    let class = class_for(verb, input, kind, row.class);
    let meaning = register::fill(row.meaning, input);
    let message = match class {
        Class::Already => format!("{meaning} ({kind}), which is what {verb} wanted"),
        Class::Refused if !words.is_empty() => {
            format!("{meaning} ({kind}, {}): {}", quoted(words), row.to_do)
        }
        _ => format!("{meaning} ({kind}): {}", row.to_do),
    };
    Outcome::new(class, message)
}

/// The class of the row, but for the three numbers that say the goal was reached before.
fn class_for(verb: &str, input: &Value, kind: u16, class: Class) -> Class {
    match (kind, verb) {
        (244, "create-lead") | (252, "cancel-subscription") => Class::Already,
        (251, "refund-transaction") if is_full_refund(input) => Class::Already,
        _ => class,
    }
}

/// A refund without an amount is a refund of the whole.
pub(super) fn is_full_refund(input: &Value) -> bool {
    super::input::amounts(input).all(|amount| amount.value.is_null())
}

/// The application's HTTP status, where the connector passes it on inside the output.
fn http_failure(status: u16, words: &str) -> Outcome {
    let said = if words.is_empty() {
        String::new()
    } else {
        format!(", {}", quoted(words))
    };
    let (class, rest) = match status {
        429 => (
            Class::RateLimited,
            "too many calls: nothing; the connection slows down by itself",
        ),
        401 => (
            Class::ConnectionDown,
            "it does not accept the connection's credentials: connect the account again",
        ),
        403 => (
            Class::NotAllowed,
            "it does not allow this: look at the app's permissions, then resume the connection",
        ),
        500.. => (
            Class::Unknown,
            "so it is not known whether the action was done: look it up in Kartra",
        ),
        _ => (
            Class::Refused,
            "it refused: compare the step's input with the account",
        ),
    };
    Outcome::new(class, format!("Kartra answered {status}{said}; {rest}"))
}

/// Foreign text for a message: in quotes, on one line, not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(MAX_WORDS_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(MAX_WORDS_CHARS).is_some() {
        short.push('…');
    }
    format!("\"{}\"", short.trim())
}
