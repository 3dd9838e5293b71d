//! Paddle Classic: what Paddle sends for accounts from before Paddle Billing.

mod scheme;
#[cfg(test)]
mod tests;

use super::{Lack, People, Preset, Row, Sample};

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "paddle-classic",
    title: "Paddle Classic",
    doc: "For accounts from before Paddle Billing, which has the preset `paddle`. There is no secret: `public_key` is the account's public \
          key, as text or as `file:PATH`. Every value is text. What the checkout was given stands at `$.body.passthrough`.",
    verified: "The field `p_signature` holds an RSA-SHA1 signature of all other fields.",
    retries: "Every hour for about three days.",
    lost_after: "3 days",
    id: &[&["$.body.alert_id"]],
    kind: &["$.body.alert_name"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::form(
        "subscription_created",
        include_str!("samples/paddle-classic-subscription_created.form"),
    )],
    settings: &["public_key"],
    instead_of_secret: "public_key: file:paddle.pem",
    scheme: |around| {
        let lack = |message: &str| Lack {
            key: "public_key",
            message: message.into(),
            help: "write `public_key: file:PATH`, a file with what Paddle shows, from `-----BEGIN PUBLIC KEY-----` on",
        };
        if around.public_key.is_empty() {
            return Err(lack(
                "Paddle signs with a key pair, and its public key is not known here",
            ));
        }
        let scheme = scheme::PaddleClassic::new(&around.public_key)
            .ok_or_else(|| lack("`public_key` is not an RSA public key of 2048 bits or more"))?;
        Ok(Box::new(scheme))
    },
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    email: &["$.body.email"],
    name: &["$.body.customer_name"],
    ids: &[("user", &["$.body.user_id"])],
    ..Row::NONE
}];
