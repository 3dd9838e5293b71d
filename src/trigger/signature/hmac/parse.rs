//! The settings of `verify: { hmac: … }`.

use super::super::Scheme;
use super::{Encoding, Hash, Hmac, Key, Piece, Time};
use crate::trigger::settings::Settings;

/// The separators a list can have.
const SEPARATORS: &[&str] = &[",", ";", " "];

/// Reads them all; every problem is reported.
pub(super) fn parse(settings: &mut Settings<'_, '_>) -> Option<Box<dyn Scheme>> {
    let hash = settings.choice("hmac", &["sha1", "sha256", "sha512"]);
    let header = settings.header_name("header");
    let encoding = match settings.choice("encoding", &["hex", "base64"]) {
        Some("base64") => Encoding::Base64,
        _ => Encoding::Hex,
    };
    let prefix = settings.text("prefix").unwrap_or_default();
    let separator = settings
        .choice("separator", SEPARATORS)
        .and_then(|text| text.chars().next());
    let time = time(settings, separator.is_some());
    let id = settings.optional_header_name("id");
    let tolerance_s = settings.seconds("tolerance");
    let key = key(settings);
    let signed = signed(settings, time.is_some(), id.is_some());
    check(settings, separator.is_some() && prefix.is_empty(), &signed);
    if tolerance_s.is_some() && time.is_none() {
        let help =
            "write `timestamp: X-Timestamp`, the header with the time; or remove `tolerance`";
        settings.error(
            "K0707",
            settings.span(),
            "`tolerance` needs `timestamp`",
            help,
        );
    }
    Some(Box::new(Hmac {
        hash: match hash? {
            "sha1" => Hash::Sha1,
            "sha512" => Hash::Sha512,
            _ => Hash::Sha256,
        },
        encoding,
        header: header?,
        prefix,
        separator,
        signed,
        time,
        tolerance_s: tolerance_s
            .or(settings.around.tolerance_s)
            .unwrap_or(Hmac::default().tolerance_s),
        id,
        url: settings.around.url.clone(),
        key,
    }))
}

/// `key:` and `key_prefix:`, how the secret becomes the key.
fn key(settings: &mut Settings<'_, '_>) -> Key {
    if settings.choice("key", &["text", "base64"]) == Some("base64") {
        return Key::Base64 {
            prefix: settings.text("key_prefix").unwrap_or_default(),
        };
    }
    if let Some(node) = settings.take("key_prefix") {
        let help = "remove it, or write `key: base64` beside it";
        settings.error(
            "K0707",
            node.span,
            "`key_prefix` goes with `key: base64` only",
            help,
        );
    }
    Key::Text
}

/// What goes together.
fn check(settings: &mut Settings<'_, '_>, is_bare_list: bool, signed: &[Piece]) {
    if is_bare_list {
        let message = "a list of signatures needs `prefix`, by which a signature is known";
        let help = "write `prefix: \"v1=\"`, or what stands before the signature in the header";
        settings.error("K0707", settings.span(), message, help);
    }
    if signed.contains(&Piece::Url) && settings.around.url.is_empty() {
        let message = "`signed` has `{url}`, but the source has no `url`";
        let help = "write `url: https://…` beside `verify`, exactly as the sender has it";
        settings.error("K0707", settings.span(), message, help);
    }
}

/// `timestamp:` a header, or a part of the list when it ends in `=` or `:`.
fn time(settings: &mut Settings<'_, '_>, is_list: bool) -> Option<Time> {
    let node = settings.take("timestamp")?;
    let text = settings.text("timestamp")?;
    if !text.ends_with(['=', ':', ',']) {
        return settings.as_header_name(&text, node.span).map(Time::Header);
    }
    if !is_list {
        settings.error(
            "K0707",
            node.span,
            format!("`timestamp: \"{text}\"` is a part of a list, but the header is none"),
            "write `separator: \",\"`, or what stands between the parts of the header",
        );
    }
    Some(Time::Part(text))
}

/// `signed:` what is signed, with names in braces.
fn signed(settings: &mut Settings<'_, '_>, has_time: bool, has_id: bool) -> Vec<Piece> {
    let node = settings.take("signed");
    let span = node.map_or(settings.span(), |node| node.span);
    let text = settings.text("signed").unwrap_or("{body}".into());
    let pieces = match pieces(&text) {
        Ok(pieces) => pieces,
        Err(word) => {
            settings.error(
                "K0707",
                span,
                format!("`signed` knows no `{{{word}}}`"),
                "it may hold `{body}`, `{timestamp}`, `{id}`, `{url}`, and text between them",
            );
            return vec![Piece::Body];
        }
    };
    if !pieces.contains(&Piece::Body) {
        settings.error(
            "K0707",
            span,
            "`signed` does not hold `{body}`, so anybody could change the body",
            "write what the sender signs, such as `{timestamp}.{body}`",
        );
    }
    for (piece, given, name) in [
        (Piece::Timestamp, has_time, "timestamp"),
        (Piece::Id, has_id, "id"),
    ] {
        let used = pieces.contains(&piece);
        if used && !given {
            settings.error(
                "K0707",
                span,
                format!("`signed` has `{{{name}}}`, but there is no `{name}`"),
                format!("write `{name}: X-…`, the header it stands in"),
            );
        }
        if given && !used {
            settings.warn(
                "K0710",
                span,
                format!("`{name}` is not signed, so anybody could change it"),
                format!(
                    "write `signed: \"{{{name}}}.{{body}}\"`, if that is what the sender signs"
                ),
            );
        }
    }
    pieces
}

/// The pieces of a template; an unknown name is the error.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.into()));
        }
        pieces.push(match name {
            "body" => Piece::Body,
            "timestamp" => Piece::Timestamp,
            "id" => Piece::Id,
            "url" => Piece::Url,
            other => return Err(other.into()),
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    Ok(pieces)
}
