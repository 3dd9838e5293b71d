//! Every preset is what it says: paths compile, samples are signed, accepted and read.

mod sent;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::rule::path::Path;
use crate::rule::pattern::EventPattern;
use crate::trigger::settings::BRANCHES;
use crate::trigger::{Received, read_body};
pub(super) use sent::{
    FORM, JSON, SECRET, asked, event, event_of, event_with, handshake, received, received_by,
    received_later, received_with, refusal, set_up, set_up_without_secret, source, unsigned,
    vector,
};

#[test]
fn the_lists_are_sorted() {
    assert!(PRESETS.is_sorted_by_key(|preset| preset.name));
    for preset in PRESETS {
        assert!(preset.events.is_sorted(), "{}", preset.name);
        assert!(
            preset.samples.is_sorted_by_key(|sample| sample.kind),
            "{}",
            preset.name
        );
    }
}

/// What the documentation and `sources show` say of a preset, against what it does.
#[test]
fn a_preset_says_what_it_answers_and_what_its_events_lack() {
    for preset in PRESETS {
        let answers = preset.greet.is_some() || preset.answer.is_some();
        assert_eq!(
            answers,
            !preset.handshakes.is_empty(),
            "{}: `handshakes` says what it answers",
            preset.name
        );
        let rows = match preset.people {
            People::Rows(rows) => rows,
            People::Finder(_) => &[],
        };
        let has_email = rows.iter().any(|row| !row.email.is_empty());
        assert!(!(preset.thin && has_email), "{}", preset.name);
    }
}

#[test]
fn every_path_of_every_preset_compiles_and_leads_into_the_delivery() {
    for preset in PRESETS {
        let mut paths = preset.id.concat();
        paths.extend(preset.kind);
        match preset.live {
            Live::Unmarked => {}
            Live::At(path) => paths.push(path),
            Live::TestAt(marks) => paths.extend(marks),
        }
        if let People::Rows(rows) = preset.people {
            for row in rows {
                EventPattern::parse(row.events).expect(row.events);
                for part in [
                    row.email,
                    row.first_name,
                    row.last_name,
                    row.name,
                    row.phone,
                ] {
                    paths.extend(part);
                }
                paths.extend(row.ids.iter().flat_map(|(_, paths)| *paths));
            }
        }
        for text in paths.into_iter().filter(|text| !text.is_empty()) {
            let path = Path::compile(text).expect(text);
            path.check_branch(&BRANCHES).expect(text);
        }
    }
}

#[test]
fn every_sample_is_accepted_with_its_type_an_id_and_what_it_says() {
    for preset in PRESETS {
        let source = source(preset.name);
        assert!(!source.samples().is_empty(), "{}", preset.name);
        for sample in source.samples() {
            let named = format!("{} {}", preset.name, sample.kind);
            let Received::Events(events) =
                received_with(&source, sample.content_type, sample.headers, sample.body)
            else {
                panic!("{named} is refused");
            };
            let event = events.first().expect(&named);
            assert_eq!(event.kind, sample.kind);
            let is_hash = event.sender_id.starts_with("sha256:");
            assert!(!is_hash || preset.dedupe_s.is_some(), "{named}");
            assert_eq!(source.knows_event(&event.kind), Ok(()), "{named}");
            assert_eq!(super::sample(preset.name, sample.kind), Some(sample));
            let kept = read_body(event.format, &event.raw);
            assert_eq!(kept.as_ref(), Ok(&event.tree["body"]), "{named}");
            if preset.unfold.is_none() && source.traces.fields.is_empty() {
                assert_eq!(
                    &*event.raw,
                    sample.body.as_bytes(),
                    "{named} is kept as it came"
                );
            }
        }
    }
}

#[test]
fn every_preset_uses_the_secret_and_nothing_else_or_only_its_sender_can_sign() {
    for preset in PRESETS {
        let scheme = source(preset.name).scheme;
        assert!(!scheme.is_open(), "{}", preset.name);
        if !scheme.can_sign() {
            continue;
        }
        assert_eq!(scheme.complaint(SECRET), None);
        let secret = SecretString::from(SECRET);
        let signed = scheme.sign(&secret, b"{}", Timestamp::UNIX_EPOCH);
        assert_ne!(signed, crate::trigger::Signed::default(), "{}", preset.name);
    }
}

