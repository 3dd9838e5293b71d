//! What a lead's transactions show of refunds and cancellations.
//!
//! The list of a lead's transactions holds types without amounts or parents, so the newest of the right type are read one by
//! one. Kartra's numbers grow, so the greatest are the newest.

use serde_json::{Value, json};

use super::{Evidence, Found, Read, Reads, done, not_done, part, stop};
use crate::kartra::input;
use crate::kartra::outcome::is_full_refund;

/// Most transactions of one lead that are read one by one.
const DETAILS_MAX: usize = 8;
const DETAILS: &str = "get-transaction-details";
const TRANSACTION: &[&str] = &["transaction_id", "id"];
const PARENT: &[&str] = &["transaction_parent_id", "parent_id"];
/// The first payment of a subscription.
const FIRST: &[&str] = &["original_id"];
const TYPE: &[&str] = &["transaction_type", "type"];
const AMOUNT: &[&str] = &["transaction_full_amount", "full_amount", "amount"];
/// Kartra's own number of a subscription.
const INTERNAL: &[&str] = &[
    "transaction_internal_subscription_id",
    "internal_subscription_id",
];
/// The payment provider's.
const GATEWAY: &[&str] = &["transaction_subscription_id", "subscription_id"];

/// `cancel-subscription`: a cancellation of this subscription, or of this sale, is among the lead's transactions.
pub(super) fn cancelled(input: &Value, reads: &Reads<'_>) -> Found<Evidence> {
    let (who, wanted) = match input::transaction(input) {
        Some(given) => {
            let sale = transaction(input, given.value, reads)?;
            let what = format!("transaction {}", number(given.value));
            let Some(sale) = sale else {
                return not_done(format!("{DETAILS} finds no {what}"));
            };
            if status(sale).is_some_and(|status| status.starts_with("cancel")) {
                return Ok(ended(
                    format!("{DETAILS} shows the subscription of {what} as cancelled"),
                    sale,
                ));
            }
            let wanted = Subscription {
                parents: [Some(number(given.value)), input::number_of(sale, PARENT)],
                internal: input::number_of(sale, INTERNAL),
                gateway: gateway(sale),
                what,
            };
            (lead_of(sale), wanted)
        }
        None => {
            let given = input::filled(input, INTERNAL).or_else(|| input::filled(input, GATEWAY));
            let Some(given) = given else {
                return stop(
                    "the input of cancel-subscription names neither a transaction nor a subscription",
                );
            };
            let wanted = Subscription {
                parents: [None, None],
                internal: input::number_of(input, INTERNAL),
                gateway: gateway(input),
                what: format!("subscription {}", given.shown()),
            };
            (lead_of(input), wanted)
        }
    };
    let what = &wanted.what;
    if who.is_empty() {
        return stop(format!(
            "nothing says whose {what} is, so the lead's transactions could not be searched for its cancellation"
        ));
    }
    let Some(rows) = newest(reads, who, &["cancellation"])? else {
        return stop(format!("Kartra does not find the lead of {what}"));
    };
    for id in &rows.read {
        let Some(row) = transaction(input, id, reads)? else {
            continue;
        };
        if wanted.is_ended_by(row) {
            return Ok(ended(
                format!(
                    "transaction {} of the lead is the cancellation of {what}",
                    number(id)
                ),
                row,
            ));
        }
    }
    not_done(rows.none("cancellation", &format!("of {what}")))
}

/// A subscription, by all that is known of it.
struct Subscription {
    parents: [Option<String>; 2],
    internal: Option<String>,
    gateway: Option<String>,
    /// For a message.
    what: String,
}

impl Subscription {
    fn is_ended_by(&self, row: &Value) -> bool {
        let same =
            |known: &Option<String>, shown: Option<String>| known.is_some() && *known == shown;
        let parent = input::number_of(row, PARENT).or_else(|| input::number_of(row, FIRST));
        same(&self.internal, input::number_of(row, INTERNAL))
            || same(&self.gateway, gateway(row))
            || parent.is_some() && self.parents.contains(&parent)
    }
}

