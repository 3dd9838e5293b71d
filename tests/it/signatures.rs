//! Signature vectors of many senders, made with their own packages where they have one, through sources as a user declares them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kartwheel::problem::Source as File;
use kartwheel::trigger::{Arrival, Ask, Home, Received, Request, Source};
use kartwheel::yaml;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How the sender of each vector is declared.
const CARRIED: &[(&str, &str)] = &[
    (
        "braintree-",
        "preset: braintree\npublic_key: fakepublickey0001",
    ),
    ("calcom-", "preset: cal-com"),
    ("calendly-", "preset: calendly"),
    ("dropbox-", "preset: dropbox"),
    ("generic-basic", "verify: basic"),
    ("generic-bearer", "verify: bearer"),
    (
        "generic-hmac-sha256-base64",
        "verify: { hmac: sha256, header: X-Signature, encoding: base64 }",
    ),
    (
        "generic-hmac-sha256-hex",
        "verify: { hmac: sha256, header: X-Signature, encoding: hex }",
    ),
    (
        "generic-raw-probe-",
        "verify: { hmac: sha256, header: X-Signature }",
    ),
    ("generic-url-secret", "verify: url-secret"),
    ("github-", "preset: github"),
    ("hotmart-", "preset: hotmart"),
    ("kartra-ipn-", "preset: kartra-ipn"),
    ("kit-", "preset: kit"),
    ("mailchimp-", "preset: mailchimp"),
    ("meta-", "preset: meta"),
    ("paddle-billing-", "preset: paddle"),
    (
        "paddle-classic-",
        "preset: paddle-classic\npublic_key: env:PUBLIC_KEY_PEM",
    ),
    (
        "paypal-ipn-",
        "preset: paypal-ipn\nreceiver_email: merchant@example.com",
    ),
    (
        "paypal-valid",
        "preset: paypal\ncertificate: env:CERTIFICATE_PEM\nwebhook_id: env:WEBHOOK_ID",
    ),
    (
        "paypal-wrong-webhook-id",
        "preset: paypal\ncertificate: env:CERTIFICATE_PEM\nwebhook_id: env:WEBHOOK_ID",
    ),
    ("shopify-", "preset: shopify"),
    ("slack-", "preset: slack"),
    (
        "square-",
        "preset: square
url: https://hooks.example.com/in/square",
    ),
    (
        "standardwebhooks-v1a-",
        "preset: standard-webhooks\npublic_key: env:PUBLIC_KEY",
    ),
    ("standardwebhooks-", "preset: standard-webhooks"),
    ("stripe-", "preset: stripe"),
    ("svix-", "preset: svix"),
    ("thrivecart-", "preset: thrivecart"),
    ("typeform-", "preset: typeform"),
    ("woocommerce-", "preset: woocommerce"),
    ("zoom-", "preset: zoom"),
];

/// Vectors of senders that sign with a key that only they have: their sources have no secret.
const KEYED: &[&str] = &["paddle-classic-", "paypal-", "standardwebhooks-v1a-"];

/// One vector of the file, as far as a receiver needs it.
#[derive(Debug, Deserialize)]
pub(crate) struct Vector {
    pub(crate) id: String,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    public_key: String,
    #[serde(default)]
    public_key_pem: String,
    #[serde(default)]
    certificate_pem: String,
    #[serde(default)]
    webhook_id: String,
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default)]
    pub(crate) url: Option<String>,
    pub(crate) headers: std::collections::BTreeMap<String, String>,
    pub(crate) body_base64: String,
    pub(crate) now: i64,
    pub(crate) expect: String,
    /// The hash of the form that its sender must be asked about it with.
    #[serde(default)]
    postback_body_sha256: String,
    /// What a handshake must be answered with.
    #[serde(default)]
    pub(crate) response: Value,
}

/// All of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut file: Value =
        serde_json::from_str(include_str!("../data/signature-vectors.json")).expect("JSON");
    let Value::Array(vectors) = file["vectors"].take() else {
        panic!("no vectors");
    };
    vectors
        .into_iter()
        .map(|vector| serde_json::from_str(&vector.to_string()).expect("a vector"))
        .collect()
}

fn is_keyed(vector: &Vector) -> bool {
    KEYED.iter().any(|start| vector.id.starts_with(start))
}

/// The entry of `sources:` that a vector is sent to, if there can be one; its variables end in `suffix`.
pub(crate) fn entry(vector: &Vector, suffix: &str) -> Option<String> {
    let mut starts = CARRIED.iter();
    let (_, entry) = starts.find(|(start, _)| vector.id.starts_with(start))?;
    let secret = if is_keyed(vector) {
        ""
    } else {
        "\nsecret: env:SECRET"
    };
    let mut entry = format!("{entry}{secret}\n");
    for (name, _) in variables(vector) {
        entry = entry.replace(&format!("env:{name}\n"), &format!("env:{name}{suffix}\n"));
    }
    Some(entry)
}