#[test]
fn stripe_says_who_it_is_about_by_what_it_is_about() {
    let source = source("stripe");
    let about = |kind: &str, object: Value| {
        let body = json!({"id": "evt_1", "type": kind, "data": {"object": object}});
        let person = event(&source, &body.to_string()).person;
        let ids = Value::Object(person.ids);
        (person.email, person.first_name, person.last_name, ids)
    };
    let some = |text: &str| Some(text.to_owned());
    let ada = || {
        (
            some("ada@example.com"),
            some("Ada"),
            some("Lovelace"),
            json!({"customer": "cus_1"}),
        )
    };
    let details = json!({"email": "ada@example.com", "name": "Ada Lovelace"});
    assert_eq!(
        about(
            "checkout.session.completed",
            json!({"customer_details": details, "customer": "cus_1"})
        ),
        ada()
    );
    assert_eq!(
        about(
            "invoice.paid",
            json!({"customer_email": "ada@example.com", "customer_name": "Ada Lovelace", "customer": {"id": "cus_1"}})
        ),
        ada()
    );
    assert_eq!(
        about(
            "charge.refunded",
            json!({"billing_details": {"email": null, "name": "Ada Lovelace"}, "receipt_email": "ada@example.com", "customer": "cus_1"})
        ),
        ada()
    );
    assert_eq!(
        about(
            "customer.updated",
            json!({"id": "cus_1", "email": "ada@example.com", "name": "Ada Lovelace"})
        ),
        ada()
    );
    assert_eq!(
        about(
            "customer.subscription.deleted",
            json!({"id": "sub_1", "customer": "cus_1"})
        ),
        (None, None, None, json!({"customer": "cus_1"}))
    );
    assert_eq!(
        about(
            "customer.tax_id.created",
            json!({"id": "txi_1", "customer": "cus_1"})
        ),
        (None, None, None, json!({"customer": "cus_1"}))
    );
    assert_eq!(
        about("payout.paid", json!({"id": "po_1"})),
        (None, None, None, json!({}))
    );
}

#[test]
fn it_is_known_which_events_hold_no_address_and_no_id_that_leads_to_one() {
    let stripe = source("stripe");
    for kind in ["invoice.paid", "customer.subscription.deleted"] {
        assert!(!stripe.lacks_address(kind), "{kind}");
    }
    assert!(stripe.lacks_address("payout.paid"));
    assert!(source("meta").lacks_address("leadgen"));
    assert!(!source("typeform").lacks_address("form_response"));
}

#[test]
fn stripe_marks_test_mode_and_refuses_thin_events() {
    let source = source("stripe");
    let live = |mode: Value| {
        event(
            &source,
            &json!({"type": "invoice.paid", "livemode": mode}).to_string(),
        )
        .live
    };
    assert_eq!(live(json!(true)), Some(true));
    assert_eq!(live(json!(false)), Some(false));
    assert_eq!(live(Value::Null), None);
    let thin = include_str!("../../../tests/data/payloads/stripe-v2-thin-event.json");
    let Received::Refused(refusal) = received(&source, "application/json", thin) else {
        panic!("the thin event is taken");
    };
    assert_eq!((refusal.status, refusal.reason), (400, "thin"));
    for no_event in ["null", "\"x\"", "[1]", "{}", ""] {
        let Received::Refused(refusal) = received(&source, "application/json", no_event) else {
            panic!("{no_event:?} is taken for an event");
        };
        assert_eq!((refusal.status, refusal.reason), (400, "body"));
    }
}

#[test]
fn the_samples_of_typeform_and_standard_webhooks_say_who_they_are_about() {
    for (name, last_name) in [("typeform", None), ("standard-webhooks", None::<String>)] {
        let source = source(name);
        let person = event(&source, source.samples()[0].body).person;
        assert_eq!(
            person.email.as_deref(),
            Some("ada.lovelace@example.com"),
            "{name}"
        );
        assert_eq!(person.first_name.as_deref(), Some("Ada"), "{name}");
        assert_eq!(person.last_name, last_name, "{name}");
    }
}

#[test]
fn a_type_that_the_sender_does_not_have_gets_the_nearest() {
    let stripe = source("stripe");
    assert!(
        stripe
            .preset()
            .is_some_and(|preset| preset.events.len() > 100)
    );
    assert_eq!(stripe.knows_event("invoice.*"), Ok(()));
    assert_eq!(
        stripe.knows_event("checkout.session.complete"),
        Err(Some("checkout.session.completed"))
    );
    assert_eq!(stripe.knows_event("order.success"), Err(None));
    assert_eq!(stripe.knows_event("orders.*"), Err(None));
    assert_eq!(source("standard-webhooks").knows_event("whatever"), Ok(()));
}
