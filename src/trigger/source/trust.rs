//! `trust: lookup`: nothing proves the sender's events but the account itself.

use crate::trigger::preset::{PRESETS, Preset};
use crate::trigger::settings::{Settings, listed};

/// Whether it stands there; with another word it is told, and was meant.
pub(super) fn parse(settings: &mut Settings<'_, '_>) -> bool {
    settings.choice("trust", &["lookup"]);
    settings.entry("trust").is_some()
}

/// Only what the account shows can be looked up in it.
pub(super) fn check(settings: &mut Settings<'_, '_>, preset: Option<&Preset>) {
    let Some(entry) = settings.entry("trust") else {
        return;
    };
    if preset.is_some_and(|preset| !preset.provable.is_empty()) {
        return;
    }
    let (message, help) = match preset {
        Some(preset) => (
            format!(
                "`trust: lookup` has nothing to look up: the account does not show what the events of `preset: {}` say",
                preset.name
            ),
            "remove it; the secret proves these deliveries".to_owned(),
        ),
        None => {
            let provable = PRESETS.iter().filter(|preset| !preset.provable.is_empty());
            let names: Vec<String> = provable
                .map(|preset| format!("preset: {}", preset.name))
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            (
                "`trust: lookup` has nothing to look up: nothing says what these events are about"
                    .to_owned(),
                format!(
                    "add {}, or remove it and use `verify: url-secret`",
                    listed(&names)
                ),
            )
        }
    };
    settings.error("K0707", entry.key_span, message, help);
}
