//! What each of the twenty actions does to the account, and in which words it says so.

use std::time::Duration;

use kartwheel::sandbox::{Nesting, TransactionKind};
use serde_json::json;

use super::{ADA, World, number, tag_input, with};

const GRACE: &str = "grace.hopper@example.com";

#[tokio::test]
async fn leads_are_made_changed_and_read() {
    let world = World::start().await;
    let made = json!({
        "email": "Ada@Example.com", "first_name": "Ada", "business_type": 3,
        "custom_fields": [
            { "field_identifier": "company", "field_value": "Analytical" },
            { "field_identifier": "plan", "field_value": "2" },
            { "field_identifier": "tracks", "field_value": [1, "3"] },
            { "field_identifier": "unheard of", "field_value": "x" },
        ],
    });
    let output = world.output("create-lead", made).await;
    let id = &output["actions"][0]["create_lead"]["lead_details"]["id"];
    let again = world.output("create-lead", json!({ "email": ADA })).await;
    assert_eq!(number(&again), "244");
    let changed =
        json!({ "email": ADA, "last_name": "Lovelace", "new_email": "lovelace@example.com" });
    world.output("edit-lead", changed.clone()).await;
    assert_eq!(number(&world.output("edit-lead", changed).await), "243");
    let (by_id, by_email) = (
        world.output("get-lead", json!({ "id": id })).await,
        world
            .output("get-lead", json!({ "email": "LOVELACE@example.com" }))
            .await,
    );
    assert_eq!(by_id, by_email);
    let lead = &by_id["lead_details"];
    assert_eq!(
        (&lead["first_name"], &lead["last_name"]),
        (&json!("Ada"), &json!("Lovelace"))
    );
    assert_eq!(lead["date_joined"], "2026-10-05 07:00:00", "US Eastern");
    assert_eq!(lead["custom_fields"][1]["field_value"], "2");
    assert_eq!(lead["custom_fields"][2]["field_value"], json!(["1", "3"]));
    let wrong = json!([{ "field_identifier": "plan", "field_value": "7" }]);
    let wrong = json!({ "email": "new@example.com", "custom_fields": wrong });
    assert_eq!(number(&world.output("create-lead", wrong).await), "271");
    assert_eq!(
        number(&world.output("get-lead", json!({ "email": ADA })).await),
        "234"
    );
    assert_eq!(number(&world.output("get-lead", json!({})).await), "206");
    world
        .state()
        .account(|account| account.delete_lead("lovelace@example.com"));
    assert_eq!(
        number(&world.output("get-lead", json!({ "id": id })).await),
        "245"
    );
}

#[tokio::test]
async fn tags_lists_sequences_and_memberships_change_the_lead() {
    let world = World::start().await;
    world.add_ada();
    let to = |name: &str, value: &str| json!({ "email": ADA, name: value });
    let list = to("list_name", "Newsletter");
    let sequence = with(to("sequence_name", "Welcome"), "step", json!("2"));
    let access = with(
        to("membership_name", "Academy"),
        "level_name",
        json!("Gold"),
    );
    for (verb, input, expected) in [
        ("assign-tag", &tag_input(), "103"),
        ("subscribe-lead-to-list", &list, "101"),
        ("subscribe-lead-to-sequence", &sequence, "107"),
        ("grant-membership-access", &access, ""),
    ] {
        assert_eq!(
            number(&world.output(verb, input.clone()).await),
            expected,
            "{verb}"
        );
    }
    let ada = world.ada();
    assert!(ada.has_tag("vip") && ada.is_on_list("Newsletter"));
    assert!(ada.has_access("Academy", "Gold") && !ada.has_access("Academy", "Silver"));
    assert_eq!(ada.step_in("Welcome"), Some(2));
    let shown = world.output("get-lead", json!({ "email": ADA })).await;
    assert_eq!(shown["lead_details"]["tags"][0]["tag_name"], "vip");
    assert_eq!(shown["lead_details"]["lists"][0]["active"], "1");
    assert_eq!(shown["lead_details"]["sequences"][0]["status"], "active");
    assert_eq!(
        shown["lead_details"]["memberships"][0]["level_name"],
        "Gold"
    );
    world
        .output("subscribe-lead-to-sequence", sequence.clone())
        .await;
    assert_eq!(world.ada().sequences[0].starts, 2, "its mails go out again");
    for (verb, input, expected) in [
        ("unassign-tag", tag_input(), "104"),
        ("unsubscribe-lead-from-list", list, "101"),
        ("unsubscribe-lead-from-sequence", sequence, "108"),
        (
            "revoke-membership-access",
            to("membership_name", "Academy"),
            "",
        ),
    ] {
        for _ in 0..2 {
            assert_eq!(
                number(&world.output(verb, input.clone()).await),
                expected,
                "{verb}"
            );
        }
    }
    let ada = world.ada();
    assert!(!ada.has_tag("vip") && !ada.is_on_list("Newsletter"));
    assert!(!ada.has_access("Academy", "Gold") && ada.step_in("Welcome").is_none());
    assert_eq!(
        (ada.lists.len(), ada.memberships.len()),
        (1, 1),
        "the rows stay"
    );
}

