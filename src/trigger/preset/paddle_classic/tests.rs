//! Paddle Classic's deliveries, with a key pair that is not Paddle's.

use jiff::Timestamp;
use serde_json::json;

use super::super::tests::{FORM, refusal, set_up, set_up_without_secret, source, unsigned};
use super::*;
use crate::trigger::delivery::Delivery;
use crate::trigger::{Received, Request, form};

fn verify(body: &str) -> Result<(), &'static str> {
    let scheme = source("paddle-classic").scheme;
    let headers = Vec::<(&str, &str)>::new();
    let request = Request::post(&headers, body.as_bytes());
    scheme
        .verify(&[], &Delivery::new(&request, ""), Timestamp::UNIX_EPOCH)
        .map_err(|refusal| refusal.reason)
}

#[test]
fn every_field_is_signed_in_whatever_order_it_comes() {
    let body = PRESET.samples[0].body;
    assert_eq!(verify(body), Ok(()));
    let mut fields: Vec<&str> = body.split('&').collect();
    fields.reverse();
    assert_eq!(verify(&fields.join("&")), Ok(()));
    for at in 0..fields.len() {
        let mut others = fields.clone();
        let field = others.remove(at);
        let is_proof = field.starts_with("p_signature=");
        let refused = Err(if is_proof { "missing" } else { "signature" });
        assert_eq!(verify(&others.join("&")), refused, "without {field}");
        if !is_proof {
            let longer = format!("{field}x");
            others.push(&longer);
            assert_eq!(verify(&others.join("&")), refused, "{longer}");
        }
    }
    assert_eq!(verify(&format!("{body}&more=1")), Err("signature"));
    // Of equal fields the last one counts, here and where it is read.
    assert_eq!(verify(&format!("{body}&status=deleted")), Err("signature"));
    let wrong = body.replace("p_signature=OhD", "p_signature=OhE");
    assert_eq!(verify(&wrong), Err("signature"));
    let broken = body.replace("p_signature=", "p_signature=%3F");
    assert_eq!(verify(&broken), Err("malformed"));
    assert_eq!(verify("%FF=1"), Err("missing"));
}

#[test]
fn lengths_are_in_bytes() {
    let fields = form::fields("b=Zo%C3%AB&a=".as_bytes()).expect("a form");
    let text = scheme::serialized(&fields);
    assert_eq!(text, "a:2:{s:1:\"a\";s:0:\"\";s:1:\"b\";s:4:\"Zo\u{eb}\";}");
}

#[test]
fn a_true_delivery_is_an_event_without_its_signature() {
    let source = source("paddle-classic");
    let form = [("content-type", FORM)];
    let Received::Events(events) = unsigned(&source, "POST", &form, PRESET.samples[0].body) else {
        panic!("refused");
    };
    let event = &events[0];
    assert_eq!(event.kind, "subscription_created");
    assert_eq!(event.sender_id, "1000000001");
    assert_eq!(event.tree["body"].get("p_signature"), None);
    let person = &event.person;
    assert_eq!(person.email.as_deref(), Some("ada.lovelace@example.com"));
    assert_eq!(person.first_name.as_deref(), Some("Zo\u{eb}"));
    assert_eq!(person.ids.get("user"), Some(&json!("4")));
    let open = unsigned(&source, "POST", &form, "alert_name=subscription_created");
    assert_eq!(refusal(&open), (401, "missing"));
}

#[test]
fn it_takes_a_public_key_and_no_secret() {
    for entry in [
        "preset: paddle-classic",
        "preset: paddle-classic\npublic_key: MIIB",
        "preset: paddle-classic\npublic_key: env:PAYPAL_CERTIFICATE",
    ] {
        let told = set_up_without_secret(entry).expect_err(entry);
        assert_eq!(told.len(), 1, "{entry}");
        let help = told[0].help.as_deref().unwrap_or_default();
        assert!(help.contains("BEGIN PUBLIC KEY"), "{help}");
    }
    let told = set_up("preset: paddle-classic\npublic_key: env:PADDLE_KEY", None);
    let told = told.expect_err("a secret has no effect");
    assert_eq!(told.len(), 1);
    assert!(told[0].message.contains("no secret"), "{}", told[0].message);
}
