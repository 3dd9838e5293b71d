//! Settings of a source that only some presets take: keys, tokens, ids, the URL as the sender has it.

use super::Home;
use crate::trigger::preset::Preset;
use crate::trigger::settings::{Around, Settings};

/// The settings.
const SETTINGS: &[&str] = &[
    "certificate",
    "postback",
    "public_key",
    "receiver_email",
    "verify_token",
    "webhook_id",
];

/// Reads them all. `url` is by default where the source of this name can be reached.
pub(super) fn parse(settings: &mut Settings<'_, '_>, name: &str, home: &Home<'_>) -> Around {
    let reached = home
        .public_url
        .map(|url| format!("{}/hooks/{name}", url.trim_end_matches('/')));
    Around {
        url: settings
            .text("url")
            .or(reached.map(Into::into))
            .unwrap_or_default(),
        tolerance_s: settings.seconds("tolerance"),
        certificate: settings
            .take("certificate")
            .map(|_| looked_up(settings, "certificate", home)),
        postback: settings.text("postback").unwrap_or_default(),
        public_key: looked_up(settings, "public_key", home),
        receiver_email: receivers(settings),
        verify_token: looked_up(settings, "verify_token", home),
        webhook_id: looked_up(settings, "webhook_id", home),
    }
}

/// A text, or what `env:NAME` or `file:PATH` holds; empty if there is none.
fn looked_up(settings: &mut Settings<'_, '_>, key: &'static str, home: &Home<'_>) -> Box<str> {
    let Some(node) = settings.take(key) else {
        return Box::default();
    };
    let Some(text) = settings.as_text(key, node) else {
        return Box::default();
    };
    if !text.starts_with("env:") && !text.starts_with("file:") {
        return text.trim().into();
    }
    match (home.secrets)(text) {
        Some(found) if !found.trim().is_empty() => found.trim().into(),
        _ => {
            let message = format!("`{key}: {text}` leads to nothing");
            let help =
                "set the environment variable, or see that the file is there and may be read";
            settings.warn("K0702", node.span, message, help);
            Box::default()
        }
    }
}

/// `receiver_email:` an address, or a list of them.
fn receivers(settings: &mut Settings<'_, '_>) -> Box<[Box<str>]> {
    let Some(node) = settings.take("receiver_email") else {
        return Box::default();
    };
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    if nodes.is_empty() {
        let help = "write the primary address of your account, or a list of addresses";
        settings.error(
            "K0707",
            node.span,
            "`receiver_email` is an empty list",
            help,
        );
    }
    let mut receivers = Vec::new();
    for node in nodes {
        let text = settings.as_text("receiver_email", node);
        match text.map(str::trim) {
            Some(text) if text.contains('@') => receivers.push(text.into()),
            Some(text) => {
                let message = format!("`{text}` is not an e-mail address");
                let help = "write the primary address of your account, or a list of addresses";
                settings.error("K0707", node.span, message, help);
            }
            None => {}
        }
    }
    receivers.into()
}

/// What the preset does not take would promise what nothing keeps.
pub(super) fn check(settings: &mut Settings<'_, '_>, preset: Option<&Preset>) {
    let taken = preset.map_or(&[][..], |preset| preset.settings);
    for key in SETTINGS.iter().filter(|key| !taken.contains(key)) {
        if let Some(entry) = settings.entry(key) {
            let message = match preset {
                Some(preset) => format!("`{key}` has no effect with `preset: {}`", preset.name),
                None => format!("`{key}` has no effect without a preset that takes it"),
            };
            settings.error("K0707", entry.key_span, message, "remove it");
        }
    }
    if taken.contains(&"receiver_email") && settings.take("receiver_email").is_none() {
        let message = "`receiver_email` is not set: a payment to anybody counts as one to you";
        let help = "write `receiver_email: you@example.com`, the primary address of your account";
        settings.warn("K0712", settings.span(), message, help);
    }
}
