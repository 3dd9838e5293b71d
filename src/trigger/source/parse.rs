//! An entry of `sources:` to a [`Source`].

use std::sync::Arc;
use std::time::Duration;

use super::{Home, Source, around, identity, secret, trust};
use crate::problem::{self, Problem};
use crate::trigger::address::Range;
use crate::trigger::mapping;
use crate::trigger::preset::{self, Preset};
use crate::trigger::settings::{Settings, listed};
use crate::trigger::signature::none::Unasked;
use crate::trigger::signature::{Kind, SCHEMES, Scheme};
use crate::trigger::types::Types;
use crate::yaml::Node;

/// Within which equal bodies are repeats, unless the source says another time.
const DEDUPE_S: i64 = 24 * 60 * 60;
/// Longest name of a source.
const NAME_BYTES_MAX: usize = 64;

/// How a source's deliveries are verified: by a preset or by a scheme of the list.
type Verified = (
    Option<&'static Preset>,
    Option<&'static Kind>,
    Option<Box<dyn Scheme>>,
);

/// Reads all of it, so that every mistake is told at once.
pub(super) fn parse(
    name: &str,
    node: &Node,
    file: &problem::Source,
    home: &Home<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Source> {
    let before = problems.len();
    let mut settings = Settings::of(node, file, problems);
    check_name(&mut settings, name);
    if node.as_map().is_none() {
        let message = format!(
            "the source `{name}` is {}, where a map must stand",
            node.kind_name()
        );
        let help =
            format!("write `{name}: {{ preset: stripe, secret: env:STRIPE_WEBHOOK_SECRET }}`");
        settings.error("K0104", node.span, message, help);
        return None;
    }
    settings.around = around::parse(&mut settings, name, home);
    let is_looked_up = trust::parse(&mut settings);
    let (preset, kind, scheme) = scheme(&mut settings, is_looked_up);
    let mapping = mapping::parse(&mut settings, preset);
    let types = Types::parse(&mut settings);
    let dedupe = dedupe(&mut settings, preset);
    let identity_wait = identity::parse(&mut settings);
    let allow_from = allow_from(&mut settings);
    if let Some(scheme) = scheme.as_deref() {
        trust::check(&mut settings, preset);
        identity::check(&mut settings, &mapping, is_looked_up);
        check_open(&mut settings, scheme, &allow_from);
        check_tolerance(&mut settings, scheme);
    }
    let secrets = match scheme.as_deref() {
        Some(scheme) => secret::parse(&mut settings, scheme, home.secrets),
        None => {
            settings.take("secret");
            Vec::new()
        }
    };
    check_later(&mut settings);
    around::check(&mut settings, preset);
    let around = settings.around.clone();
    settings.finish("a source");
    let failed = problems[before..].iter().any(Problem::is_error);
    let scheme = scheme.filter(|_| !failed)?;
    let mut traces = scheme.traces();
    let fields = preset.map_or(&[][..], |preset| preset.secret_fields);
    traces.fields.extend(
        fields
            .iter()
            .map(|names| names.iter().map(|name| Box::from(*name)).collect()),
    );
    let declared = secrets
        .iter()
        .map(|secret| (secret.name.clone(), secret.secret.is_some()))
        .collect();
    let secrets = secrets.into_iter().filter_map(|secret| secret.secret);
    Some(Source {
        name: Arc::from(name),
        preset,
        kind,
        declared,
        scheme,
        traces,
        around,
        secrets: secrets.collect(),
        is_looked_up,
        allow_from,
        mapping,
        types,
        dedupe,
        identity_wait,
    })
}

/// The name stands in the path of the sender's URL.
fn check_name(settings: &mut Settings<'_, '_>, name: &str) {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(plain);
    if !fits {
        let message = format!("`{name}` cannot be the name of a source: it stands in its URL");
        let help = format!("use up to {NAME_BYTES_MAX} of a-z, 0-9, `-` and `_`");
        settings.error("K0105", settings.span(), message, help);
    }
}

/// `preset:` or `verify:`, and exactly one of them; but `verify: none` may stand beside a preset whose events are looked up.
fn scheme(settings: &mut Settings<'_, '_>, is_looked_up: bool) -> Verified {
    let (preset, verify) = (settings.take("preset"), settings.take("verify"));
    match (preset, verify) {
        (Some(node), None) => of_preset(settings, node),
        (Some(node), Some(verify)) if is_looked_up && verify.as_str() == Some("none") => {
            let (preset, kind, scheme) = of_preset(settings, node);
            let scheme = scheme.map(|scheme| Box::new(Unasked(scheme)) as Box<dyn Scheme>);
            (preset, kind, scheme)
        }
        (None, Some(node)) => match verify_of(settings, node) {
            Some((kind, scheme)) => (None, Some(kind), Some(scheme)),
            None => (None, None, None),
        },
        (Some(_), Some(node)) => {
            let help = "remove `verify`: the preset knows how; or remove `preset` and say it all";
            settings.error(
                "K0707",
                node.span,
                "a source with both `preset` and `verify`",
                help,
            );
            (None, None, None)
        }
        (None, None) => {
            let names: Vec<&str> = preset::PRESETS.iter().map(|preset| preset.name).collect();
            let help = format!(
                "write `preset: …` ({}), or how its deliveries are verified: `verify: {{ hmac: sha256, header: X-Signature }}`",
                listed(&names)
            );
            settings.error(
                "K0103",
                settings.span(),
                "the source has neither `preset` nor `verify`",
                help,
            );
            (None, None, None)
        }
    }
}

fn of_preset(settings: &mut Settings<'_, '_>, node: &Node) -> Verified {
    let preset = preset_of(settings, node);
    let scheme = preset.and_then(|preset| match (preset.scheme)(&settings.around) {
        Ok(scheme) => Some(scheme),
        Err(lack) => {
            let span = settings.take(lack.key).map_or(node.span, |node| node.span);
            settings.error("K0707", span, lack.message, lack.help);
            None
        }
    });
    (preset, None, scheme)
}

fn preset_of(settings: &mut Settings<'_, '_>, node: &Node) -> Option<&'static Preset> {
    let name = settings.as_text("preset", node)?;
    if let Some(preset) = preset::find(name) {
        return Some(preset);
    }
    let span = node.span;
    if SCHEMES.iter().any(|kind| kind.name == name) {
        let message = format!("`{name}` is a way to verify, not a preset");
        settings.error("K0707", span, message, format!("write `verify: {name}`"));
    } else {
        let help = match preset::near(name) {
            Some(near) => format!("write `preset: {near}`"),
            None => "leave it out and say how deliveries are verified: `verify: { hmac: sha256, header: X-Signature }`".into(),
        };
        settings.error("K0108", span, format!("there is no preset `{name}`"), help);
    }
    None
}

