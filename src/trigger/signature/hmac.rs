//! `verify: { hmac: sha256, … }`: a keyed hash over the body, and whatever the sender signs with it.
//!
//! Nearly every sender is a setting of this one scheme; presets build it as [`Hmac`] directly.

mod html;
mod parse;
mod samples;
mod tag;
mod usual;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac as Keyed;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
pub(crate) use tag::{LENIENT, Tag};
pub(crate) use usual::{timed_list, versioned};

use super::{Kind, Refusal, Scheme, Signed, Traces, header, reason};
use crate::trigger::delivery::{Delivery, Request};

/// Unix times beyond this are in milliseconds.
const SECONDS_MAX: i64 = 99_999_999_999;
/// Most signatures of a list that are looked at.
const SIGNATURES_MAX: usize = 16;

pub(super) static KIND: Kind = Kind {
    name: "hmac",
    doc: "A keyed hash (HMAC) of the body, or of a text that holds it, stands in a header. Settings: `hmac` (sha1, sha256, sha512), `header`, `encoding` (hex, base64), `prefix`, `separator` where the header is a list (then each signature begins with `prefix`), `signed` (what is signed: `{body}`, `{timestamp}`, `{id}`, `{url}` and text), `timestamp` (a header, or `t=`, a part of the list), `id` (a header), `tolerance`, `key` (text, base64) and `key_prefix`.",
    parse: parse::parse,
    samples: samples::samples,
};

/// The hash under the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SHA-1: unbroken as an HMAC, and all that some senders offer.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How the tag is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Hexadecimal, in either case.
    Hex,
    /// Base64, with or without padding.
    Base64,
}

/// How the configured secret becomes the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// Its bytes.
    Text,
    /// Its bytes, once the special characters of HTML in it are decoded.
    HtmlText,
    /// Base64, after this prefix if it is there.
    Base64 {
        /// Such as `whsec_`.
        prefix: Box<str>,
    },
}

/// Where the time of signing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Time {
    /// In a header of its own.
    Header(Box<str>),
    /// In the signature's header, behind this: `t=`.
    Part(Box<str>),
}

/// A piece of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The body's bytes.
    Body,
    /// The time as it is written in the delivery.
    Timestamp,
    /// The id's header.
    Id,
    /// The source's URL as the sender knows it.
    Url,
    /// This text.
    Text(Box<str>),
}

/// The scheme with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hmac {
    pub(crate) hash: Hash,
    pub(crate) encoding: Encoding,
    /// The header with the signature, in lower case.
    pub(crate) header: Box<str>,
    /// What a signature begins with.
    pub(crate) prefix: Box<str>,
    /// What stands between the parts of the header, when it is a list.
    pub(crate) separator: Option<char>,
    /// What is signed, in order.
    pub(crate) signed: Vec<Piece>,
    pub(crate) time: Option<Time>,
    /// How far the time may lie from ours, to either side, in seconds.
    pub(crate) tolerance_s: i64,
    /// The header with the id.
    pub(crate) id: Option<Box<str>>,
    pub(crate) url: Box<str>,
    pub(crate) key: Key,
}

/// The keyed hash of these pieces, one after the other. `None` only for a key that cannot be one.
pub(crate) fn tag_of<'p>(
    hash: Hash,
    key: &[u8],
    pieces: impl Iterator<Item = &'p [u8]>,
) -> Option<Tag> {
    match hash {
        Hash::Sha1 => Tag::of::<Keyed<Sha1>>(key, pieces),
        Hash::Sha256 => Tag::of::<Keyed<Sha256>>(key, pieces),
        Hash::Sha512 => Tag::of::<Keyed<Sha512>>(key, pieces),
    }
}

