//! What is sent: samples of presets with something done to them, and pieces that parsers have choked on.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use crate::trigger::preset::PRESETS;

/// The seed, unless `PROPTEST_RNG_SEED` names another.
const SEED: u64 = 20_261_101;

/// Content types that say something, that lie, and that are broken.
pub(super) const CONTENT_TYPES: &[&str] = &[
    "application/json",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=windows-1252",
    "application/x-www-form-urlencoded; charset=nonsense",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/xml",
    "text/plain; charset=\"utf-16\"",
    ";=",
    "",
];

/// Headers that mean something to some preset.
const HEADERS: &[&str] = &[
    "stripe-signature",
    "x-hub-signature-256",
    "x-github-event",
    "x-slack-signature",
    "x-zm-signature",
    "webhook-signature",
    "svix-signature",
    "x-kit-signature",
    "paddle-signature",
    "x-mandrill-signature",
    "x-shopify-topic",
    "x-wc-webhook-topic",
    "x-hotmart-hottok",
    "content-encoding",
    "content-type",
    "x-forwarded-for",
];

const PIECES: &[&[u8]] = &[
    b"{\"id\":",
    b"\"$serde_json::private::Number\":\"1\"",
    b"\\u0024serde_json",
    b"\\ud800",
    b"\\u0000",
    b"\"",
    b"[[[[[[[[",
    b"]}",
    b"null",
    b"-0",
    b"1e999999",
    b"9007199254740993",
    b"a[0][b]=",
    b"&a[]=%",
    b"a[b=]",
    b"%00%ff%",
    b"payload=%7B%22",
    b"mandrill_events=[",
    b"rawRequest={",
    b"bt_payload=PD94",
    b"charset=windows-1252&",
    b"--b\r\nContent-Disposition: form-data; name=\"rawRequest\"\r\n\r\n",
    b"\r\n--b--\r\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r\n",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
    b"t=1793520000,v1=",
    b"v1,",
    b"sha256=",
    b"POST /hooks/x/y?secret=z HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"{\"headers\":[[1,2]],\"body_base64\":\"",
];

/// Something done to a body.
#[derive(Debug, Clone)]
enum Edit {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index, u8),
    Repeat(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    End(prop::sample::Index),
}

/// A fixed seed; as many cases as usual, or as `PROPTEST_CASES` says.
pub(super) fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let rng_seed = match usual.rng_seed {
        RngSeed::Random => RngSeed::Fixed(SEED),
        asked => asked,
    };
    ProptestConfig { rng_seed, ..usual }
}

/// A content type.
pub(super) fn content_type() -> impl Strategy<Value = String> {
    select(CONTENT_TYPES).prop_map(str::to_owned)
}

/// The name of a header.
pub(super) fn header_name() -> impl Strategy<Value = String> {
    select(HEADERS).prop_map(str::to_owned)
}

/// A text, such as the value of a header or a query.
pub(super) fn text() -> impl Strategy<Value = String> {
    pieces().prop_map(|bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.chars().filter(|c| !c.is_control()).collect()
    })
}

/// A body.
pub(super) fn delivery() -> impl Strategy<Value = Vec<u8>> {
    let bodies: Vec<&'static str> = PRESETS
        .iter()
        .flat_map(|preset| preset.samples.iter().map(|sample| sample.body))
        .collect();
    let sample = (select(bodies), prop::collection::vec(edit(), 0..8));
    prop_oneof![
        3 => sample.prop_map(|(body, edits)| edits.into_iter().fold(body.into(), done)),
        2 => pieces(),
        1 => prop::collection::vec(any::<u8>(), 0..256),
    ]
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, bits)| Edit::Flip(at, bits)),
        (at(), any::<u8>()).prop_map(|(at, length)| Edit::Cut(at, length)),
        (at(), any::<u8>()).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (at(), select(PIECES)).prop_map(|(at, piece)| Edit::Insert(at, piece.to_vec())),
        at().prop_map(Edit::End),
    ]
}

fn done(mut body: Vec<u8>, edit: Edit) -> Vec<u8> {
    if body.is_empty() {
        return body;
    }
    let range = |at: prop::sample::Index, length: u8| {
        let start = at.index(body.len());
        start..(start + usize::from(length)).min(body.len())
    };
    match edit {
        Edit::Flip(at, bits) => {
            let at = at.index(body.len());
            body[at] ^= bits;
        }
        Edit::Cut(at, length) => drop(body.drain(range(at, length))),
        Edit::Repeat(at, length) => {
            let range = range(at, length);
            let part = body[range.clone()].to_vec();
            body.splice(range.end..range.end, part);
        }
        Edit::Insert(at, piece) => {
            let at = at.index(body.len());
            body.splice(at..at, piece);
        }
        Edit::End(at) => body.truncate(at.index(body.len())),
    }
    body
}
