//! A letter made another: with an id of its own, so that it is a new event, and about another person.
//!
//! Where the id and the address stand is known of the event that the source makes of the letter. They are changed there if that can be
//! done, else wherever their text stands; then the source is asked again whether it now sees what is wanted.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::letter::{Letter, encode};
use super::patch::Assignment;
use crate::cli::Failure;
use crate::event::Event;
use crate::rule::path::Path;
use crate::trigger::{Arrival, Received, Request, Source};

/// Shorter texts are not looked for: they would be found where they mean something else.
const TEXT_BYTES_MIN: usize = 4;

/// The events that the source would make of the letter; none if it would refuse it or answer it.
fn events(source: &Source, letter: &Letter) -> Vec<Event> {
    let mut headers = vec![("content-type".to_owned(), letter.content_type.clone())];
    headers.extend(letter.headers.iter().cloned());
    let request = Request::post(&headers, &letter.body);
    let arrival = Arrival {
        now: Timestamp::UNIX_EPOCH,
        new_id: &Uuid::nil,
        env: &Map::new(),
    };
    match source.receive_verified(&request, arrival) {
        Received::Events(events) => events,
        _ => Vec::new(),
    }
}

/// The letter with another id where the source looks for the sender's; `None` if it has none, or none that can be changed.
pub(super) fn with_id(letter: &Letter, source: &Source, id: Uuid) -> Option<Letter> {
    let before = events(source, letter);
    let first = before.first()?;
    let mut paths: Vec<&str> = source.id_paths();
    // Of several parts of an id the one that is called so.
    paths.sort_by_key(|path| !path.to_ascii_lowercase().contains("id"));
    let is_new = |other: &Letter| {
        let after = events(source, other);
        after.len() == before.len()
            && after.iter().zip(&before).all(|(new, old)| {
                new.kind == old.kind && new.sender_id != old.sender_id && new.earlier.is_none()
            })
    };
    for path in paths {
        // A header may be there only once the letter is signed.
        let is_header = path.starts_with("$.headers");
        let old = value(first, path).or(is_header.then(|| Value::String(String::new())));
        let Some(old) = old else {
            continue;
        };
        let tries = [
            in_header(letter, path, &old, id),
            in_place(letter, path, &old, id).filter(|_| before.len() == 1),
            in_text(letter, &before, path, id),
        ];
        if let Some(found) = tries.into_iter().flatten().find(is_new) {
            return Some(found);
        }
    }
    None
}

/// The letter about the person with this address.
pub(super) fn with_email(letter: &Letter, source: &Source, email: &str) -> Result<Letter, Failure> {
    let no_place = || {
        Failure::new(format!(
            "no address stands in it that the source {} would find, so none can be changed",
            source.name()
        ))
        .remedy("Set a field of the body: --set 'PATH=VALUE'")
    };
    let before = events(source, letter);
    let old = before.iter().find_map(|event| event.person.email.clone());
    let changed = replaced(letter, &old.ok_or_else(no_place)?, email).ok_or_else(no_place)?;
    let is_there = events(source, &changed)
        .iter()
        .any(|event| event.person.email.as_deref() == Some(email));
    if is_there {
        Ok(changed)
    } else {
        Err(no_place())
    }
}

/// What stands at this path of the event's tree.
fn value(event: &Event, path: &str) -> Option<Value> {
    let tree = Arc::clone(&event.tree);
    let found = Path::compile(path).ok()?.first(&tree)?.clone();
    (found.is_string() || found.is_number()).then_some(found)
}

fn in_header(letter: &Letter, path: &str, old: &Value, id: Uuid) -> Option<Letter> {
    let name = path.strip_prefix("$.headers")?;
    let name = name.trim_matches(['.', '[', ']', '\'', '"']);
    let mut other = letter.clone();
    other
        .headers
        .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    let new = shaped(old.as_str().unwrap_or_default(), id);
    other.headers.push((name.to_owned(), new));
    Some(other)
}

fn in_place(letter: &Letter, path: &str, old: &Value, id: Uuid) -> Option<Letter> {
    let new = match old {
        Value::Number(number) => serde_json::from_str(&shaped(&number.to_string(), id)).ok()?,
        other => Value::String(shaped(other.as_str()?, id)),
    };
    let mut other = letter.clone();
    let assignment = Assignment::of(path, new).ok()?;
    other.set(&[assignment]).ok()?;
    Some(other)
}

/// Every event's id, wherever its text stands.
fn in_text(letter: &Letter, events: &[Event], path: &str, id: Uuid) -> Option<Letter> {
    let mut other = letter.clone();
    for (event, number) in events.iter().zip(0_u128..) {
        let old = match value(event, path)? {
            Value::String(text) => text,
            number => number.to_string(),
        };
        let own = Uuid::from_u128(id.as_u128().wrapping_add(number));
        other = replaced(&other, &old, &shaped(&old, own))?;
    }
    Some(other)
}

