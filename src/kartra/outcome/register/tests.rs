//! Every row of the register against the design, and what its messages say.

use serde_json::json;

use super::*;
use crate::account::Inventory;
use crate::kartra::ACTIONS;
use crate::kartra::outcome::{missing_name, read};

/// The numbers of each class, as the design lists them.
const BY_CLASS: &[(Class, &[u16])] = &[
    (Class::ConnectionDown, &[202, 203, 204, 233, 238, 239, 240]),
    (Class::NotAllowed, &[242, 254, 262]),
    (Class::RateLimited, &[429]),
    (
        Class::RuleWrong,
        &[
            201, 206, 207, 208, 209, 211, 212, 213, 214, 215, 217, 219, 220, 223, 224, 225, 226,
            227, 228, 229, 230, 231, 236, 265, 272,
        ],
    ),
    (Class::TargetMissing, &[234, 243]),
    (
        Class::Refused,
        &[
            244, 245, 247, 248, 249, 250, 251, 252, 253, 255, 256, 257, 258, 259, 260, 261, 263,
            264, 268, 269, 270, 271, 273, 274, 275, 276, 277, 278, 280, 281, 282, 283, 284, 285,
            290,
        ],
    ),
    (Class::Unknown, &[266, 267]),
];

#[test]
fn every_row_has_the_class_of_the_design_and_a_message_for_people() {
    let mut seen = 0;
    for (class, kinds) in BY_CLASS {
        for kind in *kinds {
            let outcome = read(
                "edit-lead",
                &json!({ "email": "ada@example.com" }),
                json!({ "status": "Error", "message": "Kartra's words", "type": kind.to_string() }),
            );
            assert_eq!(outcome.class, *class, "{kind}");
            assert_eq!(outcome.app_type, Some(*kind));
            assert!(
                outcome.message.contains(&format!("({kind}")),
                "{}",
                outcome.message
            );
            assert!(!outcome.message.contains(['{', '}']), "{}", outcome.message);
            assert!(!outcome.message.ends_with('.'), "{}", outcome.message);
            seen += 1;
        }
    }
    assert_eq!(
        seen,
        ROWS.iter().map(|row| row.kinds.len()).sum::<usize>(),
        "a row is in no class of the test, or in two"
    );
    assert!(ROWS.is_sorted_by(|a, b| a.kinds[0] < b.kinds[0]));
}

/// The only verbs for which a number says that the goal was reached.
const REACHED: &[(u16, &str)] = &[
    (244, "create-lead"),
    (251, "refund-transaction"),
    (252, "cancel-subscription"),
];

#[test]
fn every_row_means_the_same_for_every_verb_but_where_it_says_that_the_goal_was_reached() {
    let mut reached = Vec::new();
    for verb in ACTIONS.iter().map(|action| action.key) {
        let input = json!({ "email": "ada@example.com", "transaction_id": 792_354 });
        for row in ROWS {
            for kind in row.kinds {
                let answer = json!({ "status": "Error", "message": "words", "type": kind });
                let outcome = read(verb, &input, answer);
                if outcome.class == Class::Already {
                    reached.push((*kind, verb));
                } else {
                    assert_eq!(outcome.class, row.class, "{verb} {kind}");
                }
            }
        }
    }
    reached.sort_unstable();
    assert_eq!(reached, REACHED);
}

#[test]
fn a_refund_before_is_the_goal_of_a_whole_one_only_however_the_amount_is_named() {
    for name in ["refund_amount", "refundAmount", "amount"] {
        for (amount, class) in [
            (json!(null), Class::Already),
            (json!(29), Class::Refused),
            (json!("29.00"), Class::Refused),
            (json!(""), Class::Refused),
        ] {
            let mut input = json!({ "transactionId": 792_354 });
            input[name] = amount;
            let answer = json!({ "status": "Error", "message": "words", "type": "251" });
            let outcome = read("refund-transaction", &input, answer);
            assert_eq!(outcome.class, class, "{input}");
        }
    }
}

#[test]
fn a_name_that_does_not_exist_is_told_with_where_to_look_for_the_nearest() {
    let input = json!({ "listName": "Nwes", "tag_name": " vipp", "sequence": "Wellcome" });
    let mut told = Vec::new();
    for kind in ROWS.iter().flat_map(|row| row.kinds) {
        if let Some((inventory, name)) = missing_name("any", *kind, &input) {
            told.push((*kind, inventory, name));
        }
    }
    assert_eq!(
        told,
        [
            (209, Inventory::Lists, "Nwes"),
            (231, Inventory::Lists, "Nwes"),
            (212, Inventory::Tags, " vipp"),
            (214, Inventory::Tags, " vipp"),
            (219, Inventory::Sequences, "Wellcome"),
            (220, Inventory::Sequences, "Wellcome"),
        ]
    );
    for empty in [
        json!({}),
        json!({ "tag_name": "" }),
        json!({ "tag_name": 7 }),
    ] {
        assert_eq!(missing_name("assign-tag", 212, &empty), None, "{empty}");
    }
}

#[test]
fn messages_name_the_value_that_is_wrong() {
    let cases = [
        (
            "subscribe-lead-to-list",
            json!({ "list_name": "Nwes" }),
            231,
            "Kartra has no list \"Nwes\" (231): create it in Kartra or correct list_name",
        ),
        (
            "subscribe-lead-to-sequence",
            json!({ "sequence_name": "Welcome", "step": 9 }),
            230,
            "the sequence \"Welcome\" has no step 9 (230): correct step, or add the box to the sequence in Kartra",
        ),
        (
            "assign-tag",
            json!({ "email": "ada@example.com" }),
            243,
            "Kartra has no lead \"ada@example.com\" (243): put ensure-lead before this step, or correct the address",
        ),
        (
            "assign-tag",
            json!({ "id": 12, "email": "ada@example.com" }),
            243,
            "Kartra has no lead 12 (243): put ensure-lead before this step, or correct the address",
        ),
        (
            "create-lead",
            json!({ "email": "ada@example.com" }),
            244,
            "Kartra has the lead \"ada@example.com\" already (244), which is what create-lead wanted",
        ),
        (
            "refund-transaction",
            json!({ "transaction_id": "792354", "refund_amount": 900.5 }),
            268,
            "Kartra does not take the amount 900.5 (268, \"words\"): give refund_amount 0.01 or more and not above what was paid",
        ),
        (
            "subscribe-lead-to-list",
            json!({ "leadEmail": "ada@example.com", "listName": "Nwes" }),
            231,
            "Kartra has no list \"Nwes\" (231): create it in Kartra or correct list_name",
        ),
        (
            "refund-transaction",
            json!({}),
            247,
            "Kartra has no transaction (no transaction_id was given) (247, \"words\"): correct transaction_id",
        ),
    ];
    for (verb, input, kind, message) in cases {
        let outcome = read(
            verb,
            &input,
            json!({ "status": "Error", "message": "words", "type": kind }),
        );
        assert_eq!(outcome.message, message);
    }
}
