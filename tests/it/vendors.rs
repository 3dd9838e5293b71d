//! The senders' own packages, from npm and PyPI: what they sign is accepted, and they accept what `kartwheel send` makes.
//!
//! Secrets and bodies are fresh each time. What failed says with which `KARTWHEEL_TEST_SEED` it is the first again.

mod body;
mod package;
mod story;

use std::fs;

use jiff::Timestamp;
use kartwheel::clock::{Clock, SettableClock, SystemClock};
use serde_json::{Value, json};

use crate::membrane::fake::{Fake, Reply};
use crate::random::Random;
use crate::world::client;
pub(crate) use package::Package;
use story::{Case, fresh};

/// When the packages sign.
const SIGNED_AT_S: i64 = 1_793_520_000;

const STRIPE: Package = Package::Npm("stripe");
const STANDARD: Package = Package::Npm("standardwebhooks");
const SVIX: Package = Package::Npm("svix");
const OCTOKIT: Package = Package::Npm("@octokit/webhooks-methods");
const SLACK: Package = Package::Pypi("slack_sdk");
const BRAINTREE: Package = Package::Npm("braintree");
const PADDLE_PYTHON: Package = Package::Pypi("paddle-python-sdk");
const PADDLE: Package = Package::Npm("@paddle/paddle-node-sdk");
const SHOPIFY: Package = Package::Npm("@shopify/shopify-api");
const SQUARE: Package = Package::Npm("square");

// What packages say to a body of which one byte is another; those that only say no are not here.
const NONE_MATCHES: &str = "No signatures found matching the expected signature for payload";
const NO_MATCH: &str = "No matching signature found";
const MODIFIED: &str = "signature does not match payload - one has been modified";

/// A sender's own package, and what is tried with it.
pub(crate) struct Tried {
    pub(crate) sender: &'static str,
    pub(crate) package: Package,
    pub(crate) what: What,
}

