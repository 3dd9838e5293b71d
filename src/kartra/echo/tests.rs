//! Calls, and the events in which Kartra reports them.

use serde_json::json;

use super::*;
use crate::kartra::ACTIONS;

fn lead() -> Value {
    json!({ "id": "4174086", "email": "Ada.Lovelace@Example.com", "first_name": "Ada" })
}

/// An outbound event of Kartra's.
fn event(action: &str, details: &Value) -> Value {
    json!({ "lead": lead(), "action": action, "action_details": details })
}

#[test]
fn a_call_leaves_a_short_text() {
    for (verb, input, trace) in [
        (
            "assign-tag",
            json!({ "email": " Ada@Example.com ", "tag_name": " buyer: x " }),
            Some("assign-tag|ada@example.com|buyer: x"),
        ),
        (
            "assign-tag",
            json!({ "email": "ada@example.com", "id": 12, "tagName": "Buyer" }),
            Some("assign-tag|#12|Buyer"),
        ),
        (
            "subscribe-lead-to-sequence",
            json!({ "leadId": "12", "sequence_name": "Welcome", "step": 3 }),
            Some("subscribe-lead-to-sequence|#12|Welcome"),
        ),
        (
            "grant-membership-access",
            json!({ "email": "ada@example.com", "membership_name": "Academy", "level_name": "Gold" }),
            Some("grant-membership-access|ada@example.com|Academy|Gold"),
        ),
        (
            "revoke-membership-access",
            json!({ "email": "ada@example.com", "membership_id": 31 }),
            Some("revoke-membership-access|ada@example.com|#31|"),
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": "792354", "refund_amount": 5 }),
            Some("refund-transaction|#792354"),
        ),
        (
            "cancel-subscription",
            json!({ "transaction_internal_subscription_id": 14833 }),
            Some("cancel-subscription|subscription 14833"),
        ),
        ("assign-tag", json!({ "email": "ada@example.com" }), None),
        ("assign-tag", json!({ "tag_name": "buyer" }), None),
        ("create-lead", json!({ "email": "ada@example.com" }), None),
        (
            "edit-lead",
            json!({ "email": "ada@example.com", "new_email": "a@example.com" }),
            None,
        ),
        ("request", json!({ "path": "/" }), None),
    ] {
        assert_eq!(
            super::trace(verb, &input).as_deref(),
            trace,
            "{verb} {input}"
        );
    }
}

#[test]
fn every_verb_that_writes_is_reported_or_known_not_to_be() {
    assert!(REPORTS.is_sorted_by_key(|report| report.verb));
    let silent: Vec<_> = ACTIONS
        .iter()
        .filter(|action| action.effects != crate::action::Effects::Read)
        .filter(|action| !REPORTS.iter().any(|report| report.verb == action.key))
        .map(|action| action.key)
        .collect();
    assert_eq!(silent, ["create-lead", "edit-lead"]);
}

/// Verb, further fields of its input, Kartra's event and its details.
type Pair = (&'static str, Value, &'static str, Value);

fn pairs_of_names() -> Vec<Pair> {
    let named = |kind: &str, name: &str| {
        let row =
            json!({ format!("{kind}_id"): "501", format!("{kind}_name"): format!("{name} ") });
        (
            json!({ format!("{kind}_name"): name }),
            row.clone(),
            json!({ kind: row }),
        )
    };
    let (tag, bare, nested_tag) = named("tag", "customer");
    let (list, _, nested_list) = named("list", "Newsletter");
    let (sequence, _, nested_sequence) = named("sequence", "Welcome");
    vec![
        ("assign-tag", tag.clone(), "assign_tag", nested_tag.clone()),
        ("assign-tag", tag.clone(), "assign_tag", bare),
        ("unassign-tag", tag, "unassign_tag", nested_tag),
        (
            "subscribe-lead-to-list",
            list.clone(),
            "list_subscription",
            nested_list.clone(),
        ),
        (
            "unsubscribe-lead-from-list",
            list,
            "list_unsubscription",
            nested_list,
        ),
        (
            "subscribe-lead-to-sequence",
            sequence.clone(),
            "sequence_subscription",
            nested_sequence.clone(),
        ),
        (
            "unsubscribe-lead-from-sequence",
            sequence,
            "sequence_unsubscription",
            nested_sequence,
        ),
    ]
}

fn pairs_of_access() -> Vec<Pair> {
    let (grant, revoke) = ("grant-membership-access", "revoke-membership-access");
    let (granted, revoked) = ("membership_granted", "membership_revoked");
    let bare = json!({ "membership_id": "31", "membership_name": "Academy", "level_id": "77", "level_name": "Gold" });
    let nested = json!({ "membership": bare });
    let both = json!({ "membershipName": "Academy", "level_name": "Gold" });
    let numbers = json!({ "membership": "31", "level": "77" });
    let whole = json!({ "membership_name": "Academy" });
    vec![
        (grant, both.clone(), granted, nested.clone()),
        (grant, both.clone(), granted, bare.clone()),
        (grant, numbers, granted, bare),
        (revoke, both, revoked, nested.clone()),
        (revoke, whole, revoked, nested),
    ]
}

#[test]
fn an_event_reports_the_call_however_the_lead_is_named() {
    for (verb, fields, action, details) in [pairs_of_names(), pairs_of_access()].concat() {
        for who in [
            json!({ "email": "ada.lovelace@example.com " }),
            json!({ "id": 4174086 }),
            json!({ "id": "4174086", "email": "other@example.com" }),
        ] {
            let mut input = who;
            for (name, value) in fields.as_object().expect("an object") {
                input[name] = value.clone();
            }
            let trace = super::trace(verb, &input).expect(verb);
            let body = event(action, &details);
            let traces = traces_of(action, &body);
            assert!(traces.contains(&trace), "{trace} is not in {traces:?}");
            assert_eq!(traces_of("", &body), traces, "by the body's own word");
        }
    }
}

