//! The certificate with which PayPal signs: fetched from PayPal alone, believed only if somebody vouches for it, kept for a while.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kartwheel::clock::{self, Clock, SettableClock};
use kartwheel::outside::{Asker, CERTIFICATES_FAILED_MAX, Https, Outside};
use kartwheel::trigger::{Ask, Roots};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_RSA_SHA256,
    RsaKeySize, SigningKey as _, date_time_ymd,
};

use super::asked::Shop;
use super::paypal::{PayPal, plain};
use super::{Yard, instant};

const NAME: &str = "messageverificationcerts.paypal.com";
const PLACE: &str = "/v1/notifications/certs/";
const WEBHOOK: &str = "1JE4291016473214C";
const BODY: &str =
    "{\"id\":\"WH-1\",\"event_type\":\"BILLING.SUBSCRIPTION.CREATED\",\"resource\":{}}";
const DAY_SECONDS: u64 = 24 * 60 * 60;

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// Asks what stands in for PayPal's hosts.
#[derive(Debug)]
struct Detour {
    https: Https,
    to: String,
}

#[async_trait]
impl Asker for Detour {
    async fn ask(&self, ask: &Ask) -> Result<Vec<u8>, String> {
        let path = ask.url().strip_prefix("https://api.paypal.com");
        let url = format!("{}{}", self.to, path.expect("PayPal's own host"));
        self.https.ask(&Ask::Certificate { url }).await
    }
}

fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Root");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Somebody between the authority and the certificates.
fn between(authority: &Issuer) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Between");
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), authority).unwrap()
}

fn certificate(name: &str, years: (i32, i32), key: &KeyPair, issuer: &Issuer) -> String {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params.signed_by(key, issuer).unwrap().pem()
}

/// What lies at PayPal, and who signs with it.
struct Scene {
    key: KeyPair,
    paypal: PayPal,
    clock: Arc<SettableClock>,
    shop: Shop,
}

impl Scene {
    async fn new() -> Self {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let (root, stranger) = (authority(), authority());
        let middle = between(&root);
        let chain = |leaf: String| format!("{leaf}{}", middle.as_ref().pem());
        let small = KeyPair::generate().unwrap();
        let now = (2026, 2027);
        let files: HashMap<&str, String> = HashMap::from([
            ("good", chain(certificate(NAME, now, &key, &middle))),
            (
                "long",
                chain(certificate(NAME, (2026, 2036), &key, &middle)),
            ),
            (
                "expired",
                chain(certificate(NAME, (2024, 2026), &key, &middle)),
            ),
            (
                "ahead",
                chain(certificate(NAME, (2027, 2028), &key, &middle)),
            ),
            (
                "other",
                chain(certificate("paypal.com.example.com", now, &key, &middle)),
            ),
            (
                "alike",
                chain(certificate("notpaypal.com", now, &key, &middle)),
            ),
            ("alone", certificate(NAME, now, &key, &middle)),
            ("stranger", certificate(NAME, now, &key, &stranger)),
            ("curve", chain(certificate(NAME, now, &small, &middle))),
            ("page", "<html>Sorry</html>".to_owned()),
        ]);
        let paypal = PayPal::saying(move |path, _| {
            let name = path.strip_prefix(PLACE).unwrap();
            match files.get(name) {
                Some(file) => plain(200, file.as_str()),
                None => plain(404, "no such certificate"),
            }
        })
        .await;
        let detour = Detour {
            https: Https::new().unwrap(),
            to: paypal.url.clone(),
        };
        let roots = Roots::of(&root.as_ref().pem()).unwrap();
        let outside = Outside::new(Arc::new(detour), roots);
        let entry = format!("preset: paypal\nwebhook_id: {WEBHOOK}");
        let yard = Yard::of(&[("paypal".to_owned(), entry)], Vec::new());
        let clock = SettableClock::starting_at(instant(1_793_520_004));
        let shop = Shop::of(yard, outside, &clock).await;
        Self {
            key,
            paypal,
            clock,
            shop,
        }
    }

    /// The headers of a delivery of this body, whose certificate is said to lie there.
    fn headers(&self, url: &str, webhook: &str, body: &str) -> Vec<(&'static str, String)> {
        let (id, time) = ("69cd13f0", "2026-11-01T08:00:03Z");
        let line = format!("{id}|{time}|{webhook}|{}", crc32(body.as_bytes()));
        let signature = self.key.sign(line.as_bytes()).unwrap();
        vec![
            ("content-type", "application/json".to_owned()),
            ("paypal-transmission-id", id.to_owned()),
            ("paypal-transmission-time", time.to_owned()),
            ("paypal-transmission-sig", STANDARD.encode(signature)),
            ("paypal-auth-algo", "SHA256withRSA".to_owned()),
            ("paypal-cert-url", url.to_owned()),
        ]
    }

    async fn send(&self, headers: &[(&'static str, String)], body: &'static str) -> u16 {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let (status, says_when) = self.shop.post("paypal", &headers, body).await;
        assert_eq!(says_when, status == 503);
        status
    }

    /// The status of a true delivery with the certificate of this name.
    async fn signed_with(&self, name: &str) -> u16 {
        let headers = self.headers(&at(name), WEBHOOK, BODY);
        self.send(&headers, BODY).await
    }

    fn pass(&self, seconds: u64) {
        let length = std::time::Duration::from_secs(seconds);
        self.clock.set(clock::after(self.clock.now(), length));
    }
}

fn at(name: &str) -> String {
    format!("https://api.paypal.com{PLACE}{name}")
}

/// The checksum of zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| match crc & 1 {
        1 => crc >> 1 ^ 0xEDB8_8320,
        _ => crc >> 1,
    };
    let next = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, next)
}

