//! Meta: lead forms of Facebook and Instagram, WhatsApp.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{Answer, Keys, People, Preset, Row, Sample, Unfolded};
use crate::trigger::delivery::Request;
use crate::trigger::form;
use crate::trigger::signature::hmac::Hmac;
use crate::trigger::signature::{Refusal, reason};

/// The longest challenge that is given back.
const CHALLENGE_BYTES_MAX: usize = 256;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "meta",
    title: "Meta",
    doc: "The secret is the app secret; `verify_token` is the word you also type at Meta (by default the secret). One delivery may \
          hold many changes: each is an event of its own, with the page or account under `$.body.entry`. A lead form's event \
          names the lead by its id only: its answers have to be read at Meta.",
    verified: "`X-Hub-Signature-256` holds `sha256=` and the HMAC-SHA256 of the body.",
    retries: "With growing gaps for about 36 hours.",
    lost_after: "36 hours",
    handshakes: "GET with `hub.challenge`",
    thin: true,
    id: &[&["$.body.field", "$.body.value.leadgen_id"]],
    kind: &["$.body.field"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::json(
        "leadgen",
        include_str!("samples/meta-leadgen.json"),
    )],
    settings: &["verify_token"],
    scheme: |_| {
        Ok(Box::new(Hmac {
            header: "x-hub-signature-256".into(),
            prefix: "sha256=".into(),
            ..Hmac::default()
        }))
    },
    unfold: Some(unfold),
    greet: Some(greet),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[Row {
    ids: &[("lead", &["$.body.value.leadgen_id"])],
    ..Row::NONE
}];

/// Every change of every entry, with the rest of its entry beside it. A message is a change of the field `messaging`, and an entry
/// with neither is one of the object as a whole: what is signed is not dropped.
fn unfold(mut body: Value) -> Result<Unfolded, Refusal> {
    let entries = body.get_mut("entry").map(Value::take);
    let Some(Value::Array(entries)) = entries else {
        let detail = "a body without `entry`: no event of Meta's";
        return Err(Refusal::unusable(reason::BODY, detail));
    };
    let object = body.get("object").cloned().unwrap_or_default();
    let mut events = Vec::new();
    for mut entry in entries {
        let mut taken = |name: &str| match entry.as_object_mut()?.shift_remove(name) {
            Some(Value::Array(members)) => Some(members),
            _ => None,
        };
        let (changes, messages) = (taken("changes"), taken("messaging"));
        let mut changes = match (changes, messages) {
            (Some(changes), _) => changes,
            (None, Some(messages)) => messages
                .into_iter()
                .map(|message| json!({"field": "messaging", "value": message}))
                .collect(),
            (None, None) => vec![json!({"field": object})],
        };
        for change in &mut changes {
            let Some(event) = change.as_object_mut() else {
                let detail = "a change that is no object: no event of Meta's";
                return Err(Refusal::unusable(reason::BODY, detail));
            };
            event.insert("entry".into(), entry.clone());
            event.insert("object".into(), object.clone());
        }
        events.append(&mut changes);
    }
    Ok(Unfolded::Anew(events))
}

/// The question that Meta asks when the URL is saved.
fn greet(request: &Request<'_>, keys: &Keys<'_>) -> Option<Answer> {
    let query = (request.method == "GET").then(|| form::decode(request.query.as_bytes()))?;
    let query = query.ok()?;
    let text = |name: &str| query.get(name).and_then(Value::as_str);
    let (token, challenge) = (text("hub.verify_token")?, text("hub.challenge")?);
    let is_ours = |known: &str| bool::from(known.as_bytes().ct_eq(token.as_bytes()));
    let known = match &*keys.around.verify_token {
        "" => keys
            .secrets
            .iter()
            .any(|secret| is_ours(secret.expose_secret())),
        word => is_ours(word),
    };
    let plain = challenge
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if known && plain && challenge.len() <= CHALLENGE_BYTES_MAX {
        return Some(Answer::text("challenge", challenge));
    }
    Some(Answer {
        status: 403,
        ..Answer::text("challenge refused", "")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(entries: &Value) -> Result<Vec<Value>, Refusal> {
        match unfold(json!({"object": "page", "entry": entries}))? {
            Unfolded::Anew(events) => Ok(events),
            Unfolded::AsIs(body) => panic!("{body}"),
        }
    }

    #[test]
    fn nothing_of_what_an_entry_may_hold_is_dropped() {
        let message = json!({"sender": {"id": "7"}, "message": {"text": "hello"}});
        let entries = json!([
            {"id": "1", "changes": [{"field": "leadgen", "value": {"leadgen_id": "5"}}, {"field": "feed"}]},
            {"id": "2", "messaging": [message]},
            {"id": "3", "changed_fields": ["email"]},
        ]);
        let events = unfolded(&entries).expect("events");
        let told: Vec<_> = events
            .iter()
            .map(|event| (event["field"].as_str(), event["entry"]["id"].as_str()))
            .collect();
        let expected = [
            ("leadgen", "1"),
            ("feed", "1"),
            ("messaging", "2"),
            ("page", "3"),
        ];
        assert_eq!(told, expected.map(|(field, id)| (Some(field), Some(id))));
        assert_eq!(events[2]["value"], message);
        assert_eq!(events[3]["entry"], entries[2]);
    }

    #[test]
    fn a_batch_with_what_is_no_change_is_refused_as_a_whole() {
        let entries = json!([{"id": "1", "changes": [{"field": "feed"}, 7]}]);
        let refused = unfolded(&entries).expect_err("no events");
        assert_eq!((refused.status, refused.reason), (400, "body"));
    }
}
