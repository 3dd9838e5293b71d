//! Braintree's notifications with the keys of its own library's examples.

use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;

use super::super::tests::{
    FORM, asked, event_of, handshake, received, refusal, set_up, source, unsigned,
};
use super::*;
use crate::trigger::delivery::Delivery;
use crate::trigger::settings::Around;

fn delivered(public_key: &str, secret: &str, body: &str) -> Result<(), &'static str> {
    let around = Around {
        public_key: public_key.into(),
        ..Around::default()
    };
    let scheme = (PRESET.scheme)(&around).expect("it has its key");
    let headers = Vec::<(&str, &str)>::new();
    let request = Request::post(&headers, body.as_bytes());
    let secrets = ["another".into(), secret.into()];
    scheme
        .verify(
            &secrets,
            &Delivery::new(&request, ""),
            Timestamp::UNIX_EPOCH,
        )
        .map_err(|refusal| refusal.reason)
}

#[test]
fn the_signature_of_braintrees_own_library_is_accepted_and_no_other() {
    let (public, secret) = ("fakepublickey0001", "fakeprivatekey00000000000000000001");
    let body = PRESET.samples[0].body;
    assert_eq!(delivered(public, secret, body), Ok(()));
    // Without the line break at its end it was not signed, and is the same.
    let bare = body.strip_suffix("%0A").expect("it ends with a line break");
    assert_eq!(delivered(public, secret, bare), Ok(()));
    let several = body.replace("bt_signature=", "bt_signature=another%7C00%26");
    assert_eq!(delivered(public, secret, &several), Ok(()));

    let other = "fakeprivatekey00000000000000000002";
    assert_eq!(delivered(public, other, body), Err("signature"));
    assert_eq!(delivered("another", secret, body), Err("scheme"));
    let changed = body.replace("bt_payload=PG5", "bt_payload=PG6");
    assert_eq!(delivered(public, secret, &changed), Err("signature"));
    let no_hex = body.replace("%7Cb468", "%7Cx468");
    assert_eq!(delivered(public, secret, &no_hex), Err("malformed"));
    for (field, other) in [("bt_signature", "a"), ("bt_payload", "b")] {
        let without = body.replace(field, other);
        assert_eq!(
            delivered(public, secret, &without),
            Err("missing"),
            "{field}"
        );
    }
}

#[test]
fn a_notification_is_read_out_of_its_xml() {
    let source = source("braintree");
    let event = event_of(&source, FORM, source.samples()[0].body);
    assert_eq!(
        event.sender_id,
        "sub_fake_1/subscription_charged_successfully/2026-11-23T15:08:10Z"
    );
    let subscription = &event.tree["body"]["subject"]["subscription"];
    assert_eq!(subscription["transactions"][0]["amount"], "49.99");
    assert_eq!(subscription["add_ons"], json!([]));
    assert_eq!(event.tree["body"].get("bt_payload"), None);
}

fn notification(kind: &str, subject: &str) -> String {
    let text = format!(
        "<notification><timestamp type=\"datetime\">2026-11-23T15:08:10Z</timestamp><kind>{kind}</kind><subject>{subject}</subject></notification>"
    );
    format!("bt_payload={}", form::escape(&STANDARD.encode(text)))
}

#[test]
fn the_customer_of_a_transaction_is_the_person() {
    let source = source("braintree");
    let customer = "<customer><id>c1</id><first-name>Ada</first-name><email>ada@example.com</email></customer>";
    let transaction = format!("<id>t1</id>{customer}");
    for (kind, subject) in [
        (
            "transaction_settled",
            format!("<transaction>{transaction}</transaction>"),
        ),
        (
            "subscription_canceled",
            format!(
                "<subscription><id>s1</id><transactions type=\"array\"><transaction>{transaction}</transaction></transactions></subscription>"
            ),
        ),
    ] {
        let person = event_of(&source, FORM, &notification(kind, &subject)).person;
        assert_eq!(person.email.as_deref(), Some("ada@example.com"), "{kind}");
        assert_eq!(person.first_name.as_deref(), Some("Ada"), "{kind}");
        assert_eq!(person.ids.get("customer"), Some(&json!("c1")), "{kind}");
    }
}

#[test]
fn a_check_is_answered_and_what_is_no_notification_is_refused() {
    let source = source("braintree");
    let check = received(
        &source,
        FORM,
        &notification("check", "<check type=\"boolean\">true</check>"),
    );
    assert_eq!(handshake(&check), (200, "check"));
    for payload in ["PGE+", "eA==", "PGEvPg==", "*"] {
        let body = format!("bt_payload={}", form::escape(payload));
        assert_eq!(
            refusal(&received(&source, FORM, &body)),
            (400, "body"),
            "{payload}"
        );
    }
    let open = unsigned(
        &source,
        "POST",
        &[("content-type", FORM)],
        "bt_payload=PGE+",
    );
    assert_eq!(refusal(&open), (401, "missing"));
}

#[test]
fn only_a_challenge_of_braintrees_own_form_is_signed() {
    let source = source("braintree");
    let answer = |challenge: &str| asked(&source, "GET", &format!("bt_challenge={challenge}"));
    let (status, text) = answer("20f9f8ed05f77439fe955c977e4c8a53");
    assert_eq!(status, 200);
    let tag = text
        .strip_prefix("fakepublickey0001|")
        .expect("the public key");
    assert_eq!(tag.len(), 40);
    for other in [
        "20f9f8ed05f77439fe9",
        "20f9f8ed05f77439fe955c977e4c8a53a",
        "20F9F8ED05F77439FE955C977E4C8A53",
        "PG5vdGlmaWNhdGlvbj4KICA",
        "",
    ] {
        assert_eq!(answer(other), (200, String::new()), "{other}");
    }
}

#[test]
fn without_its_public_key_it_is_not_set_up() {
    let lacks = set_up("preset: braintree", None).expect_err("no key");
    assert_eq!(lacks.len(), 1);
    assert!(
        lacks[0]
            .help
            .as_deref()
            .is_some_and(|help| help.contains("public_key"))
    );
}