/// Whether the time of signing is near enough. Asked only once the signature is known to be right.
pub(crate) fn check_time(text: &str, allowed: i64, now: Timestamp) -> Result<(), Refusal> {
    let signed_at = seconds(text).ok_or_else(|| {
        let detail = "the signature is right, but its time is neither a Unix time nor RFC 3339";
        Refusal::unproven(reason::MALFORMED, detail)
    })?;
    let age = now.as_second().saturating_sub(signed_at);
    if age > allowed {
        let detail = format!(
            "the signature is right, but {age} s old, and `tolerance` allows {allowed} s: it is a copy of an older delivery, \
             or this machine's clock is ahead of the sender's"
        );
        return Err(Refusal::untimely(reason::STALE, age, detail));
    }
    if age < -allowed {
        let ahead = age.saturating_neg();
        let detail = format!(
            "the signature is right, but its time lies {ahead} s ahead of this machine's clock, and `tolerance` allows {allowed} s"
        );
        return Err(Refusal::untimely(reason::FUTURE, age, detail));
    }
    Ok(())
}

impl Default for Hmac {
    /// HMAC-SHA256 of the body alone, as hexadecimal.
    fn default() -> Self {
        Self {
            hash: Hash::Sha256,
            encoding: Encoding::Hex,
            header: "x-signature".into(),
            prefix: "".into(),
            separator: None,
            signed: vec![Piece::Body],
            time: None,
            tolerance_s: 300,
            id: None,
            url: "".into(),
            key: Key::Text,
        }
    }
}

impl Scheme for Hmac {
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let request = delivery.request;
        let value = header(delivery, &self.header)?.trim();
        let signatures = self.signatures(value)?;
        let time = match &self.time {
            None => "",
            Some(Time::Header(name)) => header(delivery, name)?.trim(),
            Some(Time::Part(part)) => self.part(value, part)?,
        };
        let id = match &self.id {
            None => "",
            Some(name) => header(delivery, name)?,
        };
        let matches = secrets.iter().any(|secret| {
            let tag = self.tag(secret, request.body, time, id);
            tag.is_some_and(|tag| signatures.iter().any(|other| tag.equals(other)))
        });
        if !matches {
            return Err(self.no_match(signatures.len(), secrets.len(), request));
        }
        if self.time.is_some() {
            check_time(time, self.tolerance_s, now)?;
        }
        Ok(())
    }

    fn sign(&self, secret: &SecretString, body: &[u8], now: Timestamp) -> Signed {
        let time = now.as_second().to_string();
        let id = fresh_id(body, now);
        let tag = self.tag(secret, body, &time, &id);
        let tag = tag.as_ref().map(Tag::bytes).unwrap_or_default();
        let encoded = match self.encoding {
            Encoding::Hex => hex::encode(tag),
            Encoding::Base64 => STANDARD.encode(tag),
        };
        let mut value = format!("{}{encoded}", self.prefix);
        let mut headers = Vec::new();
        if let Some(name) = &self.id {
            headers.push((name.to_string(), id));
        }
        match (&self.time, self.separator) {
            (Some(Time::Header(name)), _) => headers.push((name.to_string(), time)),
            (Some(Time::Part(part)), separator) => {
                let separator = separator.unwrap_or(',');
                value = format!("{part}{time}{separator}{value}");
            }
            (None, _) => {}
        }
        headers.push((self.header.to_string(), value));
        Signed {
            headers,
            ..Signed::default()
        }
    }

    fn traces(&self) -> Traces {
        Traces {
            headers: vec![self.header.clone()],
            ..Traces::default()
        }
    }

    fn has_time(&self) -> bool {
        self.time.is_some()
    }

    fn complaint(&self, secret: &str) -> Option<String> {
        match self.key_of(secret) {
            None => Some("it must be base64, as the sender shows it".into()),
            Some(key) if key.is_empty() => Some("it must not be empty".into()),
            Some(_) => None,
        }
    }
}

