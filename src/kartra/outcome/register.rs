//! Every published number of Kartra's errors: what it says, what it means for a run, and what a person can do.
//!
//! To add a number: one row, in order, or into the row that says the same. `{name}` in a meaning becomes the value of
//! that input field; `{lead}` the lead's number or e-mail address.

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::action::Class::{
    ConnectionDown, NotAllowed, RateLimited, Refused, RuleWrong, TargetMissing, Unknown,
};
use crate::action::{Class, SLOWS_DOWN};
use crate::kartra::input::field;

/// Not a published number: the HTTP status that Kartra's one limit (20 calls a second per app) answers with.
pub(super) const TOO_MANY_REQUESTS: u16 = 429;

/// One row: the numbers that mean the same, and what that is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Kartra's numbers.
    pub(super) kinds: &'static [u16],
    /// What they say, as the beginning of a message.
    pub(super) meaning: &'static str,
    /// What they mean, unless the verb makes it a success.
    pub(super) class: Class,
    /// What a person can do about it.
    pub(super) to_do: &'static str,
}

const fn row(
    kinds: &'static [u16],
    class: Class,
    meaning: &'static str,
    to_do: &'static str,
) -> Row {
    Row {
        kinds,
        meaning,
        class,
        to_do,
    }
}

const RECONNECT: &str = "connect the Kartra account again in Membrane";
const CONNECTOR: &str = "the connection sent a malformed call; tell Membrane's support";
const CREATE_LIST: &str = "create it in Kartra or correct list_name";
const CREATE_TAG: &str = "create it in Kartra or correct tag_name";
const CREATE_SEQUENCE: &str = "create it in Kartra or correct sequence_name";
const GIVE_LIST: &str = "give the step a list_name";
const GIVE_TAG: &str = "give the step a tag_name";
const ENSURE_LEAD: &str = "put ensure-lead before this step, or correct the address";
const LOOK_FIRST: &str = "look at the transaction in Kartra before anything is sent again";
const CALENDAR: &str = "compare the step's input with the calendar in Kartra";
const CUSTOM_FIELD: &str = "compare custom_fields with the account's fields and their types";
const SUBSCRIPTION: &str = "look at the subscription in Kartra";

