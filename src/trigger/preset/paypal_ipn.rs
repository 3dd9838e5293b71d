//! PayPal's instant payment notifications: a form per payment, refund and change of a subscription, which PayPal itself confirms.

mod postback;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Lack, Live, People, Preset, Row, Sample};
use postback::{Endpoint, PostBack};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "paypal-ipn",
    title: "PayPal IPN",
    doc: "`receiver_email` is the primary address of your PayPal account, or a list: without it a payment to anybody counts. There is no \
          secret that PayPal knows; `secret` as part of the URL (`?secret=…`) keeps out strangers before PayPal is asked about what they \
          send. `postback` says whom to ask: `live`, which is the default and takes no tests, `sandbox`, which takes nothing else, or a URL. \
          The type is `txn_type` and `payment_status` in small letters, such as `web_accept.completed`, `subscr_payment.completed`, \
          `subscr_cancel`; without a `txn_type`, as with refunds, it is `payment.refunded`, `payment.reversed` and so on, so `*.refunded` \
          takes all of them. Amounts are texts; a refund's are less than 0, and its `parent_txn_id` is the `txn_id` of the payment.",
    verified: "PayPal is asked: it gets the form back to the byte, before the delivery is answered and stored, and must say `VERIFIED`. \
               Where it cannot be asked, the answer is 503 and PayPal sends it again.",
    retries: "About 15 times over up to four days, ever more rarely, until the answer is 200.",
    lost_after: "4 days",
    // `ipn_track_id` alone may be the same for a new subscription and its first payment.
    id: &[
        &["$.body.txn_id", "$.body.payment_status"],
        &["$.body.ipn_track_id", "$.body.txn_type"],
        &["$.body.ipn_track_id"],
    ],
    kind: &["$.body.txn_type", "$.body.payment_status"],
    kind_of: Some(kind_of),
    live: Live::TestAt(&["$.body.test_ipn"]),
    people: People::Rows(PEOPLE),
    samples: SAMPLES,
    settings: &["postback", "receiver_email"],
    instead_of_secret: "receiver_email: you@example.com",
    charset_field: "charset",
    scheme: |around| {
        let endpoint = Endpoint::of(&around.postback).ok_or(Lack {
            key: "postback",
            message: "`postback` does not say whom to ask".into(),
            help: "write `live`, `sandbox`, or a URL that begins with https://",
        })?;
        Ok(Box::new(PostBack {
            endpoint,
            receivers: around.receiver_email.clone(),
        }))
    },
    ..Preset::NEW
};

/// Who pays. The receiver is the merchant, never the person.
static PEOPLE: &[Row] = &[Row {
    email: &["$.body.payer_email"],
    first_name: &["$.body.first_name"],
    last_name: &["$.body.last_name"],
    phone: &["$.body.contact_phone"],
    ids: &[
        ("payer", &["$.body.payer_id"]),
        (
            "subscription",
            &["$.body.subscr_id", "$.body.recurring_payment_id"],
        ),
    ],
    ..Row::NONE
}];

static SAMPLES: &[Sample] = &[
    Sample::form(
        "payment.refunded",
        include_str!("samples/paypal-ipn-payment.refunded.form"),
    ),
    Sample::form(
        "subscr_cancel",
        include_str!("samples/paypal-ipn-subscr_cancel.form"),
    ),
    Sample::form(
        "web_accept.completed",
        include_str!("samples/paypal-ipn-web_accept.completed.form"),
    ),
];

/// What was done and how it stands, in small letters, as far as the notification says.
fn kind_of(delivery: &Value) -> Option<String> {
    let field = |name: &str| {
        let text = delivery.get("body")?.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_ascii_lowercase())
    };
    match (field("txn_type"), field("payment_status")) {
        (Some(done), Some(status)) => Some(format!("{done}.{status}")),
        (Some(done), None) => Some(done),
        (None, status) => Some(format!("payment.{}", status?)),
    }
}
