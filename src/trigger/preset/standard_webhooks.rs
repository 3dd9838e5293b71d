//! Standard Webhooks: a specification that many senders follow.

mod ed25519;

use super::{Lack, People, Preset, Row, Sample};
use crate::trigger::settings::Around;
use crate::trigger::signature::Scheme;
use crate::trigger::signature::hmac::{Encoding, Hmac, Key, Piece, Time};
use ed25519::Ed25519;

/// How far the time of signing may lie from ours, in seconds, as the specification's own libraries have it.
const TOLERANCE_S: i64 = 300;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "standard-webhooks",
    title: "Standard Webhooks",
    doc: "For every sender that follows standardwebhooks.com: it sends `webhook-id`, `webhook-timestamp` and `webhook-signature`. \
          The secret is `whsec_` and base64. For a sender that signs with a key pair write `public_key: whpk_…` and no secret.",
    verified: "`webhook-signature` holds one or more HMAC-SHA256 signatures over id, time and body, keyed with the decoded secret (`v1`), \
               or ed25519 signatures of the same (`v1a`).",
    retries: "Up to the sender. The specification's own example: ten times over about three days. An answer 410 ends it for good.",
    id: &[&["$.headers['webhook-id']"]],
    kind: &["$.body.type"],
    people: People::Rows(PEOPLE),
    events: &[],
    samples: &[Sample::json(
        "contact.created",
        include_str!("samples/standard-webhooks-contact.created.json"),
    )],
    settings: &["public_key"],
    scheme: |around| scheme(WEBHOOK, around),
    ..Preset::NEW
};

/// The headers of one family of senders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    /// The one with the id.
    pub(super) id: &'static str,
    /// The one with the time of signing.
    pub(super) timestamp: &'static str,
    /// The one with the signatures.
    pub(super) signature: &'static str,
}

/// Those of the specification.
pub(super) const WEBHOOK: Family = Family {
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};

/// The scheme for these headers: with a public key if the source has one, else with the secret.
pub(super) fn scheme(family: Family, around: &Around) -> Result<Box<dyn Scheme>, Lack> {
    let tolerance_s = around.tolerance_s.unwrap_or(TOLERANCE_S);
    if !around.public_key.is_empty() {
        let scheme = Ed25519::new(family, &around.public_key, tolerance_s).ok_or_else(|| Lack {
            key: "public_key",
            message: "`public_key` is not a public key of Standard Webhooks".into(),
            help: "copy it again: it is `whpk_` and the base64 of 32 bytes",
        })?;
        return Ok(Box::new(scheme));
    }
    Ok(Box::new(Hmac {
        encoding: Encoding::Base64,
        header: family.signature.into(),
        prefix: "v1,".into(),
        separator: Some(' '),
        signed: vec![
            Piece::Id,
            Piece::Text(".".into()),
            Piece::Timestamp,
            Piece::Text(".".into()),
            Piece::Body,
        ],
        time: Some(Time::Header(family.timestamp.into())),
        tolerance_s,
        id: Some(family.id.into()),
        key: Key::Base64 {
            prefix: "whsec_".into(),
        },
        ..Hmac::default()
    }))
}

/// The specification says nothing of persons: these are the usual places. `person:` of the source says better.
pub(super) static PEOPLE: &[Row] = &[Row {
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

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, set_up, set_up_without_secret, unsigned};

    const KEY: &str = "public_key: whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";

    #[test]
    fn a_source_has_a_public_key_or_a_secret() {
        let entry = format!("preset: standard-webhooks\n{KEY}");
        let source = set_up_without_secret(&entry).expect("a public key is enough");
        assert!(!source.can_sign());
        let old = [
            ("webhook-id", "1"),
            ("webhook-timestamp", "1"),
            ("webhook-signature", "v1,AA=="),
        ];
        assert_eq!(
            refusal(&unsigned(&source, "POST", &old, "{}")),
            (401, "scheme")
        );
        for (entry, secret) in [
            (entry.as_str(), true),
            ("preset: standard-webhooks", false),
            ("preset: standard-webhooks\npublic_key: whpk_x", false),
        ] {
            let told = if secret {
                set_up(entry, None)
            } else {
                set_up_without_secret(entry)
            };
            assert_eq!(told.expect_err(entry).len(), 1, "{entry}");
        }
    }
}
