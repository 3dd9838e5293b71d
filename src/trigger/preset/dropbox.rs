//! Dropbox: that something changed in accounts that are linked to an app.

use serde_json::Value;

use super::{Answer, Keys, People, Preset, Row, Sample};
use crate::trigger::delivery::Request;
use crate::trigger::form;
use crate::trigger::signature::hmac::Hmac;

/// The longest challenge that is given back.
const CHALLENGE_BYTES_MAX: usize = 256;
/// Equal bodies within this time are repeats. They hold neither an id nor a time, so every other change looks the same.
const DEDUPE_S: i64 = 1;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "dropbox",
    title: "Dropbox",
    doc: "An event only says in which accounts something changed (`$.body.list_folder.accounts`): it names neither a file nor a person. \
          The secret is the app secret. The challenge that Dropbox sends when the URL is saved is answered.",
    verified: "`X-Dropbox-Signature` holds the HMAC-SHA256 of the body.",
    retries: "Not documented here.",
    handshakes: "GET with `challenge`",
    thin: true,
    kind_of: Some(kind_of),
    people: People::Rows(&[Row::NONE]),
    events: &["list_folder"],
    samples: &[Sample::json(
        "list_folder",
        include_str!("samples/dropbox-list_folder.json"),
    )],
    dedupe_s: Some(DEDUPE_S),
    scheme: |_| {
        Ok(Box::new(Hmac {
            header: "x-dropbox-signature".into(),
            ..Hmac::default()
        }))
    },
    greet: Some(challenge),
    ..Preset::NEW
};

/// Dropbox has no types; this is what it says is due.
fn kind_of(delivery: &Value) -> Option<String> {
    let due = delivery.get("body")?.get("list_folder")?;
    due.is_object().then(|| "list_folder".into())
}

/// The question that Dropbox asks when the URL is saved: the same text back, and nothing that a browser would run.
fn challenge(request: &Request<'_>, _: &Keys<'_>) -> Option<Answer> {
    let query = (request.method == "GET").then(|| form::decode(request.query.as_bytes()))?;
    let query = query.ok()?;
    let challenge = query.get("challenge")?.as_str()?;
    let is_plain = challenge
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_asked = is_plain && (1..=CHALLENGE_BYTES_MAX).contains(&challenge.len());
    is_asked.then(|| Answer::text("challenge", challenge))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asked, event, refusal, source, unsigned};

    #[test]
    fn a_challenge_is_given_back_if_it_can_be_nothing_else() {
        let source = source("dropbox");
        let answer = |query: &str| asked(&source, "GET", query);
        assert_eq!(answer("challenge=aBc-1_3"), (200, "aBc-1_3".to_owned()));
        let long = format!("challenge={}", "a".repeat(257));
        for other in [
            "challenge=%3Cscript%3E",
            "challenge=",
            "challenge[a]=b",
            "",
            &long,
        ] {
            assert_eq!(answer(other), (200, String::new()), "{other}");
        }
        assert_eq!(asked(&source, "HEAD", "challenge=a"), (200, String::new()));
    }

    #[test]
    fn a_change_is_an_event_that_names_nobody() {
        let source = source("dropbox");
        let seen = event(&source, source.samples()[0].body);
        assert_eq!(seen.kind, "list_folder");
        assert!(source.lacks_address("list_folder"));
        let open = unsigned(&source, "POST", &[], source.samples()[0].body);
        assert_eq!(refusal(&open), (401, "missing"));
    }
}
