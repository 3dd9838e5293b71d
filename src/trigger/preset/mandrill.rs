//! Mandrill, Mailchimp's Transactional: what became of e-mails.

mod scheme;

use serde_json::Value;

use super::{Answer, Keys, Lack, People, Preset, Row, Sample, Unfolded};
use crate::trigger::delivery::Request;
use crate::trigger::json;
use crate::trigger::signature::{Refusal, reason};

/// A batch of nothing, escaped and not: the delivery by which Mandrill tries a new URL.
const NOTHING: [&[u8]; 2] = [b"mandrill_events=%5B%5D", b"mandrill_events=[]"];

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "mandrill",
    title: "Mandrill (Mailchimp Transactional)",
    doc: "The secret is the webhook's key. Mandrill signs the URL too, so it must be known here letter by letter as it is registered \
          there: set `url`, or `public_url` in kartwheel.yaml if Mandrill has that and `/hooks/SOURCE`. One delivery may hold many \
          events: each is an event of its own. The person is whom an e-mail went to; for `inbound` it is who wrote it.",
    verified: "`X-Mandrill-Signature` holds the base64 HMAC-SHA1 of the URL and all fields of the form, by name.",
    retries: "Not documented here.",
    handshakes: "HEAD, and a batch of nothing",
    // Of two links that are clicked within one second each counts.
    id: &[
        &["$.body._id", "$.body.event", "$.body.ts", "$.body.url"],
        &["$.body._id", "$.body.event", "$.body.ts"],
    ],
    kind: &["$.body.event", "$.body.type"],
    people: People::Rows(PEOPLE),
    samples: &[Sample::form(
        "hard_bounce",
        include_str!("samples/mandrill-hard_bounce.form"),
    )],
    scheme: |around| {
        if around.url.is_empty() {
            return Err(Lack {
                key: "url",
                message: "Mandrill signs the webhook's URL, and it is not known here".into(),
                help: "write `url: https://HOST/hooks/SOURCE` as it is registered at Mandrill, or set `public_url` in kartwheel.yaml",
            });
        }
        Ok(Box::new(scheme::Mandrill {
            url: around.url.clone(),
        }))
    },
    unfold: Some(|body| unfold(&body)),
    greet: Some(greet),
    ..Preset::NEW
};

static PEOPLE: &[Row] = &[
    Row {
        events: "inbound",
        email: &["$.body.msg.from_email"],
        name: &["$.body.msg.from_name"],
        ..Row::NONE
    },
    Row {
        email: &["$.body.msg.email", "$.body.reject.email"],
        ..Row::NONE
    },
];

/// Every event of the batch.
fn unfold(body: &Value) -> Result<Unfolded, Refusal> {
    let unusable = |detail: &str| Refusal::unusable(reason::BODY, detail);
    let events = body
        .get("mandrill_events")
        .and_then(Value::as_str)
        .ok_or_else(|| unusable("a form without `mandrill_events`: no events of Mandrill's"))?;
    match json::parse(events.as_bytes()) {
        Ok(Value::Array(events)) => Ok(Unfolded::Anew(events)),
        _ => Err(unusable("`mandrill_events` is not a JSON list")),
    }
}

/// A batch of nothing is answered whoever signed it: Mandrill tries a URL before it has a key.
fn greet(request: &Request<'_>, _: &Keys<'_>) -> Option<Answer> {
    let is_test = request.method == "POST" && NOTHING.contains(&request.body);
    is_test.then(|| Answer::text("test", ""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{
        FORM, event_of, handshake, received, refusal, set_up, source, unsigned,
    };
    use super::*;
    use crate::trigger::{Received, form};

    fn batch(events: &Value) -> String {
        format!("mandrill_events={}", form::escape(&events.to_string()))
    }

    #[test]
    fn every_event_of_a_batch_has_its_own_id_and_person() {
        let source = source("mandrill");
        let body = batch(&json!([
            {"event": "open", "_id": "m1", "ts": 1, "msg": {"email": "ada@example.com"}},
            {"event": "click", "_id": "m1", "ts": 1, "url": "https://example.com/a", "msg": {"email": "ada@example.com"}},
            {"event": "inbound", "ts": 2, "msg": {"from_email": "bob@example.com", "from_name": "Bob Ross", "email": "us@example.com"}},
            {"type": "blacklist", "action": "add", "reject": {"email": "eve@example.com"}},
        ]));
        let Received::Events(events) = received(&source, FORM, &body) else {
            panic!("refused");
        };
        let seen = events.iter().map(|event| {
            let email = event.person.email.as_deref().unwrap_or_default();
            let id = event.sender_id.split(':').next().unwrap_or_default();
            format!("{} {id} {email}", event.kind)
        });
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                "open m1/open/1 ada@example.com",
                "click m1/click/1/https ada@example.com",
                "inbound sha256 bob@example.com",
                "blacklist sha256 eve@example.com",
            ]
        );
        assert_eq!(events[2].person.first_name.as_deref(), Some("Bob"));
    }

    #[test]
    fn the_sample_is_one_event() {
        let source = source("mandrill");
        let event = event_of(&source, FORM, source.samples()[0].body);
        assert_eq!(
            event.sender_id,
            "FAKE0123456789abcdef/hard_bounce/1793520000"
        );
    }

    #[test]
    fn a_new_url_is_tried_without_a_key_and_no_batch_is_refused() {
        let source = source("mandrill");
        let form = [("content-type", FORM)];
        assert_eq!(handshake(&unsigned(&source, "HEAD", &[], "")).0, 200);
        let test = unsigned(&source, "POST", &form, "mandrill_events=%5B%5D");
        assert_eq!(handshake(&test), (200, "test"));
        let one = unsigned(&source, "POST", &form, "mandrill_events=%5B%7B%7D%5D");
        assert_eq!(refusal(&one), (401, "missing"));
        for body in ["a=1", "mandrill_events=x", "mandrill_events=%7B%7D"] {
            assert_eq!(
                refusal(&received(&source, FORM, body)),
                (400, "body"),
                "{body}"
            );
        }
    }

    #[test]
    fn without_a_url_nothing_could_be_verified() {
        let lacks = set_up("preset: mandrill", None).expect_err("no URL");
        assert_eq!(lacks.len(), 1);
        assert!(
            lacks[0]
                .help
                .as_deref()
                .is_some_and(|help| help.contains("public_url"))
        );
    }
}