/// What a package does.
pub(crate) enum What {
    /// It makes deliveries.
    Signs,
    /// It takes them, and says this to a changed one.
    Verifies(&'static str),
}

/// Posts what a package signed; the answer's status and body.
async fn post(case: &Case, hooks: &str, signed: &Value, body: Vec<u8>) -> (u16, Value) {
    let mut request = client().post(format!("{hooks}/{}", case.source)).body(body);
    for (name, value) in case.unsigned() {
        request = request.header(name, value);
    }
    for (name, value) in signed["headers"].as_object().expect("headers") {
        request = request.header(name, value.as_str().expect("text"));
    }
    let answer = request.send().await.expect("the daemon answers");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// The package signs deliveries: the daemon takes each, and none of which one byte is another.
async fn is_believed(sender: &'static str, package: Package) {
    let (yard, cases) = fresh(sender, &mut Random::fresh());
    let sign = |case: &Case| case.job("sign", SIGNED_AT_S, &json!({}), &case.body);
    let signed = package.ask(&cases.iter().map(sign).collect::<Vec<_>>());
    let signed_at = Timestamp::from_second(SIGNED_AT_S).expect("a time");
    let app = yard.start(&SettableClock::starting_at(signed_at)).await;
    let hooks = format!("http://{}/hooks", app.webhook_address);
    for (case, signed) in cases.iter().zip(&signed) {
        let body = match signed["body"].as_str() {
            Some(body) => body.as_bytes().to_vec(),
            None => case.body.clone(),
        };
        let changed = case.changed(&body);
        let refused = post(case, &hooks, signed, changed).await;
        let not_verified = (401, json!({"status": "not verified"}));
        assert_eq!(refused, not_verified, "{}, changed", case.title);
        let (status, answer) = post(case, &hooks, signed, body).await;
        let taken = (status, answer["status"].as_str());
        assert_eq!(taken, (200, Some("accepted")), "{}: {answer}", case.title);
    }
    let now = SystemClock.now();
    let counts = app.store().reader().counts(now).await.expect("counts");
    assert_eq!(counts.events, cases.len() as u64);
    app.stop().await;
}

/// `kartwheel send` makes deliveries: the package takes each, and of those of which one byte is another it says `why` not.
async fn believes(sender: &'static str, package: Package, why: &str) {
    let (yard, cases) = fresh(sender, &mut Random::fresh());
    let receiver = Fake::start(|_| Reply::json(200, &json!({"status": "accepted"}))).await;
    let (url, now) = (receiver.url(), SystemClock.now());
    for case in &cases {
        fs::write(yard.dir.path().join("body.json"), &case.body).expect("written");
        let said = yard.says(&["send", &case.source, "--file", "body.json", "--url", &url]);
        assert_eq!(said.code, 0, "{}: {}", case.title, said.err);
    }
    let seen = receiver.seen();
    assert_eq!(seen.len(), cases.len(), "{sender}");
    let mut jobs = Vec::new();
    for (case, seen) in cases.iter().zip(&seen) {
        let headers = seen.headers.iter();
        let headers: Value = headers
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").into()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let body = seen.text.as_bytes();
        for body in [body, &case.changed(body)] {
            jobs.push(case.job("verify", now.as_second(), &headers, body));
        }
    }
    let answers = package.ask(&jobs);
    for (case, answers) in cases.iter().zip(answers.chunks(2)) {
        assert_eq!(answers[0]["accepted"], true, "{}: {answers:?}", case.title);
        let refused = (&answers[1]["accepted"], answers[1]["why"].as_str());
        assert_eq!(refused, (&json!(false), Some(why)), "{}", case.title);
    }
}

/// A test for each line, and all of them as a list.
macro_rules! tried {
    ($($name:ident: $sender:literal, $package:expr, $what:expr;)*) => {
        /// What is tried, with packages in a row.
        pub(crate) const TRIED: &[Tried] = &[$(Tried { sender: $sender, package: $package, what: $what }),*];

        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            match $what {
                What::Signs => is_believed($sender, $package).await,
                What::Verifies(why) => believes($sender, $package, why).await,
            }
        })*
    };
}

tried! {
    what_stripes_package_signs_is_accepted: "stripe", STRIPE, What::Signs;
    stripes_package_accepts_what_is_sent: "stripe", STRIPE, What::Verifies(NONE_MATCHES);
    what_the_package_of_standard_webhooks_signs_is_accepted: "standard-webhooks", STANDARD, What::Signs;
    the_package_of_standard_webhooks_accepts_what_is_sent: "standard-webhooks", STANDARD, What::Verifies(NO_MATCH);
    what_svixs_package_signs_is_accepted: "svix", SVIX, What::Signs;
    svixs_package_accepts_what_is_sent: "svix", SVIX, What::Verifies(NO_MATCH);
    what_octokit_signs_is_accepted: "github", OCTOKIT, What::Signs;
    octokit_accepts_what_is_sent: "github", OCTOKIT, What::Verifies("no");
    what_slacks_package_signs_is_accepted: "slack", SLACK, What::Signs;
    slacks_package_accepts_what_is_sent: "slack", SLACK, What::Verifies("no");
    what_braintrees_package_signs_is_accepted: "braintree", BRAINTREE, What::Signs;
    braintrees_package_accepts_what_is_sent: "braintree", BRAINTREE, What::Verifies(MODIFIED);
    what_paddles_python_package_signs_is_accepted: "paddle", PADDLE_PYTHON, What::Signs;
    paddles_python_package_accepts_what_is_sent: "paddle", PADDLE_PYTHON, What::Verifies("no");
    paddles_package_accepts_what_is_sent: "paddle", PADDLE, What::Verifies("no");
    shopifys_package_accepts_what_is_sent: "shopify", SHOPIFY, What::Verifies("invalid_hmac");
    squares_package_accepts_what_is_sent: "square", SQUARE, What::Verifies("no");
}