/// `verify: WORD`, or a map with the word as a key.
fn verify_of<'n>(
    settings: &mut Settings<'n, '_>,
    node: &'n Node,
) -> Option<(&'static Kind, Box<dyn Scheme>)> {
    let names: Vec<&'static str> = SCHEMES.iter().map(|kind| kind.name).collect();
    let Some(entries) = node.as_map() else {
        let word = settings.as_choice("verify", node, &names)?;
        if let Some(example) = needs_map(word) {
            let message = format!("`verify: {word}` doesn't say enough");
            settings.error(
                "K0707",
                node.span,
                message,
                format!("write `verify: {example}`"),
            );
            return None;
        }
        return by_name(word, settings, node);
    };
    let mut found = entries
        .iter()
        .filter_map(|entry| names.iter().find(|name| **name == &*entry.key));
    // `header` is a setting of `hmac` too.
    let word = if node.get("hmac").is_some() {
        Some("hmac")
    } else {
        found.next().copied()
    };
    let Some(word) = word else {
        let help = format!("write one of {}", listed(&names));
        settings.error("K0707", node.span, "`verify` doesn't say how", help);
        return None;
    };
    if needs_map(word).is_none() {
        let help = format!("write `verify: {word}`");
        settings.error(
            "K0707",
            node.span,
            format!("`{word}` has no settings"),
            help,
        );
        return None;
    }
    by_name(word, settings, node)
}

