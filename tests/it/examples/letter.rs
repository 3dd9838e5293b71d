//! What the senders of the examples send, and how each proves itself: PayPal with a key that only these tests have.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kartwheel::clock::Clock;
use kartwheel::config::Env;
use kartwheel::event::Format;
use kartwheel::project::{self, Project, Strictness};
use kartwheel::rule::case::{Case, CaseBody};
use kartwheel::trigger::{self, Sample};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;

use crate::world::{Answered, SECRETS, World, env};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// The key that goes with the certificate in [`SECRETS`].
const PAYPAL_KEY: &[u8] = include_bytes!("../../data/paypal-key.pem");

/// A delivery, without its proof.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Letter {
    fn new(content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { headers, body }
    }

    /// A JSON body.
    pub(super) fn json(body: &Value) -> Self {
        Self::new(JSON, body.to_string().into_bytes())
    }

    /// The sample `PRESET/TYPE`, as it comes with the program.
    pub(super) fn sample(name: &str) -> Self {
        let (preset, kind) = name.split_once('/').expect("a preset and a type");
        let sample: &Sample =
            trigger::sample(preset, kind).unwrap_or_else(|| panic!("no sample {name}"));
        let mut letter = Self::new(sample.content_type, sample.body.as_bytes().to_vec());
        for (name, value) in sample.headers {
            letter = letter.with_header(name, value);
        }
        letter
    }

    /// What a rule's test says. A form in which values are set goes as JSON: the rule sees the same tree.
    pub(super) fn of_case(folder: &str, case: &Case) -> Self {
        let mut letter = match &case.event.body {
            CaseBody::Inline(body) => Self::json(body),
            CaseBody::Sample(name) => Self::sample(name),
            CaseBody::File(name) => {
                let path = Path::new("examples").join(folder).join(name);
                let body = std::fs::read(path).expect("the payload");
                Self::new(if name.ends_with(".form") { FORM } else { JSON }, body)
            }
        };
        if case.event.set.is_empty() {
            return letter;
        }
        let is_form = letter.headers[0].1 == FORM;
        let format = if is_form { Format::Form } else { Format::Json };
        let mut body = trigger::read_body(format, &letter.body).expect("it is well formed");
        for (path, value) in &case.event.set {
            set(&mut body, path.text(), value);
        }
        JSON.clone_into(&mut letter.headers[0].1);
        letter.body = body.to_string().into_bytes();
        letter
    }

    /// The same with this done to its JSON.
    pub(super) fn changed(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut body = serde_json::from_slice(&self.body).expect("JSON");
        change(&mut body);
        Self {
            body: body.to_string().into_bytes(),
            ..self.clone()
        }
    }

    /// The same with another text in it.
    pub(super) fn replaced(&self, from: &str, to: &str) -> Self {
        let body = std::str::from_utf8(&self.body).expect("text");
        assert!(body.contains(from), "{from} does not stand in it");
        Self {
            body: body.replace(from, to).into_bytes(),
            ..self.clone()
        }
    }

    /// The same with this header in place of the one of its name.
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// `$.body.a[0].b` leads to `/a/0/b` in the body. Only what is there can be another.
fn set(body: &mut Value, path: &str, value: &Value) {
    let below = path
        .strip_prefix("$.body")
        .expect("tests set values of the body");
    let pointer = below.replace('[', "/").replace(']', "").replace('.', "/");
    let (above, name) = pointer.rsplit_once('/').expect("a path");
    let place = match body.pointer_mut(above) {
        Some(Value::Object(fields)) => Some(fields.entry(name).or_insert(Value::Null)),
        _ => body.pointer_mut(&pointer),
    };
    *place.unwrap_or_else(|| panic!("nothing at {path}")) = value.clone();
}

/// Posts it as its sender does.
pub(super) async fn send(world: &World, source: &str, letter: &Letter) -> Answered {
    let webhook_id = value_of("PAYPAL_WEBHOOK_ID");
    post(world, &env(), webhook_id, source, letter).await
}

/// Posts it as somebody does who knows all but the secrets, and has signed it for another webhook of PayPal's.
pub(super) async fn forge(world: &World, source: &str, letter: &Letter) -> Answered {
    let guessed = SECRETS.map(|(name, secret)| {
        let mut secret = secret.to_owned();
        if !name.starts_with("PAYPAL_") {
            let last = secret.pop().expect("a secret");
            secret.push(if last == 'A' { 'B' } else { 'A' });
        }
        (name, secret)
    });
    post(world, &Env::from_pairs(guessed), "another", source, letter).await
}

async fn post(
    world: &World,
    env: &Env,
    webhook_id: &str,
    source: &str,
    letter: &Letter,
) -> Answered {
    let project: Project = project::load(world.dir.path(), env, Strictness::Serve);
    let source = &project.config.expect("a config").sources[source];
    let mut headers = letter.headers.clone();
    if !source.can_sign() {
        headers.extend(paypals(world, webhook_id, &letter.body));
    }
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    world.send_with(source, &headers, &letter.body).await
}

/// The headers by which PayPal proves itself.
fn paypals(world: &World, webhook_id: &str, body: &[u8]) -> Vec<(String, String)> {
    let (id, time) = (world.clock.new_id(), world.clock.now());
    let line = format!("{id}|{time}|{webhook_id}|{}", crc32(body));
    let key = PrivatePkcs8KeyDer::from_pem_slice(PAYPAL_KEY).expect("a key");
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("an RSA key");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        line.as_bytes(),
        &mut signature,
    )
    .expect("it signs");
    let url = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270";
    [
        ("paypal-transmission-id", id.to_string()),
        ("paypal-transmission-time", time.to_string()),
        ("paypal-transmission-sig", STANDARD.encode(signature)),
        ("paypal-auth-algo", "SHA256withRSA".to_owned()),
        ("paypal-cert-url", url.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// CRC-32, as a remainder of the reversed polynomial.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
    let fed = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, fed)
}

fn value_of(name: &str) -> &'static str {
    let mut secrets = SECRETS.iter();
    let (_, value) = secrets.find(|(known, _)| *known == name).expect("a secret");
    value
}