#[test]
fn an_event_reports_no_other_call() {
    let body = event(
        "assign_tag",
        &json!({ "tag": { "tag_id": "501", "tag_name": "customer" } }),
    );
    let traces = traces_of("assign_tag", &body);
    for (verb, input) in [
        (
            "unassign-tag",
            json!({ "email": "ada.lovelace@example.com", "tag_name": "customer" }),
        ),
        (
            "assign-tag",
            json!({ "email": "ada.lovelace@example.com", "tag_name": "Customer" }),
        ),
        (
            "assign-tag",
            json!({ "email": "ada@example.com", "tag_name": "customer" }),
        ),
        ("assign-tag", json!({ "id": 501, "tag_name": "customer" })),
    ] {
        let trace = super::trace(verb, &input).expect(verb);
        assert!(!traces.contains(&trace), "{trace}");
    }
    for (kind, body) in [
        (
            "buy_product",
            event(
                "buy_product",
                &json!({ "transaction_details": { "transaction_id": "7" } }),
            ),
        ),
        (
            "sequence_completion",
            event(
                "sequence_completion",
                &json!({ "sequence": { "sequence_name": "x" } }),
            ),
        ),
        (
            "sale",
            json!({ "transaction_id": "7", "transaction_type": "sale" }),
        ),
        ("", Value::Null),
        ("assign_tag", Value::Null),
        (
            "assign_tag",
            json!({ "action": "assign_tag", "action_details": [], "lead": 7 }),
        ),
    ] {
        assert_eq!(
            traces_of(kind, &body),
            Vec::<String>::new(),
            "{kind} {body}"
        );
    }
}

#[test]
fn refunds_and_cancellations_are_known_by_transaction_and_by_subscription() {
    let refund =
        super::trace("refund-transaction", &json!({ "transaction_id": 738474 })).expect("a trace");
    for (kind, body) in [
        (
            "refund_product",
            event(
                "refund_product",
                &json!({ "transaction_details": { "transaction_id": "738474" } }),
            ),
        ),
        (
            "partial_refund_product",
            event(
                "partial_refund_product",
                &json!({ "transaction_details": { "transaction_id": "738999", "transaction_parent_id": "738474" } }),
            ),
        ),
        (
            "refund",
            json!({ "transaction_id": "738999", "transaction_parent_id": "738474", "transaction_type": "refund" }),
        ),
        (
            "partial_refund",
            json!({ "transaction_id": "738999", "transaction_parent_id": "738474" }),
        ),
    ] {
        assert!(traces_of(kind, &body).contains(&refund), "{body}");
    }
    let details = json!({
        "transaction_id": "739000", "transaction_parent_id": "738474", "transaction_type": "cancellation",
        "transaction_subscription_id": "I-EV1", "transaction_internal_subscription_id": "14833",
    });
    let outbound = event(
        "cancel_subscription",
        &json!({ "transaction_details": details }),
    );
    for input in [
        json!({ "transaction_id": "738474" }),
        json!({ "transaction_internal_subscription_id": 14833 }),
        json!({ "transaction_subscription_id": "I-EV1" }),
    ] {
        let trace = super::trace("cancel-subscription", &input).expect("a trace");
        assert!(
            traces_of("cancel_subscription", &outbound).contains(&trace),
            "{input}"
        );
        assert!(
            traces_of("cancellation", &details).contains(&trace),
            "{input}"
        );
    }
    let no_numbers = json!({
        "transaction_id": "N/A", "transaction_parent_id": "0", "transaction_type": "cancellation",
        "transaction_subscription_id": "N/A", "transaction_internal_subscription_id": "N/A",
    });
    assert_eq!(traces_of("cancellation", &no_numbers), Vec::<String>::new());
}

#[test]
fn long_traces_are_bounded_and_stay_different() {
    let trace = |end: &str| {
        let name = format!("{}{end}", "ü".repeat(400));
        let input = json!({ "email": "ada@example.com", "tag_name": name });
        super::trace("assign-tag", &input).expect("a trace")
    };
    let (one, other) = (trace("1"), trace("2"));
    assert!(one.len() <= TRACE_BYTES_MAX && one.starts_with("assign-tag|ada@example.com|ü"));
    assert_ne!(one, other);
    assert_eq!(one, trace("1"));
}

#[test]
fn what_a_call_is_reported_by_is_known_again_as_that_call() {
    let input = json!({
        "email": "ada@example.com", "tag_name": "buyer", "list_name": "News", "sequence_name": "Welcome",
        "membership_name": "Academy", "level_name": "Gold", "transaction_id": 5,
    });
    for row in REPORTS {
        let told = reports(row.verb, &input);
        let kinds: Vec<_> = told.iter().map(|report| report.kind).collect();
        assert_eq!(kinds, row.events);
        for mut report in told {
            report.body["lead"] = json!({ "email": "ada@example.com" });
            report.body["action_details"]["transaction_id"] = json!(5);
            let traces = traces_of(report.kind, &report.body);
            let own = trace(row.verb, &input).expect("it leaves a trace");
            assert!(traces.contains(&own), "{own} is not in {traces:?}");
        }
    }
    let bare = reports("assign-tag", &json!({}));
    assert_eq!(bare[0].body["action_details"], json!({ "tag": {} }));
    assert!(reports("create-lead", &input).is_empty());
}
