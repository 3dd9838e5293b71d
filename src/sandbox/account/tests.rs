//! Every number of Kartra's that a command can answer, by the command alone.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Account, Answer, Cents, Fields, LetterCase, Nesting, Sale, command, of_cmd, of_verb};
use crate::kartra::ACTIONS;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const ADA: &str = "ada@example.com";

fn account() -> Account {
    let mut account = Account::of_the_examples(NOW);
    account.ensure_lead(ADA, NOW);
    account.ensure_lead("gone@example.com", NOW);
    assert!(account.delete_lead("gone@example.com"));
    account
}

fn perform(account: &mut Account, verb: &str, input: &Value) -> Answer {
    let fields = input.as_object().expect("an object");
    let command = of_verb(verb).expect("a command");
    account.perform(command, &Fields(fields), NOW)
}

fn error_of(account: &mut Account, verb: &str, input: &Value) -> Option<u16> {
    perform(account, verb, input).error
}

#[test]
fn there_is_a_command_for_every_action() {
    let verbs: Vec<_> = command::COMMANDS.iter().map(|one| one.verb).collect();
    let keys: Vec<_> = ACTIONS.iter().map(|action| action.key).collect();
    assert_eq!(verbs, keys);
    assert_eq!(
        of_cmd("cancel_transaction").expect("it").verb,
        "cancel-subscription"
    );
}

#[test]
fn every_command_about_a_lead_needs_one() {
    for (verb, name, missing) in [
        ("get-lead", "", 234),
        ("edit-lead", "", 243),
        ("retrieve-transactions-from-lead", "", 243),
        ("assign-tag", "tag_name", 243),
        ("unassign-tag", "tag_name", 243),
        ("subscribe-lead-to-list", "list_name", 243),
        ("unsubscribe-lead-from-list", "list_name", 243),
        ("subscribe-lead-to-sequence", "sequence_name", 243),
        ("unsubscribe-lead-from-sequence", "sequence_name", 243),
        ("grant-membership-access", "membership_name", 243),
        ("revoke-membership-access", "membership_name", 243),
    ] {
        let mut account = account();
        for (who, expected) in [
            (json!({ "email": "nobody@example.com" }), missing),
            (json!({ "id": "77" }), missing),
            (json!({ "id": "77", "email": ADA }), missing),
            (json!({ "email": "gone@example.com" }), 245),
            (json!({ "email": " " }), 206),
            (json!({}), 206),
        ] {
            let mut input = who.clone();
            if !name.is_empty() {
                input[name] = json!("x");
            }
            let error = error_of(&mut account, verb, &input);
            assert_eq!(error, Some(expected), "{verb} {who}");
        }
    }
}

#[test]
fn blank_and_unknown_names_have_a_number_each() {
    let mut account = account();
    for (verb, field, blank, unknown) in [
        ("assign-tag", "tag_name", 211, 212),
        ("unassign-tag", "tag_name", 213, 214),
        ("subscribe-lead-to-list", "list_name", 207, 231),
        ("unsubscribe-lead-from-list", "list_name", 208, 209),
        ("subscribe-lead-to-sequence", "sequence_name", 226, 219),
        ("unsubscribe-lead-from-sequence", "sequence_name", 226, 220),
        ("grant-membership-access", "membership_name", 286, 286),
        ("revoke-membership-access", "membership_name", 286, 286),
    ] {
        for (name, expected) in [("", blank), ("  ", blank), ("Nonesuch", unknown)] {
            let input = json!({ "email": ADA, field: name });
            let error = error_of(&mut account, verb, &input);
            assert_eq!(error, Some(expected), "{verb} {name:?}");
        }
        let input = json!({ "email": ADA });
        assert_eq!(error_of(&mut account, verb, &input), Some(blank), "{verb}");
    }
}

#[test]
fn steps_and_levels_are_checked() {
    let mut account = account();
    for (step, expected) in [
        (json!(""), Some(225)),
        (json!("1.5"), Some(229)),
        (json!("one"), Some(230)),
        (json!(0), Some(230)),
        (json!(4), Some(230)),
        (json!("3"), None),
        (json!(1), None),
    ] {
        let input = json!({ "email": ADA, "sequence_name": "Welcome", "step": step });
        let error = error_of(&mut account, "subscribe-lead-to-sequence", &input);
        assert_eq!(error, expected, "{step}");
    }
    for verb in ["grant-membership-access", "revoke-membership-access"] {
        let input = json!({ "email": ADA, "membership_name": "Academy", "level_name": "Full" });
        assert_eq!(error_of(&mut account, verb, &input), Some(287), "{verb}");
    }
}

#[test]
fn a_refused_or_empty_change_changes_nothing() {
    let mut account = account();
    let before = account.lead(ADA).cloned();
    for (verb, input) in [
        (
            "assign-tag",
            json!({ "email": ADA, "tag_name": "Nonesuch" }),
        ),
        ("unassign-tag", json!({ "email": ADA, "tag_name": "vip" })),
        (
            "unsubscribe-lead-from-list",
            json!({ "email": ADA, "list_name": "Buyers" }),
        ),
        (
            "edit-lead",
            json!({ "email": ADA, "custom_fields": "no list" }),
        ),
        (
            "edit-lead",
            json!({ "email": ADA, "new_email": "grace.hopper@example.com" }),
        ),
        (
            "create-lead",
            json!({ "email": ADA, "first_name": "Other" }),
        ),
        ("create-lead", json!({ "email": "gone@example.com" })),
        ("create-lead", json!({})),
    ] {
        let answer = perform(&mut account, verb, &input);
        assert!(!answer.changed, "{verb} {input}");
    }
    assert_eq!(account.lead(ADA).cloned(), before);
}

#[test]
fn a_sale_without_a_subscription_cannot_be_cancelled() {
    let mut account = account();
    let sale = Sale {
        email: ADA,
        product: "Book",
        amount: Cents(1_999),
        recurring: false,
    };
    let (id, none) = account.add_sale(&sale, NOW);
    assert_eq!(none, None);
    let input = json!({ "transaction_id": id });
    let error = error_of(&mut account, "cancel-subscription", &input);
    assert_eq!(error, Some(249));
    assert_eq!(error_of(&mut account, "refund-transaction", &input), None);
    let row = account.lead(ADA).expect("a lead").transactions[1];
    let input = json!({ "transaction_id": row });
    let error = error_of(&mut account, "cancel-subscription", &input);
    assert_eq!(error, Some(253), "a refund has nothing to cancel");
}

#[test]
fn amounts_are_read_exactly() {
    for (text, cents) in [
        ("49", Some(4_900)),
        ("49.5", Some(4_950)),
        ("49.500", Some(4_950)),
        (" 0.01 ", Some(1)),
        ("0.001", None),
        ("-1", None),
        ("1e2", None),
        ("1,50", None),
        (".5", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(Cents::read(text), cents.map(Cents), "{text}");
    }
    assert_eq!(Cents(29_705).to_string(), "297.05");
}

#[test]
fn the_word_of_the_status_can_be_written_in_three_ways() {
    let shown = |case| Answer::error(212).render("assign_tag", Nesting::Actions, case);
    let upper = shown(LetterCase::Upper);
    assert_eq!(upper["status"], "SUCCESS");
    assert_eq!(upper["actions"][0]["assign_tag"]["status"], "ERROR");
    assert_eq!(shown(LetterCase::Lower)["status"], "success");
    assert_eq!(shown(LetterCase::Title)["status"], "Success");
}
