//! PayPal's deliveries, with a certificate that is not PayPal's.

use serde_json::{Value, json};

use super::super::tests::{
    event, refusal, set_up, set_up_without_secret, source, unsigned, vector,
};
use crate::trigger::{Received, Source};

/// The headers of the delivery whose signature is known, but that this one has another value.
fn headers(changed: &str, value: &str) -> Vec<(String, String)> {
    let vector = vector("paypal-valid");
    let headers = vector["headers"].as_object().into_iter().flatten();
    headers
        .map(|(name, own)| {
            let own = own.as_str().expect("text");
            (
                name.clone(),
                if name == changed { value } else { own }.to_owned(),
            )
        })
        .collect()
}

fn send(source: &Source, headers: &[(String, String)], body: &str) -> Received {
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    unsigned(source, "POST", &headers, body)
}

/// The entry with this certificate, webhook and more.
fn entry(certificate: &str, webhook_id: &str, more: &str) -> String {
    format!("preset: paypal\ncertificate: {certificate}\nwebhook_id: {webhook_id}\n{more}")
}

#[test]
fn a_true_delivery_is_an_event_and_no_part_of_it_can_be_changed() {
    let source = source("paypal");
    let body = source.samples()[1].body;
    let Received::Events(events) = send(&source, &headers("", ""), body) else {
        panic!("refused");
    };
    assert_eq!(events[0].kind, "PAYMENT.CAPTURE.COMPLETED");
    assert_eq!(events[0].sender_id, "WH-2FAKE58387TF-3FAKE5901X");
    let shown = format!("{:?}", events[0].tree);
    assert!(shown.contains("paypal-transmission-id") && !shown.contains("transmission-sig"));

    let changed = body.replace("297.00", "297.01");
    assert_eq!(
        refusal(&send(&source, &headers("", ""), &changed)),
        (401, "signature")
    );
    for (name, value, reason) in [
        ("paypal-transmission-id", "another", "signature"),
        (
            "paypal-transmission-time",
            "2026-11-01T08:00:04Z",
            "signature",
        ),
        ("paypal-transmission-sig", "AAAA", "signature"),
        ("paypal-transmission-sig", "?", "malformed"),
        ("paypal-auth-algo", "SHA1withRSA", "scheme"),
        (
            "paypal-cert-url",
            "https://paypal.example.com/cert",
            "malformed",
        ),
    ] {
        let received = send(&source, &headers(name, value), body);
        assert_eq!(refusal(&received), (401, reason), "{name}: {value}");
    }
    for (name, _) in headers("", "") {
        let mut others = headers("", "");
        others.retain(|(other, _)| *other != name);
        let received = send(&source, &others, body);
        if name == "content-type" {
            assert!(matches!(received, Received::Events(_)));
        } else {
            assert_eq!(refusal(&received), (401, "missing"), "{name}");
        }
    }
}

/// Who sets it up learns where the certificate lies, as long as that can be shown and is PayPal's.
#[test]
fn a_refusal_for_the_certificate_says_where_it_lies() {
    let entry = entry("env:PAYPAL_CERTIFICATE", "0XX4291016473214C", "");
    let source = set_up_without_secret(&entry).expect("it is right");
    let detail = |url: &str| {
        let received = send(&source, &headers("paypal-cert-url", url), "{}");
        let Received::Refused(refusal) = received else {
            panic!("{received:?}");
        };
        assert_eq!(refusal.reason, "signature");
        refusal.detail
    };
    let told = detail("https://api.paypal.com/v1/certs/CERT-1");
    assert!(told.ends_with("; it names the certificate at https://api.paypal.com/v1/certs/CERT-1"));
    let long = format!("https://api.paypal.com/{}", "a".repeat(300));
    for url in [&*long, "https://api.paypal.com/a\u{1b}[2J"] {
        assert!(detail(url).ends_with("changed the body"), "{url}");
    }
}

#[test]
fn the_signature_is_for_one_webhook_and_its_time_counts_only_if_the_source_says_so() {
    let body = source("paypal").samples()[1].body;
    let received = |webhook_id: &str, more: &str| {
        let source = set_up_without_secret(&entry("env:PAYPAL_CERTIFICATE", webhook_id, more));
        send(&source.expect("it is right"), &headers("", ""), body)
    };
    assert_eq!(
        refusal(&received("0XX4291016473214C", "")),
        (401, "signature")
    );
    let (right, short) = (
        received("1JE4291016473214C", "tolerance: 3s"),
        "tolerance: 2s",
    );
    assert!(matches!(right, Received::Events(_)), "{right:?}");
    assert_eq!(
        refusal(&received("1JE4291016473214C", short)),
        (401, "future")
    );
}

#[test]
fn it_takes_a_certificate_and_the_webhooks_id_and_no_secret() {
    for (entry, key) in [
        ("preset: paypal\nwebhook_id: x".to_owned(), "`certificate"),
        (entry("MIIB", "x", ""), "`certificate"),
        (entry("env:PADDLE_KEY", "x", ""), "`certificate"),
        (
            "preset: paypal\ncertificate: env:PAYPAL_CERTIFICATE".to_owned(),
            "`webhook_id",
        ),
    ] {
        let told = set_up_without_secret(&entry).expect_err(&entry);
        assert_eq!(told.len(), 1, "{entry}");
        let help = told[0].help.as_deref().unwrap_or_default();
        assert!(help.contains(key), "{help}");
    }
    let told = set_up(&entry("env:PAYPAL_CERTIFICATE", "x", ""), None);
    let told = told.expect_err("a secret has no effect");
    assert!(told.len() == 1 && told[0].message.contains("no secret"));
}

#[test]
fn a_payment_leads_to_its_payer_by_order_or_subscription_and_never_to_the_payee() {
    let source = source("paypal");
    let canceled = event(&source, source.samples()[0].body).person;
    assert_eq!(canceled.email.as_deref(), Some("ada.lovelace@example.com"));
    assert_eq!(canceled.first_name.as_deref(), Some("Ada"));
    assert_eq!(canceled.last_name.as_deref(), Some("Lovelace"));
    assert_eq!(
        Value::Object(canceled.ids),
        json!({"payer": "FAKEPAYER01", "subscription": "I-FAKE375R0H6"})
    );
    let captured = event(&source, source.samples()[1].body).person;
    assert_eq!(captured.email, None);
    assert_eq!(
        Value::Object(captured.ids),
        json!({"order": "5O190127TN364715T"})
    );
    for kind in ["PAYMENT.CAPTURE.COMPLETED", "PAYMENT.SALE.COMPLETED"] {
        assert!(!source.lacks_address(kind), "{kind}");
    }
    assert!(source.lacks_address("CUSTOMER.DISPUTE.CREATED"));
}
