//! What is proved, kind by kind, over answers in the documented shapes.

use serde_json::{Value, json};

use super::prove;
use crate::action::{Claim, Effects, Outcome};
use crate::kartra::catalog;
use crate::kartra::outcome::read;

/// An event of this type about Ada.
fn outbound(kind: &str, details: &Value) -> Value {
    json!({
        "event": { "type": kind },
        "person": { "email": "Ada@Example.com" },
        "body": {
            "lead": { "id": "7", "email": "ada@example.com" },
            "action": kind,
            "action_details": details,
        },
    })
}

/// What the event comes to when its one read is answered so.
fn asked(event: &Value, answer: Value) -> Claim {
    let Claim::Read { verb, input } = prove(event, None) else {
        panic!("nothing is read: {:?}", prove(event, None))
    };
    let spec = catalog().get(verb).expect("an action");
    assert_eq!(spec.effects, Effects::Read);
    prove(event, Some(&read(verb, &input, answer)))
}

fn lead(has: &Value) -> Value {
    let mut lead = json!({
        "id": 7, "email": "ada@example.com", "tags": [], "lists": [], "sequences": [], "memberships": [],
    });
    for (name, rows) in has.as_object().expect("rows") {
        lead[name] = rows.clone();
    }
    json!({ "status": "Success", "lead_details": lead })
}

#[track_caller]
fn missing(claim: &Claim, part: &str) {
    assert!(
        matches!(claim, Claim::Missing(text) if text.contains(part)),
        "{claim:?}"
    );
}

#[track_caller]
fn forged(claim: &Claim, part: &str) {
    assert!(
        matches!(claim, Claim::False(text) if text.contains(part)),
        "{claim:?}"
    );
}

#[track_caller]
fn unclear(claim: &Claim, part: &str) {
    assert!(
        matches!(claim, Claim::Unclear(text) if text.contains(part)),
        "{claim:?}"
    );
}

#[track_caller]
fn hidden(claim: &Claim, part: &str) {
    assert!(
        matches!(claim, Claim::Hidden(text) if text.contains(part)),
        "{claim:?}"
    );
}

#[test]
fn what_a_lead_has_or_has_no_longer_is_seen() {
    let access = |level: &str, active: &str| json!({ "memberships": [{ "name": "Academy", "level_name": level, "active": active }] });
    for (gained, lost, details, has, others) in [
        (
            "assign_tag",
            "unassign_tag",
            json!({ "tag": { "tag_id": "3", "tag_name": "vip" } }),
            json!({ "tags": [{ "tag_name": "vip" }] }),
            vec![
                json!({}),
                json!({ "tags": [{ "tag_id": "4", "tag_name": "buyer" }] }),
            ],
        ),
        (
            "list_subscription",
            "list_unsubscription",
            json!({ "list": { "list_id": "3", "list_name": "Buyers" } }),
            json!({ "lists": [{ "list_id": "3", "list_name": "Buyers", "active": "1" }] }),
            vec![json!({ "lists": [{ "list_id": "3", "list_name": "Buyers", "active": 0 }] })],
        ),
        (
            "sequence_subscription",
            "sequence_unsubscription",
            json!({ "sequence": { "sequence_name": "Welcome" } }),
            json!({ "sequences": [{ "sequence_name": "Welcome", "status": "active" }] }),
            vec![
                json!({ "sequences": [{ "sequence_name": "Welcome", "status": "unsubscribed" }] }),
            ],
        ),
        (
            "membership_granted",
            "membership_revoked",
            json!({ "membership_name": "Academy", "level_name": "Gold" }),
            access("Gold", "1"),
            vec![access("Silver", "1"), access("Gold", "0")],
        ),
    ] {
        let (gained, lost) = (outbound(gained, &details), outbound(lost, &details));
        assert_eq!(asked(&gained, lead(&has)), Claim::True);
        missing(&asked(&lost, lead(&has)), "has ended");
        for other in others {
            missing(&asked(&gained, lead(&other)), "does not show the");
            assert_eq!(asked(&lost, lead(&other)), Claim::True);
        }
    }
}

/// Every name and number that a rule may go by must be the right one.
#[test]
fn one_right_name_does_not_cover_a_wrong_one() {
    let vip = || lead(&json!({ "tags": [{ "tag_id": 3, "tag_name": "vip" }] }));
    for details in [
        json!({ "tag": { "tag_id": "4", "tag_name": "vip" } }),
        json!({ "tag": { "tag_name": "vip" }, "tag_name": "owner" }),
        json!({ "tag_id": 3, "tag": { "tag_name": "owner" } }),
    ] {
        missing(&asked(&outbound("assign_tag", &details), vip()), "tag");
        missing(
            &asked(&outbound("unassign_tag", &details), vip()),
            "has ended",
        );
    }
    let nameless = || lead(&json!({ "tags": [{ "colour": "red" }] }));
    for kind in ["assign_tag", "unassign_tag"] {
        let event = outbound(kind, &json!({ "tag": { "tag_name": "vip" } }));
        unclear(&asked(&event, nameless()), "not which it is");
        unclear(
            &asked(
                &event,
                json!({ "lead_details": { "id": 7, "email": "ada@example.com" } }),
            ),
            "without its tags",
        );
        hidden(&prove(&outbound(kind, &json!({})), None), "names no tag");
    }
}

