//! PayPal: payments, orders, subscriptions and disputes, by its REST webhooks.

mod scheme;
#[cfg(test)]
mod tests;

use super::{Lack, People, Preset, Row, Sample};
use scheme::{Certificate, PayPal};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "paypal",
    title: "PayPal",
    doc: "There is no secret: `webhook_id` is the webhook's id as PayPal's dashboard shows it. The certificate with which PayPal signs \
          is fetched from the address in `paypal-cert-url`, which must be PayPal's, and kept for a day. Where the daemon cannot reach PayPal, \
          `certificate: file:PATH` holds it instead, several in one file while it changes; then nothing is fetched. Events of the \
          dashboard's simulator cannot be verified. A captured payment does not name its payer: who that is comes with the order \
          (`CHECKOUT.ORDER.*`), and for a subscription's payments with `BILLING.SUBSCRIPTION.*`. Amounts are texts.",
    verified: "`PayPal-Transmission-Sig` holds an RSA-SHA256 signature of the transmission's id and time, `webhook_id` and the CRC-32 of the body, \
               made with the key of a certificate of PayPal's that a public authority vouches for, or that is pinned.",
    retries: "Up to 25 times over three days, after any answer that is not 2xx.",
    lost_after: "3 days",
    id: &[&["$.body.id"]],
    kind: &["$.body.event_type"],
    people: People::Rows(PEOPLE),
    samples: &[
        Sample::json(
            "BILLING.SUBSCRIPTION.CANCELLED",
            include_str!("samples/paypal-BILLING.SUBSCRIPTION.CANCELLED.json"),
        ),
        Sample::json(
            "PAYMENT.CAPTURE.COMPLETED",
            include_str!("samples/paypal-PAYMENT.CAPTURE.COMPLETED.json"),
        ),
    ],
    settings: &["certificate", "webhook_id"],
    instead_of_secret: "webhook_id: 1JE4291016473214C",
    scheme: |around| {
        if around.webhook_id.is_empty() {
            return Err(Lack {
                key: "webhook_id",
                message: "PayPal signs the webhook's id, and it is not known here".into(),
                help: "write `webhook_id: …`, as PayPal's dashboard shows it beside the webhook's URL",
            });
        }
        let pinned = around.certificate.as_deref().map(|pem| {
            Certificate::all(pem).ok_or(Lack {
                key: "certificate",
                message: "`certificate` does not hold PayPal's certificate".into(),
                help: "write `certificate: file:PATH`, a PEM file: download what `paypal-cert-url` of a delivery leads to; or leave it out, and it is fetched",
            })
        });
        Ok(Box::new(PayPal {
            webhook_id: around.webhook_id.clone(),
            pinned: pinned.transpose()?,
            tolerance_s: around.tolerance_s,
        }))
    },
    ..Preset::NEW
};

/// The payee is the merchant, never the person.
static PEOPLE: &[Row] = &[
    Row {
        events: "BILLING.SUBSCRIPTION.*",
        email: &["$.body.resource.subscriber.email_address"],
        first_name: &["$.body.resource.subscriber.name.given_name"],
        last_name: &["$.body.resource.subscriber.name.surname"],
        ids: &[
            ("payer", &["$.body.resource.subscriber.payer_id"]),
            ("subscription", &["$.body.resource.id"]),
        ],
        ..Row::NONE
    },
    Row {
        events: "CHECKOUT.ORDER.*",
        email: &["$.body.resource.payer.email_address"],
        first_name: &["$.body.resource.payer.name.given_name"],
        last_name: &["$.body.resource.payer.name.surname"],
        ids: &[
            ("payer", &["$.body.resource.payer.payer_id"]),
            ("order", &["$.body.resource.id"]),
        ],
        ..Row::NONE
    },
    Row {
        events: "PAYMENT.CAPTURE.*",
        ids: &[(
            "order",
            &["$.body.resource.supplementary_data.related_ids.order_id"],
        )],
        ..Row::NONE
    },
    Row {
        events: "PAYMENT.SALE.*",
        ids: &[("subscription", &["$.body.resource.billing_agreement_id"])],
        ..Row::NONE
    },
];
