//! What is asked about a notification, and what is made of it.

use serde_json::{Value, json};

use super::super::tests::{
    FORM, event_of, received, refusal, set_up, set_up_without_secret, source, unsigned,
};
use crate::problem::Severity;
use crate::trigger::{Ask, Received, Source};

const FORM_HEADER: (&str, &str) = ("content-type", FORM);
const RECEIVER: &str = "preset: paypal-ipn\nreceiver_email: merchant@example.com\n";

fn sent(source: &Source, body: &str) -> Received {
    unsigned(source, "POST", &[FORM_HEADER], body)
}

/// Whom the source asks about this body, and what.
#[track_caller]
fn asked(source: &Source, body: &str) -> (String, Vec<u8>) {
    match sent(source, body) {
        Received::Ask(question) => match question.ask {
            Ask::Confirm { url, form } => (url, form),
            other @ Ask::Certificate { .. } => panic!("{other:?}"),
        },
        other => panic!("nobody is asked: {other:?}"),
    }
}

#[test]
fn the_type_is_what_was_done_and_how_it_stands() {
    let source = source("paypal-ipn");
    let kind = |body: &str| event_of(&source, FORM, body).kind;
    for (body, wanted) in [
        (
            "txn_type=subscr_payment&payment_status=Completed",
            "subscr_payment.completed",
        ),
        ("txn_type=subscr_signup", "subscr_signup"),
        (
            "payment_status=Canceled_Reversal",
            "payment.canceled_reversal",
        ),
        ("txn_type=&payment_status=Reversed", "payment.reversed"),
        ("ipn_track_id=1", ""),
    ] {
        assert_eq!(kind(body), wanted, "{body}");
    }
}

#[test]
fn the_id_tells_every_state_of_a_payment_and_every_notice_of_a_subscription() {
    let source = source("paypal-ipn");
    let id = |body: &str| event_of(&source, FORM, body).sender_id;
    for (body, wanted) in [
        (
            "txn_id=T1&payment_status=Pending&ipn_track_id=x",
            "T1/Pending",
        ),
        (
            "txn_id=T1&payment_status=Completed&ipn_track_id=y",
            "T1/Completed",
        ),
        ("txn_type=subscr_signup&ipn_track_id=x", "x/subscr_signup"),
        ("txn_id=T1&ipn_track_id=x", "x"),
    ] {
        assert_eq!(id(body), wanted, "{body}");
    }
}

#[test]
fn the_person_is_the_payer_in_whichever_character_set() {
    let source = source("paypal-ipn");
    let body = "charset=windows-1252&payer_email=zoe%40example.com&first_name=Zo%EB&last_name=%8Amith&contact_phone=555&payer_id=P1\
                &subscr_id=I-1&txn_type=subscr_signup&ipn_track_id=1";
    let person = event_of(&source, FORM, body).person;
    assert_eq!(person.email.as_deref(), Some("zoe@example.com"));
    assert_eq!(person.first_name.as_deref(), Some("Zoë"));
    assert_eq!(person.last_name.as_deref(), Some("Šmith"));
    assert_eq!(person.phone.as_deref(), Some("555"));
    assert_eq!(
        Value::Object(person.ids),
        json!({"payer": "P1", "subscription": "I-1"})
    );
}

#[test]
fn paypal_gets_back_to_the_byte_what_it_sent() {
    let source = source("paypal-ipn");
    let body =
        "receiver_email=Merchant%40Example.com&b=%e9+%2B&a=1&a=2&empty=&charset=windows-1252";
    let (url, form) = asked(&source, body);
    assert_eq!(url, "https://ipnpb.paypal.com/cgi-bin/webscr");
    assert_eq!(form, format!("cmd=_notify-validate&{body}").into_bytes());
}

#[test]
fn what_cannot_be_ours_is_refused_before_anybody_is_asked() {
    let live = source("paypal-ipn");
    for (body, reason) in [
        (
            "receiver_email=merchant%40example.com&test_ipn=1",
            "test_mode",
        ),
        ("receiver_email=other%40example.com", "receiver"),
        (
            "receiver_email=merchant%40example.com&receiver_email=other%40example.com",
            "receiver",
        ),
        ("business=merchant%40example.com", "receiver"),
        ("", "malformed"),
        (
            "{\"receiver_email\": \"merchant@example.com\"}",
            "malformed",
        ),
        ("receiver_email=%ff", "malformed"),
    ] {
        assert_eq!(refusal(&sent(&live, body)), (401, reason), "{body}");
    }
    let large = format!(
        "receiver_email=merchant%40example.com&x={}",
        "a".repeat(70_000)
    );
    assert_eq!(refusal(&sent(&live, &large)), (401, "malformed"));
}

#[test]
fn the_sandbox_is_asked_only_where_the_source_says_so_and_about_tests_only() {
    let entry = format!("{RECEIVER}postback: sandbox");
    let source = set_up_without_secret(&entry).expect("it is right");
    let body =
        "receiver_email=merchant%40example.com&test_ipn=1&txn_id=T1&payment_status=Completed";
    let (url, _) = asked(&source, body);
    assert_eq!(url, "https://ipnpb.sandbox.paypal.com/cgi-bin/webscr");
    assert_eq!(event_of(&source, FORM, body).live, Some(false));
    let real = sent(&source, "receiver_email=merchant%40example.com");
    assert_eq!(refusal(&real), (401, "test_mode"));
}

#[test]
fn a_secret_in_the_url_comes_before_the_question_if_there_is_one() {
    let source = set_up(RECEIVER, None).expect("it is right");
    let body = "receiver_email=merchant%40example.com";
    assert_eq!(refusal(&sent(&source, body)), (401, "missing"));
    // PayPal's part cannot be played, so what is signed here is taken as verified: the URL's secret is looked at all the same.
    assert!(matches!(received(&source, FORM, body), Received::Events(_)));
    assert!(source.has_secret_in_url());
}

#[test]
fn it_is_told_who_is_asked_and_whose_payments_count() {
    for (entry, code, severity) in [
        ("preset: paypal-ipn", "K0712", Severity::Warning),
        (
            "preset: paypal-ipn\nreceiver_email: []",
            "K0707",
            Severity::Error,
        ),
        (
            "preset: paypal-ipn\nreceiver_email: me",
            "K0707",
            Severity::Error,
        ),
        (
            "preset: stripe\nsecret: env:S\nreceiver_email: me@example.com",
            "K0707",
            Severity::Error,
        ),
        (
            "preset: stripe\nsecret: env:S\npostback: live",
            "K0707",
            Severity::Error,
        ),
    ] {
        let told = set_up_without_secret(entry).expect_err(entry);
        assert_eq!(told.len(), 1, "{entry}: {told:#?}");
        assert_eq!(
            (told[0].code, told[0].severity),
            (code, severity),
            "{entry}"
        );
    }
    for postback in [
        "test",
        "http://example.com/",
        "https://ipnpb.paypal.com@example.com/",
    ] {
        let entry = format!("{RECEIVER}postback: {postback}");
        let told = set_up_without_secret(&entry).expect_err(postback);
        assert_eq!((told.len(), told[0].code), (1, "K0707"), "{postback}");
    }
    for (postback, can_sign) in [
        ("live", false),
        ("sandbox", false),
        ("https://ipn.example.com/", false),
        ("http://127.0.0.1:9/", true),
    ] {
        let entry = format!("{RECEIVER}postback: {postback}");
        let source = set_up_without_secret(&entry).expect(postback);
        assert_eq!(source.can_sign(), can_sign, "{postback}");
        assert!(!source.has_secret_in_url());
    }
}
