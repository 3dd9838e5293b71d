//! The catalogue, the forms in which an action is run, and what each of the twenty does to the account.

use std::time::Duration;

use kartwheel::kartra::ACTIONS;
use kartwheel::sandbox::{CONNECTION_ID, Nesting, TransactionKind};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, World, error, read, tag_input};

const GRACE: &str = "grace.hopper@example.com";

fn keys(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items").iter();
    items.filter_map(|action| action["key"].as_str()).collect()
}

fn with(mut input: Value, name: &str, value: Value) -> Value {
    input[name] = value;
    input
}

/// The number in Kartra's answer, wherever it stands.
fn number(output: &Value) -> &str {
    let first = output["actions"][0].as_object();
    let inner = first.and_then(|action| action.values().next());
    let wrapped = output.as_object().and_then(|all| all.values().next());
    [Some(output), inner, wrapped]
        .into_iter()
        .flatten()
        .find_map(|place| place.get("type")?.as_str())
        .unwrap_or("")
}

#[tokio::test]
async fn the_catalogue_has_the_twenty_with_schemas() {
    let world = World::start().await;
    let path = format!("/actions?connectionId={CONNECTION_ID}&limit=1000&cursor=0");
    let (_, all) = world.get(&path).await;
    let expected: Vec<_> = ACTIONS.iter().map(|spec| spec.key).collect();
    assert_eq!(keys(&all), expected);
    let assign = &all["items"][0];
    assert_eq!(assign["name"], "Assign Tag to Lead");
    assert_eq!(assign["inputSchema"]["required"], json!(["tag_name"]));
    assert_eq!(
        assign["inputSchema"]["properties"]["email"]["type"],
        "string"
    );
    assert_eq!(assign["outputSchema"]["type"], "object");
    for (spec, shown) in ACTIONS.iter().zip(all["items"].as_array().unwrap()) {
        let properties = shown["inputSchema"]["properties"].as_object().unwrap();
        let fields: Vec<_> = spec.fields.iter().map(|field| field.name).collect();
        assert_eq!(
            properties.keys().collect::<Vec<_>>(),
            fields,
            "{}",
            spec.key
        );
        for by in [shown["id"].as_str().unwrap(), spec.key] {
            let (status, one) = world
                .get(&format!("/actions/{by}?connectionId={CONNECTION_ID}"))
                .await;
            assert_eq!((status, &one), (200, shown));
        }
    }
    assert_eq!(world.get("/actions/no-such-action").await.0, 404);
    let (status, body) = world
        .get("/actions?connectionId=68f0c1a2b3d4e5f60123ffff")
        .await;
    assert_eq!((status, error(&body)), (404, ("bad_request", "not_found")));
}

#[tokio::test]
async fn an_intent_ranks_and_pages_join_without_a_gap() {
    let world = World::start().await;
    let ask = |intent: &str| {
        let intent = intent.replace(' ', "+");
        format!("/actions?connectionId={CONNECTION_ID}&intent={intent}&limit=3")
    };
    for (intent, best) in [
        ("assign a tag to a lead", "assign-tag"),
        ("grant membership access", "grant-membership-access"),
        ("refund a transaction", "refund-transaction"),
    ] {
        let (_, found) = world.get(&ask(intent)).await;
        assert_eq!(keys(&found)[0], best, "{intent}");
    }
    let (_, none) = world.get(&ask("zeppelin")).await;
    assert_eq!(none["items"], json!([]));
    assert_eq!(world.get(&ask(&"x".repeat(201))).await.0, 400);
    let mut found = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let (_, page) = world
            .get(&format!("/actions?limit=7&cursor={cursor}"))
            .await;
        found.extend(keys(&page).into_iter().map(str::to_owned));
        match page.get("cursor") {
            Some(next) => cursor = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(found.len(), 20);
    found.dedup();
    assert_eq!(found.len(), 20);
}

#[tokio::test]
async fn the_catalogue_can_change_under_a_client() {
    let world = World::start().await;
    world.add_ada();
    let id = |list: &Value| list["items"][0]["id"].as_str().unwrap().to_owned();
    let before = id(&world.get("/actions").await.1);
    world.state().set(|settings| {
        settings.action_keys = false;
        settings.action_generation = 1;
        settings
            .without_actions
            .insert("grant-membership-access".to_owned());
        let further = ("assign-tag".to_owned(), vec!["reason".to_owned()]);
        settings.also_required.extend([further]);
    });
    let (_, list) = world.get("/actions").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 19);
    assert_eq!(list["items"][0].get("key"), None);
    assert_eq!(
        list["items"][0]["inputSchema"]["required"],
        json!(["tag_name", "reason"])
    );
    let after = id(&list);
    assert_ne!(before, after);
    let act =
        |id: &str, input: Value| json!({ "id": id, "connectionId": CONNECTION_ID, "input": input });
    assert_eq!(world.post("/act", act(&before, tag_input())).await.0, 404);
    assert_eq!(world.post("/act", act(&after, tag_input())).await.0, 400);
    let reasoned = with(tag_input(), "reason", json!("because"));
    assert_eq!(world.post("/act", act(&after, reasoned)).await.0, 200);
    assert_eq!(world.run("grant-membership-access", json!({})).await.0, 404);
}