/// All rows, sorted by their first number.
pub(super) const ROWS: &[Row] = &[
    row(&[201], RuleWrong, "Kartra wants calls by https", CONNECTOR),
    row(
        &[202],
        ConnectionDown,
        "Kartra was sent no API key",
        RECONNECT,
    ),
    row(
        &[203],
        ConnectionDown,
        "Kartra does not accept the API key",
        RECONNECT,
    ),
    row(
        &[204],
        ConnectionDown,
        "the API of this Kartra account is inactive",
        "switch it on in Kartra, then connect again",
    ),
    row(
        &[206],
        RuleWrong,
        "Kartra was told neither an e-mail address nor a lead's number",
        "give the step email or id",
    ),
    row(
        &[207, 208],
        RuleWrong,
        "the list's name was empty",
        GIVE_LIST,
    ),
    row(
        &[209, 231],
        RuleWrong,
        "Kartra has no list {list_name}",
        CREATE_LIST,
    ),
    row(&[211, 213], RuleWrong, "the tag's name was empty", GIVE_TAG),
    row(
        &[212, 214],
        RuleWrong,
        "Kartra has no tag {tag_name}",
        CREATE_TAG,
    ),
    row(
        &[215, 217],
        RuleWrong,
        "the points were empty",
        "give the step a number of points",
    ),
    row(
        &[219, 220],
        RuleWrong,
        "Kartra has no sequence {sequence_name}",
        CREATE_SEQUENCE,
    ),
    row(
        &[223],
        RuleWrong,
        "Kartra could not read who the lead is",
        CONNECTOR,
    ),
    row(
        &[224],
        RuleWrong,
        "Kartra could not read the list of commands",
        CONNECTOR,
    ),
    row(
        &[225],
        RuleWrong,
        "the step of the sequence was empty",
        "give step the number of a box of the sequence",
    ),
    row(
        &[226],
        RuleWrong,
        "the sequence's name was empty",
        "give the step a sequence_name",
    ),
    row(
        &[227, 228],
        RuleWrong,
        "the points were not a number",
        "give the step a number of points",
    ),
    row(
        &[229],
        RuleWrong,
        "the step {step} is not letters and digits",
        "give step the number of a box of the sequence",
    ),
    row(
        &[230],
        RuleWrong,
        "the sequence {sequence_name} has no step {step}",
        "correct step, or add the box to the sequence in Kartra",
    ),
    row(
        &[233],
        ConnectionDown,
        "Kartra does not accept the API password",
        RECONNECT,
    ),
    row(
        &[234, 243],
        TargetMissing,
        "Kartra has no lead {lead}",
        ENSURE_LEAD,
    ),
    row(
        &[236],
        RuleWrong,
        "Kartra could not read which lead to get",
        CONNECTOR,
    ),
    row(
        &[238],
        ConnectionDown,
        "Kartra was sent no app id",
        RECONNECT,
    ),
    row(
        &[239],
        ConnectionDown,
        "Kartra does not know the app, or it is inactive",
        RECONNECT,
    ),
    row(
        &[240],
        ConnectionDown,
        "the account of the Kartra app is inactive",
        RECONNECT,
    ),
    row(
        &[242],
        NotAllowed,
        "the Kartra app does not allow calls from Membrane's address",
        "allow it in the app's settings, then resume the connection",
    ),
    row(
        &[244],
        Refused,
        "Kartra has the lead {email} already",
        "use edit-lead or ensure-lead instead",
    ),
    row(
        &[245],
        Refused,
        "the lead {lead} was deleted in Kartra",
        "restore it in Kartra or use another address",
    ),
    row(
        &[247],
        Refused,
        "Kartra has no transaction {transaction_id}",
        "correct transaction_id",
    ),
    row(
        &[248],
        Refused,
        "Kartra has no subscription {subscription}",
        "correct transaction_id or transaction_internal_subscription_id",
    ),
    row(
        &[249],
        Refused,
        "{subscription} belongs to no recurring subscription",
        "cancel only what recurs; correct transaction_id",
    ),
    row(
        &[250],
        Refused,
        "the time in which transaction {transaction_id} can be refunded is over",
        "refund it at the payment provider",
    ),
    row(
        &[251],
        Refused,
        "transaction {transaction_id} was refunded before",
        LOOK_FIRST,
    ),
    row(
        &[252],
        Refused,
        "the subscription {subscription} was cancelled before",
        SUBSCRIPTION,
    ),
    row(
        &[253],
        Refused,
        "a transaction of this type can neither be refunded nor cancelled",
        "test transactions and failed ones cannot; correct transaction_id",
    ),
    row(&[254], NotAllowed, "Kartra was sent no command", CONNECTOR),
    row(
        &[255, 256, 257, 258, 259, 260, 261],
        Refused,
        "Kartra refused the calendar's input",
        CALENDAR,
    ),
    row(
        &[262],
        NotAllowed,
        "the Kartra app may not run this command",
        "allow it in the app's settings, then resume the connection",
    ),
    row(
        &[263, 264, 269, 270, 273],
        Refused,
        "Kartra refused a custom field",
        CUSTOM_FIELD,
    ),
    row(
        &[265, 272],
        RuleWrong,
        "a custom field was empty",
        CUSTOM_FIELD,
    ),
    row(
        &[266],
        Unknown,
        "Kartra says that the refund of transaction {transaction_id} has failed",
        LOOK_FIRST,
    ),
    row(
        &[267],
        Unknown,
        "Kartra says that the cancellation of {subscription} has failed",
        LOOK_FIRST,
    ),
    row(
        &[268],
        Refused,
        "Kartra does not take the amount {refund_amount}",
        "give refund_amount 0.01 or more and not above what was paid",
    ),
    row(
        &[271],
        Refused,
        "a custom field has the wrong form",
        CUSTOM_FIELD,
    ),
    row(
        &[274],
        Refused,
        "Kartra does not know this status of a subscription",
        SUBSCRIPTION,
    ),
    row(
        &[275],
        Refused,
        "a cancelled or terminated subscription cannot be changed",
        SUBSCRIPTION,
    ),
    row(
        &[276],
        Refused,
        "the quantity is not between 1 and 9,999",
        "correct the quantity",
    ),
    row(
        &[277],
        Refused,
        "the price is not between 1.00 and 9,999.99",
        "correct the price",
    ),
    row(
        &[278, 280, 281, 282, 283, 285],
        Refused,
        "Kartra refused the change of the subscription",
        SUBSCRIPTION,
    ),
    row(
        &[284],
        Refused,
        "a PayPal subscription cannot be changed",
        "cancel it instead",
    ),
    row(
        &[290],
        Refused,
        "the tax is not between 0 and 100",
        "correct the tax",
    ),
    row(
        &[TOO_MANY_REQUESTS],
        RateLimited,
        "Kartra was sent too many calls",
        SLOWS_DOWN,
    ),
];

/// The row of a number.
pub(super) fn find(kind: u16) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.kinds.contains(&kind))
}

/// A meaning with the values of the input in it.
pub(super) fn fill(meaning: &str, input: &Value) -> String {
    let mut text = String::with_capacity(meaning.len());
    let mut rest = meaning;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(&value_of(name, input));
        rest = after;
    }
    text.push_str(rest);
    text
}

fn value_of(name: &str, input: &Value) -> String {
    let names: &[&str] = match name {
        "email" => &["lead_email", "email"],
        "lead" => &["id", "lead_id", "lead_email", "email"],
        "refund_amount" => &["amount", "refund_amount"],
        "subscription" => &["transaction_internal_subscription_id", "transaction_id"],
        _ => &[name],
    };
    names
        .iter()
        .find_map(|name| match field(input, &[name])?.value {
            Value::String(text) => Some(super::quoted(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .unwrap_or_else(|| format!("(no {} was given)", names[names.len() - 1]))
}
