//! Shopify: orders, customers, refunds of a shop.

use super::{Live, People, Preset, Row, Sample};
use crate::trigger::either::Either;
use crate::trigger::signature::hmac::{Encoding, Hmac};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "shopify",
    title: "Shopify",
    doc: "For webhooks of an app the secret is the app's client secret; for those made in the admin under Notifications it is the \
          one that is shown there. The type is the topic, such as `orders/paid`. Both families of headers are understood, with \
          and without `X-`. Order ids are longer than many programs can count: they stay whole here. \
          What the admin's button for a test sends is a test, as is an order that was paid with a test gateway.",
    verified: "`X-Shopify-Hmac-Sha256` (or `shopify-hmac-sha256`) holds the base64 HMAC-SHA256 of the body.",
    retries: "Eight times over four hours, with the body as it first was; then Shopify may remove the webhook. It waits five seconds for the answer.",
    lost_after: "4 hours",
    id: &[
        &["$.headers['x-shopify-webhook-id']"],
        &["$.headers['shopify-webhook-id']"],
        &["$.headers['shopify-event-id']"],
    ],
    kind: &["$.headers['x-shopify-topic']", "$.headers['shopify-topic']"],
    live: Live::TestAt(&["$.body.test", "$.headers['x-shopify-test']"]),
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "orders/paid",
        include_str!("samples/shopify-orders-paid.json"),
    )
    .with(&[
        ("x-shopify-topic", "orders/paid"),
        ("x-shopify-shop-domain", "example.myshopify.com"),
        ("x-shopify-api-version", "2026-07"),
        (
            "x-shopify-webhook-id",
            "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        ),
        ("x-shopify-event-id", "98880550-7158-44d4-b7cd-2c97c8a091b5"),
    ])],
    scheme: |_| {
        let named = |header: &str| Hmac {
            encoding: Encoding::Base64,
            header: header.into(),
            ..Hmac::default()
        };
        Ok(Box::new(Either::new(
            Box::new(named("x-shopify-hmac-sha256")),
            Box::new(named("shopify-hmac-sha256")),
        )))
    },
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    Row {
        events: "customers/*",
        email: &["$.body.email", "$.body.customer.email"],
        first_name: &["$.body.first_name", "$.body.customer.first_name"],
        last_name: &["$.body.last_name", "$.body.customer.last_name"],
        phone: &["$.body.phone", "$.body.customer.phone"],
        ids: &[("customer", &["$.body.customer.id", "$.body.id"])],
        ..Row::NONE
    },
    Row {
        email: &[
            "$.body.email",
            "$.body.contact_email",
            "$.body.customer.email",
        ],
        first_name: &[
            "$.body.customer.first_name",
            "$.body.billing_address.first_name",
        ],
        last_name: &[
            "$.body.customer.last_name",
            "$.body.billing_address.last_name",
        ],
        phone: &[
            "$.body.phone",
            "$.body.customer.phone",
            "$.body.billing_address.phone",
        ],
        ids: &[("customer", &["$.body.customer.id"])],
        ..Row::NONE
    },
];
