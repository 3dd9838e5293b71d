//! Braintree: subscriptions, transactions and disputes of a merchant.

mod scheme;
#[cfg(test)]
mod tests;
mod xml;

use base64::Engine as _;
use serde_json::Value;

use super::{Answer, Keys, Lack, People, Preset, Row, Sample, Unfolded};
use crate::trigger::delivery::Request;
use crate::trigger::form;
use crate::trigger::signature::hmac::LENIENT;
use crate::trigger::signature::{Refusal, reason};

/// How many characters a challenge has: with any text Braintree's own signature could be had for a body of one's choice.
const CHALLENGE_BYTES: std::ops::RangeInclusive<usize> = 20..=32;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "braintree",
    title: "Braintree",
    doc: "The secret is the API's private key, `public_key` the public key beside it. The XML of an event is read as JSON: \
          `$.body.subject.subscription.id`, with `_` where a name has `-`. Amounts are texts. A subscription names its customer only in \
          its transactions, and an event without a transaction names nobody. The challenge on saving and the test notification \
          (`check`) are answered.",
    verified: "The field `bt_signature` holds the public key and the HMAC-SHA1 of `bt_payload`, keyed with the SHA-1 of the private key.",
    retries: "Every hour for 24 hours (in the sandbox for three). It waits 30 seconds for the answer.",
    lost_after: "24 hours",
    handshakes: "GET with `bt_challenge`, and the kind `check`",
    id: &[&["$.body.subject.*.id", "$.body.kind", "$.body.timestamp"]],
    kind: &["$.body.kind"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::form(
        "subscription_charged_successfully",
        include_str!("samples/braintree-subscription_charged_successfully.form"),
    )],
    settings: &["public_key"],
    scheme: |around| {
        if around.public_key.is_empty() {
            return Err(Lack {
                key: "public_key",
                message:
                    "Braintree signs with a pair of keys, and the public one is not known here"
                        .into(),
                help: "write `public_key: …`, as it stands beside the private key at Braintree",
            });
        }
        Ok(Box::new(scheme::Braintree {
            public_key: around.public_key.clone(),
        }))
    },
    unfold: Some(|body| unfold(&body)),
    greet: Some(challenge),
    answer: Some(check),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    Row {
        events: "subscription_*",
        email: &["$.body.subject.subscription.transactions[0].customer.email"],
        first_name: &["$.body.subject.subscription.transactions[0].customer.first_name"],
        last_name: &["$.body.subject.subscription.transactions[0].customer.last_name"],
        phone: &["$.body.subject.subscription.transactions[0].customer.phone"],
        ids: &[(
            "customer",
            &["$.body.subject.subscription.transactions[0].customer.id"],
        )],
        ..Row::NONE
    },
    Row {
        email: &["$.body.subject.*.customer.email"],
        first_name: &["$.body.subject.*.customer.first_name"],
        last_name: &["$.body.subject.*.customer.last_name"],
        phone: &["$.body.subject.*.customer.phone"],
        ids: &[("customer", &["$.body.subject.*.customer.id"])],
        ..Row::NONE
    },
];

/// The notification in the payload.
fn unfold(body: &Value) -> Result<Unfolded, Refusal> {
    let notification = body
        .get(scheme::PAYLOAD)
        .and_then(Value::as_str)
        .and_then(|payload| {
            let payload: String = payload.split_ascii_whitespace().collect();
            let bytes = LENIENT.decode(payload).ok()?;
            xml::read(std::str::from_utf8(&bytes).ok()?)
        })
        .filter(|notification| notification.get("kind").is_some());
    match notification {
        Some(notification) => Ok(Unfolded::Anew(vec![notification])),
        None => {
            let detail = "`bt_payload` holds no notification of Braintree's";
            Err(Refusal::unusable(reason::BODY, detail))
        }
    }
}

/// The question that Braintree asks when the URL is saved: its challenge back, signed.
fn challenge(request: &Request<'_>, keys: &Keys<'_>) -> Option<Answer> {
    let query = (request.method == "GET").then(|| form::decode(request.query.as_bytes()))?;
    let query = query.ok()?;
    let challenge = query.get("bt_challenge")?.as_str()?;
    let is_hex = challenge
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let secret = keys
        .secrets
        .first()
        .filter(|_| is_hex && CHALLENGE_BYTES.contains(&challenge.len()))?;
    let tag = scheme::signed(secret, std::iter::once(challenge.as_bytes()))?;
    let public_key = &keys.around.public_key;
    Some(Answer::text("challenge", format!("{public_key}|{tag}")))
}

/// The notification by which people try a webhook.
fn check(delivery: &Value, _: &Keys<'_>) -> Option<Answer> {
    let kind = delivery.get("body")?.get("kind")?.as_str()?;
    (kind == "check").then(|| Answer::text("check", ""))
}