#[tokio::test]
async fn every_form_of_running_does_the_same() {
    let world = World::start().await;
    world.add_ada();
    let (_, shown) = world.get("/actions/assign-tag").await;
    let id = shown["id"].as_str().unwrap();
    let wrapped = json!({ "input": tag_input(), "meta": { "runId": "r" } });
    for (path, body) in [
        (
            "/act".to_owned(),
            json!({ "id": id, "connectionId": CONNECTION_ID, "input": tag_input() }),
        ),
        (
            "/act".to_owned(),
            json!({ "key": "assign-tag", "connectionKey": "kartra", "input": tag_input() }),
        ),
        (
            "/act".to_owned(),
            json!({ "key": "assign-tag", "integrationKey": "kartra", "input": tag_input() }),
        ),
        (
            format!("/actions/{id}/run?connectionId={CONNECTION_ID}"),
            wrapped.clone(),
        ),
        (
            format!("/actions/assign-tag/run?connectionId={CONNECTION_ID}"),
            wrapped.clone(),
        ),
        (
            format!("/action/run?key=assign-tag&connectionId={CONNECTION_ID}"),
            wrapped,
        ),
        (
            format!("/connections/{CONNECTION_ID}/actions/assign-tag/run"),
            tag_input(),
        ),
    ] {
        let (status, body) = world.post(&path, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert_eq!(number(&body["output"]), "103", "{path}");
        assert!(body["actionRunId"].is_string());
    }
    assert_eq!(world.state().effects_of("assign-tag").len(), 7);
    assert_eq!(world.state().effects_of_run("r").len(), 3);
    let changes = world
        .state()
        .effects()
        .iter()
        .filter(|effect| effect.changed)
        .count();
    assert_eq!(changes, 1, "the tag is there after the first");
    assert_eq!(world.ada().tags, ["vip"]);
}

#[tokio::test]
async fn a_body_that_is_not_as_it_should_be_is_refused() {
    let world = World::start().await;
    let good = json!({ "key": "assign-tag", "connectionId": CONNECTION_ID, "input": tag_input() });
    for (why, body, status) in [
        ("an unknown field", with(good.clone(), "foo", json!(1)), 400),
        ("two selectors", with(good.clone(), "id", json!("x")), 400),
        ("no selector", json!({ "connectionId": CONNECTION_ID }), 400),
        ("no connection", json!({ "key": "assign-tag" }), 400),
        (
            "another's connection",
            with(good.clone(), "connectionId", json!("nobody's")),
            404,
        ),
        (
            "no such action",
            with(good.clone(), "key", json!("assign-hat")),
            404,
        ),
        (
            "a key that is no text",
            with(good.clone(), "key", json!(7)),
            400,
        ),
        (
            "meta that is no object",
            with(good.clone(), "meta", json!("x")),
            400,
        ),
        (
            "no field that is needed",
            with(good.clone(), "input", json!({ "email": ADA })),
            400,
        ),
        (
            "a field of another type",
            with(good.clone(), "input", json!({ "tag_name": 7 })),
            400,
        ),
        (
            "input that is no object",
            with(good.clone(), "input", json!([])),
            400,
        ),
        ("no object at all", json!([]), 400),
        (
            "code",
            json!({ "code": "x", "connectionId": CONNECTION_ID }),
            400,
        ),
    ] {
        let (answered, body) = world.post("/act", body).await;
        assert_eq!(answered, status, "{why}: {body}");
        assert_eq!(body["type"], "bad_request", "{why}");
    }
    let garbage = world.request(Method::POST, "/act").body("{").send().await;
    assert_eq!(read(garbage.unwrap()).await.0, 400);
    assert_eq!(world.post("/no/such/route", json!({})).await.0, 404);
    assert!(world.state().effects().is_empty());
}

#[tokio::test]
async fn what_the_schema_does_not_name_is_dropped() {
    let world = World::start().await;
    world.add_ada();
    let input = with(tag_input(), "tag_nmae", json!("typo"));
    world.output("assign-tag", input.clone()).await;
    assert_eq!(*world.state().effects()[0].input, tag_input());
    assert_eq!(*world.state().calls()[0].input.clone().unwrap(), input);
}

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