/// An example of a scheme that has settings.
fn needs_map(word: &str) -> Option<&'static str> {
    match word {
        "hmac" => Some("{ hmac: sha256, header: X-Signature }"),
        "header" => Some("{ header: X-Token }"),
        "field" => Some("{ field: $.body.secret_key }"),
        _ => None,
    }
}

fn by_name<'n>(
    word: &str,
    settings: &mut Settings<'n, '_>,
    node: &'n Node,
) -> Option<(&'static Kind, Box<dyn Scheme>)> {
    let kind: &'static Kind = SCHEMES.iter().find(|kind| kind.name == word)?;
    let mut inner = settings.inner(node);
    let scheme = (kind.parse)(&mut inner);
    inner.finish(&format!("`verify: {{ {word}: … }}`"));
    Some((kind, scheme?))
}

/// `dedupe:` at least a second; else what the preset says.
fn dedupe(settings: &mut Settings<'_, '_>, preset: Option<&Preset>) -> Duration {
    let usual = preset.and_then(|preset| preset.dedupe_s);
    let seconds = settings.seconds("dedupe").or(usual).unwrap_or(DEDUPE_S);
    Duration::from_secs(u64::try_from(seconds.max(1)).unwrap_or(1))
}

/// `allow_from:` an address, or a list of them.
fn allow_from(settings: &mut Settings<'_, '_>) -> Vec<Range> {
    let Some(node) = settings.take("allow_from") else {
        return Vec::new();
    };
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    if nodes.is_empty() {
        let help = "remove it to allow all, or name one: `allow_from: [203.0.113.7]`";
        settings.error("K0707", node.span, "`allow_from` allows nobody", help);
    }
    let mut ranges = Vec::new();
    for node in nodes {
        let Some(text) = settings.as_text("allow_from", node) else {
            continue;
        };
        match Range::parse(text) {
            Some(range) => ranges.push(range),
            None => {
                let message = format!("`{text}` is not an address");
                let help = "write an address or a range, such as `203.0.113.7` or `203.0.113.0/24`; names of hosts are not looked up";
                settings.error("K0707", node.span, message, help);
            }
        }
    }
    ranges
}

/// A source that nothing proves needs addresses, or the account to ask.
fn check_open(settings: &mut Settings<'_, '_>, scheme: &dyn Scheme, allow_from: &[Range]) {
    let asked = settings.take("allow_from").is_some() || settings.take("trust").is_some();
    if scheme.is_open() && allow_from.is_empty() && !asked {
        let help = "write `allow_from: [203.0.113.7]`, the sender's addresses; or better, `verify: url-secret`";
        settings.error(
            "K0707",
            settings.span(),
            "`verify: none` lets everybody start runs",
            help,
        );
    }
}

/// `tolerance` beside a scheme without a time would promise what nothing keeps.
fn check_tolerance(settings: &mut Settings<'_, '_>, scheme: &dyn Scheme) {
    if let Some(entry) = settings.entry("tolerance")
        && !scheme.has_time()
    {
        let message = "`tolerance` has no effect: these deliveries don't say when they were signed";
        settings.error("K0707", entry.key_span, message, "remove it");
    }
}

/// What is known and has no effect yet.
fn check_later(settings: &mut Settings<'_, '_>) {
    if let Some(entry) = settings.entry("expect") {
        let message =
            "`expect` has no effect in this version: nobody is told when the source goes quiet";
        settings.warn(
            "K0705",
            entry.key_span,
            message,
            "leave it for a later version, or remove it",
        );
    }
}
