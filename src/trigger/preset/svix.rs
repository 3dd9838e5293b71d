//! Svix: the service by which many senders send, with headers of its own name.

use super::standard_webhooks::{self, Family, PEOPLE, WEBHOOK};
use super::{People, Preset, Sample};
use crate::trigger::either::Either;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "svix",
    title: "Svix",
    doc: "For every sender that sends by Svix: it sends `svix-id`, `svix-timestamp` and `svix-signature`, or the same three as \
          `webhook-…`; where both are there, the first count. The secret is `whsec_` and base64. For a sender that signs with a \
          key pair write `public_key: whpk_…` and no secret.",
    verified: "`svix-signature` holds one or more HMAC-SHA256 signatures over id, time and body, keyed with the decoded secret (`v1`), \
               or ed25519 signatures of the same (`v1a`).",
    retries: "Many times with growing gaps, seconds at first and hours at last; then the endpoint may be disabled. An answer 410 may end it for good.",
    lost_after: "3 days",
    id: &[&["$.headers['svix-id']"], &["$.headers['webhook-id']"]],
    kind: &["$.body.type"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "contact.created",
        include_str!("samples/standard-webhooks-contact.created.json"),
    )],
    settings: &["public_key"],
    scheme: |around| {
        Ok(Box::new(Either::new(
            standard_webhooks::scheme(SVIX, around)?,
            standard_webhooks::scheme(WEBHOOK, around)?,
        )))
    },
    ..Preset::NEW
};

const SVIX: Family = Family {
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};

#[cfg(test)]
mod tests {
    use super::super::tests::{
        JSON, event, event_with, refusal, set_up_without_secret, source, unsigned,
    };
    use crate::trigger::Received;

    #[test]
    fn both_families_of_headers_are_understood_and_the_first_counts() {
        let svix = source("svix");
        let body = svix.samples()[0].body;
        let seen = event(&svix, body);
        assert!(seen.sender_id.starts_with("msg_"));
        assert_eq!(
            seen.person.email.as_deref(),
            Some("ada.lovelace@example.com")
        );
        let wrong = [("webhook-id", "other"), ("webhook-signature", "v1,AAAA")];
        let both = event_with(&svix, JSON, &wrong, body);
        assert_eq!(both.sender_id, seen.sender_id);

        let now = jiff::Timestamp::from_second(1_793_520_000).expect("a time");
        let standard = source("standard-webhooks").sign(body.as_bytes(), now);
        let mut headers: Vec<(&str, &str)> = standard
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let taken = unsigned(&svix, "POST", &headers, body);
        assert!(matches!(taken, Received::Events(_)), "{taken:?}");
        headers.extend([
            ("svix-id", "1"),
            ("svix-timestamp", "1"),
            ("svix-signature", "v1,AAAA"),
        ]);
        assert_eq!(
            refusal(&unsigned(&svix, "POST", &headers, body)),
            (401, "signature")
        );
    }

    #[test]
    fn a_public_key_needs_no_secret() {
        let entry = "preset: svix\npublic_key: whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
        let source = set_up_without_secret(entry).expect("a public key is enough");
        assert!(!source.can_sign());
    }
}
