//! Standard Webhooks: a specification that many senders follow.

use super::{People, Preset, Row, Sample};
use crate::trigger::signature::hmac::{Encoding, Hmac, Key, Piece, Time};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "standard-webhooks",
    title: "Standard Webhooks",
    doc: "For every sender that follows standardwebhooks.com: it sends `webhook-id`, `webhook-timestamp` and `webhook-signature`. \
          The secret is `whsec_` and base64. Public keys (`whpk_…`, signatures `v1a`) are not in this version.",
    verified: "`webhook-signature` holds one or more HMAC-SHA256 signatures over id, time and body, keyed with the decoded secret.",
    retries: "Up to the sender. The specification's own example: ten times over about three days. An answer 410 ends it for good.",
    id: &[&["$.headers['webhook-id']"]],
    kind: &["$.body.type"],
    people: People::Rows(PEOPLE),
    events: &[],
    samples: &[Sample::json(
        "contact.created",
        include_str!("samples/standard-webhooks-contact.created.json"),
    )],
    scheme: |around| {
        Ok(Box::new(Hmac {
            encoding: Encoding::Base64,
            header: "webhook-signature".into(),
            prefix: "v1,".into(),
            separator: Some(' '),
            signed: vec![
                Piece::Id,
                Piece::Text(".".into()),
                Piece::Timestamp,
                Piece::Text(".".into()),
                Piece::Body,
            ],
            time: Some(Time::Header("webhook-timestamp".into())),
            tolerance_s: around.tolerance_s.unwrap_or(300),
            id: Some("webhook-id".into()),
            key: Key::Base64 {
                prefix: "whsec_".into(),
            },
            ..Hmac::default()
        }))
    },
    ..Preset::NEW
};

/// The specification says nothing of persons: these are the usual places. `person:` of the source says better.
static PEOPLE: &[Row] = &[Row {
    email: &[
        "$.body.data.email",
        "$.body.data.email_address",
        "$.body.data.customer.email",
        "$.body.data.contact.email",
        "$.body.data.user.email",
        "$.body.data.email_addresses[0].email_address",
    ],
    first_name: &[
        "$.body.data.first_name",
        "$.body.data.firstName",
        "$.body.data.customer.first_name",
        "$.body.data.contact.first_name",
        "$.body.data.user.first_name",
    ],
    last_name: &[
        "$.body.data.last_name",
        "$.body.data.lastName",
        "$.body.data.customer.last_name",
        "$.body.data.contact.last_name",
        "$.body.data.user.last_name",
    ],
    name: &[
        "$.body.data.name",
        "$.body.data.customer.name",
        "$.body.data.contact.name",
        "$.body.data.user.name",
    ],
    phone: &["$.body.data.phone", "$.body.data.phone_number"],
    ids: &[(
        "customer",
        &["$.body.data.customer_id", "$.body.data.customer.id"],
    )],
    ..Row::NONE
}];
