//! Whether the account shows what an event of Kartra's says, for sources that nothing else proves.
//!
//! One read tells: the lead, or the transaction. Everything of the event that a rule goes by and the read shows is compared; a
//! number that the read does not show (of a tag, of a membership) is not. What happened and left nothing that can be read,
//! such as a page that was visited, cannot be proved.
//!
//! To add a kind of event: a row in [`ROWS`], and its name in the preset's `provable`.

mod lead;
mod money;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::input;
use super::look::NOT_THERE;
use super::outcome::quoted;
use crate::action::{Claim, Class, Outcome};

/// A type of event, and what it claims.
struct Row {
    kind: &'static str,
    about: About,
}

/// What an event claims.
#[derive(Debug, Clone, Copy)]
enum About {
    /// The lead has it; or, where `false`, it has it no longer.
    Lead(lead::What, bool),
    /// There is this transaction, of this type.
    Transaction(&'static str),
}

const fn row(kind: &'static str, about: About) -> Row {
    Row { kind, about }
}

/// What can be proved: first of the outbound API, then of notifications of a product (IPN).
const ROWS: &[Row] = &[
    row("assign_tag", About::Lead(lead::What::Tag, true)),
    row("buy_product", About::Transaction("sale")),
    row("cancel_subscription", About::Transaction("cancellation")),
    row("list_subscription", About::Lead(lead::What::List, true)),
    row("list_unsubscription", About::Lead(lead::What::List, false)),
    row("membership_granted", About::Lead(lead::What::Access, true)),
    row("membership_revoked", About::Lead(lead::What::Access, false)),
    row(
        "partial_refund_product",
        About::Transaction("partial_refund"),
    ),
    row("refund_product", About::Transaction("refund")),
    row(
        "sequence_subscription",
        About::Lead(lead::What::Sequence, true),
    ),
    row(
        "sequence_unsubscription",
        About::Lead(lead::What::Sequence, false),
    ),
    row("unassign_tag", About::Lead(lead::What::Tag, false)),
    row("cancellation", About::Transaction("cancellation")),
    row("chargeback", About::Transaction("chargeback")),
    row("failed", About::Transaction("failed")),
    row("partial_refund", About::Transaction("partial_refund")),
    row("rebill", About::Transaction("rebill")),
    row("refund", About::Transaction("refund")),
    row("sale", About::Transaction("sale")),
];

/// What Kartra writes for nothing.
const NOTHING: &str = "N/A";

/// What to read, or what the read has shown.
type Proved<T> = Result<T, Claim>;

/// How the event stands, now that the read it wants came to `seen`.
pub(super) fn prove(tree: &Value, seen: Option<&Outcome>) -> Claim {
    told(tree, seen).unwrap_or_else(|claim| claim)
}

fn told(tree: &Value, seen: Option<&Outcome>) -> Proved<Claim> {
    let kind = tree.pointer("/event/type").and_then(Value::as_str);
    let kind = kind.unwrap_or_default();
    let event = Event {
        body: tree.get("body").unwrap_or(&Value::Null),
        person: tree.pointer("/person/email").unwrap_or(&Value::Null),
        seen,
    };
    let Some(row) = ROWS.iter().find(|row| row.kind == kind) else {
        return Err(Claim::Hidden(format!(
            "nothing that can be read in the account shows an event of type {}",
            quoted(kind)
        )));
    };
    for name in ["action", "transaction_type"] {
        let said = input::text_of(event.body, &[name]);
        if let Some(said) = said.filter(|said| said != kind) {
            return Err(Claim::Hidden(format!(
                "it is of type {}, and says `{name}` {}",
                quoted(kind),
                quoted(&said)
            )));
        }
    }
    match row.about {
        About::Lead(what, has) => lead::shows(&event, what, has),
        About::Transaction(kind) => money::shows(&event, kind),
    }
}

/// An event, and what was read of the account.
struct Event<'e> {
    body: &'e Value,
    /// The address that rules go by, wherever the source takes it from.
    person: &'e Value,
    seen: Option<&'e Outcome>,
}

impl<'e> Event<'e> {
    /// Objects of the body in which things of this name are told: this one, and those in it.
    fn details(&self, names: &[&str]) -> Vec<&'e Value> {
        let details = input::field(self.body, &["action_details"]);
        let details = details.map_or(self.body, |given| given.value);
        let inner = input::field(details, names).map(|given| given.value);
        let inner = inner.filter(|inner| inner.is_object());
        [Some(details), inner].into_iter().flatten().collect()
    }

    /// Where the body tells of the lead.
    fn lead(&self) -> &'e Value {
        input::field(self.body, &["lead"]).map_or(self.body, |given| given.value)
    }

    /// What the one read came to: its answer, `Missing` where there is no such thing, else the read.
    fn read(&self, verb: &'static str, input: Value, what: &str) -> Proved<&'e Value> {
        let Some(seen) = self.seen else {
            return Err(Claim::Read { verb, input });
        };
        if seen.is_success() {
            return Ok(seen.output.as_ref().unwrap_or(&Value::Null));
        }
        let number = seen.app_type.filter(|number| NOT_THERE.contains(number));
        match number {
            Some(number) => Err(missing(&format!("{what} ({number})"))),
            None if seen.class == Class::TargetMissing => Err(missing(what)),
            None => Err(Claim::Read { verb, input }),
        }
    }
}

fn missing(what: &str) -> Claim {
    Claim::Missing(format!("the account does not show {what}"))
}

/// How two texts are compared.
#[derive(Debug, Clone, Copy)]
enum As {
    /// Letter by letter.
    Text,
    /// Addresses, in lower case.
    Address,
    /// Amounts of money, without their sign.
    Amount,
    /// Words such as `partial_refund`, however they are written.
    Word,
}

impl As {
    fn agree(self, claimed: &str, shown: &str) -> bool {
        match self {
            Self::Text => claimed == shown,
            Self::Address => claimed.to_lowercase() == shown.to_lowercase(),
            Self::Word => word(claimed) == word(shown),
            Self::Amount => {
                let amounts = (money::hundredths(claimed), money::hundredths(shown));
                claimed == shown || amounts.0.is_some() && amounts.0 == amounts.1
            }
        }
    }
}

fn word(text: &str) -> String {
    text.to_ascii_lowercase().replace([' ', '-'], "_")
}

/// What is claimed under this name must be what is shown. What is not claimed is not compared.
fn compare(name: &str, claimed: Option<String>, shown: Option<String>, how: As) -> Proved<()> {
    let Some(claimed) = claimed.filter(|text| !text.eq_ignore_ascii_case(NOTHING)) else {
        return Ok(());
    };
    let shown = shown.filter(|text| !text.eq_ignore_ascii_case(NOTHING));
    match shown {
        None if claimed == "0" => Ok(()),
        Some(shown) if how.agree(&claimed, &shown) => Ok(()),
        Some(shown) => Err(Claim::False(format!(
            "`{name}` is {} in the event and {} in the account",
            quoted(&claimed),
            quoted(&shown)
        ))),
        None => Err(Claim::Unclear(format!(
            "the event says `{name}` is {}, and the account's answer does not show it, so it cannot be compared",
            quoted(&claimed)
        ))),
    }
}
