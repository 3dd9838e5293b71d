//! Whatever the network sends: every parser that sees it, over bytes made of samples and of what breaks parsers.
//!
//! The seed is fixed, so that a run that passed passes again; `PROPTEST_RNG_SEED=…` takes another, `PROPTEST_CASES=1000000` many more.
//! An input that broke something stays in `proptest-regressions`, or as a file in `tests/data/found`, all of which are tried first.

mod wild;

use std::net::IpAddr;
use std::path::Path as FilePath;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::event::Format;
use crate::problem::Source as File;
use crate::trigger::address::Range;
use crate::trigger::preset::{PRESETS, Preset};
use crate::trigger::{
    Arrival, BATCH_EVENTS_MAX, Captured, Home, REASONS, Received, Request, Source, body, form,
    json, may_be_asked, multipart,
};
use crate::yaml;
use wild::{config, content_type, delivery, text};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
/// No answer to a question is longer.
const ANSWER_BYTES_MAX: usize = 4_096;
/// Settings that presets need, beside the secret.
const SETTINGS: &str = "url: https://h.example.com/hooks/x\n";

/// The source of a preset; none where the settings cannot be made up.
fn source(preset: &Preset) -> Option<Source> {
    let key = if preset.settings.contains(&"public_key") {
        "public_key: fakepublickey0001\n"
    } else {
        ""
    };
    let text = format!("preset: {}\nsecret: env:S\n{SETTINGS}{key}", preset.name);
    let file = File::new("kartwheel.yaml", text);
    let mut problems = Vec::new();
    let node = yaml::parse(&file, &mut problems).remove(0);
    let secret = |_: &str| Some(SECRET.to_owned());
    Source::parse("x", &node, &file, &Home::of(&secret), &mut problems)
}

/// What one presets' receiver makes of a request, if it is said to be verified and if it is not.
fn receive(source: &Source, request: &Request<'_>, verified: bool) -> Received {
    let arrival = Arrival {
        now: Timestamp::UNIX_EPOCH,
        new_id: &Uuid::nil,
        env: &Map::new(),
    };
    if verified {
        source.receive_verified(request, arrival)
    } else {
        source.receive(request, arrival)
    }
}

/// Nothing that was not signed becomes an event; what is answered is short; what is kept reads the same when it comes back.
fn check_received(received: &Received, verified: bool) {
    match received {
        Received::Events(events) => {
            assert!(verified, "taken without proof: {events:?}");
            assert!((1..=BATCH_EVENTS_MAX).contains(&events.len()));
            for event in events {
                let back = body::read_body(event.format, &event.raw);
                assert_eq!(back.as_ref(), Ok(&event.tree["body"]));
                assert!(
                    !event
                        .raw
                        .windows(SECRET.len())
                        .any(|part| part == SECRET.as_bytes())
                );
            }
        }
        Received::Handshake { status, body, .. } => {
            assert!([200, 403].contains(status), "{status}");
            assert!(body.len() <= ANSWER_BYTES_MAX, "{}", body.len());
        }
        Received::Ask(question) => assert!(may_be_asked(question.ask.url()), "{question:?}"),
        Received::Refused(refusal) => {
            let reasons = REASONS.iter();
            assert!(reasons.clone().any(|(reason, _)| *reason == refusal.reason));
            assert!(refusal.detail.len() < 1_000 && !refusal.detail.contains(SECRET));
        }
    }
}

/// Every preset over these bytes: as GET and POST, verified and not.
fn through_presets(content_type: &str, headers: &[(String, String)], query: &str, body: &[u8]) {
    let mut all = vec![("content-type".to_owned(), content_type.to_owned())];
    all.extend(headers.iter().cloned());
    for source in PRESETS.iter().filter_map(|preset| source(preset)) {
        for (method, verified) in [("GET", false), ("POST", false), ("POST", true)] {
            let request = Request {
                method,
                path_secret: Some(query),
                query,
                headers: &all,
                body,
                peer: None,
            };
            check_received(&receive(&source, &request, verified), verified);
        }
    }
}

