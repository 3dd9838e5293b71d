//! Deliveries that the HMAC scheme accepts, in each of its shapes.

use jiff::Timestamp;

use super::super::{KnownGood, Proof};
use super::{Encoding, Hash, Hmac, Key, Piece, Time};

/// One for each shape: bare, prefixed, a list with its time, and parts of their own headers.
pub(super) fn samples() -> Vec<KnownGood> {
    vec![prefixed(), bare(), list(), parts()]
}

/// GitHub's own example.
fn prefixed() -> KnownGood {
    KnownGood {
        scheme: Box::new(Hmac {
            header: "x-hub-signature-256".into(),
            prefix: "sha256=".into(),
            ..Hmac::default()
        }),
        secret: "It's a Secret to Everybody",
        body: b"Hello, World!",
        headers: vec![(
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        )],
        query: "",
        now: Timestamp::UNIX_EPOCH,
        proof: Proof::Signature("x-hub-signature-256"),
        tolerance_s: None,
    }
}

/// Test case 2 of RFC 2202, as base64.
fn bare() -> KnownGood {
    KnownGood {
        scheme: Box::new(Hmac {
            hash: Hash::Sha1,
            encoding: Encoding::Base64,
            ..Hmac::default()
        }),
        secret: "Jefe",
        body: b"what do ya want for nothing?",
        headers: vec![("x-signature", "7/zfauXrL6LSdBbV8YTfnCWafHk=")],
        query: "",
        now: Timestamp::UNIX_EPOCH,
        proof: Proof::Signature("x-signature"),
        tolerance_s: None,
    }
}

/// A list of parts with the time among them, as Stripe makes it.
fn list() -> KnownGood {
    KnownGood {
        scheme: Box::new(Hmac {
            header: "x-signature".into(),
            prefix: "v1=".into(),
            separator: Some(','),
            signed: vec![Piece::Timestamp, Piece::Text(".".into()), Piece::Body],
            time: Some(Time::Part("t=".into())),
            ..Hmac::default()
        }),
        secret: "fake-list-secret",
        body: br#"{"id":"evt-0001"}"#,
        headers: vec![(
            "x-signature",
            "t=1793520000,v0=00,v1=00,v1=6ff7aabb08433201451d451a3d432b7708db2802517a49972dafd5ad60cc6b64",
        )],
        query: "",
        now: at(1_793_520_000),
        proof: Proof::Signature("x-signature"),
        tolerance_s: Some(300),
    }
}

/// Id and time in headers of their own and a decoded key, as Standard Webhooks has it.
fn parts() -> KnownGood {
    KnownGood {
        scheme: Box::new(Hmac {
            hash: Hash::Sha512,
            encoding: Encoding::Base64,
            prefix: "v1,".into(),
            separator: Some(' '),
            signed: vec![
                Piece::Id,
                Piece::Text(".".into()),
                Piece::Timestamp,
                Piece::Text(".".into()),
                Piece::Body,
            ],
            time: Some(Time::Header("x-timestamp".into())),
            tolerance_s: 5,
            id: Some("x-id".into()),
            key: Key::Base64 {
                prefix: "whsec_".into(),
            },
            ..Hmac::default()
        }),
        secret: "whsec_a2FydHJhLXN0YW5kYXJkLXdlYmhvb2tzLWtleS0zMmI=",
        body: br#"{"type":"contact.created"}"#,
        headers: vec![
            ("x-id", "msg_1"),
            ("x-timestamp", "1793520000"),
            (
                "x-signature",
                "v1a,AAAA v1,6y6bDLN7UVk7ckq8pOPX0AcliZcoXOg3J06aoYh41WfE+4XBrtXemzepUT0f9fhptafLMGxZTIci+12r2oQvxw==",
            ),
        ],
        query: "",
        now: at(1_793_520_000),
        proof: Proof::Signature("x-signature"),
        tolerance_s: Some(5),
    }
}

/// The instant of a Unix time.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}
