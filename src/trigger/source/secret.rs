//! `secret:` one, or a list while it is being changed.

use secrecy::SecretString;

use crate::trigger::settings::Settings;
use crate::trigger::signature::{Need, Scheme};
use crate::yaml::Node;

/// A secret as kartwheel.yaml names it.
pub(in crate::trigger) struct Declared {
    /// `env:NAME`, `file:PATH`, or that it is written out.
    pub(in crate::trigger) name: Box<str>,
    /// It, if it is there and can be one.
    pub(in crate::trigger) secret: Option<SecretString>,
}

/// Reads the secrets; what is wrong with them becomes a problem that doesn't show them.
pub(super) fn parse(
    settings: &mut Settings<'_, '_>,
    scheme: &dyn Scheme,
    look_up: &dyn Fn(&str) -> Option<String>,
) -> Vec<Declared> {
    let Some(node) = settings.take("secret") else {
        if scheme.needs_secret() == Need::Always {
            let help = match settings.take("trust") {
                Some(_) => {
                    "write `secret: env:NAME`, or `verify: none` if the account alone shall prove its events"
                }
                None => "write `secret: env:NAME`, an environment variable, or `secret: file:PATH`",
            };
            settings.error("K0103", settings.span(), "the source has no `secret`", help);
        }
        return Vec::new();
    };
    if scheme.is_open() {
        let help = "remove it, or write another `verify`";
        settings.error("K0707", node.span, "`verify: none` uses no secret", help);
        return Vec::new();
    }
    if scheme.needs_secret() == Need::Never {
        let message = "this sender signs with a key that only it has: there is no secret";
        settings.error("K0707", node.span, message, "remove it");
        return Vec::new();
    }
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    if nodes.is_empty() {
        let help = "write `secret: env:NAME`";
        settings.error("K0103", node.span, "`secret` is an empty list", help);
    }
    nodes
        .iter()
        .map(|node| Declared {
            name: name(node),
            secret: one(settings, scheme, look_up, node),
        })
        .collect()
}

fn name(node: &Node) -> Box<str> {
    let text = node.as_str().unwrap_or_default();
    let is_named = text.starts_with("env:") || text.starts_with("file:");
    if is_named { text } else { "written out" }.into()
}

fn one(
    settings: &mut Settings<'_, '_>,
    scheme: &dyn Scheme,
    look_up: &dyn Fn(&str) -> Option<String>,
    node: &Node,
) -> Option<SecretString> {
    let text = settings.as_text("secret", node)?;
    let span = node.span;
    let (named, secret) = match (text.strip_prefix("env:"), text.strip_prefix("file:")) {
        (Some(name), _) => (format!("the environment variable {name}"), look_up(text)),
        (_, Some(path)) => (format!("the file {path}"), look_up(text)),
        _ => {
            let message = "the secret is written out, where everybody who reads the file sees it";
            let help = "put it into `.env` or the environment, and write `secret: env:NAME`";
            settings.warn("K0703", span, message, help);
            ("the secret".into(), Some(text.to_owned()))
        }
    };
    let Some(secret) = secret else {
        let (code, what, help) = if text.starts_with("env:") {
            (
                "K0702",
                "is not set",
                "set it in the environment or in `.env`",
            )
        } else {
            (
                "K0704",
                "cannot be read",
                "see that it is there and may be read",
            )
        };
        let message = format!("{named} {what}, so every delivery would be refused");
        settings.warn(code, span, message, help);
        return None;
    };
    let trimmed = secret.trim();
    if trimmed.is_empty() {
        let message = format!("{named} is empty, so every delivery would be refused");
        settings.warn("K0702", span, message, "give it the sender's secret");
        return None;
    }
    // A file ends with a line break by habit; anywhere else it was copied along.
    let habit = text.starts_with("file:") && secret.trim_end_matches(['\r', '\n']) == trimmed;
    if trimmed.len() != secret.len() && !habit {
        let message = format!("{named} has white space around it, which is left out");
        settings.warn("K0709", span, message, "copy it without the white space");
    }
    if let Some(complaint) = scheme.complaint(trimmed) {
        let message = format!("{named} cannot be the secret: {complaint}");
        settings.error(
            "K0708",
            span,
            message,
            "copy it again from the sender's settings",
        );
        return None;
    }
    Some(SecretString::from(trimmed))
}
