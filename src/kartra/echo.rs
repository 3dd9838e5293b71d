//! What Kartra reports of our own calls: the trace a call leaves, and the traces an event may be of.
//!
//! A trace is a short text, such as `assign-tag|ada@example.com|buyer`. A call names a lead by its number or its address, a
//! membership with or without a level; an event tells all of it. So a call has one trace, and an event has every one that a
//! call could have left which it reports. Names are compared after trimming, letter case counts; addresses in lower case.
//!
//! To add a report: a row in [`REPORTS`].

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::input;
use crate::action::Report;

/// Longest trace. Of a longer one the end is replaced by the hash of the whole.
const TRACE_BYTES_MAX: usize = 300;
/// Bytes of that hash as text, with the mark before it.
const HASH_BYTES: usize = 1 + 64;

/// A verb, and the words by which Kartra reports it: in its outbound events, and in notifications of a product (IPN).
struct Row {
    verb: &'static str,
    events: &'static [&'static str],
    about: About,
}

/// What a verb is about, beside the lead.
#[derive(Clone, Copy)]
enum About {
    /// Something with a name: `tag` of `tag_name` and `tag_id`.
    Named(&'static str),
    /// A membership and, maybe, one level of it.
    Access,
    /// A transaction; the lead does not matter.
    Transaction,
    /// A subscription, by a transaction or by its own number; the lead does not matter.
    Subscription,
}

const fn row(verb: &'static str, events: &'static [&'static str], about: About) -> Row {
    Row {
        verb,
        events,
        about,
    }
}

/// All reports, by verb. Leads that are made or changed are reported by nothing.
const REPORTS: &[Row] = &[
    row("assign-tag", &["assign_tag"], About::Named("tag")),
    row(
        "cancel-subscription",
        &["cancel_subscription", "cancellation"],
        About::Subscription,
    ),
    row(
        "grant-membership-access",
        &["membership_granted"],
        About::Access,
    ),
    row(
        "refund-transaction",
        &[
            "refund_product",
            "partial_refund_product",
            "refund",
            "partial_refund",
        ],
        About::Transaction,
    ),
    row(
        "revoke-membership-access",
        &["membership_revoked"],
        About::Access,
    ),
    row(
        "subscribe-lead-to-list",
        &["list_subscription"],
        About::Named("list"),
    ),
    row(
        "subscribe-lead-to-sequence",
        &["sequence_subscription"],
        About::Named("sequence"),
    ),
    row("unassign-tag", &["unassign_tag"], About::Named("tag")),
    row(
        "unsubscribe-lead-from-list",
        &["list_unsubscription"],
        About::Named("list"),
    ),
    row(
        "unsubscribe-lead-from-sequence",
        &["sequence_unsubscription"],
        About::Named("sequence"),
    ),
];

/// What Kartra would report of this call.
pub(super) fn trace(verb: &str, input: &Value) -> Option<String> {
    let report = REPORTS.iter().find(|report| report.verb == verb)?;
    let parts = match report.about {
        About::Named(kind) => vec![person(input)?, thing(input, kind)?],
        About::Access => {
            let level = thing(input, "level").or_else(|| thing(input, "access_level"));
            vec![
                person(input)?,
                thing(input, "membership")
                    .or_else(|| Some(named(&input::text_of(input, &["name"])?)))?,
                level.unwrap_or_default(),
            ]
        }
        About::Transaction => vec![numbered(&transaction(input)?)],
        About::Subscription => vec![match transaction(input) {
            Some(id) => numbered(&id),
            None => subscription(
                &input::text_of(input, INTERNAL).or_else(|| input::text_of(input, GATEWAY))?,
            ),
        }],
    };
    Some(joined(verb, &parts))
}

/// The events that Kartra may send of this call, with the names that the call gives.
pub(super) fn reports(verb: &str, input: &Value) -> Vec<Report> {
    let Some(row) = REPORTS.iter().find(|row| row.verb == verb) else {
        return Vec::new();
    };
    let (thing, names) = match row.about {
        About::Named(kind) => (kind, vec![format!("{kind}_name")]),
        About::Access => {
            let names = ["membership_name", "level_name"].map(str::to_owned);
            ("membership", names.to_vec())
        }
        About::Transaction | About::Subscription => ("transaction_details", Vec::new()),
    };
    let given = |name: String| Some((name.clone(), input::text_of(input, &[&name])?.into()));
    let told: Map<String, Value> = names.into_iter().filter_map(given).collect();
    let mut details = told.clone();
    details.insert(thing.to_owned(), told.into());
    let report = |kind: &&'static str| Report {
        kind,
        body: json!({ "action": kind, "transaction_type": kind, "action_details": details }),
    };
    row.events.iter().map(report).collect()
}

/// What calls of ours this event of Kartra's may be the report of.
pub(super) fn traces_of(kind: &str, body: &Value) -> Vec<String> {
    let said = ["action", "transaction_type"].map(|name| input::text_of(body, &[name]));
    let words = said.iter().flatten().map(String::as_str);
    let report = std::iter::once(kind)
        .chain(words)
        .find_map(|word| REPORTS.iter().find(|report| report.events.contains(&word)));
    let Some(report) = report else {
        return Vec::new();
    };
    let details = input::field(body, &["action_details"]).map_or(body, |given| given.value);
    let lead = input::field(body, &["lead"]).map_or(body, |given| given.value);
    let wholes: Vec<Vec<String>> = match report.about {
        About::Named(kind) => vec![people(lead), things(details, kind)],
        About::Access => {
            let mut levels = things_in(details, "membership", "level");
            levels.push(String::new());
            vec![people(lead), things(details, "membership"), levels]
        }
        About::Transaction => vec![transactions(details)],
        About::Subscription => vec![[transactions(details), subscriptions(details)].concat()],
    };
    let mut traces: Vec<String> = products(&wholes)
        .iter()
        .map(|parts| joined(report.verb, parts))
        .collect();
    traces.sort_unstable();
    traces.dedup();
    traces
}

const INTERNAL: &[&str] = &["transaction_internal_subscription_id"];
const GATEWAY: &[&str] = &["transaction_subscription_id", "subscription_id"];

/// Who a call is about.
fn person(input: &Value) -> Option<String> {
    let lead = input::lead(input)?;
    let text = input::text(lead.given.value)?;
    Some(if lead.by_id {
        numbered(&text)
    } else {
        text.to_lowercase()
    })
}

/// Who an event is about, in each way that a call may have named them.
fn people(lead: &Value) -> Vec<String> {
    let id = input::number_of(lead, &["id", "lead_id"]).map(|id| numbered(&id));
    let email = input::text_of(lead, &["email", "lead_email"]);
    id.into_iter()
        .chain(email.map(|email| email.to_lowercase()))
        .collect()
}

/// What a call names of a kind: by `tag_name`, by `tag_id`, or by `tag`, which may hold either.
fn thing(input: &Value, kind: &str) -> Option<String> {
    let name = input::text_of(input, &[&format!("{kind}_name")]);
    let id = || input::text_of(input, &[&format!("{kind}_id")]);
    let either = || {
        let text = input::text_of(input, &[kind])?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        Some(if is_number {
            numbered(&text)
        } else {
            named(&text)
        })
    };
    name.map(|name| named(&name))
        .or_else(|| id().map(|id| numbered(&id)))
        .or_else(either)
}

/// What an event's details tell of a kind, in each way that a call may have named it.
fn things(details: &Value, kind: &str) -> Vec<String> {
    things_in(details, kind, kind)
}

/// The same, where it stands in the object of another kind, or beside it.
fn things_in(details: &Value, place: &str, kind: &str) -> Vec<String> {
    let inner = input::field(details, &[place]).map(|given| given.value);
    let all = [Some(details), inner];
    let mut told = Vec::new();
    for object in all.into_iter().flatten() {
        let name = input::text_of(object, &[&format!("{kind}_name")]);
        let id = input::number_of(object, &[&format!("{kind}_id")]);
        told.extend(name.map(|name| named(&name)));
        told.extend(id.map(|id| numbered(&id)));
    }
    told
}

/// The transaction a call names.
fn transaction(input: &Value) -> Option<String> {
    input::text(input::transaction(input)?.value)
}

/// The transactions an event is about: its own, and the sale or first payment it belongs to.
fn transactions(details: &Value) -> Vec<String> {
    let names = ["transaction_id", "transaction_parent_id", "original_id"];
    told(details, &names, |object, name| {
        input::number_of(object, &[name]).map(|id| numbered(&id))
    })
}

/// The subscriptions an event is about.
fn subscriptions(details: &Value) -> Vec<String> {
    let names = [INTERNAL, GATEWAY].concat();
    told(details, &names, |object, name| {
        let id = input::text_of(object, &[name])?;
        (id != "N/A" && id != "0").then(|| subscription(&id))
    })
}

/// These fields of the details, and of the transaction in them.
fn told(
    details: &Value,
    names: &[&str],
    read: impl Fn(&Value, &str) -> Option<String>,
) -> Vec<String> {
    let inner = input::field(details, &["transaction_details", "transaction"]);
    let all = [Some(details), inner.map(|given| given.value)];
    let fields = all.into_iter().flatten().flat_map(|object| {
        names
            .iter()
            .filter_map(|name| read(object, name))
            .collect::<Vec<_>>()
    });
    fields.collect()
}

fn named(name: &str) -> String {
    name.trim().to_owned()
}

/// A number, so that it is never taken for a name.
fn numbered(id: &str) -> String {
    format!("#{id}")
}

fn subscription(id: &str) -> String {
    format!("subscription {id}")
}

/// Every way to take one of each.
fn products(wholes: &[Vec<String>]) -> Vec<Vec<String>> {
    wholes.iter().fold(vec![Vec::new()], |taken, next| {
        let with = |parts: &Vec<String>| {
            let add = |one: &String| [parts.as_slice(), std::slice::from_ref(one)].concat();
            next.iter().map(add).collect::<Vec<_>>()
        };
        taken.iter().flat_map(with).collect()
    })
}

/// The parts of a trace as one text of bounded length.
fn joined(verb: &str, parts: &[String]) -> String {
    let mut text = verb.to_owned();
    for part in parts {
        text.push('|');
        text.push_str(part);
    }
    if text.len() > TRACE_BYTES_MAX {
        let hash = hex::encode(Sha256::digest(text.as_bytes()));
        let mut end = TRACE_BYTES_MAX - HASH_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('#');
        text.push_str(&hash);
    }
    text
}