/// It was cancelled; the output is as Kartra's answer would have been.
fn ended(text: String, shown: &Value) -> Evidence {
    let output = json!({
        "transaction_subscription_id": gateway(shown),
        "transaction_internal_subscription_id": input::number_of(shown, INTERNAL),
    });
    done(text, output)
}

/// The payment provider's number of a subscription; Kartra writes `N/A` for none.
fn gateway(object: &Value) -> Option<String> {
    input::text_of(object, GATEWAY).filter(|text| text != "N/A" && text != "0")
}

/// The state of the subscription that a transaction belongs to.
fn status(details: &Value) -> Option<String> {
    let names = ["transaction_subscription_status", "subscription_status"];
    input::text_of(details, &names).map(|status| status.to_ascii_lowercase())
}

/// `refund-transaction`: refunds of this transaction are among the lead's. Of a part, an earlier one may look the same.
pub(super) fn refunded(input: &Value, reads: &Reads<'_>) -> Found<Evidence> {
    let Some(given) = input::transaction(input) else {
        return stop("the input of refund-transaction names no transaction to look at");
    };
    let id = number(given.value);
    let Some(sale) = transaction(input, given.value, reads)? else {
        return not_done(format!("{DETAILS} finds no transaction {id}"));
    };
    let who = lead_of(sale);
    if who.is_empty() {
        return stop(format!(
            "{DETAILS} does not say whose transaction {id} is, so the lead's transactions could not be searched for refunds of it"
        ));
    }
    let Some(rows) = newest(reads, who, &["refund", "partial_refund"])? else {
        return stop(format!("Kartra does not find the lead of transaction {id}"));
    };
    let (mut found, mut orphans) = (Vec::new(), Vec::new());
    for row in &rows.read {
        let Some(details) = transaction(input, row, reads)? else {
            continue;
        };
        match input::number_of(details, PARENT) {
            Some(parent) if parent == id => found.push(Refund::of(row, details)),
            Some(_) => {}
            None => orphans.push(Refund::of(row, details)),
        }
    }
    if is_full_refund(input) && is_whole(&found, sale) {
        return Ok(done(
            format!("{}: it was refunded", listed(&found, &id)),
            json!({ "transaction_refunded": id }),
        ));
    }
    if !found.is_empty() {
        return stop(format!(
            "{}; whether it is this one only a person can tell",
            listed(&found, &id)
        ));
    }
    if !orphans.is_empty() {
        return stop(format!(
            "{}; whether it is of transaction {id} only a person can tell",
            listed(&orphans, "that is not shown")
        ));
    }
    not_done(rows.none("refund", &format!("with the parent {id}")))
}

/// A refund as it is shown.
struct Refund {
    id: String,
    kind: String,
    amount: Option<String>,
}

impl Refund {
    fn of(id: &Value, details: &Value) -> Self {
        Self {
            id: number(id),
            kind: kind(details),
            amount: input::text_of(details, AMOUNT),
        }
    }
}

/// Whether these are all of the sale: one is of type `refund`, and their amounts, where shown, are not less than it. Of
/// partial refunds alone it is not known what their amounts mean.
fn is_whole(refunds: &[Refund], sale: &Value) -> bool {
    let paid = input::text_of(sale, AMOUNT).and_then(|text| hundredths(&text));
    let back = refunds
        .iter()
        .map(|refund| hundredths(refund.amount.as_deref()?));
    let is_less = match (paid, back.sum::<Option<i64>>()) {
        (Some(paid), Some(back)) => back < paid,
        _ => false,
    };
    !is_less && refunds.iter().any(|refund| refund.kind == "refund")
}

/// `there is a refund of 297.00, transaction 738999, with the parent 738474`.
fn listed(refunds: &[Refund], parent: &str) -> String {
    let one = |refund: &Refund| {
        let of = refund
            .amount
            .as_deref()
            .unwrap_or("an amount that is not shown");
        format!(
            "a {} of {of}, transaction {}",
            refund.kind.replace('_', " "),
            refund.id
        )
    };
    let all: Vec<String> = refunds.iter().map(one).collect();
    format!("there is {}, with the parent {parent}", all.join(", and "))
}

