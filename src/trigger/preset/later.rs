//! Senders whose presets come with a later version, and what does for them until then.

/// Their names, each with the settings that take its deliveries today. By name.
pub(in crate::trigger) const LATER: &[(&str, &str)] = &[
    ("paddle-classic", URL_SECRET),
    ("paypal", URL_SECRET),
    ("paypal-ipn", URL_SECRET),
    (
        "svix",
        "verify: { hmac: sha256, header: svix-signature, encoding: base64, separator: \" \", prefix: \"v1,\", id: svix-id, timestamp: svix-timestamp, signed: \"{id}.{timestamp}.{body}\", key: base64, key_prefix: whsec_ }",
    ),
];

/// For senders that sign nothing, or in a way of their own.
const URL_SECRET: &str = "verify: url-secret";

/// What does for this sender until its preset comes.
pub(in crate::trigger) fn later(name: &str) -> Option<&'static str> {
    LATER
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, instead)| *instead)
}
