//! A sender with deliveries that nobody has seen before: their secrets, their bodies, and the sources that take them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::body;
use crate::random::Random;
use crate::sources::Yard;

/// So many deliveries, each with a secret and a source of its own.
const DELIVERIES: usize = 50;
/// The field of a form that Braintree signs.
const PAYLOAD: &str = "bt_payload=";

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

/// One delivery before it is signed.
pub(super) struct Case {
    /// The source that takes it.
    pub(super) source: String,
    /// Whose it is, which it is, and the seed that makes it the first.
    pub(super) title: String,
    pub(super) body: Vec<u8>,
    sender: &'static str,
    seed: u64,
    secret: String,
    public_key: String,
    url: String,
    id: String,
    kind: u64,
}

impl Case {
    fn fresh(sender: &'static str, number: usize, random: &mut Random) -> Self {
        let seed = random.seed();
        let id = format!("msg_{}", random.word(LETTERS, 27));
        Self {
            source: format!("v{number}"),
            title: format!("{sender}, number {number}, KARTWHEEL_TEST_SEED={seed}"),
            sender,
            seed,
            secret: secret(sender, random),
            public_key: format!("k{}", random.word(LETTERS, 15)),
            url: format!(
                "https://hooks.example.com/{}?a={}%20%C3%A9",
                random.word(LETTERS, 9),
                random.word(LETTERS, 3)
            ),
            body: match sender {
                "braintree" => body::xml(random, "subscription_canceled"),
                _ => body::json(random, &members(sender, &id)),
            },
            id,
            kind: random.next() >> 32,
        }
    }

    /// What the package is asked to do, with this body and these headers.
    pub(super) fn job(&self, what: &str, at: i64, headers: &Value, body: &[u8]) -> Value {
        json!({
            "do": what, "vendor": self.sender, "at": at, "secret": self.secret, "public_key": self.public_key,
            "url": self.url, "id": self.id, "kind": self.kind, "headers": headers, "body": STANDARD.encode(body),
        })
    }

    /// Headers that go along and are not signed.
    pub(super) fn unsigned(&self) -> Vec<(&'static str, &str)> {
        match self.sender {
            "braintree" => vec![("content-type", "application/x-www-form-urlencoded")],
            "github" => vec![
                ("content-type", "application/json"),
                ("x-github-event", "push"),
                ("x-github-delivery", &self.id),
            ],
            _ => vec![("content-type", "application/json")],
        }
    }

    /// The body with one byte changed, of those that are signed.
    pub(super) fn changed(&self, body: &[u8]) -> Vec<u8> {
        let mut random = Random::again(self.seed);
        let mut changed = body.to_vec();
        let text = std::str::from_utf8(body).expect("text");
        let Some(start) = text
            .find(PAYLOAD)
            .filter(|_| self.sender == "braintree")
            .map(|start| start + PAYLOAD.len())
        else {
            // It stays UTF-8: what is not would be refused for that, not for its signature.
            let plain: Vec<usize> = (0..body.len()).filter(|at| body[*at].is_ascii()).collect();
            changed[random.of(&plain)] ^= 1 << random.below(7);
            return changed;
        };
        let escaped = |at: usize| body[at - 1] == b'%' || body[at - 2] == b'%';
        let letters: Vec<usize> = (start + 2..body.len())
            .filter(|at| body[*at].is_ascii_alphanumeric() && !escaped(*at))
            .collect();
        let at = random.of(&letters);
        changed[at] = if body[at] == b'A' { b'B' } else { b'A' };
        changed
    }
}

/// These deliveries, and a project with a source for each.
pub(super) fn fresh(sender: &'static str, random: &mut Random) -> (Yard, Vec<Case>) {
    let cases: Vec<Case> = (0..DELIVERIES)
        .map(|number| Case::fresh(sender, number, random))
        .collect();
    let sources: Vec<(String, String)> = cases
        .iter()
        .map(|case| {
            let secret = case.source.to_uppercase();
            let mut entry = format!("preset: {sender}\nsecret: env:{secret}\n");
            match sender {
                "braintree" => entry.push_str(&format!("public_key: {}\n", case.public_key)),
                "square" => entry.push_str(&format!("url: \"{}\"\n", case.url)),
                _ => {}
            }
            (case.source.clone(), entry)
        })
        .collect();
    let secrets = cases
        .iter()
        .map(|case| (case.source.to_uppercase(), case.secret.clone()));
    (Yard::of(&sources, secrets.collect()), cases)
}

/// A secret as this sender gives them.
fn secret(sender: &str, random: &mut Random) -> String {
    match sender {
        "braintree" | "slack" => random.word(HEX, 32),
        "github" => {
            random
                .word("abcXYZ 012 !\"$%&'/()=?\\éß漢🎉#:;,{}", 40)
                .trim()
                .to_owned()
                + "."
        }
        "paddle" => format!(
            "pdl_ntfset_{}_{}",
            random.word(LETTERS, 26),
            random.word(LETTERS, 32)
        ),
        "shopify" => format!("shpss_{}", random.word(HEX, 32)),
        "square" => random.word(LETTERS, 22),
        "stripe" => format!("whsec_{}", random.word(LETTERS, 32)),
        _ => {
            let prefix = random.of(&["whsec_", "whsec_", ""]);
            let length = 24 + random.below(41);
            format!("{prefix}{}", STANDARD.encode(random.bytes(length)))
        }
    }
}

/// What a body of this sender must hold to be an event.
fn members(sender: &str, id: &str) -> Vec<(&'static str, String)> {
    let text = |text: &str| format!("\"{text}\"");
    match sender {
        "paddle" => vec![
            ("event_id", text(id)),
            ("event_type", text("transaction.paid")),
        ],
        "slack" => vec![("event_id", text(id)), ("type", text("event_callback"))],
        "square" => vec![("event_id", text(id)), ("type", text("payment.updated"))],
        "stripe" => vec![("id", text(id)), ("type", text("invoice.paid"))],
        "standard-webhooks" | "svix" => vec![("type", text("contact.created"))],
        _ => Vec::new(),
    }
}