impl Hmac {
    /// The signatures of the header, decoded.
    fn signatures(&self, value: &str) -> Result<Vec<Tag>, Refusal> {
        let mut known = 0;
        let mut tags = Vec::new();
        for part in self.parts(value) {
            let Some(text) = part.strip_prefix(&*self.prefix) else {
                continue;
            };
            known += 1;
            if let Some(tag) = Tag::decode(self.encoding, text) {
                tags.push(tag);
            }
        }
        if !tags.is_empty() {
            return Ok(tags);
        }
        Err(if known == 0 {
            let detail = format!(
                "the header `{}` holds no signature that begins with `{}`",
                self.header, self.prefix
            );
            Refusal::unproven(reason::SCHEME, detail)
        } else {
            let encoding = match self.encoding {
                Encoding::Hex => "hexadecimal",
                Encoding::Base64 => "base64",
            };
            let detail = format!(
                "the signature in the header `{}` is not {encoding}",
                self.header
            );
            Refusal::unproven(reason::MALFORMED, detail)
        })
    }

    /// The parts of the header: one, if it is no list.
    fn parts<'v>(&self, value: &'v str) -> impl Iterator<Item = &'v str> {
        let separator = self.separator;
        value
            .split(move |character| Some(character) == separator)
            .map(str::trim)
            .take(SIGNATURES_MAX)
    }

    /// The part of the header that begins so.
    fn part<'v>(&self, value: &'v str, start: &str) -> Result<&'v str, Refusal> {
        self.parts(value)
            .find_map(|part| part.strip_prefix(start))
            .ok_or_else(|| {
                let detail = format!("the header `{}` has no part `{start}`", self.header);
                Refusal::unproven(reason::MALFORMED, detail)
            })
    }

    /// The right tag. `None` for a secret that is no key.
    fn tag(&self, secret: &SecretString, body: &[u8], time: &str, id: &str) -> Option<Tag> {
        let key = self.key_of(secret.expose_secret())?;
        let pieces = self.signed.iter().map(|piece| match piece {
            Piece::Body => body,
            Piece::Timestamp => time.as_bytes(),
            Piece::Id => id.as_bytes(),
            Piece::Url => self.url.as_bytes(),
            Piece::Text(text) => text.as_bytes(),
        });
        tag_of(self.hash, &key, pieces)
    }

    /// The key that a secret stands for.
    fn key_of<'s>(&self, secret: &'s str) -> Option<std::borrow::Cow<'s, [u8]>> {
        match &self.key {
            Key::Text => Some(secret.as_bytes().into()),
            Key::HtmlText => Some(html::decode(secret).into_bytes().into()),
            Key::Base64 { prefix } => {
                let text = secret.strip_prefix(&**prefix).unwrap_or(secret);
                LENIENT.decode(text).ok().map(Into::into)
            }
        }
    }

    fn no_match(&self, signatures: usize, secrets: usize, request: &Request<'_>) -> Refusal {
        let signatures = counted(signatures, "signature");
        let secrets = counted(secrets, "secret");
        let bytes = counted(request.body.len(), "byte");
        let (over, or_else) = if self.signed.contains(&Piece::Url) {
            (
                format!("the URL {} and ", self.url),
                "has this webhook at another URL, ",
            )
        } else {
            (String::new(), "")
        };
        Refusal::unproven(
            reason::SIGNATURE,
            format!(
                "no match of {signatures} in `{}` with {secrets} over {over}a body of {bytes}: the sender signs with another secret, \
                 {or_else}or something on the way changed the body",
                self.header
            ),
        )
    }
}

/// The Unix time that a text says, in whole seconds.
fn seconds(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return Some(if number > SECONDS_MAX {
            number / 1_000
        } else {
            number
        });
    }
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

/// An id for a delivery that is sent now: another body or time gives another.
fn fresh_id(body: &[u8], now: Timestamp) -> String {
    let mut hash = Sha256::new();
    hash.update(now.as_nanosecond().to_be_bytes());
    hash.update(body);
    format!("msg_{}", hex::encode(&hash.finalize()[..12]))
}

/// A number with its noun.
fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