/// What the entry's variables hold.
pub(crate) fn variables(vector: &Vector) -> [(&'static str, String); 5] {
    let secret = match vector.secrets.join(":") {
        none if none.is_empty() => "dW51c2Vk".to_owned(),
        some => some,
    };
    [
        ("CERTIFICATE_PEM", vector.certificate_pem.clone()),
        ("PUBLIC_KEY", vector.public_key.clone()),
        ("PUBLIC_KEY_PEM", vector.public_key_pem.clone()),
        ("SECRET", secret),
        ("WEBHOOK_ID", vector.webhook_id.clone()),
    ]
}

/// The source that a vector is sent to.
fn source(vector: &Vector) -> Option<Source> {
    let file = File::new("kartwheel.yaml", entry(vector, "")?);
    let mut problems = Vec::new();
    let node = yaml::parse(&file, &mut problems).remove(0);
    let variables = variables(vector);
    let look_up = |text: &str| {
        let named = text.strip_prefix("env:")?;
        let found = variables.iter().find(|(name, _)| *name == named)?;
        Some(found.1.clone())
    };
    let source = Source::parse("in", &node, &file, &Home::of(&look_up), &mut problems);
    assert_eq!(problems, [], "{}", vector.id);
    Some(source.expect(&vector.id))
}

fn receive(source: &Source, vector: &Vector) -> Received {
    let headers: Vec<_> = vector.headers.iter().collect();
    let query = vector.url.as_deref().and_then(|url| url.split_once('?'));
    let request = Request {
        method: vector.method.as_deref().unwrap_or("POST"),
        path_secret: None,
        query: query.map_or("", |(_, query)| query),
        headers: &headers,
        body: &STANDARD.decode(&vector.body_base64).expect("base64"),
        peer: None,
    };
    let arrival = Arrival {
        now: Timestamp::from_second(vector.now).expect("a time"),
        new_id: &Uuid::nil,
        env: &Map::new(),
    };
    source.receive(&request, arrival)
}

/// Whether the sender takes this for the answer to its question.
pub(crate) fn is_answer(vector: &Vector, body: &str) -> bool {
    let response = &vector.response;
    let any_of = response["body_any_of"].as_array();
    any_of.is_none_or(|bodies| bodies.iter().any(|wanted| wanted == body))
        && response["body"]
            .as_str()
            .is_none_or(|wanted| wanted == body)
        && response["json"].as_object().is_none_or(|wanted| {
            serde_json::from_str::<Value>(body).is_ok_and(|body| body.as_object() == Some(wanted))
        })
}

/// Whether this is what the sender must be asked about it.
pub(crate) fn is_asked(vector: &Vector, ask: &Ask) -> bool {
    match ask {
        Ask::Confirm { url, form } => {
            url == "https://ipnpb.paypal.com/cgi-bin/webscr"
                && hex::encode(Sha256::digest(form)) == vector.postback_body_sha256
        }
        Ask::Certificate { .. } => false,
    }
}

/// Short words for what came out.
fn outcome(received: &Received) -> String {
    match received {
        Received::Events(events) => format!("{} event", events.len()),
        Received::Handshake { status, .. } => format!("handshake {status}"),
        Received::Ask(_) => "asks".to_owned(),
        Received::Refused(refusal) => format!("refused {} {}", refusal.status, refusal.reason),
    }
}

#[test]
fn every_vector_comes_out_as_its_sender_means_it() {
    for vector in &vectors() {
        let source = source(vector).unwrap_or_else(|| panic!("no source for {}", vector.id));
        let received = receive(&source, vector);
        if let Received::Handshake { body, .. } = &received {
            assert!(is_answer(vector, body), "{}: {body}", vector.id);
        }
        if let Received::Ask(question) = &received {
            assert!(is_asked(vector, &question.ask), "{}", vector.id);
        }
        let found = outcome(&received);
        let wanted = match (vector.id.as_str(), vector.expect.as_str()) {
            (
                "stripe-stale-301s" | "standardwebhooks-too-old" | "paddle-billing-stale-6s",
                "invalid",
            ) => "refused 401 stale",
            ("stripe-far-future-timestamp", "policy") => "refused 401 future",
            (_, "invalid") => "refused 401 signature",
            (_, "handshake") => "handshake 200",
            (_, "postback") => "asks",
            ("kit-valid-batch-of-two", "valid") => "2 event",
            (_, "valid") => "1 event",
            (id, other) => panic!("{id}: nobody knows what {other} means here"),
        };
        assert_eq!(found, wanted, "{}", vector.id);
    }
}

#[test]
fn no_valid_vector_passes_with_another_secret_body_or_no_headers() {
    for mut vector in vectors()
        .into_iter()
        .filter(|vector| vector.expect == "valid")
    {
        let right = source(&vector).expect("it is carried");
        let in_header = ![
            "generic-url-secret",
            "kartra-ipn-",
            "paddle-classic-",
            "thrivecart-",
        ]
        .iter()
        .any(|start| vector.id.starts_with(start));
        let signs_body = in_header
            && !["generic-b", "hotmart-"]
                .iter()
                .any(|start| vector.id.starts_with(start));
        let body = STANDARD.decode(&vector.body_base64).expect("base64");

        if signs_body {
            let mut other = body;
            other[0] ^= 1;
            let right_body = std::mem::replace(&mut vector.body_base64, STANDARD.encode(other));
            assert_eq!(
                outcome(&receive(&right, &vector)),
                "refused 401 signature",
                "{}, body",
                vector.id
            );
            vector.body_base64 = right_body;
        }
        let secrets = std::mem::replace(
            &mut vector.secrets,
            vec!["whsec_c29tZWJvZHk6ZWxzZQ==".into()],
        );
        let other = match vector.id.as_str() {
            "generic-basic" => None,
            _ if is_keyed(&vector) => None,
            _ => source(&vector),
        };
        if let Some(other) = other {
            assert!(
                outcome(&receive(&other, &vector)).starts_with("refused 401 s"),
                "{}, secret",
                vector.id
            );
        }
        vector.secrets = secrets;
        if in_header {
            vector.headers.retain(|name, _| name == "content-type");
            assert_eq!(
                outcome(&receive(&right, &vector)),
                "refused 401 missing",
                "{}, headers",
                vector.id
            );
        }
    }
}