/// An amount such as `297`, `297.5` or `-297.00`, without its sign, in hundredths.
pub(in crate::kartra) fn hundredths(text: &str) -> Option<i64> {
    let text = text.trim_start_matches('-');
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part)
}

/// A transaction, if it is there.
fn transaction<'s>(input: &Value, id: &Value, reads: &Reads<'s>) -> Found<Option<&'s Value>> {
    let named = input::transaction(input).map(|given| given.name);
    match reads.read(DETAILS, input::asking(named, "transaction_id", id))? {
        Read::NotThere(_) => Ok(None),
        Read::There(output) => match part(
            output,
            &["transaction_details", "transaction", "data"],
            TRANSACTION,
        ) {
            Some(details) => Ok(Some(details)),
            None => stop(format!(
                "{DETAILS} was answered, but the answer does not show transaction {}",
                number(id)
            )),
        },
    }
}

/// Inputs that ask for the lead of a transaction: by its number, else by its address.
fn lead_of(shown: &Value) -> Vec<Value> {
    let by = |name: &str, own: &str| {
        let given = input::filled(shown, &[name])?;
        (input::text(given.value)? != "N/A").then(|| input::asking(None, own, given.value))
    };
    let both = by("lead_id", "id")
        .into_iter()
        .chain(by("lead_email", "email"));
    both.flatten().collect()
}

/// The newest transactions of some types.
struct Rows {
    /// Their numbers, newest first.
    read: Vec<Value>,
    /// How many there are in all.
    all: usize,
}

impl Rows {
    /// That none of them is it: `of transaction 7`.
    fn none(&self, kind: &str, wanted: &str) -> String {
        let looked = match (self.all, self.read.len()) {
            (0, _) => return format!("the lead has no transaction of type {kind}"),
            (1, _) => "the only one was looked at".to_owned(),
            (all, read) if all > read => format!("the newest {read} of {all} were looked at"),
            (all, _) => format!("all {all} were looked at"),
        };
        format!("the lead has transactions of type {kind}, but none {wanted}; {looked}")
    }
}

/// The newest transactions of a lead that are of one of these types; nothing when there is no such lead.
fn newest(reads: &Reads<'_>, who: Vec<Value>, kinds: &[&str]) -> Found<Option<Rows>> {
    let output = match reads.read("retrieve-transactions-from-lead", who)? {
        Read::NotThere(_) => return Ok(None),
        Read::There(output) => output,
    };
    let list = input::field(output, &["transaction_list", "transactions", "data"])
        .map_or(output, |given| given.value);
    // The documentation calls the list a text that holds JSON, and shows a list.
    let read = list
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    let Value::Array(list) = read.as_ref().unwrap_or(list) else {
        return stop("retrieve-transactions-from-lead was answered, but the answer holds no list");
    };
    let mut rows: Vec<(u64, Value)> = Vec::new();
    for row in list.iter().filter(|row| kinds.contains(&&*kind(row))) {
        let id = input::filled(row, TRANSACTION).map(|given| given.value);
        let Some(number) = id.and_then(|id| number(id).parse().ok()) else {
            return stop(
                "retrieve-transactions-from-lead shows transactions without their numbers",
            );
        };
        rows.push((number, Value::from(number)));
    }
    rows.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let all = rows.len();
    rows.truncate(DETAILS_MAX);
    let read = rows.into_iter().map(|(_, id)| id).collect();
    Ok(Some(Rows { read, all }))
}

/// The type of a transaction in Kartra's way of writing: `partial_refund`.
fn kind(row: &Value) -> String {
    let text = input::text_of(row, TYPE).unwrap_or_default();
    text.to_ascii_lowercase().replace([' ', '-'], "_")
}

fn number(id: &Value) -> String {
    input::text(id).unwrap_or_default()
}
