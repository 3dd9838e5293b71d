//! Senders whose presets come with a later version, and what does for them until then.

/// Their names, each with the settings that take its deliveries today. By name.
pub(in crate::trigger) const LATER: &[(&str, &str)] = &[("paypal-ipn", URL_SECRET)];

/// For senders that sign nothing, or in a way of their own.
const URL_SECRET: &str = "verify: url-secret";

/// What does for this sender until its preset comes.
pub(in crate::trigger) fn later(name: &str) -> Option<&'static str> {
    LATER
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, instead)| *instead)
}