#[test]
fn the_lead_is_the_one_that_the_event_names_everywhere() {
    let details = json!({ "tag": { "tag_name": "vip" } });
    let event = outbound("assign_tag", &details);
    let answer = |id: Value, email: &str| json!({ "lead_details": { "id": id, "email": email, "tags": [{ "tag_name": "vip" }] } });
    assert_eq!(
        asked(&event, answer(json!("7"), "ADA@example.com")),
        Claim::True
    );
    forged(
        &asked(&event, answer(json!(8), "ada@example.com")),
        "`lead.id` is \"7\"",
    );
    forged(
        &asked(&event, answer(json!(7), "eve@example.com")),
        "`lead.email`",
    );
    let mut other = event.clone();
    other["person"]["email"] = "eve@example.com".into();
    forged(
        &asked(&other, answer(json!(7), "ada@example.com")),
        "`person.email`",
    );
    let mut nobody = event.clone();
    nobody["body"]["lead"] = json!({});
    hidden(&prove(&nobody, None), "names no lead");
    for number in [234, 243, 245] {
        let error = json!({ "status": "Error", "message": "words", "type": number.to_string() });
        missing(&asked(&event, error), "the lead");
    }
    // No answer is asked for again, by the policy of any call.
    let failed = Outcome::new(crate::action::Class::Unknown, "lost");
    assert!(matches!(prove(&event, Some(&failed)), Claim::Read { .. }));
}

fn notified(change: &[(&str, &str)]) -> Value {
    let mut body = json!({
        "transaction_id": "738474", "transaction_type": "partial_refund", "transaction_full_amount": "-29.70",
        "transaction_parent_id": "738470", "transaction_subscription_id": "N/A", "transaction_jv": "N/A",
        "transaction_quantity": "1", "product_id": "223", "product_name": "Signature Course", "product_price_point": "1",
        "lead_id": "7", "lead_email": "ada@example.com", "original_id": "738470",
    });
    for (name, value) in change {
        body[name] = (*value).into();
    }
    json!({ "event": { "type": "partial_refund" }, "person": { "email": "ada@example.com" }, "body": body })
}

fn details(change: &[(&str, Value)]) -> Value {
    let mut shown = json!({
        "transaction_id": 738_474, "transaction_type": "Partial Refund", "transaction_full_amount": 29.7,
        "transaction_parent_id": "738470", "transaction_subscription_id": "", "transaction_quantity": 1,
        "product_id": 223, "product_name": "Signature Course", "product_price_point": 1,
        "lead_id": 7, "lead_email": "Ada@example.com",
    });
    for (name, value) in change {
        shown[name] = value.clone();
    }
    json!({ "get_transaction_details": { "status": "Success", "transaction_details": shown } })
}

#[test]
fn a_transaction_is_compared_in_all_that_rules_go_by() {
    assert_eq!(asked(&notified(&[]), details(&[])), Claim::True);
    for (name, other) in [
        ("transaction_full_amount", "1.00"),
        ("transaction_parent_id", "1"),
        ("transaction_quantity", "2"),
        ("product_id", "1"),
        ("product_name", "Everything"),
        ("product_price_point", "2"),
        ("lead_id", "8"),
        ("lead_email", "eve@example.com"),
        ("transaction_full_amount", "0"),
        ("transaction_id", "0738474"),
    ] {
        let field = format!("`{name}`");
        forged(&asked(&notified(&[(name, other)]), details(&[])), &field);
    }
    forged(
        &asked(
            &notified(&[]),
            details(&[("transaction_type", json!("refund"))]),
        ),
        "`transaction_type` is \"partial_refund\" in the event and \"refund\" in the account",
    );
    unclear(
        &asked(&notified(&[]), details(&[("product_name", Value::Null)])),
        "`product_name`",
    );
    unclear(
        &asked(&notified(&[]), json!({ "status": "Success" })),
        "does not show transaction 738474",
    );
    let gone = json!({ "status": "Error", "message": "words", "type": "247" });
    missing(&asked(&notified(&[]), gone), "transaction 738474 (247)");
    for id in ["N/A", "0", "x"] {
        hidden(
            &prove(&notified(&[("transaction_id", id)]), None),
            "names no transaction",
        );
    }
}

#[test]
fn a_payment_of_the_outbound_api_is_the_leads_own() {
    let bought = |lead: &str, change: Value| {
        let mut details = json!({ "transaction_details": { "transaction_id": "738474", "lead_email": "ada@example.com" } });
        for (name, value) in change.as_object().expect("fields") {
            details[name] = value.clone();
        }
        let mut event = outbound("buy_product", &details);
        event["body"]["lead"]["id"] = lead.into();
        event
    };
    let sale = || details(&[("transaction_type", json!("sale"))]);
    assert_eq!(asked(&bought("7", json!({})), sale()), Claim::True);
    forged(&asked(&bought("8", json!({})), sale()), "`lead.id`");
    forged(
        &asked(
            &bought("7", json!({ "transaction_full_amount": "1" })),
            sale(),
        ),
        "amount",
    );
    forged(
        &asked(&bought("7", json!({})), details(&[])),
        "`transaction_type` is \"sale\"",
    );
}

#[test]
fn an_event_that_calls_itself_two_things_proves_nothing() {
    let mut event = outbound("assign_tag", &json!({ "tag": { "tag_name": "vip" } }));
    event["body"]["action"] = "membership_granted".into();
    hidden(&prove(&event, None), "says `action` \"membership_granted\"");
    hidden(
        &prove(&outbound("filled_form", &json!({})), None),
        "filled_form",
    );
}
