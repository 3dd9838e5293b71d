//! What a lead shows.

use super::*;

/// A lead as the documentation and the recorded answers show it.
fn ada() -> Value {
    json!({
        "id": "1234", "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com",
        "date_joined": "2026-01-05 09:30:00",
        "tags": [{ "tag_id": "7", "tag_name": "vip" }],
        "lists": [{ "list_id": "3", "list_name": "Newsletter", "active": "1" }],
        "sequences": [
            { "sequence_id": "4", "sequence_name": "Welcome", "step": "2", "status": "active" },
            { "sequence_id": "5", "sequence_name": "Nudge", "step": "1", "status": "unsubscribed" },
        ],
        "memberships": [
            { "membership_id": "9", "membership_name": "Academy", "level_id": "2", "level_name": "Gold", "active": "1" },
            { "membership_id": "9", "membership_name": "Academy", "level_id": "1", "level_name": "Silver", "active": "0" },
            { "name": "Signature Course", "level_name": "Full", "active": 1 },
        ],
        "custom_fields": [],
    })
}

fn shows_ada(_: &str, _: &Value) -> Value {
    json!({ "status": "Success", "lead_details": ada() })
}

#[test]
fn a_lead_that_exists_is_as_good_as_made() {
    let input = json!({ "email": " Ada@example.com", "first_name": "Ada" });
    for answer in nestings("get_lead", &json!({ "lead_details": ada() })) {
        let (evidence, reads) = look("create-lead", &input, &|_, _| answer.clone());
        let found = outcome(evidence);
        assert_eq!(found.class, Class::Already, "{answer}");
        assert_eq!(
            found.message,
            "the lead exists: get-lead shows \"Ada@example.com\", number 1234, which is what create-lead wanted"
        );
        let output = found.output.expect("the lead");
        assert_eq!(output["lead_details"]["id"], "1234");
        assert_eq!(
            reads,
            [("get-lead".into(), json!({ "email": " Ada@example.com" }))]
        );
    }
    for number in [234, 243, 245] {
        let (evidence, _) = look("create-lead", &input, &|_, _| error(number));
        let text = format!("get-lead finds no lead \"Ada@example.com\" ({number})");
        assert_not_done(&evidence, &text);
    }
    let (evidence, _) = look(
        "create-lead",
        &input,
        &|_, _| json!({ "status": "Success" }),
    );
    assert_unclear(&evidence, "does not show whether there is a lead");
}

#[test]
fn an_edit_is_looked_up_only_where_it_moves_the_address() {
    let plain = json!({ "email": "old@example.com", "first_name": "Ada" });
    let (evidence, reads) = look("edit-lead", &plain, &shows_ada);
    assert_unclear(&evidence, "without new_email it can be repeated");
    assert_eq!(reads, []);

    let by_id = |id: Value| {
        let input = json!({ "id": id, "new_email": "ada@example.com" });
        look("edit-lead", &input, &shows_ada).0
    };
    let moved = outcome(by_id(json!(1234)));
    assert_eq!(moved.class, Class::Done);
    assert_eq!(
        moved.message,
        "get-lead shows the lead \"ada@example.com\", number 1234: the address was changed"
    );
    assert_not_done(
        &by_id(json!("1235")),
        "get-lead shows the lead \"ada@example.com\", number 1234, so the address belongs to another lead than number \"1235\"",
    );
}

#[test]
fn an_edit_by_address_moved_the_lead_when_the_old_address_has_none() {
    let input = json!({ "email": "old@example.com", "new_email": "ada@example.com" });
    let there = |known: &'static [&'static str]| {
        move |_: &str, input: &Value| {
            if known.iter().any(|email| input["email"] == *email) {
                json!({ "status": "Success", "lead_details": ada() })
            } else {
                error(234)
            }
        }
    };
    let (evidence, _) = look("edit-lead", &input, &there(&["ada@example.com"]));
    assert_eq!(outcome(evidence).class, Class::Done);
    let (evidence, reads) = look("edit-lead", &input, &there(&["old@example.com"]));
    assert_not_done(
        &evidence,
        "get-lead finds no lead \"ada@example.com\" (234)",
    );
    assert_eq!(reads.len(), 1);
    let both = there(&["old@example.com", "ada@example.com"]);
    let (evidence, _) = look("edit-lead", &input, &both);
    assert_not_done(
        &evidence,
        "get-lead shows the lead \"ada@example.com\", number 1234, but \"old@example.com\" has a lead too, so that one did not move",
    );
}

