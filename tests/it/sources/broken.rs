//! Every preset's samples, signed as its sender signs, and then broken: another secret, a changed byte, a header less, another time.

use jiff::{SignedDuration, Timestamp};
use kartwheel::problem::Source as File;
use kartwheel::trigger::preset::PRESETS;
use kartwheel::trigger::signature::SCHEMES;
use kartwheel::trigger::{Arrival, Home, Received, Refusal, Request, Sample, Source};
use kartwheel::yaml;
use serde_json::Map;
use uuid::Uuid;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
const OTHER: &str = "whsec_OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2";
/// Schemes as people write them, where a word alone does not do.
const WRITTEN: &[(&str, &str)] = &[
    ("basic", "verify: basic"),
    ("bearer", "verify: bearer"),
    ("field", "verify: { field: $.body.secret_key }"),
    ("header", "verify: { header: X-Token }"),
    (
        "hmac",
        "verify: { hmac: sha512, header: X-Signature, encoding: base64, timestamp: X-Time, signed: \"{timestamp}.{body}\" }",
    ),
    ("url-secret", "verify: url-secret"),
];
/// What is sent to a source without a preset.
const PLAIN: &str = "{\"id\":\"evt_1\",\"type\":\"order\"}";

/// A delivery on its way.
#[derive(Clone)]
struct Sent {
    headers: Vec<(String, String)>,
    query: String,
    body: Vec<u8>,
    now: Timestamp,
}

/// Where the proof stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Signature,
    Secret,
}

fn source(entry: &str, secret: &'static str) -> Option<Source> {
    let text = format!("{entry}\nsecret: env:S\nurl: https://h.example.com/hooks/x\n");
    let file = File::new("kartwheel.yaml", text);
    let node = yaml::parse(&file, &mut Vec::new()).remove(0);
    // `basic` wants a user and a password.
    let secret = match entry {
        "verify: basic" => format!("user:{secret}"),
        _ => secret.to_owned(),
    };
    Source::parse(
        "x",
        &node,
        &file,
        &Home::of(&|_| Some(secret.clone())),
        &mut Vec::new(),
    )
}

impl Sent {
    fn signed(
        source: &Source,
        body: &str,
        content_type: &str,
        headers: &[(&str, &str)],
        now: Timestamp,
    ) -> Self {
        let signed = source.sign(body.as_bytes(), now);
        let mut all = vec![("content-type".to_owned(), content_type.to_owned())];
        let own = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        all.extend(own.filter(|(name, _)| !signed.headers.iter().any(|(known, _)| known == name)));
        all.extend(signed.headers);
        Self {
            headers: all,
            query: signed.query.unwrap_or_default(),
            body: signed.body.unwrap_or_else(|| body.into()),
            now,
        }
    }

    fn to(&self, source: &Source) -> Received {
        let request = Request {
            query: &self.query,
            ..Request::post(&self.headers, &self.body)
        };
        let arrival = Arrival {
            now: self.now,
            new_id: &Uuid::nil,
            env: &Map::new(),
        };
        source.receive(&request, arrival)
    }

    #[track_caller]
    fn refused(&self, source: &Source, what: &str) -> Refusal {
        match self.to(source) {
            Received::Refused(refusal) => {
                assert_eq!(refusal.status, 401, "{what}: {refusal:?}");
                assert!(!refusal.detail.contains(SECRET), "{what}: {refusal:?}");
                refusal
            }
            other => panic!("{what} is taken: {other:?}"),
        }
    }
}

#[test]
fn what_any_preset_or_scheme_signs_is_refused_once_it_is_broken() {
    let now: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
    let mut timed = Vec::new();
    for preset in PRESETS {
        let entry = format!("preset: {}", preset.name);
        let (Some(ours), Some(others)) = (source(&entry, SECRET), source(&entry, OTHER)) else {
            continue;
        };
        for Sample {
            kind,
            content_type,
            headers,
            body,
        } in preset.samples
        {
            let sent = Sent::signed(&ours, body, content_type, headers, now);
            breaks(
                &format!("{} {kind}", preset.name),
                &sent,
                &ours,
                &others,
                body,
            );
        }
        if ours.has_time() {
            timed.push(preset.name);
        }
    }
    for kind in SCHEMES.iter().filter(|kind| kind.name != "none") {
        let written = WRITTEN.iter().find(|(name, _)| *name == kind.name);
        let (_, entry) = written.unwrap_or_else(|| panic!("how is `{}` written?", kind.name));
        let ours = source(entry, SECRET).unwrap();
        let others = source(entry, OTHER).unwrap();
        let sent = Sent::signed(&ours, PLAIN, "application/json", &[], now);
        breaks(kind.name, &sent, &ours, &others, PLAIN);
    }
    assert_eq!(
        timed,
        [
            "calendly",
            "kit",
            "paddle",
            "slack",
            "standard-webhooks",
            "stripe",
            "svix",
            "zoom"
        ]
    );
}

fn breaks(what: &str, sent: &Sent, ours: &Source, others: &Source, plain: &str) {
    let taken = sent.to(ours);
    assert!(!matches!(taken, Received::Refused(_)), "{what}: {taken:?}");
    let refusal = sent.refused(others, &format!("{what} with another secret"));
    assert!(
        ["signature", "secret"].contains(&refusal.reason),
        "{what}: {refusal:?}"
    );

    let own = Sent::signed(ours, plain, "", &[], sent.now);
    let travels = !own.query.is_empty()
        || own.body != plain.as_bytes()
        || own
            .headers
            .iter()
            .any(|(name, value)| value.contains(SECRET) || name == "authorization");
    let proof = if travels {
        Proof::Secret
    } else {
        Proof::Signature
    };
    if proof == Proof::Signature {
        one_byte(what, sent, ours);
    }
    for (name, _) in own
        .headers
        .iter()
        .filter(|(name, _)| name != "content-type")
    {
        let mut less = sent.clone();
        less.headers.retain(|(known, _)| known != name);
        let refusal = less.refused(ours, &format!("{what} without {name}"));
        assert_eq!(refusal.reason, "missing", "{what}: {refusal:?}");
        let mut twice = sent.clone();
        twice.headers.push((name.clone(), "something else".into()));
        twice.refused(ours, &format!("{what} with {name} twice"));
    }
    if own.headers.len() == 1 {
        let mut none = sent.clone();
        none.query.clear();
        none.body = plain.into();
        assert_eq!(none.refused(ours, what).reason, "missing", "{what}");
    }
    if ours.has_time() {
        for (days, reason) in [(1, "stale"), (-1, "future")] {
            let mut late = sent.clone();
            late.now = sent
                .now
                .saturating_add(SignedDuration::from_hours(24 * days))
                .unwrap();
            let refusal = late.refused(ours, &format!("{what}, {days} days later"));
            assert_eq!(
                (refusal.reason, refusal.age_s),
                (reason, Some(86_400 * days)),
                "{what}"
            );
            assert!(refusal.detail.contains("86400 s"), "{what}: {refusal:?}");
        }
    }
}

/// Bytes all over the body, one at a time, each with one bit turned.
fn one_byte(what: &str, sent: &Sent, ours: &Source) {
    for at in (0..sent.body.len()).step_by(sent.body.len() / 16 + 1) {
        let mut changed = sent.clone();
        changed.body[at] ^= 1;
        let refusal = changed.refused(ours, &format!("{what} with byte {at} changed"));
        // Where a form is signed field by field, a broken one has no fields.
        assert!(
            ["signature", "malformed"].contains(&refusal.reason),
            "{what}: {refusal:?}"
        );
    }
}