/// The letter with another text in the place of this one, as its body writes it. `None`: it does not stand there.
fn replaced(letter: &Letter, old: &str, new: &str) -> Option<Letter> {
    if old.len() < TEXT_BYTES_MIN {
        return None;
    }
    let pairs = if letter.is_form() {
        vec![(encode(old), encode(new)), (old.to_owned(), encode(new))]
    } else {
        vec![(old.to_owned(), new.to_owned())]
    };
    let plain = pairs
        .iter()
        .find_map(|(old, new)| swapped(&letter.body, old.as_bytes(), new.as_bytes()));
    let body = plain.or_else(|| within_base64(letter, old, new))?;
    Some(Letter {
        body,
        ..letter.clone()
    })
}

/// The form with the text changed in a field that holds base64 of it.
fn within_base64(letter: &Letter, old: &str, new: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(&letter.body).ok()?;
    let text = letter.is_form().then_some(text)?;
    let mut found = false;
    let pairs: Vec<String> = text
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = value
                .replace("%0A", "")
                .replace("%2B", "+")
                .replace("%2F", "/")
                .replace("%3D", "=");
            let inner = STANDARD.decode(plain).ok();
            let other = inner.and_then(|inner| swapped(&inner, old.as_bytes(), new.as_bytes()));
            match other {
                Some(other) => {
                    found = true;
                    format!("{name}={}", encode(&STANDARD.encode(other)))
                }
                None => pair.to_owned(),
            }
        })
        .collect();
    found.then(|| pairs.join("&").into_bytes())
}

fn swapped(body: &[u8], old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let mut swapped = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut found = false;
    while let Some(first) = rest.first() {
        if let Some(after) = rest.strip_prefix(old) {
            swapped.extend_from_slice(new);
            (rest, found) = (after, true);
        } else {
            swapped.push(*first);
            rest = &rest[1..];
        }
    }
    found.then_some(swapped)
}

/// A new id that looks like the old one.
fn shaped(old: &str, id: Uuid) -> String {
    if !old.is_empty() && old.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = format!("{:039}", id.as_u128());
        let kept = &digits[digits.len().saturating_sub(old.len())..];
        // A number does not begin with 0.
        return format!("1{}", &kept[1..]);
    }
    if old.parse::<Uuid>().is_ok_and(|_| old.contains('-')) {
        return id.to_string();
    }
    let prefix = old.find('_').map_or("", |end| &old[..=end]);
    format!("{prefix}{}", id.simple())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source as File;
    use crate::trigger::Home;
    use crate::trigger::preset::PRESETS;
    use crate::yaml;

    const ID: Uuid = Uuid::from_u128(0x0199_1234_5678_7abc_8def_0123_4567_89ab);
    /// Presets whose senders give no id.
    const FIXED: &[&str] = &["activecampaign", "dropbox", "kartra", "kit-legacy"];

    fn source(preset: &str) -> Option<Source> {
        let key = match preset {
            "braintree" => "public_key: fakepublickey0001\n",
            _ => "",
        };
        let text =
            format!("preset: {preset}\nsecret: env:S\nurl: https://h.example.com/hooks/x\n{key}");
        let file = File::new("kartwheel.yaml", text);
        let mut problems = Vec::new();
        let node = yaml::parse(&file, &mut problems).remove(0);
        let secret = |_: &str| Some("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".to_owned());
        Source::parse("x", &node, &file, &Home::of(&secret), &mut problems)
    }

    #[test]
    fn every_sample_can_be_sent_as_a_new_event_about_somebody_else() {
        let (mut fixed, mut sent) = (Vec::new(), 0);
        for preset in PRESETS {
            let Some(source) = source(preset.name) else {
                continue;
            };
            for sample in preset.samples {
                let letter = Letter::of_sample(sample);
                let before = events(&source, &letter);
                sent += 1;
                if with_id(&letter, &source, ID).is_none() && !fixed.contains(&preset.name) {
                    fixed.push(preset.name);
                }
                if before.iter().any(|event| event.person.email.is_some()) {
                    let changed = with_email(&letter, &source, "grace@example.com");
                    assert!(
                        changed.is_ok(),
                        "{} {}: {changed:?}",
                        preset.name,
                        sample.kind
                    );
                }
            }
        }
        assert!(sent > 60, "{sent}");
        assert_eq!(fixed, FIXED);
    }

    #[test]
    fn a_new_id_looks_like_the_old_one() {
        for (old, new) in [
            ("evt_1", "evt_0199123456787abc8def0123456789ab"),
            ("12345", "13771"),
            (
                "72d3162e-cc78-11e3-81ab-4c9367dc0958",
                "01991234-5678-7abc-8def-0123456789ab",
            ),
            ("", "0199123456787abc8def0123456789ab"),
        ] {
            let shaped = shaped(old, ID);
            assert_eq!(shaped.len(), new.len(), "{shaped}");
            assert_eq!(shaped.find('_'), new.find('_'), "{shaped}");
        }
    }
}