#[tokio::test]
async fn the_account_is_listed_as_plain_names() {
    let world = World::start().await;
    for (verb, field, first) in [
        ("retrieve-account-tags", "account_tags", json!("buyer")),
        (
            "retrieve-account-lists",
            "account_lists",
            json!("Newsletter"),
        ),
        (
            "retrieve-account-sequences",
            "account_sequences",
            json!("Welcome"),
        ),
        ("retrieve-account-pages", "account_pages", json!("Home")),
    ] {
        let output = world.output(verb, json!({})).await;
        assert_eq!(output["status"], "Success");
        assert_eq!(output[field][0], first, "{verb}");
    }
    let fields = world
        .output("retrieve-account-custom-fields", json!({}))
        .await;
    assert_eq!(fields["custom_fields"][1]["field_identifier"], "plan");
    assert_eq!(fields["custom_fields"][1]["field_type"], "drop_down");
    assert_eq!(
        fields["custom_fields"][1]["field_value"][0]["option_id"],
        "1"
    );
    assert!(world.state().effects().is_empty(), "a look is no effect");
}

#[tokio::test]
async fn money_is_paid_back_once_and_in_parts() {
    let world = World::start().await;
    let part = |amount: &str| json!({ "transaction_id": 792354, "refund_amount": amount });
    let answer = world.output("refund-transaction", part("100.50")).await;
    assert_eq!(
        answer["refund_transaction"]["transaction_refunded"],
        "792354"
    );
    for (amount, expected) in [("0", "268"), ("196.51", "268"), ("1e2", "268")] {
        let refused = world.output("refund-transaction", part(amount)).await;
        assert_eq!(number(&refused), expected, "{amount}");
    }
    // A blank amount is all that is left: the trap that rules must not fall into.
    world.output("refund-transaction", part("")).await;
    let again = world
        .output("refund-transaction", json!({ "transaction_id": "792354" }))
        .await;
    assert_eq!(number(&again), "251");
    let rows = world.state().transactions(GRACE);
    let amounts: Vec<_> = rows.iter().map(|row| (row.kind, row.amount.0)).collect();
    assert_eq!(
        amounts,
        [
            (TransactionKind::Sale, 29_700),
            (TransactionKind::PartialRefund, 10_050),
            (TransactionKind::PartialRefund, 19_650),
        ]
    );
    assert_eq!(world.state().effects_of("refund-transaction").len(), 2);
    let list = world
        .output("retrieve-transactions-from-lead", json!({ "email": GRACE }))
        .await;
    let list = &list["retrieve_transactions_from_lead"]["transaction_list"];
    assert_eq!(list[1]["transaction_type"], "partial_refund");
    assert_eq!(
        list[1].get("transaction_full_amount"),
        None,
        "no amounts in the list"
    );
    let id = &list[1]["transaction_id"];
    let details = world
        .output("get-transaction-details", json!({ "transaction_id": id }))
        .await;
    let details = &details["get_transaction_details"]["transaction_details"];
    assert_eq!(details["transaction_full_amount"].to_string(), "100.50");
    assert_eq!(details["transaction_parent_id"], "792354");
    let refused = world
        .output("refund-transaction", json!({ "transaction_id": id }))
        .await;
    assert_eq!(number(&refused), "253", "a refund cannot be refunded");
    let unknown = world
        .output("refund-transaction", json!({ "transaction_id": 1 }))
        .await;
    assert_eq!(number(&unknown), "247");
}

#[tokio::test]
async fn a_refund_can_come_too_late() {
    let world = World::start().await;
    world.clock.advance(Duration::from_secs(30 * 86_400 + 1));
    let late = world
        .output("refund-transaction", json!({ "transaction_id": 792354 }))
        .await;
    assert_eq!(number(&late), "250");
}

#[tokio::test]
async fn a_subscription_ends_once() {
    let world = World::start().await;
    let by_sale = json!({ "transaction_id": 792354 });
    let by_number = json!({ "transaction_internal_subscription_id": 14833 });
    let ended = world.output("cancel-subscription", by_sale.clone()).await;
    let ended = &ended["cancel_transaction"];
    assert_eq!(ended["transaction_internal_subscription_id"], "14833");
    assert!(
        ended["transaction_subscription_id"]
            .as_str()
            .unwrap()
            .starts_with("I-EV")
    );
    for (input, expected) in [
        (by_sale, "252"),
        (by_number, "252"),
        (json!({ "transaction_internal_subscription_id": 1 }), "248"),
        (json!({}), "248"),
    ] {
        assert_eq!(
            number(&world.output("cancel-subscription", input).await),
            expected
        );
    }
    assert_eq!(world.state().effects_of("cancel-subscription").len(), 1);
    let kinds = world.state().transactions(GRACE);
    assert_eq!(kinds[1].kind, TransactionKind::Cancellation);
}

#[tokio::test]
async fn the_answer_stands_where_it_is_told_to() {
    let world = World::start().await;
    world.add_ada();
    let inner = json!({ "status": "Success", "message": "Tag added to lead", "type": "103" });
    for (nesting, expected) in [
        (Nesting::Flat, inner.clone()),
        (Nesting::Command, json!({ "assign_tag": inner })),
        (
            Nesting::Actions,
            json!({ "status": "Success", "actions": [{ "assign_tag": inner }] }),
        ),
    ] {
        world
            .state()
            .set(|settings| settings.nesting = Some(nesting));
        assert_eq!(world.output("assign-tag", tag_input()).await, expected);
    }
    world.state().set(|settings| {
        settings
            .nestings
            .insert("assign-tag".to_owned(), Nesting::Flat);
        settings.wrapped = true;
    });
    let output = world.output("assign-tag", tag_input()).await;
    assert_eq!((&output["status"], &output["data"]), (&json!(200), &inner));
}