/// Every reader of bodies over these bytes.
fn through_parsers(content_type: &str, bytes: &[u8]) {
    if let Ok(value) = json::parse(bytes) {
        let again = json::parse(value.to_string().as_bytes());
        assert_eq!(again, Ok(value));
    }
    let _ = form::decode(bytes);
    for label in ["windows-1252", "shift_jis", "utf-16le"] {
        let declared = format!("application/x-www-form-urlencoded; charset={label}");
        let charset = form::charset(Some(&declared), bytes, "charset");
        if let Ok(Some(charset)) = charset {
            let _ = form::decode_in(bytes, charset);
        }
    }
    let _ = multipart::decode(content_type, bytes);
    let _ = multipart::decode("multipart/form-data; boundary=b", bytes);
    for content_type in [Some(content_type), None] {
        let Ok(read) = body::read(content_type, bytes, "charset") else {
            continue;
        };
        if !read.is_translated {
            assert_eq!(body::read_body(read.format, bytes), Ok(read.value));
        }
    }
    for format in [Format::Json, Format::Form, Format::Empty] {
        let _ = body::read_body(format, bytes);
    }
    if let Ok(captured) = Captured::read(bytes) {
        let _ = captured.source();
        let written = json!({
            "method": captured.method,
            "path": format!("{}?{}", captured.path, captured.query),
            "headers": captured.headers,
            "body_base64": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &captured.body),
        });
        // A path may hold `://` or `#` of its own, which would be read as more than a path.
        if !captured.path.contains("://") && !captured.query.contains("://") {
            let again = Captured::read(written.to_string().as_bytes());
            let again = again.expect("what was read once");
            assert_eq!(
                (&again.headers, &again.body),
                (&captured.headers, &captured.body)
            );
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_reader_of_bodies_breaks((kind, bytes) in (content_type(), delivery())) {
        through_parsers(&kind, &bytes);
    }

    #[test]
    fn no_preset_breaks_or_takes_what_is_not_signed(
        (kind, bytes) in (content_type(), delivery()),
        header in text(),
        query in text(),
        name in wild::header_name(),
    ) {
        let headers = [(name, header.clone()), ("authorization".to_owned(), header)];
        through_presets(&kind, &headers, &query, &bytes);
    }

    /// What the sender's own key signed is believed, whatever it is; what is wrong with it then is its content.
    #[test]
    fn what_is_signed_is_never_called_unsigned((kind, bytes) in (content_type(), delivery()), which in any::<prop::sample::Index>()) {
        let preset = which.get(PRESETS);
        if let Some(source) = source(preset).filter(Source::can_sign) {
            let signed = source.sign(&bytes, Timestamp::UNIX_EPOCH);
            let mut headers = vec![("content-type".to_owned(), kind)];
            headers.extend(signed.headers);
            let request = Request { query: signed.query.as_deref().unwrap_or_default(), ..Request::post(&headers, signed.body.as_deref().unwrap_or(&bytes)) };
            let received = receive(&source, &request, false);
            check_received(&received, true);
            if let Received::Refused(refusal) = received {
                // A proof that stands in a body cannot be found in one that cannot be read.
                let in_body = ["missing", "malformed", "signature"].contains(&refusal.reason);
                assert!(refusal.status == 400 || in_body && reads_body(&source), "{}: {refusal:?}", preset.name);
            }
        }
    }

    #[test]
    fn an_address_is_what_it_says(text in "[0-9a-f:./]{0,24}", other in any::<[u8; 4]>()) {
        if let Some(range) = Range::parse(&text) {
            prop_assert_eq!(Range::parse(&range.to_string()), Some(range));
            let _ = range.holds(IpAddr::from(other));
        }
    }
}

/// Whether the scheme has to read the body to find its proof.
fn reads_body(source: &Source) -> bool {
    let signed = source.sign(b"a=1", Timestamp::UNIX_EPOCH);
    signed.body.is_some()
        || ["braintree", "mandrill"].contains(&source.preset().map_or("", |preset| preset.name))
}

/// What once broke something, or is made to.
#[test]
fn what_was_found_stays_mended() {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/found");
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        for kind in wild::CONTENT_TYPES {
            through_parsers(kind, &bytes);
            through_presets(kind, &[], "", &bytes);
        }
        tried += 1;
    }
    assert!(tried > 4, "{tried}");
}

/// Bodies made to take much: refused, or read in bounds, and quickly either way.
#[test]
fn what_is_made_to_be_huge_stays_small() {
    let deep = |open: &str, times: usize| open.repeat(times).into_bytes();
    for (bytes, wanted) in [
        (deep("[", 100_000), "recursion limit"),
        (deep("{\"a\":", 100_000), "recursion limit"),
        (deep("{\"a\":[", 100_000), "recursion limit"),
    ] {
        let wrong = json::parse(&bytes).expect_err("too deep");
        assert!(wrong.contains(wanted), "{wrong}");
        through_presets("application/json", &[], "", &bytes);
    }
    let nested = format!("a{}=1", "[a]".repeat(10_000));
    assert!(form::decode(nested.as_bytes()).is_err());
    let many = "a=1&".repeat(20_000);
    assert!(form::decode(many.as_bytes()).is_err());
    let sparse = form::decode(b"a[0]=1&a[4294967295]=1&a[99999999999999999999]=1").expect("a form");
    assert_eq!(sparse["a"].as_object().map(Map::len), Some(3));
    let parts = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(2_000);
    assert!(
        multipart::decode(
            "multipart/form-data; boundary=b",
            format!("{parts}--b--").as_bytes()
        )
        .is_err()
    );
    let batch = json!({"events": vec![json!({"id": "1", "type": "t"}); 2_000]});
    let kit = PRESETS
        .iter()
        .find(|preset| preset.name == "kit")
        .and_then(|preset| source(preset));
    let (headers, body) = (
        vec![("content-type", "application/json")],
        batch.to_string(),
    );
    let request = Request::post(&headers, body.as_bytes());
    let received = receive(&kit.expect("there"), &request, true);
    assert!(matches!(received, Received::Refused(refusal) if refusal.reason == "body"));
}