#[test]
fn access_is_active_for_this_membership_and_this_level() {
    let grant = |fields: Value| {
        let mut input = json!({ "email": "ada@example.com" });
        for (name, value) in fields.as_object().expect("an object") {
            input[name] = value.clone();
        }
        look("grant-membership-access", &input, &shows_ada).0
    };
    for there in [
        json!({ "membership_name": "Academy", "level_name": "Gold" }),
        json!({ "membership_name": " Academy " }),
        json!({ "name": "Signature Course", "level_name": "Full" }),
        json!({ "membership": "9", "level": "Gold" }),
        json!({ "membershipId": 9, "levelId": "2" }),
    ] {
        let found = outcome(grant(there.clone()));
        assert_eq!(found.class, Class::Done, "{there}");
        assert!(found.message.contains("with active access to"), "{there}");
    }
    for absent in [
        json!({ "membership_name": "Academy", "level_name": "Silver" }),
        json!({ "membership_name": "academy", "level_name": "Gold" }),
        json!({ "membership_name": "Other" }),
    ] {
        assert!(
            matches!(grant(absent.clone()), Evidence::NotDone(_)),
            "{absent}"
        );
    }
    assert_not_done(
        &grant(json!({ "membership_name": "Academy", "level_name": "Silver" })),
        "get-lead shows the lead \"ada@example.com\" without active access to \"Academy\", level \"Silver\"",
    );
    assert_unclear(&grant(json!({ "portal": "Academy" })), "does not name");
    // One row has no number of its membership, so it may be number 10.
    assert_unclear(&grant(json!({ "membership_id": 10 })), "not which it is");
}

#[test]
fn a_lead_whose_memberships_are_not_shown_tells_nothing() {
    let input = json!({ "id": 1234, "membership_name": "Academy", "level_name": "Gold" });
    let shown = |memberships: Value| {
        let lead = json!({ "lead_details": { "id": "1234", "memberships": memberships } });
        look("grant-membership-access", &input, &move |_, _| lead.clone()).0
    };
    assert_not_done(
        &shown(json!([])),
        "get-lead shows the lead 1234 without active access to \"Academy\", level \"Gold\"",
    );
    assert_unclear(&shown(Value::Null), "without its memberships");
    assert_unclear(&shown(json!(["Academy"])), "whether it is active");
    let (evidence, _) = look("grant-membership-access", &input, &|_, _| error(243));
    assert_not_done(&evidence, "get-lead finds no lead 1234 (243)");
}

#[test]
fn a_lead_that_is_active_in_the_sequence_was_put_there() {
    let subscribe = |sequence: &str, step: Value| {
        let input = json!({ "email": "ada@example.com", "sequence_name": sequence, "step": step });
        look("subscribe-lead-to-sequence", &input, &shows_ada).0
    };
    let found = outcome(subscribe("Welcome", json!(2)));
    assert_eq!(found.class, Class::Done);
    assert_eq!(
        found.message,
        "get-lead shows the lead \"ada@example.com\" as active in the sequence \"Welcome\", at step 2"
    );
    // It may have been at a later step before, and the call for the first one not carried out.
    assert_unclear(
        &subscribe("Welcome", json!(1)),
        "at step 2; this call was to put it at step 1",
    );
    assert_unclear(
        &subscribe("Welcome", json!("3")),
        "at step 2; this call was to put it at step 3",
    );
    assert_not_done(
        &subscribe("Nudge", json!(1)),
        "get-lead does not show the lead \"ada@example.com\" as active in the sequence \"Nudge\"",
    );
    assert!(matches!(
        subscribe("welcome", json!(1)),
        Evidence::NotDone(_)
    ));
}
