//! `identity_wait:` how long a rule waits for the event that brings a person's address.

use std::time::Duration;

use crate::trigger::mapping::Mapping;
use crate::trigger::settings::Settings;

/// How long a rule waits unless the source says otherwise.
pub const IDENTITY_WAIT: Duration = Duration::from_secs(10 * 60);
/// The longest that a source may say: twice as long as most senders try.
pub const IDENTITY_WAIT_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What stands there, or the usual.
pub(super) fn parse(settings: &mut Settings<'_, '_>) -> Duration {
    let wait = settings.length("identity_wait", IDENTITY_WAIT_MAX);
    wait.unwrap_or(IDENTITY_WAIT)
}

/// Where no rule would wait, a time promises what nothing keeps.
pub(super) fn check(settings: &mut Settings<'_, '_>, mapping: &Mapping, is_looked_up: bool) {
    if let Some(entry) = settings.entry("identity_wait")
        && let Some((why, help)) = lack(mapping, is_looked_up)
    {
        let message = format!("`identity_wait` has no effect: {why}");
        settings.error("K0707", entry.key_span, message, help);
    }
}

/// Why no rule waits for this source's people, and what would change it.
pub(super) fn lack(mapping: &Mapping, is_looked_up: bool) -> Option<(&'static str, &'static str)> {
    if is_looked_up {
        let why = "with `trust: lookup` no event teaches whose an id is";
        return Some((why, "remove it"));
    }
    let why = "these events bring no id by which another one could tell the address";
    let help = "remove it, or write where the sender's own id of a person stands: `person: { ids: { customer: $.body.customer } }`";
    (!mapping.has_ids()).then_some((why, help))
}