#[tokio::test]
async fn a_certificate_of_paypals_is_fetched_once_and_proves_what_it_signed() {
    let scene = Scene::new().await;
    assert_eq!(scene.signed_with("long").await, 200);
    assert_eq!(scene.signed_with("long").await, 200, "again");
    let events = scene.shop.events().await;
    let [event] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.kind, "BILLING.SUBSCRIPTION.CREATED");

    let true_headers = scene.headers(&at("long"), WEBHOOK, BODY);
    let tampered =
        "{\"id\":\"WH-1\",\"event_type\":\"BILLING.SUBSCRIPTION.CREATED\",\"resource\":[]}";
    assert_eq!(scene.send(&true_headers, tampered).await, 401);
    let others = scene.headers(&at("long"), "0XX4291016473214C", BODY);
    assert_eq!(scene.send(&others, BODY).await, 401, "another webhook");
    let heard = scene.paypal.heard();
    assert_eq!(heard.len(), 1, "one question for all of them: {heard:?}");
    assert_eq!((heard[0].method.as_str(), heard[0].body.len()), ("GET", 0));

    scene.pass(DAY_SECONDS);
    assert_eq!(scene.signed_with("long").await, 200, "a day later");
    assert_eq!(scene.paypal.heard().len(), 2);
    assert_eq!(scene.shop.events().await.len(), 1);
    assert_eq!(scene.shop.refusals().await, [("signature".to_owned(), 2)]);
    scene.shop.app.stop().await;
}

#[tokio::test]
async fn only_a_certificate_that_is_paypals_and_valid_now_is_believed() {
    let scene = Scene::new().await;
    for (name, status) in [
        ("expired", 401),
        ("ahead", 401),
        ("other", 401),
        ("alike", 401),
        ("alone", 401),
        ("stranger", 401),
        ("curve", 401),
        ("page", 503),
        ("gone", 503),
    ] {
        let before = scene.paypal.heard().len();
        assert_eq!(scene.signed_with(name).await, status, "{name}");
        assert_eq!(scene.signed_with(name).await, 503, "{name}, again");
        assert_eq!(scene.paypal.heard().len(), before + 1, "{name}");
    }
    assert_eq!(scene.shop.events().await.len(), 0);
    let refused = [("certificate".to_owned(), 7), ("unanswered".to_owned(), 11)];
    assert_eq!(scene.shop.refusals().await, refused);
    let before = scene.paypal.heard().len();
    scene.pass(60);
    assert_eq!(scene.signed_with("gone").await, 503, "a minute later");
    assert_eq!(scene.paypal.heard().len(), before + 1);
    scene.shop.app.stop().await;
}

/// While it is kept, too, a certificate runs out.
#[tokio::test]
async fn a_certificate_that_is_kept_is_not_believed_beyond_its_time() {
    let scene = Scene::new().await;
    scene.clock.set("2026-12-31T23:59:55Z".parse().unwrap());
    assert_eq!(scene.signed_with("good").await, 200);
    scene.pass(10);
    assert_eq!(scene.signed_with("good").await, 401);
    assert_eq!(scene.paypal.heard().len(), 1);
    assert_eq!(scene.shop.refusals().await, [("certificate".to_owned(), 1)]);
    scene.shop.app.stop().await;
}

#[tokio::test]
async fn nobody_is_asked_for_a_certificate_unless_all_else_is_in_order() {
    let scene = Scene::new().await;
    for (name, value) in [
        ("paypal-transmission-sig", "AAAA"),
        ("paypal-transmission-sig", "?"),
        ("paypal-transmission-id", ""),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-auth-algo", "SHA1withRSA"),
        (
            "paypal-cert-url",
            "http://api.paypal.com/v1/notifications/certs/good",
        ),
        (
            "paypal-cert-url",
            "https://example.com/v1/notifications/certs/good",
        ),
        (
            "paypal-cert-url",
            "https://api.paypal.com:8443/v1/notifications/certs/good",
        ),
        (
            "paypal-cert-url",
            "https://x@api.paypal.com/v1/notifications/certs/good",
        ),
    ] {
        let mut headers = scene.headers(&at("good"), WEBHOOK, BODY);
        for header in &mut headers {
            if header.0 == name {
                header.1 = value.to_owned();
            }
        }
        assert_eq!(scene.send(&headers, BODY).await, 401, "{name}: {value}");
    }
    assert_eq!(scene.paypal.heard(), []);
    scene.shop.app.stop().await;
}

#[tokio::test]
async fn forged_addresses_cannot_make_us_hammer_paypal_nor_shut_it_out() {
    let scene = Scene::new().await;
    assert_eq!(scene.signed_with("good").await, 200);
    for number in 0..2 * CERTIFICATES_FAILED_MAX {
        assert_eq!(scene.signed_with(&format!("forged-{number}")).await, 503);
    }
    assert_eq!(scene.paypal.heard().len(), 1 + CERTIFICATES_FAILED_MAX);
    assert_eq!(scene.signed_with("good").await, 200);
    assert_eq!(
        scene.signed_with("long").await,
        503,
        "one that is not known yet"
    );
    scene.pass(60);
    assert_eq!(scene.signed_with("long").await, 200);
    scene.shop.app.stop().await;
}
